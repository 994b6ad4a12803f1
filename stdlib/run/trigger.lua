--- The word `trigger` of a script: what decides by itself which checks run, beside their schedule.
---
---    return trigger "new product" { about = "…", every = "5m", needs = { "http" },
---      run = function(t, o) t.run("checkout", { product = "board" }) end }

local declare = require "run.declare"
local manifest = require "run.manifest"
local option = require "run.option"

local trigger = {}

---@class run.Trigger
---@field name string
---@field about string?
---@field every_ms number?
---@field cron string?
---@field hours string?
---@field timeout_ms number?
---@field needs run.Needs
---@field options table<string, any>  descriptors of run/option.lua
---@field run function

local declared = setmetatable({}, { __mode = "k" }) -- what the script holds → run.Trigger

local kit = declare.of "trigger"

local READ = {
  about = function(name, value) return kit.text(name, "about", value, 500) end,
  every = function(name, value) return kit.duration(name, "every", value) end,
  cron = function(name, value) return kit.text(name, "cron", value, 200) end,
  hours = function(name, value) return kit.text(name, "hours", value, 200) end,
  timeout = function(name, value) return kit.duration(name, "timeout", value) end,
  needs = function(name, value)
    local needs = kit.needs(name, value)
    if needs.has.browser or needs.has.mail then
      kit.refuse(name, "needs", "a trigger may need http and nothing else",
        "what needs a browser is a skill's work")
    end
    return needs
  end,
  options = kit.options,
  run = function(name, value) return kit.fn(name, "run", value, "run = function(t, o) … end") end,
}

--- The global word of the script.
---@type fun(name: string): fun(fields: table): table
trigger.word = declare.word("trigger", READ, function(handle, name, got)
  if not got.run then kit.refuse(name, nil, "has no run function", "run = function(t, o) … end") end
  if got.every and got.cron then
    kit.refuse(name, "cron", "has every and cron", "leave one of them out")
  end
  declared[handle] = { name = name, about = got.about, every_ms = got.every, cron = got.cron,
    hours = got.hours, timeout_ms = got.timeout, run = got.run,
    needs = got.needs or manifest.parse(nil), options = got.options or {} }
end)

--- What was declared, or nil when value is not a trigger.
---@param value any
---@return run.Trigger?
function trigger.of(value) return type(value) == "table" and declared[value] or nil end

--- The manifest as plain data.
---@param one run.Trigger
---@return table
function trigger.describe(one)
  local json = require "json"
  return { kind = "trigger", name = one.name, about = one.about, every_ms = one.every_ms,
    cron = one.cron, hours = one.hours, timeout_ms = one.timeout_ms,
    needs = json.array(one.needs.list), capabilities = json.array(one.needs.capabilities),
    hosts = json.array(one.needs.hosts), options = json.array(option.describe(one.options)) }
end

return trigger
