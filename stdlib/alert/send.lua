--- Sends one message of the outbox: finds its alerter, runs the alerter's script in a worker, and
--- says what became of it. Retries, their back-off and giving up are the outbox's
--- (watch/outbox.lua);
--- here one alerter is used by one message at a time, and left alone for a while when it fails
--- again
--- and again (circuit breaker), so that a dead receiver costs nothing and delays nobody. Used by
--- watch/service.lua and the verb alert.

local config_of = require "alert.config"
local message = require "alert.message"
local redact = require "redact"
local scripts = require "service.scripts"

local send = {}

local LINE_MAX = 2             -- messages that wait for their turn at one alerter
local LINE_WAIT_MS = 40000
local TRIPS_AFTER = 3          -- failures in a row
local OPEN_MS, OPEN_CAP_MS = 30000, 600000
local BUSY_MS = 5000
local JOB_LIMIT_MS = 40000     -- the script has 30 s

---@class AlertSender
local Sender = {}
Sender.__index = Sender

--- Makes a sender.
---@param options table  config(): Config; pool: Pool; now(): ms; version: string?;
---  scripts: WatchScripts? versions that have loaded (alert/config.lua's check knows them, too);
---  print: fun(text: string)?  what the alerter stdout says; standard output if absent
---@return AlertSender
function send.new(options)
  options.lines, options.last = {}, {}
  options.scripts = options.scripts
    or scripts.new(function(job) return options.pool:inspect(job) end)
  options.print = options.print or function(text) sys.env.write(1, text .. "\n") end
  return setmetatable(options, Sender)
end

--- The function that the daemon's pumps call for a row.
---@param daemon table  config, pool, now, version
---@return fun(row: table): table
function send.make(daemon)
  local sender = send.new { pool = daemon.pool, now = daemon.now, version = daemon.version,
    scripts = daemon.alerter_scripts, config = function() return daemon.config end }
  daemon.sender = sender
  return function(row) return sender:deliver(row) end
end

--- What is known of an alerter: who waits for it, how often it has failed.
function Sender:line(name)
  self.lines[name] = self.lines[name] or { waiting = {}, failures = 0 }
  return self.lines[name]
end

-- ---- one at a time ------------------------------------------------------------------------------

local function enter(line)
  if not line.busy then
    line.busy = true
    return true
  end
  if #line.waiting >= LINE_MAX then return false end
  local me = { task = sys.task.current() }
  table.insert(line.waiting, me)
  sys.task.park(LINE_WAIT_MS)
  if me.called then return true end
  for i, other in ipairs(line.waiting) do
    if other == me then table.remove(line.waiting, i) break end
  end
  return false
end

local function leave(line)
  while #line.waiting > 0 do
    local following = table.remove(line.waiting, 1)
    following.called = true -- keeps the line busy
    if following.task:unpark() then return end
  end
  line.busy = false
end

-- ---- the circuit breaker ------------------------------------------------------------------------

local function note(line, outcome, now)
  if outcome.ok or outcome.retry
    == false then -- it answers: that it refuses is the message's matter
    line.failures, line.open_until, line.why = 0, nil, nil
    return
  end
  line.failures, line.why = line.failures + 1, outcome.message
  if line.failures >= TRIPS_AFTER then
    local wait = math.min(OPEN_CAP_MS, OPEN_MS * 2 ^ math.min(line.failures - TRIPS_AFTER, 10))
    line.open_until = now + math.max(wait, outcome.retry_after_ms or 0)
  elseif outcome.retry_after_ms then
    line.open_until = now + outcome.retry_after_ms -- it asked for patience: that counts for all
  end
end

--- How alerters are: for views and metrics.
---@return table<string, {failures: number, open_until: number?, why: string?, waiting: number}>
function Sender:health()
  local out = {}
  for name, line in pairs(self.lines) do
    out[name] = { failures = line.failures, open_until = line.open_until, why = line.why,
      waiting = #line.waiting }
  end
  return out
end

-- ---- sending ------------------------------------------------------------------------------------

--- The script's current version, if it loads; else the last that did.
function Sender:script(config, setting)
  local script, problem = config_of.script(config, setting.use)
  if script then
    local found, why = self.scripts:refresh(script, config_of.root(config))
    if found.manifest then
      self.last[setting.use] = found
      return found
    end
    problem = ("%s: %s"):format(script.origin, (why or found.broken).message)
  end
  return self.last[setting.use], problem
end

--- Runs the alerter's script for a row; the outcome is that of run/alert.lua.
function Sender:run(row)
  local config = self.config()
  local setting = config_of.read(config)[row.alerter]
  if not setting then
    return { ok = false, retry = true,
      message = ("no alerter %q is configured"):format(row.alerter) }
  end
  if setting.problem then return { ok = false, retry = true, message = setting.problem } end
  local script, problem = self:script(config, setting)
  if not script then return { ok = false, retry = true, message = problem } end
  local outcome = self.pool:alert({
    script = script.path, source = script.source, modules = script.modules or {},
    alerter = row.alerter, options = setting.options, project = config_of.root(config),
    version = self.version,
    message = redact.value(message.build(row), { pii = config:get "redact_pii" }),
      redact_pii = config:get "redact_pii", timeout_ms = JOB_LIMIT_MS,
    dry_run = row.dry_run,
  })
  for _, text in ipairs(outcome.prints or {}) do self.print(text) end
  return outcome
end

--- Sends a row. Waits.
---@param row table  of an outbox
---@return table outcome  for outbox:mark
function Sender:deliver(row)
  local line = self:line(row.alerter)
  local function closed()
    local now = self.now()
    if not line.open_until or now >= line.open_until then return nil end
    return { deferred = true, retry_after_ms = line.open_until - now,
      error = ("%s is left alone for a while: %s"):format(row.alerter, line.why or "it fails") }
  end
  local refused = closed()
  if refused then return refused end
  if not enter(line) then
    return { deferred = true, retry_after_ms = BUSY_MS,
      error = row.alerter .. " is busy with other messages" }
  end
  refused = closed() -- while it stood in line
  if refused then
    leave(line)
    return refused
  end
  local ok, outcome = pcall(self.run, self, row)
  if not ok then outcome = { ok = false, retry = true, message = tostring(outcome) } end
  note(line, outcome, self.now())
  leave(line)
  if outcome.ok then return { sent = true, id = outcome.id } end
  return { error = (outcome.where and outcome.where .. ": " or "") .. tostring(outcome.message),
    retry_after_ms = outcome.retry_after_ms, permanent = outcome.retry == false or nil,
    hint = outcome.hint }
end

return send
