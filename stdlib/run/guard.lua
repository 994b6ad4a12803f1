--- Read-only stand-ins for the tables that the user's script may see but not change, and the
--- versions of Lua's table functions that respect them. Used by run/sandbox.lua, run/require.lua,
--- run/context.lua.
---
--- A stand-in is an empty table; what it shows lies in `backing`, which no function given to the
--- user returns.

local fault = require "fault"
local frames = require "run.frames"

local raw_next, raw_ipairs, raw_type = next, ipairs, type
local metatable_of = debug.getmetatable

local guard = {}

local backing = setmetatable({}, { __mode = "k" }) -- stand-in → what it shows
local names = setmetatable({}, { __mode = "k" })   -- stand-in → what to call it in messages
local own_metas = setmetatable({}, { __mode = "k" }) -- metatables that the user's script made

--- Raises a usage fault that points at the user's line.
---@param message string
---@param hint string?
---@param code string?
function guard.refuse(message, hint, code)
  error(fault.new("usage",
    { message = message, hint = hint, code = code or "usage", where = frames.where() }), 0)
end

--- What stands for t.http in a script that has not declared the need: every use of it says so.
---@param need string  "http"
---@return table
function guard.undeclared(need)
  local function missing()
    guard.refuse(("t.%s: the script does not declare that it needs %s"):format(need, need),
      ('add "%s" to needs'):format(need), "needs")
  end
  return setmetatable({}, { __metatable = false, __newindex = missing, __index = missing })
end

local function refuse_write(proxy, key)
  guard.refuse(("%s is read-only: cannot set %q"):format(names[proxy] or "this table",
    tostring(key)))
end

--- A read-only stand-in for target. Functions and plain values show as they are; tables in it must
--- be protected by the caller when the user may not change them.
---@param name string    for messages: "string", "t.store"
---@param target table
---@param known table?   words that may be read though they are nil; when given, reading any other
---  unknown word is an
---  error that names the nearest. Without it an unknown word is nil, as in plain Lua.
---@return table
function guard.readonly(name, target, known)
  local proxy = {}
  local index = target
  if known then
    index = function(_, key)
      local value = target[key]
      if value == nil and not known[key] then
        local all = {}
        for word in raw_next, target do all[word] = true end
        for word in raw_next, known do all[word] = true end
        guard.refuse(("%s has no %q"):format(name, tostring(key)),
          require("run.nearest").hint(key, all), "undefined")
      end
      return value
    end
  end
  backing[proxy], names[proxy] = target, name
  return setmetatable(proxy, { __index = index, __newindex = refuse_write, __metatable = false })
end

-- Words that exist in plain Lua and not here: why, and what to use.
local ABSENT = {
  io = "a script has no files; t.log and the result carry what it finds",
  load = "code cannot be made at run time", loadstring = "code cannot be made at run time",
  dofile = 'use require "lib.name" for lib/name.lua beside the script',
  loadfile = 'use require "lib.name" for lib/name.lua beside the script',
  package = 'use require "lib.name" for lib/name.lua beside the script',
  debug = "not available to scripts", jit = "not available to scripts",
  ffi = "not available to scripts",
  setfenv = "not available to scripts", getfenv = "not available to scripts",
  newproxy = "not available to scripts", sys = "not available to scripts",
}

--- The global environment: the given words, where reading or writing any other is an error that
--- names the nearest.
---@param words table
---@return table env
function guard.globals(words)
  local env = {}
  backing[env], names[env] = words, "_G"
  setmetatable(words, { __index = function(_, key)
    local hint = ABSENT[key] or require("run.nearest").hint(key, words)
    guard.refuse(("the name %q is not defined"):format(tostring(key)), hint, "undefined")
  end })
  return setmetatable(env, {
    __index = words,
    __newindex = function(_, key)
      local word = tostring(key)
      if rawget(words, key) ~= nil then
        guard.refuse(("%q is read-only"):format(word), nil, "undefined")
      end
      local near = require("run.nearest").find(word, words)
      guard.refuse(("%q would be a new global"):format(word),
        ("write local %s%s"):format(word, near and (' (or did you mean "%s"?)'):format(near) or ""),
        "undefined")
    end,
    __metatable = false,
  })
end

--- Whether the script may not change value: a stand-in, or an object whose metatable is not the
--- script's own.
---@param value any
---@return boolean
function guard.is_protected(value)
  if raw_type(value) ~= "table" then return false end
  if backing[value] then return true end
  local meta = metatable_of(value)
  if meta == nil or own_metas[meta] then return false end
  return not require("json").is_array(value) -- data of the script's, only marked by us
end

local function need_table(value, position, name, level)
  if raw_type(value) == "table" then return end
  error(("bad argument #%d to '%s' (table expected, got %s)"):format(position, name,
    value == nil and "nil" or raw_type(value)), level + 1)
end

local function need_own(value, name)
  if guard.is_protected(value) then
    guard.refuse(("%s: %s belongs to nano-sre and is read-only"):format(name,
      names[value] or "this table"))
  end
end

--- getmetatable for the user: of what the script made itself; false for everything that is ours.
function guard.getmetatable(value)
  local meta = metatable_of(value)
  if meta == nil then return nil end
  if not own_metas[meta] then return false end
  return getmetatable(value) -- honours the script's own __metatable
end

--- setmetatable for the user.
function guard.setmetatable(value, meta)
  need_table(value, 1, "setmetatable", 2)
  if meta ~= nil then need_table(meta, 2, "setmetatable", 2) end
  need_own(value, "setmetatable")
  if meta and rawget(meta, "__gc") ~= nil then
    guard.refuse("setmetatable: a script cannot have finalizers (__gc)")
  end
  if meta then own_metas[meta] = true end
  return setmetatable(value, meta)
end

--- rawget for the user: looks through a stand-in, so that `rawget(_G, "jit")` can ask without an
--- error.
function guard.rawget(value, key)
  need_table(value, 1, "rawget", 2)
  return rawget(backing[value] or fault.contents(value) or value, key)
end

--- rawset for the user.
function guard.rawset(value, key, content)
  need_table(value, 1, "rawset", 2)
  need_own(value, "rawset")
  return rawset(value, key, content)
end

--- next for the user.
function guard.next(value, key)
  need_table(value, 1, "next", 2)
  return raw_next(backing[value] or fault.contents(value) or value, key)
end

local RANK = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ra, rb = RANK[raw_type(a)] or 4, RANK[raw_type(b)] or 4
  if ra ~= rb then return ra < rb end
  if ra <= 2 then return a < b end
  return ra == 3 and not a and b
end

--- The keys of a table, in the order in which the user's pairs visits them.
local function sorted_keys(source)
  local keys, count, sorted = {}, 0, true
  for key in raw_next, source do
    count = count + 1
    keys[count] = key
    sorted = sorted and key == count
  end
  if sorted then return keys end
  -- table.sort must not see keys without an order (tables, functions): they stay as they come, at
  -- the end.
  local plain, others = {}, {}
  for i = 1, count do
    local list = RANK[raw_type(keys[i])] and plain or others
    list[#list + 1] = keys[i]
  end
  table.sort(plain, before)
  for i = 1, #others do plain[#plain + 1] = others[i] end
  return plain
end

--- pairs for the user: numbers first, then texts, each in ascending order. LuaJIT seeds its string
--- hash anew in every state, so plain pairs visits the same table in another order in the next run,
--- and a run could not be repeated.
function guard.pairs(value)
  need_table(value, 1, "pairs", 2)
  local source = backing[value] or fault.contents(value) or value
  local keys, at = sorted_keys(source), 0
  return function()
    while true do
      at = at + 1
      local key = keys[at]
      if key == nil then return nil end
      local content = rawget(source, key)
      if content ~= nil then return key, content end
    end
  end
end

--- ipairs for the user.
function guard.ipairs(value)
  need_table(value, 1, "ipairs", 2)
  local source = backing[value]
  if not source then return raw_ipairs(value) end
  local at = 0
  return function() -- not the raw iterator: its second result would be the backing table
    at = at + 1
    if source[at] ~= nil then return at, source[at] end
  end
end

--- A function of the table library that changes its first argument, refusing our tables.
---@param name string
---@param fn function
function guard.changing(name, fn)
  return function(value, ...)
    need_own(value, name)
    return fn(value, ...)
  end
end

return guard
