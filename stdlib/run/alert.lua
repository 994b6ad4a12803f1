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
---
--- The script may reach the hosts that its manifest names and those that its configured options
--- name, private ones too: whoever configured them meant them.

local alert_words = require "run.alert_words"
local events = require "run.events"
local load = require "run.load"
local option = require "run.option"
local problem = require "run.problem"

local alert = {}

local LIMIT_MS, END_LIMIT_MS = 30000, 3000

-- Hosts in the values that a person configured, not in the script's own defaults.
local function configured_hosts(options, into)
  for _, value in pairs(options or {}) do
    if type(value) == "table" then
      configured_hosts(value, into)
    elseif type(value) == "string" then
      local authority = value:match("^%a[%w+.-]*://([^/?#%s]+)")
      local host = authority and authority:gsub("^.*@", "")
      host = host and (host:match("^%[(.-)%]") or host:gsub(":%d+$", ""))
        or value:match("^[%w][%w.-]*%.[%w-]+$") or value:match("^localhost$")
      if host then into[#into + 1] = host:lower() end
    end
  end
  return into
end

local function restrict(found, job)
  local hosts = configured_hosts(job.options, {})
  for _, host in ipairs(found.needs.hosts) do hosts[#hosts + 1] = host end
  sys.http.restrict(hosts)
  local granted = { "files" }
  for _, capability in ipairs(found.needs.capabilities) do granted[#granted + 1] = capability end
  sys.host.restrict(granted)
end

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
  restrict(found, job)
  local task = sys.task.spawn(perform, found, job, into)
  local limit_ms = math.min(found.timeout_ms or LIMIT_MS, LIMIT_MS)
  local ok, why, code, trace = task:join(limit_ms)
  if not ok and not task:done() then
    task:kill("timed out", "timeout")
    ok, why, code, trace = task:join(END_LIMIT_MS)
  end
  sys.host.grace()
  if into.outcome then return with_words(into.outcome) end
  local told = problem.of_ended_task(why, code, trace)
  if code == "timeout" then
    told.message = ("no end after %s"):format(require("time").format_duration(limit_ms))
  end
  return with_words { ok = false, retry = true, problem = told, doubt = true }
end

return alert
