--- What a skill found out (result.details) in the HTML report: the table of tracking pixels, and
--- everything that has no form of its own as a nested list. Used by report/html/skill.lua. Pure.

local tags = require "report.html.tags"
local text = require "report.text"

local h = tags.h

local findings = {}

local MAX_PIXELS, MAX_LINES, MAX_DEPTH = 200, 150, 5
-- Fields of details that have a place of their own.
local ELSEWHERE = { pixels = true, visual = true, baselines = true }

--- Whether a value is a list that is not empty.
---@param value any
---@return boolean
function findings.is_list(value) return type(value) == "table" and value[1] ~= nil end

-- A count, or the names or ids of what a list holds.
local function items_text(items)
  if type(items) ~= "table" then return items == nil and "" or tostring(items) end
  local names = {}
  for _, item in ipairs(items) do
    local name = item
    if type(item) == "table" then
      name = item.id or item.item_id or item.name or item.item_name or "?"
      local quantity = tonumber(item.quantity)
      if quantity and quantity ~= 1 then name = tostring(name) .. " × " .. quantity end
    end
    names[#names + 1] = tostring(name)
  end
  return text.clip(table.concat(names, ", "), 200)
end

local function problem_text(problem)
  if type(problem) == "table" then problem = problem.message or problem[1] end
  if not problem then return nil end
  return tostring(problem)
end

local function pixel_row(pixel, has_page)
  local problem = problem_text(pixel.problem)
  local value = pixel.value == nil and "" or tostring(pixel.value)
  local currency = pixel.currency and tostring(pixel.currency) or ""
  return h(problem and "tr.wrong" or "tr", nil,
    h("td", nil, h("b", nil, tostring(pixel.vendor or "?"))),
    has_page and h("td", nil, tostring(pixel.page or pixel.step or "")),
    h("td", nil, tostring(pixel.event or "")),
    h("td.id", nil, pixel.id ~= nil and text.clip(tostring(pixel.id), 60) or ""),
    h("td.number", nil, value .. (value ~= "" and currency ~= "" and " " or "") .. currency),
    h("td", nil, items_text(pixel.items)),
    h("td", nil, problem and h("span.wrong", nil, problem) or h("span.fine", nil, "✓ fine")))
end

--- The table of tracking pixels.
---@param pixels any  result.details.pixels
---@return report.Markup|nil  nil when it is no list of events
function findings.pixels(pixels)
  if not findings.is_list(pixels) or type(pixels[1]) ~= "table" then return nil end
  local rows, wrong, has_page = {}, 0, false
  for _, pixel in ipairs(pixels) do
    if type(pixel) == "table" and (pixel.page or pixel.step) then has_page = true end
  end
  for _, pixel in ipairs(pixels) do
    if type(pixel) == "table" then
      if problem_text(pixel.problem) then wrong = wrong + 1 end
      if #rows < MAX_PIXELS then rows[#rows + 1] = pixel_row(pixel, has_page) end
    end
  end
  local head = { "Vendor", has_page and "Page" or false, "Event", "Id", "Value", "Items", "" }
  local cells = {}
  for i, name in ipairs(head) do
    cells[i] = name and h(name == "Value" and "th.number" or "th", nil, name)
  end
  return h("div.block", nil, h("h4", nil, "Tracking pixels ",
      h("small", nil, wrong == 0 and ("%d events, all fine"):format(#pixels)
        or ("%d of %d events are wrong or missing"):format(wrong, #pixels))),
    h("div.scroll", nil, h("table.pixels", nil, h("thead", nil, h("tr", nil, cells)),
      h("tbody", nil, rows))),
    #pixels > #rows and h("p.quiet", nil, ("and %d more"):format(#pixels - #rows)))
end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  return keys
end

local function list_of(value, depth, budget, skip)
  local items = {}
  for _, key in ipairs(sorted_keys(value)) do
    if budget.left == 0 then
      items[#items + 1] = h("li", nil, "…")
      break
    end
    local item = value[key]
    if not (skip and skip[key]) then
      budget.left = budget.left - 1
      local label = type(key) == "string" and h("b", nil, key:gsub("_", " ") .. ": ")
      if type(item) ~= "table" then
        items[#items + 1] = h("li", nil, label, text.clip(tostring(item), 1000))
      elseif depth >= MAX_DEPTH then
        items[#items + 1] = h("li", nil, label, "…")
      else
        items[#items + 1] = h("li", nil, label, list_of(item, depth + 1, budget))
      end
    end
  end
  return h("ul", nil, items)
end

--- Everything else, as a nested list.
---@param details any
---@param shown table<string, boolean>  fields that were shown already
---@return report.Markup|nil  nil when there is nothing else
function findings.rest(details, shown)
  if type(details) ~= "table" then return nil end
  local skip, any = { baselines = true }, false
  for key in pairs(ELSEWHERE) do skip[key] = key == "baselines" or shown[key] or nil end
  for key in pairs(details) do any = any or not skip[key] end
  if not any then return nil end
  return h("details.rest", nil, h("summary", nil, "What the check found"),
    list_of(details, 0, { left = MAX_LINES }, skip))
end

return findings
