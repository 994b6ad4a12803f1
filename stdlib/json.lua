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

local MAX_DEPTH = 1000

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

-- The encoder's state: out (pieces), n (their count), keys (the path to the value at hand), depth,
-- indent (pretty).

local function fail(state, problem)
  local path = {}
  for i = 1, math.min(state.depth, 20) do
    local key = state.keys[i]
    path[i] = type(key) == "number" and ("[%d]"):format(key) or (i > 1 and "." or "")
      .. tostring(key)
  end
  if state.depth > 20 then path[21] = "…" end
  local where = #path > 0 and (" at " .. table.concat(path)) or ""
  fault.usage("json.encode(value)", problem .. where)
end

local function put(state, piece)
  local n = state.n + 1
  state.n = n
  state.out[n] = piece
end

-- Plain text between quotes; anything that needs an escape, or may not be UTF-8, goes through C.
local function quote(text)
  if not text:find('[^ !#-%[%]-~]') then return '"' .. text .. '"' end
  return codec.json_quote(text)
end

local function encode_number(state, number)
  if number ~= number or number == math.huge or number == -math.huge then
    fail(state, "JSON has no " .. (number ~= number and "NaN" or "infinity"))
  end
  if number % 1 == 0 and number < 2 ^ 53 and number > -2 ^ 53 then
    return number == 0 and "0" or ("%.0f"):format(number)
  end
  for digits = 14, 17 do -- the shortest form that reads back as the same number
    local text = ("%%.%dg"):format(digits):format(number)
    if tonumber(text) == number then return text end
  end
end

-- The number of elements if the table is an array, nil if it is an object.
local function array_length(state, value)
  local count, has_name = 0, nil
  for key in next, value do
    if type(key) == "string" then
      has_name = has_name or key
    else
      count = count + 1
    end
  end
  local marked = getmetatable(value) == Array
  if count == 0 and not (marked and has_name) then return marked and 0 or nil end
  if has_name then
    fail(state, ('a table has both list items and the key "%s"'):format(has_name))
  end
  for i = 1, count do
    if rawget(value, i) == nil then
      fail(state, ("a list has a gap: it has %d items, but none at %d"):format(count, i))
    end
  end
  return count
end

local encode_value

local function enter(state, key)
  local depth = state.depth + 1
  if depth > MAX_DEPTH then
    fail(state, ("nested more than %d levels deep, or a table contains itself,"):format(MAX_DEPTH))
  end
  state.depth = depth
  state.keys[depth] = key
end

local function separate(state, first)
  if not first then put(state, ",") end
  if state.indent then put(state, "\n" .. state.indent:rep(state.depth)) end
end

local function close(state, bracket)
  if state.indent then put(state, "\n" .. state.indent:rep(state.depth)) end
  put(state, bracket)
end

local function encode_array(state, value, count)
  if count == 0 then return put(state, "[]") end
  put(state, "[")
  for i = 1, count do
    enter(state, i)
    separate(state, i == 1)
    encode_value(state, rawget(value, i))
    state.depth = state.depth - 1
  end
  close(state, "]")
end

local function encode_object(state, value)
  local names, count = {}, 0
  for key in next, value do
    count = count + 1
    names[count] = key
  end
  if count == 0 then return put(state, "{}") end
  table.sort(names)
  put(state, "{")
  for i = 1, count do
    local name = names[i]
    enter(state, name)
    separate(state, i == 1)
    put(state, quote(name))
    put(state, state.indent and ": " or ":")
    encode_value(state, value[name])
    state.depth = state.depth - 1
  end
  close(state, "}")
end

-- A handle of ours that hides what it holds would be written as {}.
local function is_secret(value)
  return next(value) == nil and getmetatable(value) == false
    and require("run.secret").is(value)
end

function encode_value(state, value)
  local kind = type(value)
  if kind == "string" then
    put(state, quote(value))
  elseif kind == "number" then
    put(state, encode_number(state, value))
  elseif kind == "boolean" then
    put(state, value and "true" or "false")
  elseif value == nil or value == json.null then
    put(state, "null")
  elseif kind == "table" then
    if is_secret(value) then fail(state, "a secret stays a handle and has no JSON form") end
    local count = array_length(state, value)
    if count then encode_array(state, value, count) else encode_object(state, value) end
  else
    fail(state, "JSON has no " .. kind)
  end
end

local function encode(value, indent)
  local state = { out = {}, n = 0, keys = {}, depth = 0, indent = indent }
  encode_value(state, value)
  return table.concat(state.out, "", 1, state.n)
end

--- Encodes a value as JSON on one line. Keys are sorted, so equal values give equal texts. A table
--- with the keys 1…n, or one marked by `json.array`, is an array; with string keys, or empty, an
--- object. Bytes in strings that are not UTF-8 become U+FFFD.
---@param value any  nil, boolean, number, string, json.null, or tables of these
---@return string text
---@raise usage, naming the path: NaN, infinity, a function or userdata, mixed keys, a list with
--- gaps, deeper than 1000
function json.encode(value)
  return encode(value, nil)
end

--- As `encode`, for people: one value a line, indented by two spaces. No newline at the end.
---@param value any
---@return string text
---@raise as encode
function json.pretty(value)
  return encode(value, "  ")
end

return json
