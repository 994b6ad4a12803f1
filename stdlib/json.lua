--- JSON. `decode` is lua-cjson; `encode` is our own, because results are compared, stored and read
--- by people: keys are sorted, empty arrays stay arrays, numbers keep all their digits, and a value
--- that JSON cannot hold is refused with the path to it instead of becoming something else. Public.
--- Pure: no I/O, no state.

local codec = sys.codec
local fault = require "fault"

local json = {}

--- JSON's null, as `decode` returns it and `encode` takes it. It is not nil: `if value == json.null
--- then`.
json.null = codec.null

local Array = {}

--- Marks a table as an array, so that it is encoded as `[]` even while it is empty.
---@generic T: table
---@param list T?  the table to mark, which is returned; a new one if absent
---@return T list
---@raise usage: not a table, or one that has a metatable of its own
function json.array(list)
  if list == nil then list = {} end
  if type(list) ~= "table" then
    fault.usage("json.array(list)", "list must be a table, not " .. type(list))
  end
  local meta = getmetatable(list)
  if meta ~= nil and meta ~= Array then
    fault.usage("json.array(list)", "list has a metatable of its own")
  end
  return setmetatable(list, Array)
end

--- Whether value is a table that was marked by `json.array`.
---@param value any
---@return boolean
function json.is_array(value)
  return type(value) == "table" and getmetatable(value) == Array
end

-- What a text that is no JSON begins with: usually an HTML page, and seeing that says it all.
local function beginning(text)
  local shown = text:sub(1, 200):gsub("[%s%c]+", " "):gsub("^ ", "")
  if #shown > 40 then shown = shown:sub(1, 40):gsub("[\128-\255]+$", "") .. "…" end
  return shown
end

--- Decodes a JSON text. Objects and arrays become tables (an empty array is then not told from an
--- empty object), null becomes `json.null`.
---@param text string  UTF-8
---@return any value   nil if the text is not JSON
---@return string? message  what is wrong and where, and how the text begins
---@return string? code     "invalid"
---@raise usage: text is not a string
function json.decode(text)
  if type(text) ~= "string" then
    fault.usage("json.decode(text)", "text must be a string, not " .. type(text))
  end
  local value, message, code = codec.json_decode(text)
  if code == nil then return value end
  if text:find("%S") then
    message = ('%s; it begins with "%s"'):format(message, beginning(text))
  else
    message = "not JSON: it is empty"
  end
  return nil, message, code
end

--- Encodes a value as JSON on one line. Keys are sorted, so equal values give equal texts. A table
--- with the keys 1…n, or one marked by `json.array`, is an array; with string keys, or empty, an
--- object. Bytes in strings that are not UTF-8 become U+FFFD.
---@param value any  nil, boolean, number, string, json.null, or tables of these
---@return string text
---@raise usage, naming the path: NaN, infinity, a function or userdata, mixed keys, a list with
--- gaps, deeper than 1000
function json.encode(value)
  return codec.json_line(value, Array) or require("json_encode").encode(value)
end

--- As `encode`, for people: one value a line, indented by two spaces. No newline at the end.
---@param value any
---@return string text
---@raise as encode
function json.pretty(value)
  return require("json_encode").encode(value, "  ")
end

return json
