--- What has changed on a page, in a store owner's words. Pure; used by visual/audit.lua.

local words = {}

local SHOWN = 2     -- phrases about elements in a summary
local TOGETHER = 3  -- pixels between moves that count as one

local NOUNS = { button = "the button", link = "the link", img = "the picture",
  textbox = "the field", searchbox = "the search field", spinbutton = "the field",
  combobox = "the choice", checkbox = "the choice", radio = "the choice",
  navigation = "the menu", banner = "the header", contentinfo = "the footer",
  main = "the page's main part", search = "the search", dialog = "the dialog", form = "the form",
  region = "the section" }

--- "the button “Add to cart”"; headings and unknown things are their words alone.
---@param element nano.Seen
---@return string
function words.element(element)
  local noun = NOUNS[element.role]
  if element.name == "" then return noun or element.selector end
  local name = "“" .. element.name .. "”"
  return noun and noun .. " " .. name or name
end

local function distance_words(dx, dy)
  local parts = {}
  if math.abs(dy) > TOGETHER then
    parts[#parts + 1] = ("%d px %s"):format(math.abs(dy), dy > 0 and "down" or "up")
  end
  if math.abs(dx) > TOGETHER then
    parts[#parts + 1] = ("%d px to the %s"):format(math.abs(dx), dx > 0 and "right" or "left")
  end
  return table.concat(parts, " and ")
end

local SAYS = {
  vanished = function() return "vanished" end,
  appeared = function() return "is new" end,
  broken = function() return "does not load" end,
  disabled = function() return "cannot be pressed any more" end,
  enabled = function() return "can be pressed again" end,
  covered = function(c) return "is covered by " .. c.after.covered end,
  renamed = function(c) return ("now says “%s”"):format(c.after.name) end,
  resized = function(c)
    return ("is now %d × %d px, not %d × %d"):format(c.after.width, c.after.height,
      c.before.width, c.before.height)
  end,
  moved = function(c) return "moved " .. distance_words(c.dx, c.dy) end,
  ["out-of-view"] = function(c)
    return ("moved %s, out of the first view"):format(distance_words(c.dx, c.dy))
  end,
}

--- What happened to an element: "vanished", "moved 220 px down".
---@param change visual.Change
---@return string
function words.change(change) return SAYS[change.kind](change) end

-- Of what is told of first.
local RANK = { vanished = 2, covered = 2, ["out-of-view"] = 2, broken = 3, disabled = 3,
  renamed = 5, moved = 6, appeared = 4, resized = 7, enabled = 8 }

local function rank(change)
  if change.element.kind then return 1 end
  return RANK[change.kind] + (change.element.role == "heading" and 0 or 0.5)
end

-- Things that moved the same way are one move; a card whose link, title and picture vanished is one
-- thing that vanished.
local function group_key(change)
  if change.element.kind then return change.id end
  if change.kind == "moved" then
    return ("moved %d %d"):format(math.floor(change.dx / TOGETHER + 0.5),
      math.floor(change.dy / TOGETHER + 0.5))
  end
  if change.kind == "renamed" or change.kind == "resized" then return change.id end
  return change.kind .. "\n" .. change.element.name
end

local function grouped(changes)
  local groups, by_key = {}, {}
  for order, change in ipairs(changes) do
    local key = group_key(change)
    local group = by_key[key]
    if not group then
      group = { change = change, rank = rank(change), order = order, others = 0, names = {} }
      by_key[key], groups[#groups + 1] = group, group
    elseif rank(change) < group.rank then
      group.change, group.rank = change, rank(change)
    end
    if not group.names[change.element.name] then
      group.names[change.element.name] = true
      group.others = group.others + 1
    end
    group.mixed = group.mixed or change.element.role ~= group.change.element.role
  end
  table.sort(groups, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.order < b.order
  end)
  return groups
end

local function group_words(group)
  local element = group.change.element
  local subject = group.change.before and group.change.kind == "renamed" and group.change.before
    or element
  local name = group.mixed and group.others == 1 and element.name ~= ""
    and "“" .. element.name .. "”" or words.element(subject)
  local more = group.others - 1
  if more > 0 then
    name = ("%s and %d %s"):format(name, more, more == 1 and "other" or "others")
  end
  return name .. " " .. words.change(group.change)
end

--- "less than 0.1 %", "14 %".
---@param ratio number
---@return string
function words.percent(ratio)
  local value = ratio * 100
  if value < 0.1 then return "less than 0.1 %" end
  return (value < 9.95 and "%.1f" or "%.0f"):format(value) .. " %"
end

--- The changes as phrases, the worst first: { "the button “Add to cart” vanished", … }.
---@param changes visual.Change[]
---@return string[]
function words.phrases(changes)
  local out = {}
  for i, group in ipairs(grouped(changes)) do out[i] = group_words(group) end
  return out
end

--- Everything about a page in one sentence, without a full stop.
---@param changes visual.Change[]
---@param difference { ratio: number, longer: integer, theme: string? }
---@return string
function words.sentence(changes, difference)
  local phrases, parts = words.phrases(changes), {}
  for i = 1, math.min(#phrases, SHOWN) do parts[i] = phrases[i] end
  if #phrases > SHOWN then
    local more = #phrases - SHOWN
    parts[#parts + 1] = ("%d more %s changed"):format(more, more == 1 and "thing" or "things")
  end
  if difference.theme then table.insert(parts, 1, difference.theme) end
  if math.abs(difference.longer) > TOGETHER then
    parts[#parts + 1] = ("the page is %d px %s"):format(math.abs(difference.longer),
      difference.longer > 0 and "longer" or "shorter")
  end
  if difference.ratio > 0 or #parts == 0 then
    parts[#parts + 1] = words.percent(difference.ratio) .. " of the picture changed"
  end
  return table.concat(parts, "; ")
end

--- What a device is to a person: "phone", "tablet", "desktop".
---@param device browser.Device
---@return string
function words.device(device)
  if not device.mobile then return "desktop" end
  return math.min(device.width, device.height) < 600 and "phone" or "tablet"
end

return words
