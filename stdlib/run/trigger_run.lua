--- Runs a trigger's script, in a state of its own like any run. Called by run/main.lua (mode
--- "trigger"). The script starts nothing: it says what is to run, and main does so when it is
--- through.
---
--- job = { script, source, project, modules, trigger (the configured name), options, checks, event,
---   learned, timeout_ms }. The outcome: { ok = true, runs = { {ids, options, after_ms}, … },
---   learned } or { ok = false, message, where, hint, excerpt }, both with log, the lines of t.log:
--- what it asked for counts only when it came to its end.

local bounded = require "run.bounded"
local events = require "run.events"
local load = require "run.load"
local option = require "run.option"
local problem = require "run.problem"

local trigger_run = {}

local LIMIT_MS = 30000
trigger_run.LIMIT_MS = LIMIT_MS

-- In a task of its own: what it finds out goes into `into`, because it may be ended at any point.
local function perform(found, job, into)
  local ok, value = xpcall(function()
    local options = option.resolve(found.options, job.options or {})
    local t, shown = require("run.trigger_words").make(found, job, options, into)
    found.run(t, shown)
  end, problem.handler)
  if ok then
    into.through = true
  else
    into.problem = problem.describe(value)
  end
end

-- The shops themselves may be asked.
local function store_hosts(job)
  local hosts = {}
  for _, check in ipairs(job.checks) do
    local parts = require("url").parse(check.store_url or "")
    if parts and parts.host then hosts[#hosts + 1] = parts.host end
  end
  return hosts
end

--- Runs job. Waits; never raises for anything that the script does.
---@param job table
---@return table outcome
function trigger_run.run(job)
  local json = require "json"
  local into = { runs = json.array(), log = json.array() }
  local loaded, cause = load.script({ script = job.script, source = job.source,
    project = job.project, modules = job.modules, kind = "trigger" },
    function(text) events.log("info", text) end)
  if loaded then
    local found = loaded.trigger
    bounded.restrict(found.needs, job.options, store_hosts(job))
    local ended = bounded.run(job.timeout_ms or found.timeout_ms or LIMIT_MS, perform, found, job,
      into)
    cause = into.problem or ended
  end
  if into.through then
    return { ok = true, runs = into.runs, learned = into.learned, log = into.log }
  end
  return { ok = false, log = into.log, message = cause.message, where = cause.where,
    hint = cause.hint, excerpt = cause.excerpt }
end

return trigger_run
