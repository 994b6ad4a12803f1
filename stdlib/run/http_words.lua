--- t.http: the functions of the http module, raising a fault where the module returns nil, message,
--- code.

local fault = require "fault"
local frames = require "run.frames"
local guard = require "run.guard"

local http_words = {}

-- What is not the shop's fault. Every other failure of a request is.
local OURS = {
  ["dry-run"] = "engine",
  ["dns-unreachable"] = "engine", proxy = "engine", memory = "engine",
  denied = "usage", ["private-address"] = "usage", invalid = "usage",
}

local function kind_of(code)
  return OURS[code] or "failure"
end

local function raising(fn)
  local function settle(value, message, code, ...)
    if value == nil and type(code) == "string" then
      error(fault.new(kind_of(code), { message = message, code = code, where = frames.where() }), 0)
    end
    return value, message, code, ...
  end
  return function(...) return settle(fn(...)) end
end

--- Makes t.http. Without the need every use of it says that it is missing.
---@param needs run.Needs
---@return table
function http_words.make(needs)
  if not needs.has.http then
    local function missing()
      guard.refuse("t.http: the script does not declare that it needs http", 'add "http" to needs',
        "needs")
    end
    return setmetatable({}, { __metatable = false, __newindex = missing, __index = missing })
  end
  local words = {}
  for name, value in pairs(require "http") do
    words[name] = type(value) == "function" and raising(value) or value
  end
  return guard.readonly("t.http", words, {})
end

return http_words
