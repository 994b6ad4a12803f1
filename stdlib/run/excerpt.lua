--- Lines of a script around the one that matters, with a marker. Used by results, by `inspect` and
--- by the test runner.
---
---      11 |     local page = t.page()
---    > 12 |     page:clck("text=Buy")
---      13 |   end,
local excerpt = {}

local LINE_MAX = 160 -- a minified or generated line must not fill the terminal

--- The line of that number, or nil.
---@param text string
---@param wanted integer
---@return string?
function excerpt.line(text, wanted)
  local from, number = 1, 1
  while true do
    local at = text:find("\n", from, true)
    if number == wanted then return text:sub(from, (at or #text + 1) - 1) end
    if not at then return nil end
    from, number = at + 1, number + 1
  end
end

--- The lines around `line`, or nil when the text has no such line.
---@param text string?
---@param line integer?
---@param around integer?  lines before and after; default 1
---@return string?
function excerpt.lines(text, line, around)
  if type(text) ~= "string" or type(line) ~= "number" then return nil end
  if not excerpt.line(text, line) then return nil end
  around = around or 1
  local width = #tostring(line + around)
  local out = {}
  for number = math.max(1, line - around), line + around do
    local content = excerpt.line(text, number)
    -- What follows the last newline is no line, unless a message is about it ("end expected").
    if not content or content == "" and number > line and not excerpt.line(text, number + 1) then
      break
    end
    content = content:gsub("\r$", ""):gsub("[%c]", " ")
    if #content > LINE_MAX then content = content:sub(1, LINE_MAX) .. " …" end
    out[#out + 1] = ("%s %" .. width .. "d | %s"):format(number == line and ">" or " ", number,
      content)
  end
  return table.concat(out, "\n")
end

--- The line that the Lua pattern fits, comments left out, when it fits exactly one.
---@param text string?
---@param pattern string
---@return integer?
function excerpt.line_of(text, pattern)
  if type(text) ~= "string" then return nil end
  local found, number = nil, 0
  for content in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if content:gsub("%-%-.*$", ""):find(pattern) then
      if found then return nil end
      found = number
    end
  end
  return found
end

--- The line on which a table field `name = …` is written, when it is written exactly once.
---@param text string?
---@param name string
---@return integer?
function excerpt.line_of_field(text, name)
  if not name:match("^[%a_][%w_]*$") then return nil end
  return excerpt.line_of(text, "%f[%w_]" .. name .. "%s*=[^=]")
end

return excerpt
