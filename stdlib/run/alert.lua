--- Sends one message with an alerter's script, in a state of its own like any run. Called by
--- run/main.lua (mode "alert").
---
--- job = { script, source, project, modules, alerter (the configured name), options, message,
---   dry_run }. The outcome: { ok = true, id } or { ok = false, retry, retry_after_ms, message,
--- where,
---   hint }; `prints` is what it wants shown on standard output. retry = false: the receiver has
---   refused for good; everything else may get better: a receiver that is down, a script or an
--- option
---   that is mended before the next try.

local alert_words = require "run.alert_words"
local bounded = require "run.bounded"
local events = require "run.events"
local load = require "run.load"
local option = require "run.option"
local problem = require "run.problem"

local alert = {}

local LIMIT_MS = 30000

-- In a task of its own: what it finds out goes into `into`, because it may be ended at any point.
local function perform(found, job, into)
  local ok, value = xpcall(function()
    local options = option.resolve(found.options, job.options or {})
    local a, shown = alert_words.make(found, job, options, into)
    return found.send(a, job.message, shown)
  end, problem.handler)
  if ok then
    into.outcome = { ok = true, prints = into.prints, id = type(value) == "table" and value.id
      or value }
    local kind = type(into.outcome.id)
    if kind ~= "string" and kind ~= "number" then into.outcome.id = nil end
    return
  end
  into.outcome = alert_words.outcome(value)
    or { ok = false, retry = true, problem = problem.describe(value) }
end

local function with_words(outcome)
  local told = outcome.problem
  if told then
    outcome.problem = nil
    outcome.message, outcome.where, outcome.hint = told.message, told.where, told.hint
  end
  return outcome
end

--- Sends job.message. Waits; never raises for anything that the script does.
---@param job table
---@return table outcome
function alert.run(job)
  local loaded, cause = load.script({ script = job.script, source = job.source,
    project = job.project,
    modules = job.modules, kind = "alerter" }, function(text) events.log("info", text) end)
  if not loaded then return with_words { ok = false, retry = true, problem = cause } end
  local found, into = loaded.alerter, { prints = {} }
  bounded.restrict(found.needs, job.options)
  local ended = bounded.run(math.min(found.timeout_ms or LIMIT_MS, LIMIT_MS), perform, found, job,
    into)
  return with_words(into.outcome or { ok = false, retry = true, problem = ended })
end

return alert
