--- Copies of values that JSON can hold, for what scripts and faults hand in as evidence. Never
--- raises: what cannot be kept is shown as a text in its place.

local json = require "json"
local secret = require "run.secret"
local show = require "run.show"

local plain = {}

local DEPTH_MAX, ITEMS_MAX, TEXT_MAX = 12, 2000, 64 * 1024

local function copy(value, depth, budget)
  local kind = type(value)
  if kind == "string" then return #value > TEXT_MAX and value:sub(1, TEXT_MAX) .. " …" or value end
  if kind == "boolean" or value == nil or value == json.null then return value end
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return tostring(value) end
    return value
  end
  if kind ~= "table" or secret.is(value) then return show.value(value) end
  if depth >= DEPTH_MAX then return "…" end
  local out, list = {}, #value > 0 or json.is_array(value)
  for key, content in next, value do
    budget.left = budget.left - 1
    if budget.left < 0 then break end
    if list then
      if type(key) ~= "number" then list = false end
    end
    out[key] = content
  end
  local result = {}
  if list then
    for i = 1, #out do result[i] = copy(out[i], depth + 1, budget) end
    return json.array(result)
  end
  for key, content in next, out do result[tostring(key)] = copy(content, depth + 1, budget) end
  return result
end

--- Plain data of value: texts, numbers, booleans, lists, tables with texts as keys. Deep, long or
--- endless values are cut.
---@param value any
---@return any
function plain.copy(value)
  return copy(value, 0, { left = ITEMS_MAX })
end

return plain
