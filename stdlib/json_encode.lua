--- The encoder of json.lua in Lua: for texts that people read, and for values that the encoder in C
--- (sys.codec.json_line, which writes the same on one line) gives up on: it finds out what is wrong
--- with them. Required by json.lua when needed.

local codec = sys.codec
local fault = require "fault"
local json = require "json"

local encoder = {}

local MAX_DEPTH = 1000

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
  return codec.json_line(number)
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
  local marked = json.is_array(value)
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

--- The text of a value.
---@param value any
---@param indent string?  nil: on one line
---@return string
---@raise usage, naming the path
function encoder.encode(value, indent)
  local state = { out = {}, n = 0, keys = {}, depth = 0, indent = indent }
  encode_value(state, value)
  return table.concat(state.out, "", 1, state.n)
end

return encoder
