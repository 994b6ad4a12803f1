--- Visual differences in the HTML report: before and after with a slider (side by side without
--- JavaScript), the picture of the difference, boxes of change, elements that moved. Used by
--- report/html/skill.lua.

local findings = require "report.html.findings"
local tags = require "report.html.tags"
local text = require "report.text"

local h, percent = tags.h, tags.percent

local visual = {}

local MAX_ENTRIES, MAX_BOXES, MAX_ELEMENTS = 60, 40, 40
local NARROW = 1290 -- pixels: wider is no phone, at whatever density

local function share_text(ratio)
  ratio = tonumber(ratio)
  if not ratio then return nil end
  local value = ratio * 100
  if value == 0 then return "no change" end
  if value < 0.1 then return "less than 0.1 % of the picture changed" end
  return (value < 10 and "%.1f" or "%.0f"):format(value) .. " % of the picture changed"
end

local function place(box, picture)
  local x, y = tonumber(box.x), tonumber(box.y)
  local width, height = tonumber(box.width), tonumber(box.height)
  if not (x and y and width and height) then return nil end
  return h("span.box", { style = ("left:%s;top:%s;width:%s;height:%s"):format(
    percent(x / picture.width), percent(y / picture.height), percent(width / picture.width),
    percent(height / picture.height)) })
end

local function boxes_of(entry, picture)
  local boxes = {}
  for i, box in ipairs(type(entry.boxes) == "table" and entry.boxes or {}) do
    if i > MAX_BOXES then break end
    boxes[#boxes + 1] = type(box) == "table" and place(box, picture) or nil
  end
  return boxes
end

local function figure(class, caption, picture, why, boxes)
  return h("figure." .. class, nil,
    picture and h("span.frame", nil, h("img", { src = tags.trusted(picture.url), alt = caption,
      width = tostring(picture.width), height = tostring(picture.height) }), boxes)
      or h("p.quiet", nil, why),
    h("figcaption", nil, caption))
end

local function element_text(element)
  if type(element) ~= "table" then return tostring(element) end
  local name = element.element or element.name or element.selector or element.text or "an element"
  local change = element.change or element.kind or element.what
  local parts = { tostring(name) }
  if change then parts[#parts + 1] = tostring(change) end
  local function word(value)
    if type(value) ~= "table" then return tostring(value) end
    return ("%s, %s (%s × %s)"):format(tostring(value.x), tostring(value.y),
      tostring(value.width), tostring(value.height))
  end
  if element.before ~= nil and element.after ~= nil then
    parts[#parts + 1] = word(element.before) .. " → " .. word(element.after)
  end
  return text.clip(table.concat(parts, ": "), 300)
end

local function elements_of(entry)
  local items = {}
  for i, element in ipairs(type(entry.elements) == "table" and entry.elements or {}) do
    if i > MAX_ELEMENTS then break end
    items[i] = h("li", nil, element_text(element))
  end
  local longer = tonumber(entry.longer) or 0
  if longer ~= 0 then
    items[#items + 1] = h("li", nil, ("the page is %d px %s"):format(math.abs(longer),
      longer > 0 and "longer" or "shorter"))
  end
  return #items > 0 and h("ul.elements", nil, items) or nil
end

-- How to say that it is meant to be so.
local function approval(entry)
  if not entry.name or entry.state ~= "changed" then return nil end
  return h("p.quiet", nil, "If it is meant to be so: ",
    h("code", nil, "nano-sre baseline approve " .. tostring(entry.name)))
end

local function title_of(entry)
  local title = tostring(entry.place or entry.page or "page")
  if entry.place then title = title:sub(1, 1):upper() .. title:sub(2) end
  return title .. (entry.device and (entry.place and " (%s)" or ", %s"):format(
    tostring(entry.device)) or "")
end

-- A phone's picture is narrow, however long a desktop's page may be.
local function class_of(picture)
  local narrow = not picture or picture.width < NARROW and picture.height > picture.width
  return narrow and "div.compare.upright" or "div.compare"
end

-- A page on which nothing is to be seen, in a line or, as a new baseline, with its picture.
local function render_quiet(entry, pictures)
  local words = { same = "looks like its baseline", new = "baseline taken, nothing compared yet",
    ["left out"] = "left out" }
  local text = words[entry.state]
  if entry.words then text = text .. ": " .. tostring(entry.words) end
  local picture = entry.state == "new" and pictures:take(entry.baseline)
  local head = { h("b", nil, title_of(entry)), " ", h("small", nil, text) }
  if not picture then return h("p.visual.quiet", nil, head) end
  return h("details.visual", nil, h("summary", nil, head),
    h(class_of(picture), nil, figure("after", "Baseline", picture)))
end

local function render_entry(entry, pictures)
  local before, no_before = pictures:take(entry.baseline)
  local after, no_after = pictures:take(entry.current)
  local diff, no_diff = pictures:take(entry.diff)
  local share = share_text(entry.ratio)
  local changed = entry.state == "changed" or (tonumber(entry.ratio) or 0) > 0
  local tint = entry.severity == "fail" and ".FAIL" or entry.severity == "warn" and ".WARN" or ""
  return h("details.visual" .. tint, { open = changed and (before ~= nil or after ~= nil) },
    h("summary", nil, h("b", nil, title_of(entry)), " ", share and h("small", nil, share),
      entry.path and h("small", nil, ", " .. tostring(entry.path))),
    elements_of(entry), approval(entry),
    h(class_of(after or before), nil,
      figure("before", "Before", before, no_before),
      figure("after", "After", after, no_after, after and boxes_of(entry, after)),
      (diff or entry.diff) and figure("diff", "Difference", diff, no_diff)))
end

--- The visual differences of a result.
---@param entries any  result.details.visual
---@param pictures report.Pictures
---@return report.Markup|nil  nil when it is no list of differences
function visual.render(entries, pictures)
  if not findings.is_list(entries) or type(entries[1]) ~= "table" then return nil end
  local parts, quiet = {}, {}
  for i, entry in ipairs(entries) do
    if i > MAX_ENTRIES then break end
    if type(entry) == "table" then
      local calm = entry.state and entry.state ~= "changed"
      table.insert(calm and quiet or parts, (calm and render_quiet or render_entry)(entry,
        pictures))
    end
  end
  return h("div.block", nil, h("h4", nil, "How it looks"), parts, quiet,
    #entries > MAX_ENTRIES and h("p.quiet", nil, ("and %d more"):format(#entries - MAX_ENTRIES)))
end

return visual
