--- The life of `nano-sre watch`: starts the daemon and everything around it, waits for signals,
--- stops in time. Called by cli/verb/watch.lua.

local outbox = require "watch.outbox"
local pump = require "watch.pump"
local reload = require "watch.reload"

local service = {}

-- How messages are sent; a build without the alerters says them in the log.
local function make_send(daemon)
  local ok, sender = pcall(require, "alert.send")
  if ok then return sender.make(daemon) end
  return function(row)
    daemon.log:say("warn", "alert." .. row.occasion, { "alerter", row.alerter, "key", row.key,
      "title", row.message.items[1].incident.title })
    return { sent = true }
  end
end

-- Sends what a box holds, until the daemon stops.
local function start_pump(daemon, box)
  daemon.send = daemon.send or make_send(daemon)
  local function on_sent(row, status, outcome)
    local counts = daemon.alert_counts
    local key = row.alerter .. "\0" .. status
    counts[key] = (counts[key] or 0) + 1
    daemon.log:say(status == "sent" and "info" or "warn", "alert." .. status, { "alerter",
      row.alerter, "occasion", row.occasion, "key", row.key, "attempt", row.attempts, "why",
      outcome.error, "repeat", row.doubt })
    if row.lent and status ~= "pending" then
      daemon.journal:put { kind = "state", messages = {},
        outbox.settled(row.key, status, outcome, daemon.now()) }
    end
    if status == "dead" and daemon.journal then
      daemon:add_event("alert.dead", { alerter = row.alerter, key = row.key,
        error = outcome.error })
    end
  end
  local one = pump.new { box = box, send = daemon.send, now = daemon.now, on_sent = on_sent }
  table.insert(daemon.pumps, one)
  sys.task.spawn(one.run, one)
end

-- READY, then a sign of life as often as systemd wants one. A loop that hangs gives none.
local function keep_alive(daemon, status)
  sys.env.notify(("READY=1\nMAINPID=%d\nSTATUS=%s"):format(sys.env.pid(), status))
  local usec = tonumber(sys.env.get "WATCHDOG_USEC" or "")
  if not usec or daemon.kept_alive then return end
  daemon.kept_alive = true
  sys.task.spawn(function()
    while not daemon.stopping do
      sys.env.notify "WATCHDOG=1"
      sys.clock.sleep(usec / 1000 / 3)
    end
  end)
end

-- What systemd wants to hear of a reload: when it began, on its clock, and its end.
local function reload_by_signal(daemon)
  sys.env.notify(("RELOADING=1\nMONOTONIC_USEC=%d"):format(sys.clock.mono() * 1000))
  local outcome = daemon.reload:request "signal"
  sys.env.notify(("READY=1\nSTATUS=%s"):format(outcome.ok and ("watching %d checks"):format(
    outcome.checks or 0) or "the reload failed; the old version goes on"))
end

-- SIGHUP loads what changed, but a terminal that is closed sends it, too: nobody would see such a
-- daemon any more.
local function wait_for_signals(daemon)
  local in_terminal = sys.env.is_tty(1)
  while true do
    local name = sys.env.signal()
    if name == "HUP" and in_terminal and not sys.env.is_tty(1) then return name end
    if name == "HUP" then
      if daemon.loop then sys.task.spawn(reload_by_signal, daemon) end
    elseif name then
      return name
    end
  end
end

-- A database in trouble at the start is waited for, by a service as by a person.
local function await_database(daemon)
  table.insert(daemon.listeners, function(what, why)
    if what ~= "waiting" then return end
    keep_alive(daemon, "waiting for the database")
    if not daemon.log.silent then return end
    require("cli.out").problem { message = why.message,
      hint = (why.hint and why.hint .. "; " or "")
        .. "nothing is watched until then (Ctrl-C ends)" }
  end)
  local saved = daemon:await_database()
  table.remove(daemon.listeners)
  return saved
end

local function describe(err)
  return require("fault").is(err) and err or debug.traceback(tostring(err), 2)
end

-- Everything around the loop.
local function open(daemon)
  start_pump(daemon, daemon.outbox)
  local why
  daemon.api, why = require("watch.api").open(daemon, daemon.config)
  if not daemon.api then
    daemon:stop "the API can't be opened"
    error(require("fault").new("engine", { message = why.message, code = "listen" }), 0)
  end
  sys.task.spawn(daemon.api.run, daemon.api)
  daemon.log:say("info", "api.listening", { "url", daemon.api.url })
  sys.task.spawn(require("watch.retention").run, daemon)
  sys.task.spawn(daemon.reload.run, daemon.reload)
  if daemon.log.silent then sys.task.spawn(require("watch.view").run, daemon) end
  keep_alive(daemon, ("watching %d checks"):format(#daemon.setup.checks))
end

-- In a task of its own, so that a signal can end it at any point.
local function start(daemon)
  daemon:prepare()
  start_pump(daemon, daemon.memory_box)
  local saved = await_database(daemon)
  if not saved then return end
  daemon:begin(saved)
  open(daemon)
end

--- Runs a daemon until a signal ends it.
---@param daemon Daemon
---@return integer exit code
function service.run(daemon)
  daemon.reload, daemon.alert_counts, daemon.pumps = reload.new(daemon), {}, {}
  local signal, trouble
  local me = sys.task.current()
  local waiter = sys.task.spawn(function()
    signal = wait_for_signals(daemon)
    me:unpark()
  end)
  sys.task.spawn(function()
    local ok, why = xpcall(start, describe, daemon)
    if ok then return end
    trouble = { why }
    me:unpark()
  end)
  while not (signal or trouble) do sys.task.park() end
  if trouble then
    waiter:kill "the start failed"
    daemon.pool:close()
    error(trouble[1], 0)
  end
  sys.env.notify "STOPPING=1"
  for _, one in ipairs(daemon.pumps) do one:stop() end
  daemon:stop("SIG" .. signal)
  if daemon.api then daemon.api:close() end
  return 0
end

return service
