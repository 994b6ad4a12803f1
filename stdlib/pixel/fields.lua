--- What the parsers of stdlib/pixel share: reading parameters, numbers and JSON that pages sent, so
--- none of it can be relied on. Pure.

local json = require "json"
local url = require "url"

local fields = {}

--- The parameters of an encoded text as a table; the last of a name counts. Never raises.
---@param text string?
---@return table<string, string>
function fields.query(text)
  if not text or text == "" then return {} end
  local ok, values = pcall(url.decode_query, text)
  return ok and type(values) == "table" and values or {}
end

--- The fields of a multipart/form-data body.
---@param body string
---@return table<string, string>
function fields.multipart(body)
  local values = {}
  for head, value in body:gmatch("[Cc]ontent%-[Dd]isposition: form%-data;([^\r\n]*)\r?\n\r?\n"
    .. "(.-)\r?\n%-%-") do
    local name = head:match('name="([^"]*)"')
    if name then values[name] = value end
  end
  return values
end

--- A body of any of the usual forms: a table of its fields, or what its JSON holds.
---@param body string?
---@return table
function fields.body(body)
  if not body or body == "" then return {} end
  if body:find("^%s*[%[{]") then
    local value = json.decode(body)
    return type(value) == "table" and value or {}
  end
  if body:find("[Cc]ontent%-[Dd]isposition: form%-data") then return fields.multipart(body) end
  return fields.query(body)
end

--- A table from JSON that stands in a parameter; nil for anything else.
---@param text any
---@return table?
function fields.json(text)
  if type(text) == "table" then return text end
  if type(text) ~= "string" or not text:find("^%s*[%[{]") then return nil end
  local value = json.decode(text)
  return type(value) == "table" and value or nil
end

--- A text that is not empty, or nil. Ids come as numbers too.
---@param value any
---@return string?
function fields.text(value)
  if type(value) == "number" then
    return value % 1 == 0 and ("%.0f"):format(value) or tostring(value)
  end
  return type(value) == "string" and value ~= "" and value or nil
end

--- An amount: 749, "749.00", "1,299.00", "$749", "749,00". Nil when it is none.
---@param value any
---@return number?
function fields.number(value)
  if type(value) == "number" then
    return value == value and math.abs(value) < math.huge and value or nil
  end
  if type(value) ~= "string" then return nil end
  local digits = value:match("%-?[%d][%d.,]*")
  if not digits then return nil end
  if digits:find(",%d%d?$") then
    digits = digits:gsub("%.", ""):gsub(",", ".")
  else
    digits = digits:gsub(",", "")
  end
  return tonumber(digits)
end

--- "USD", nil for what is no currency's code.
---@param value any
---@return string?
function fields.currency(value)
  local text = fields.text(value)
  return text and text:match("^%s*(%a%a%a)%s*$") and text:match("%a+"):upper() or nil
end

--- Ids from a list, JSON of a list, or a text with commas; in order, without blanks.
---@param value any
---@return string[]
function fields.ids(value)
  local list = fields.json(value)
  local out = {}
  if list then
    for _, one in ipairs(list) do
      if type(one) == "table" then
        one = one.id or one.content_id or one.product_id or one.item_id
      end
      out[#out + 1] = fields.text(one)
    end
    return out
  end
  local text = fields.text(value)
  for one in (text or ""):gmatch("[^,]+") do
    one = one:match("^%s*(.-)%s*$")
    if one ~= "" then out[#out + 1] = one end
  end
  return out
end

--- Adds items to an event: its ids are theirs where it has none.
---@param event table
---@param items table[]  { id, price, quantity }
function fields.set_items(event, items)
  event.items = items
  if #event.ids > 0 then return end
  for _, item in ipairs(items) do event.ids[#event.ids + 1] = item.id end
end

--- A list of a JSON value: itself, or a list of it alone.
---@param value any
---@return table
function fields.list(value)
  if type(value) ~= "table" then return {} end
  return value[1] ~= nil and value or next(value) ~= nil and { value } or {}
end

--- The value at a path of keys, nil where there is none.
---@param value any
---@param ... any
---@return any
function fields.at(value, ...)
  for i = 1, select("#", ...) do
    if type(value) ~= "table" then return nil end
    value = value[(select(i, ...))]
  end
  if value == json.null then return nil end
  return value
end

return fields
