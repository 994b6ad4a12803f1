--- Watches a run from inside: every value that a function or handle of sys.* hands to it, for the
--- test that holds this against the gate's record. Replaces the functions of sys by ones that take
--- note, so it is started before anything else is loaded.

local watch = {}

local log = {}

--- A value as text that is the same however it travelled. Handles have no value of their own.
local function canonical(value)
  local kind = type(value)
  if kind == "userdata" then return value == sys.codec.null and "null" or "<handle>" end
  if kind == "number" then return ("%.17g"):format(value) end
  if kind == "string" then return "s" .. sys.codec.hex(value) end
  if kind == "function" or kind == "thread" then return "<" .. kind .. ">" end
  if kind ~= "table" then return tostring(value) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = canonical(key) .. "=" .. canonical(item) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local adopt

--- Notes what a call returns, at the moment at which it does.
local function note(name, ...)
  local parts = {}
  for i = 1, select("#", ...) do
    local value = (select(i, ...))
    parts[i] = canonical(value)
    adopt(value)
  end
  log[#log + 1] = name .. " " .. table.concat(parts, " ")
  return ...
end

-- A function behind the gate is a closure; a pure one is not.
local function is_gated(fn) return type(fn) == "function" and debug.getupvalue(fn, 1) ~= nil end

-- Pure when it has no time limit.
local LIMIT_AT = { park = 1, join = 2 }

local function noting(name, fn)
  local at = LIMIT_AT[name]
  return function(...)
    if at and (select(at, ...)) == nil then return fn(...) end
    return note(name, fn(...))
  end
end

local adopted = {}

local function adopt_functions(functions)
  if adopted[functions] then return end
  adopted[functions] = true
  for name, fn in pairs(functions) do
    if is_gated(fn) then functions[name] = noting(name, fn) end
  end
end

--- The methods of a handle.
function adopt(value)
  if type(value) ~= "userdata" then return end
  local meta = debug.getmetatable(value)
  local methods = type(meta) == "table" and rawget(meta, "__index")
  if type(methods) == "table" then adopt_functions(methods) end
end

--- Begins.
---@param modules string[]  of sys
function watch.start(modules)
  for _, name in ipairs(modules) do adopt_functions(sys[name]) end
  adopt(sys.task.current())
end

--- What was noted: "name values…", in order.
---@return string[]
function watch.log() return log end

return watch
