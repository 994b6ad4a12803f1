--- What a script holds of the browser's objects: an empty, read-only table. What is behind it stays
--- in here, so that a script cannot reach the browser's handles through it.

local fault = require "fault"
local nearest = require "run.nearest"

local face = {}

local hidden_of = setmetatable({}, { __mode = "k" })
local kinds = setmetatable({}, { __mode = "k" })

--- Makes the maker of one kind of objects.
---@param kind string                                          "page", for messages
---@param methods table<string, fun(hidden: table, ...): any>  called as object:name(…)
---@param getters table<string, fun(hidden: table): any>?      read as object.name
---@return fun(hidden: table): table
function face.maker(kind, methods, getters)
  getters = getters or {}
  local callable = {}
  for name, method in pairs(methods) do
    callable[name] = function(self, ...)
      local hidden = type(self) == "table" and kinds[self] == kind and hidden_of[self]
      if not hidden then
        fault.usage(("%s:%s(…)"):format(kind, name),
          ("must be called with a colon on a %s"):format(kind),
          ("write %s:%s(…), not %s.%s(…)"):format(kind, name, kind, name))
      end
      return method(hidden, ...)
    end
  end
  local function read(self, key)
    local method = callable[key]
    if method then return method end
    local getter = getters[key]
    if getter then return getter(hidden_of[self]) end
    local known = {}
    for name in pairs(methods) do known[name] = true end
    for name in pairs(getters) do known[name] = true end
    fault.usage(kind, ("has no %q"):format(tostring(key)), nearest.hint(key, known))
  end
  local meta = { __index = read, __metatable = false,
    __newindex = function(_, key)
      fault.usage(kind, ("is read-only: cannot set %q"):format(tostring(key)))
    end,
    __tostring = function(self)
      local hidden = hidden_of[self]
      return ("%s: %s"):format(kind, hidden.words and hidden.words() or "?")
    end }
  return function(hidden)
    local object = setmetatable({}, meta)
    hidden_of[object], kinds[object] = hidden, kind
    return object
  end
end

--- What is behind an object of that kind, nil for anything else.
---@return table?
function face.hidden(object, kind)
  return type(object) == "table" and kinds[object] == kind and hidden_of[object] or nil
end

return face
