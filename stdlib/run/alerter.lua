--- The word `alerter` of a script: how a message about an incident reaches people.
---
---    return alerter "slack" { about = "…", options = {…}, needs = { "http" },
---      send = function(a, message, o) … end }

local declare = require "run.declare"
local manifest = require "run.manifest"
local option = require "run.option"

local alerter = {}

---@class run.Alerter
---@field name string
---@field about string?
---@field timeout_ms number?
---@field needs run.Needs
---@field options table<string, any>  descriptors of run/option.lua
---@field send function
---@field dedup boolean?  the receiver knows a message again by its id or key

local declared = setmetatable({}, { __mode = "k" }) -- what the script holds → run.Alerter

local kit = declare.of "alerter"

local READ = {
  about = function(name, value) return kit.text(name, "about", value, 500) end,
  timeout = function(name, value) return kit.duration(name, "timeout", value) end,
  needs = kit.needs,
  options = kit.options,
  dedup = function(name, value)
    if type(value) ~= "boolean" then
      kit.refuse(name, "dedup", "dedup must be true or false",
        "true: the receiver knows a message again by its id or key")
    end
    return value
  end,
  send = function(name, value)
    return kit.fn(name, "send", value, "send = function(a, message, o) … end")
  end,
}

--- The global word of the script.
---@type fun(name: string): fun(fields: table): table
alerter.word = declare.word("alerter", READ, function(handle, name, got)
  if not got.send then
    kit.refuse(name, nil, "has no send function", "send = function(a, message, o) … end")
  end
  declared[handle] = { name = name, about = got.about, timeout_ms = got.timeout, send = got.send,
    dedup = got.dedup, needs = got.needs or manifest.parse(nil), options = got.options or {} }
end)

--- What was declared, or nil when value is not an alerter.
---@param value any
---@return run.Alerter?
function alerter.of(value) return type(value) == "table" and declared[value] or nil end

--- The manifest as plain data.
---@param one run.Alerter
---@return table
function alerter.describe(one)
  local json = require "json"
  return { kind = "alerter", name = one.name, about = one.about, timeout_ms = one.timeout_ms,
    dedup = one.dedup, needs = json.array(one.needs.list),
      capabilities = json.array(one.needs.capabilities),
    hosts = json.array(one.needs.hosts), options = json.array(option.describe(one.options)) }
end

return alerter
