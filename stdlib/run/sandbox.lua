--- The environment in which a user's file runs: an allow list. What is not named here does not
--- exist for a script: no io, os.execute, package, debug, ffi, jit, load, setfenv, newproxy,
--- string.dump. Called once per run by run/load.lua.
---
--- The gate in C refuses what the manifest does not grant whatever Lua does; this is the wall
--- before that one, and it protects what the gate cannot see: the stdlib's own tables and handles.
--- Invariants:
---  - no function given to the user returns a table of the stdlib that can be written, nor a
---    metatable of ours;
---  - everything that depends on chance (time, random numbers, addresses, the order of pairs) is
---    gated or made constant, so that a run can be executed again from its recording.

local guard = require "run.guard"

local sandbox = {}

local NESTED_MAX = 180

local raw_tostring, raw_type = tostring, type
local metatable_of = debug.getmetatable

--- tostring for the user: tables and functions get small numbers in the order in which they are
--- first shown, instead of addresses, which differ from run to run and would tell where memory
--- lies.
local function make_tostring()
  local numbers, count = setmetatable({}, { __mode = "k" }), 0
  return function(...)
    if select("#", ...) == 0 then error("bad argument #1 to 'tostring' (value expected)", 2) end
    local value = (...)
    local kind = raw_type(value)
    if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" then
      return raw_tostring(value)
    end
    local meta = metatable_of(value)
    if meta and rawget(meta, "__tostring") ~= nil then return raw_tostring(value) end
    if not numbers[value] then
      count = count + 1
      numbers[value] = count
    end
    return ("%s: 0x%04x"):format(kind, numbers[value])
  end
end

--- Functions of C that call back into the script, and coroutines, each take a piece of the
--- process's stack (gsub 8 KB and more), of which LuaJIT keeps no account: nesting them without end
--- would end the worker. This one counts.
---@return fun(name: string, fn: function, ...): any  calls fn(...) one level deeper; raises at the
---  limit
local function make_nesting()
  local depth = 0
  local function leave(ok, ...)
    depth = depth - 1
    if not ok then error((...), 0) end
    return ...
  end
  return function(name, fn, ...)
    if depth >= NESTED_MAX then
      error(("stack overflow: %s is nested too deeply"):format(name), 3)
    end
    depth = depth + 1
    return leave(pcall(fn, ...))
  end
end

local function make_string(safe_tostring, nested)
  local out = {}
  local gsub, find = string.gsub, string.find
  function out.gsub(text, pattern, replacement, limit)
    local kind = raw_type(replacement)
    if kind ~= "function" and kind ~= "table" then
      return gsub(text, pattern, replacement, limit)
    end
    return nested("string.gsub", gsub, text, pattern, replacement, limit)
  end
  for _, name in ipairs { "byte", "char", "find", "gmatch", "len", "lower", "match", "rep",
      "reverse", "sub",
    "upper" } do
    out[name] = string[name]
  end
  local format = string.format
  function out.format(text, ...)
    if raw_type(text) == "string" and find(text, "p", 1, true)
      and text:gsub("%%%%", ""):find("%%[-+ #0-9.]*p") then
      guard.refuse("string.format: %p is not available: addresses differ from run to run", "use %s")
    end
    local count, arguments = select("#", ...), nil
    for i = 1, count do
      local kind = raw_type((select(i, ...)))
      if kind ~= "string" and kind ~= "number" then
        arguments = arguments or { ... }
        if kind ~= "boolean" and kind ~= "nil" then arguments[i] = safe_tostring(arguments[i]) end
      end
    end
    if arguments then return format(text, unpack(arguments, 1, count)) end
    return format(text, ...)
  end
  return out
end

local function make_table(nested)
  local out = { concat = table.concat, maxn = table.maxn, getn = table.getn,
    foreach = table.foreach,
    foreachi = table.foreachi, unpack = unpack }
  local sort = guard.changing("table.sort", table.sort)
  function out.sort(list, less) nested("table.sort", sort, list, less) end
  for _, name in ipairs { "insert", "remove" } do
    out[name] = guard.changing("table." .. name, table[name])
  end
  local move = guard.changing("table.move",
    function(to, from, first, last, at) return table.move(from, first, last, at, to) end)
  function out.move(from, first, last, at, to) return move(to or from, from, first, last, at) end
  return out
end

local function make_math()
  local out = {}
  for name, value in pairs(math) do out[name] = value end
  local draw = sys.random.number
  --- As in Lua, but the numbers come through the gate: a recorded run draws the same ones again.
  function out.random(low, high)
    local r = draw()
    if low == nil then return r end
    if high == nil then low, high = 1, low end
    if raw_type(low) ~= "number" or raw_type(high) ~= "number" then
      error("bad argument to 'random' (number expected)", 2)
    end
    low, high = math.ceil(low), math.floor(high)
    if low > high then error("bad argument to 'random' (interval is empty)", 2) end
    return low + math.floor(r * (high - low + 1))
  end
  function out.randomseed() end -- accepted for the sake of existing code; the gate decides
  return out
end

local function make_os()
  local function now() return math.floor(sys.clock.now() / 1000) end
  local out = {}
  function out.time(at)
    if at == nil then return now() end
    if raw_type(at) ~= "table" then error("bad argument #1 to 'time' (table expected)", 2) end
    return require("run.calendar").seconds(at)
  end
  function out.date(format, at)
    if at ~= nil and (raw_type(at) ~= "number" or math.abs(at) > 1e13) then
      error("bad argument #2 to 'date' (seconds expected)", 2)
    end
    return require("run.calendar").format(raw_tostring(format or "%c"), at or now())
  end
  function out.clock() return sys.clock.cpu() / 1000 end
  return out
end

--- Coroutines for generators. Only those that the script made can be resumed, and only from inside
--- one can it yield: a task's own coroutine belongs to the scheduler, and there is no
--- coroutine.running to get hold of it.
local function make_coroutine(nested)
  local mine = setmetatable({}, { __mode = "k" })
  local create, resume, status, yield = coroutine.create, coroutine.resume, coroutine.status,
    coroutine.yield
  local running = coroutine.running
  local out = {}

  local function check(co, name)
    if raw_type(co) ~= "thread" or not mine[co] then
      error(("bad argument #1 to '%s' (a coroutine of this script expected)"):format(name), 3)
    end
  end

  function out.create(fn)
    if raw_type(fn) ~= "function" then
      error("bad argument #1 to 'create' (function expected)", 2)
    end
    local co = create(fn)
    mine[co] = true
    return co
  end
  function out.resume(co, ...)
    check(co, "resume")
    return nested("coroutine.resume", resume, co, ...)
  end
  function out.status(co)
    check(co, "status")
    return status(co)
  end
  function out.yield(...)
    local co = running()
    if not co or not mine[co] then
      guard.refuse("coroutine.yield: there is no coroutine of this script to yield from",
        "to wait, call t.sleep or the page's own waits")
    end
    return yield(...)
  end
  local function results(ok, ...)
    if not ok then error((...), 0) end
    return ...
  end
  function out.wrap(fn)
    if raw_type(fn) ~= "function" then error("bad argument #1 to 'wrap' (function expected)", 2) end
    local co = create(fn)
    mine[co] = true
    return function(...) return results(nested("coroutine.wrap", resume, co, ...)) end
  end
  return out
end

local function collected(ok, ...)
  if not ok and (...) == "not enough memory" then collectgarbage() end
  return ok, ...
end

--- pcall for the user. LuaJIT does not collect garbage when it runs out of memory: without this, a
--- script that has caught the error would fail again at once.
local function pcall_collecting(...)
  return collected(pcall(...))
end

local function handled(handler, ok, ...)
  if ok then return true, ... end
  local _, value = pcall(handler, (...))
  return false, value
end

--- xpcall for the user: the handler is called after the error, not inside it. The watchdog raises
--- its error from a hook, and LuaJIT calls message handlers with hooks off: a handler that loops
--- could never be ended.
local function xpcall_after(fn, handler, ...)
  if raw_type(handler) ~= "function" then
    error("bad argument #2 to 'xpcall' (function expected)", 2)
  end
  return handled(handler, pcall_collecting(fn, ...))
end

local function make_print(safe_tostring, log)
  return function(...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = raw_tostring(safe_tostring((select(i, ...)))) end
    log(table.concat(parts, "\t"))
  end
end

local function collectgarbage_count(what)
  if what == "count" then return collectgarbage("count") end
  what = raw_tostring(what or "collect")
  guard.refuse(('collectgarbage: only "count" is available, not %q'):format(what),
    "memory is freed when the run ends")
end

-- What is the same in every run of this state is made as the file loads, and so lies ready in the
-- image of run/base.lua.
local safe_tostring, nested = make_tostring(), make_nesting()
local strings = make_string(safe_tostring, nested)
local common = {
  _VERSION = _VERSION, assert = assert, error = error, ipairs = guard.ipairs, next = guard.next,
  pairs = guard.pairs,
  pcall = pcall_collecting, xpcall = xpcall_after, select = select, tonumber = tonumber,
  tostring = safe_tostring, type = type,
  unpack = unpack, rawequal = rawequal, rawget = guard.rawget, rawset = guard.rawset,
  getmetatable = guard.getmetatable, setmetatable = guard.setmetatable,
  collectgarbage = collectgarbage_count,
  string = guard.readonly("string", strings), table = guard.readonly("table", make_table(nested)),
  math = guard.readonly("math", make_math()), os = guard.readonly("os", make_os()),
  bit = guard.readonly("bit", bit),
  coroutine = guard.readonly("coroutine", make_coroutine(nested)),
}

--- Makes a user's environment, and makes the methods of texts safe in this whole state. Once a
--- state: the script's words are added to what the state has in common.
---@param words table  more words for the script: skill, option, require
---@param log fun(text: string)  receives what the script prints
---@return table env  for sys.load_user
function sandbox.create(words, log)
  -- ("x"):dump would reach the real library: texts share one metatable in a state.
  debug.setmetatable("", { __index = strings, __metatable = false })
  common.print = make_print(safe_tostring, log)
  for name, value in pairs(words) do common[name] = value end
  local env = guard.globals(common)
  common._G = env
  return env
end

return sandbox
