--- Triggers at work: webhooks, files and scripts that ask for runs beside the schedule. What comes
--- in is judged here, in main; what a script decides, it decides in a worker. Used by
--- watch/daemon.lua and watch/api.lua.
---
--- Invariants: what was taken in (200) is in the database, and leads to its runs though the daemon
--- is killed; the same delivery is taken in once; a storm leads to a bounded number of runs,
--- transactions and lines in the log.

local json = require "json"
local plan = require "schedule.plan"
local record = require "service.db_record"
local time = require "time"
local trigger_settings = require "watch.trigger_settings"
local trigger_state = require "watch.trigger_state"

local triggers = {}

local DURABLE_MS = 5000       -- senders wait ten seconds or so
local QUEUE_MAX = 20          -- events that wait for a script
local TRIES = 3
local RETRY_MS = { 10000, 60000 }
local SCRIPT_LIMIT_MS, SCRIPT_CAP_MS = 30000, 300000
local IDLE_MS = 30000
local SET_BACK_MS = 2000      -- the wall clock was set

---@class Triggers
local Triggers = {}
Triggers.__index = Triggers

---@param daemon Daemon
---@return Triggers
function triggers.new(daemon)
  return setmetatable({ daemon = daemon, list = {}, by_name = {}, states = {}, plan = plan.new(),
    files = require("watch.trigger_files").new(daemon) }, Triggers)
end

--- The triggers from now on. What is known of one that stays (what it has seen, what waits) stays.
---@param list WatchTrigger[]
function Triggers:configure(list)
  local now, before = self.daemon.now(), self.states
  self.list, self.by_name, self.states, self.plan = list, {}, {}, plan.new()
  for _, trigger in ipairs(list) do
    local state = before[trigger.name] or trigger_state.new()
    state.rate:resize(trigger.limit)
    self.by_name[trigger.name], self.states[trigger.name] = trigger, state
    for _, secret in ipairs(trigger.hook and trigger.hook.secrets or {}) do
      self.daemon.log:hide(secret)
    end
    local at = trigger.schedule
    if at and (at.every_ms or at.cron) then
      self.plan:put({ id = trigger.name, every_ms = at.every_ms, cron = at.cron, zone = at.zone,
        hours = at.hours, last_ms = self.turned_ms and math.min(self.turned_ms, now) }, now)
    end
  end
  self.files:configure(self)
  if self.task then self.task:unpark() end
end

--- Begins to work: goes on with what waited when the daemon ended.
function Triggers:start()
  local saved, why = trigger_state.read(self.daemon.db)
  if not saved then error(why, 0) end
  for name, kept in pairs(saved) do
    local state = self.states[name]
    if state then
      state.learned, state.files = kept.learned, kept.files
      for _, item in ipairs(kept.pending) do state.queue[#state.queue + 1] = item end
      self:work_off(self.by_name[name])
    else
      self.daemon.journal:put { kind = "state", trigger_state.forget(name) }
    end
  end
  sys.task.spawn(self.run, self)
  sys.task.spawn(self.files.run, self.files)
end

--- Takes nothing in any more. What waits is kept.
function Triggers:stop()
  self.stopped = true
  if self.task then self.task:unpark() end
  self.files:stop()
end

--- Sets scripts off on their schedule until stop. In a task of its own.
function Triggers:run()
  self.task = sys.task.current()
  while not self.stopped do
    local now = self.daemon.now()
    if now < (self.turned_ms or now) - SET_BACK_MS then self:configure(self.list) end
    self.turned_ms = now
    for _, due in ipairs(self.plan:take_due(now)) do
      local trigger, state = self.by_name[due.id], self.states[due.id]
      if state.busy then
        self:count(trigger, "missed")
      else
        sys.task.spawn(self.run_script, self, trigger, { kind = "schedule" })
      end
    end
    local at = self.plan:next_at()
    local wait = at and math.min(IDLE_MS, at - self.daemon.now()) or IDLE_MS
    if wait > 0 then sys.task.park(wait) end
  end
end

-- ---- what is told -------------------------------------------------------------------------------

--- Counts what became of something that came in: "fired", "duplicate", "ignored", "refused",
--- "limited", "missed", "failed".
function Triggers:count(trigger, what)
  local counts = self.states[trigger.name].counts
  counts[what] = (counts[what] or 0) + 1
end

--- Whoever sends nonsense in masses does not fill the log: a line in ten seconds, with the number.
function Triggers:tell_refused(trigger, event, fields)
  local state, now = self.states[trigger.name], self.daemon.now()
  state.untold = state.untold + 1
  if state.told_at and now - state.told_at < 10000 and now >= state.told_at then return end
  fields[#fields + 1], fields[#fields + 2] = "times", state.untold
  state.told_at, state.untold = now, 0
  self.daemon.log:say("warn", event, { "trigger", trigger.name, unpack(fields) })
end

local function event_row(kind, trigger, now, data, key)
  data.trigger = trigger.name
  return record.event { type = kind, timestamp = time.iso8601(now), data = data,
    dedupe_key = key and ("trigger:%s:%s"):format(trigger.name, key) }
end

-- ---- runs ---------------------------------------------------------------------------------------

--- Asks for runs; one transaction with the statements in out.
---@return string[] started  checks whose runs were taken in
---@return string[] refused  those of which too many wait already
---@return boolean emitted    whether anything is to be written
function Triggers:request(trigger, wanted, now, out)
  local started, refused = {}, {}
  local outcomes, emitted = self.daemon.core:request(wanted, now, out)
  for i, outcome in ipairs(outcomes) do
    table.insert((outcome == "busy" or outcome == "not-found") and refused or started, wanted[i].id)
  end
  if #started > 0 then
    self:count(trigger, "fired")
    self.states[trigger.name].last_ms = now
    self.daemon.log:say("info", "trigger.fired", { "trigger", trigger.name, "checks",
      table.concat(started, ",") })
  end
  if #refused > 0 then
    self.daemon.log:say("warn", "trigger.busy", { "trigger", trigger.name, "checks",
      table.concat(refused, ",") })
  end
  self.daemon.loop:wake()
  return started, refused, emitted
end

-- Puts a transaction in by `put`, which says whether there is anything to be written, and waits
-- until it is in the database. False: not within time.
local function durable(put, out)
  local me, written = sys.task.current(), false
  out.kind = "state"
  out.on_written = function()
    written = true
    me:unpark()
  end
  if not put(out) then return true end
  local deadline = sys.clock.mono() + DURABLE_MS
  while not written and sys.clock.mono() < deadline do
    sys.task.park(deadline - sys.clock.mono())
  end
  return written
end

--- Takes an event in: runs are asked for, or the event waits for the script.
---@param trigger WatchTrigger
---@param event table      kind, keys?, about?, and what the script sees of it
---@param more table[]?    statements to be written with it
---@return table answer    runs; busy; kept: whether it is in the database
function Triggers:take(trigger, event, more)
  local state, now = self.states[trigger.name], self.daemon.now()
  local out, keys, answer = {}, event.keys or {}, {}
  for _, statement in ipairs(more or {}) do out[#out + 1] = statement end
  for i, key in ipairs(keys) do
    out[#out + 1] = event_row(i == 1 and "trigger.received" or "trigger.seen", trigger, now,
      { kind = event.kind, id = event.id, name = i == 1 and event.name or nil,
        about = i == 1 and event.about or nil }, key)
  end
  if trigger.script then
    if #state.queue >= QUEUE_MAX then return { busy = true } end
    local item = { id = ("%015.0f-%s"):format(now, sys.random.uuid()), event = event, tries = 0 }
    state.queue[#state.queue + 1] = item
    out[#out + 1] = trigger_state.pending(trigger.name, item)
    answer.kept = durable(function(tx)
      self.daemon.journal:put(tx)
      return true
    end, out)
    self:work_off(trigger)
    return answer
  end
  local wanted = {}
  for i, id in ipairs(trigger.checks) do
    wanted[i] = { id = id, at = now + trigger.after_ms, trigger = "trigger " .. trigger.name,
      options = trigger.options }
  end
  answer.kept = durable(function(tx)
    local emitted
    answer.runs, answer.refused, emitted = self:request(trigger, wanted, now, tx)
    return emitted
  end, out)
  answer.busy = #answer.runs == 0 and #answer.refused > 0
  return answer
end

-- ---- scripts ------------------------------------------------------------------------------------

--- What a trigger's script is told, as a job of service/runs.lua.
---@param trigger WatchTrigger
---@param event table
---@return table
function Triggers:job(trigger, event)
  local daemon, checks = self.daemon, {}
  local manifest = trigger.script.manifest
  for i, check in ipairs(daemon.setup.checks) do
    local live = daemon.core and daemon.core.planner.live[check.id]
    local options = {}
    for j, option in ipairs(check.script.manifest and check.script.manifest.options or {}) do
      options[j] = option.name
    end
    checks[i] = { name = check.id, store = check.store.name, store_url = check.store.url,
      skill = check.skill, options = json.array(options),
      status = live and live.last and live.last.status,
      last_at = live and live.last and time.iso8601(live.last.at) }
  end
  local seen = {}
  for name, value in pairs(event) do
    if name ~= "keys" then seen[name] = value end
  end
  return { script = trigger.script.path, source = trigger.script.source,
    modules = trigger.script.modules or {}, project = daemon.setup.job.project,
    trigger = trigger.name, options = trigger.options or {}, checks = json.array(checks),
    event = seen,
    learned = self.states[trigger.name].learned, redact_pii = daemon.config:get "redact_pii",
    timeout_ms = math.min(manifest.timeout_ms or SCRIPT_LIMIT_MS, SCRIPT_CAP_MS) }
end

--- A script failed: told when it is another trouble than before.
function Triggers:tell_failed(trigger, outcome)
  local state, daemon = self.states[trigger.name], self.daemon
  self:count(trigger, "failed")
  daemon.core:trigger_ran(trigger.name, outcome, daemon.now())
  state.problem = (outcome.where and outcome.where .. ": " or "") .. tostring(outcome.message)
  if state.told_problem == state.problem then return end
  state.told_problem = state.problem
  daemon.log:say("error", "trigger.failed", { "trigger", trigger.name, "where", outcome.where,
    "message", outcome.message, "hint", outcome.hint, "excerpt", outcome.excerpt })
  daemon:add_event("trigger.failed", { trigger = trigger.name, where = outcome.where,
    message = outcome.message, hint = outcome.hint })
end

--- Runs a trigger's script and asks for what it wants to run.
---@param trigger WatchTrigger
---@param event table
---@param item table?  of the queue: done when this is
---@return table outcome  ok, runs (checks), or ok = false and message
function Triggers:run_script(trigger, event, item)
  local state, daemon = self.states[trigger.name], self.daemon
  if not trigger.script or not trigger.script.manifest then
    local broken = trigger.script and trigger.script.broken or { message = "it cannot be loaded" }
    self:tell_failed(trigger, broken)
    return { ok = false, message = broken.message }
  end
  state.busy = true
  local outcome = daemon.pool:trigger(self:job(trigger, event))
  state.busy = false
  for _, text in ipairs(outcome.log or {}) do
    daemon.log:say("info", "trigger.log", { "trigger", trigger.name, "text", text })
  end
  if daemon.stopping or self.states[trigger.name] ~= state then
    return { ok = false, message = "nano-sre stops", again = true }
  end
  if not outcome.ok then
    self:tell_failed(trigger, outcome)
    return outcome
  end
  state.problem, state.told_problem = nil, nil
  daemon.core:trigger_ran(trigger.name, nil, daemon.now())
  local now, wanted, out = daemon.now(), {}, {}
  for _, run in ipairs(outcome.runs) do
    for _, id in ipairs(run.ids) do
      wanted[#wanted + 1] = { id = id, at = now + (run.after_ms or 0), options = run.options,
        trigger = "trigger " .. trigger.name }
    end
  end
  if outcome.learned ~= nil then
    out[1] = trigger_state.learned(trigger.name, outcome.learned)
  end
  if item then out[#out + 1] = trigger_state.done(trigger.name, item) end
  outcome.checks, outcome.refused = self:request(trigger, wanted, now, out)
  if #wanted > 0 and #outcome.checks == 0 then -- nothing of it has happened
    return { ok = false, message = "too many runs of " .. wanted[1].id .. " wait already" }
  end
  if outcome.learned ~= nil then state.learned = outcome.learned end
  return outcome
end

--- Has the script look at the events that wait, one after the other. Returns at once.
function Triggers:work_off(trigger)
  local state = self.states[trigger.name]
  if state.working or #state.queue == 0 then return end
  state.working = true
  sys.task.spawn(function()
    while state.queue[1] and not self.stopped and self.states[trigger.name] == state do
      local item, current = state.queue[1], self.by_name[trigger.name]
      local outcome = self:run_script(current, item.event, item)
      if outcome.again then break end
      item.tries = item.tries + 1
      if outcome.ok or item.tries >= TRIES then
        table.remove(state.queue, 1)
        if not outcome.ok then
          self.daemon.journal:put { kind = "state", trigger_state.done(trigger.name, item),
            event_row("trigger.given_up", trigger, self.daemon.now(), { id = item.event.id,
              message = outcome.message }) }
        end
      else
        sys.clock.sleep(RETRY_MS[item.tries])
      end
    end
    state.working = false
  end)
end

-- ---- for people ---------------------------------------------------------------------------------

--- Sets a trigger off by hand. Waits for its script.
---@param name string
---@return table? answer  started, queued: checks
---@return string? message
---@return string? code
function Triggers:fire(name)
  local trigger = self.by_name[name]
  if not trigger then return nil end
  local state = self.states[name]
  if not trigger.script then
    local taken = self:take(trigger, { kind = "manual" })
    return { started = json.array(taken.runs), queued = json.array(taken.refused) }
  end
  if state.busy then return nil, name .. " is running already", "busy" end
  local outcome = self:run_script(trigger, { kind = "manual" })
  if not outcome.ok then
    return nil, (outcome.where and outcome.where .. ": " or "") .. outcome.message, "failed"
  end
  return { started = json.array(outcome.checks), queued = json.array(outcome.refused) }
end

--- The triggers as the API shows them.
---@return table[]
function Triggers:shown()
  local out = {}
  for i, trigger in ipairs(self.list) do
    local state = self.states[trigger.name]
    local manifest = trigger.script and trigger.script.manifest
    out[i] = { name = trigger.name, kind = trigger.kind, about = manifest and manifest.about,
      when = trigger_settings.describe(trigger, manifest), script = trigger.script
        and trigger.script.path, checks = trigger.checks and json.array(trigger.checks),
      counts = state.counts, waiting = #state.queue, problem = state.problem,
      last_at = state.last_ms and time.iso8601(state.last_ms) }
  end
  return out
end

return triggers
