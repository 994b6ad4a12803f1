--- One page against its baseline: what has changed, in two looks alike, and how bad that is. Used
--- by visual/audit.lua. Waits for the pictures.

local match = require "visual.match"
local pixels = require "visual.pixels"
local words = require "visual.words"

local judge = {}

-- What becomes of a key (a buy button) that no shopper can live with, and what is worth a look.
local FATAL = { vanished = true, covered = true, ["out-of-view"] = true }
local GRAVE = { renamed = true, disabled = true }

---@param changes visual.Change[]
---@return "fail"|"warn"|nil
local function severity(changes)
  local worst
  for _, change in ipairs(changes) do
    if change.element.kind and FATAL[change.kind] then return "fail" end
    if change.element.kind and GRAVE[change.kind] then worst = "warn" end
  end
  return worst
end

local function inside(boxes, e)
  local x, y = e.x + e.width / 2, e.y + e.height / 2
  for _, box in ipairs(boxes) do
    if x >= box.x and x <= box.x + box.width and y >= box.y and y <= box.y + box.height then
      return true
    end
  end
  return false
end

--- Those changes that are not about something that never stands still.
---@param changes visual.Change[]
---@param boxes table[]
---@return visual.Change[]
local function at_rest(changes, boxes)
  local out = {}
  for _, change in ipairs(changes) do
    local moving = not change.element.kind and (inside(boxes, change.element)
      or change.before and inside(boxes, change.before))
    if not moving then out[#out + 1] = change end
  end
  return out
end

local function theme_words(before, after)
  if not before or not after or before.id == after.id then return nil end
  return ("the shop has another theme now (“%s”, before “%s”)"):format(
    tostring(after.name or after.id), tostring(before.name or before.id))
end

local function joined(a, b)
  local out = {}
  for _, box in ipairs(a) do out[#out + 1] = box end
  for _, box in ipairs(b) do out[#out + 1] = box end
  return out
end

--- The elements of a snapshot that are alike in another look: the others tell nothing later.
---@param one nano.Snapshot
---@param other nano.Snapshot
---@return nano.Snapshot
function judge.steady(one, other)
  local out = {}
  for key, value in pairs(other) do out[key] = value end
  local restless = {}
  for _, change in ipairs(match.changes(one, other)) do
    if change.after and not change.after.kind then restless[change.after] = true end
  end
  out.elements = {}
  for _, e in ipairs(other.elements) do
    if not restless[e] then out.elements[#out.elements + 1] = e end
  end
  return out
end

---@class visual.Verdict
---@field severity "fail"|"warn"|nil  nil: as the baseline, as far as anybody minds
---@field ratio number
---@field longer integer
---@field changes visual.Change[]
---@field words string?     the sentence; nil when there is nothing to tell
---@field boxes table[]
---@field diff userdata?    the picture of the difference; free it
---@field look visual.Look  the one that counts
---@field restless table[]  areas that do not stand still

-- A mask that was given since the baseline was taken counts for both.
local function masked(before, look, restless)
  return joined(joined(restless, before.snapshot.masks or {}), look.snapshot.masks or {})
end

local function compare(before, look, options, restless)
  local masks = masked(before, look, restless)
  local found = pixels.compare(before.picture, look.picture, { threshold = options.threshold,
    masks = masks, draw = options.draw })
  found.changes = at_rest(match.changes(before.snapshot, look.snapshot), masks)
  return found
end

local function weigh(found, options)
  local worst = severity(found.changes)
  local too_much = found.ratio * 100 > options.allowed or found.theme
  if too_much then worst = worst or "warn" end
  return worst == "warn" and options.changes == "fail" and "fail" or worst
end

local function verdict_of(found, look, restless, severity_found)
  return { severity = severity_found, ratio = found.ratio, longer = found.longer,
    changes = found.changes, boxes = found.boxes, diff = found.picture, look = look,
    restless = restless,
    words = (found.ratio > 0 or #found.changes > 0 or found.longer ~= 0 or found.theme)
      and words.sentence(found.changes, found) or nil }
end

--- Judges a look. A difference counts when a second look has it as well; what differs between the
--- two is left out.
---@param before table     the baseline: picture (decoded), snapshot, restless, theme
---@param look visual.Look  freed when a second one was needed: the verdict has that one
---@param again fun(): visual.Look
---@param options { threshold: number, allowed: number, changes: "warn"|"fail" }
---@return visual.Verdict
function judge.page(before, look, again, options)
  local first = compare(before, look, options, before.restless)
  first.theme = theme_words(before.theme, look.theme)
  if not weigh(first, options) then return verdict_of(first, look, before.restless, nil) end
  local second = again()
  local restless = joined(before.restless,
    pixels.restless(look.picture, second.picture, options.threshold))
  look.picture:free()
  local found = compare(before, second,
    { threshold = options.threshold, draw = true }, restless)
  found.theme = theme_words(before.theme, second.theme)
  found.changes = match.confirmed(found.changes, first.changes)
  return verdict_of(found, second, restless, weigh(found, options))
end

return judge
