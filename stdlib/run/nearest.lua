--- Which known word a mistyped one most likely meant. Used wherever a person writes a name: option
--- keys, fields of a skill, needs, globals, modules, the command line. Pure.

local nearest = {}

local MAX_LENGTH = 64 -- longer words are not typing errors of ours, and the table below stays small

--- Edit distance in which a swap of two neighbours counts as one ("recieve" → "receive").
local function distance(a, b)
  local la, lb = #a, #b
  local before, previous, current = {}, {}, {}
  for j = 0, lb do previous[j] = j end
  for i = 1, la do
    current[0] = i
    local ca = a:byte(i)
    for j = 1, lb do
      local cost = ca == b:byte(j) and 0 or 1
      local best = math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
      if i > 1 and j > 1 and ca == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        best = math.min(best, before[j - 2] + 1)
      end
      current[j] = best
    end
    before, previous, current = previous, current, before
  end
  return previous[lb]
end

--- The words of known in alphabetical order, whether it is a list of words or a table keyed by
--- them.
---@param known table
---@return string[]
function nearest.words(known)
  local words = {}
  for key, value in pairs(known) do
    local word = type(key) == "number" and value or key
    if type(word) == "string" then words[#words + 1] = word end
  end
  table.sort(words)
  return words
end

--- The known word that is nearest to word, or nil when none is near enough to be what was meant.
---@param word any            anything but a string has no nearest word
---@param known table         a list of words, or a table keyed by them
---@return string?
function nearest.find(word, known)
  if type(word) ~= "string" or #word > MAX_LENGTH then return nil end
  local lowered = word:lower()
  local limit = math.max(1, math.floor(#word / 3))
  local best, best_distance
  for _, candidate in ipairs(nearest.words(known)) do
    local plain = candidate:lower()
    local d
    if math.abs(#candidate - #word) <= limit then
      d = distance(lowered, plain)
    elseif #word >= 3 and (plain:find(lowered, 1, true) == 1
        or lowered:find(plain, 1, true) == 1) then
      d = limit -- "screen" for "screenshot": a beginning counts, but less than a real near miss
    end
    if d and d <= limit and (best == nil or d < best_distance) then
      best, best_distance = candidate, d
    end
  end
  return best
end

--- What to tell a person who wrote an unknown word: the nearest one, or the list of what exists.
---@param word any
---@param known table
---@return string  for example: did you mean "every"?
function nearest.hint(word, known)
  local found = nearest.find(word, known)
  if found then return ('did you mean "%s"?'):format(found) end
  local words = nearest.words(known)
  if #words == 0 then return "there are none" end
  return "known: " .. table.concat(words, ", ")
end

return nearest
