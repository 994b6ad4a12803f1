--- The life of `nano-sre watch`: starts the daemon and everything around it, waits for signals,
--- stops in time. Called by cli/verb/watch.lua.

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

local function start_pumps(daemon)
  local send = make_send(daemon)
  local function on_sent(row, status, outcome)
    local counts = daemon.alert_counts
    local key = row.alerter .. "\0" .. status
    counts[key] = (counts[key] or 0) + 1
    daemon.log:say(status == "sent" and "info" or "warn", "alert." .. status, { "alerter",
      row.alerter, "occasion", row.occasion, "key", row.key, "attempt", row.attempts, "why",
      outcome.error })
    if status == "dead" then
      daemon:add_event("alert.dead", { alerter = row.alerter, key = row.key,
        error = outcome.error })
    end
  end
  daemon.alert_counts = {}
  daemon.pumps = {}
  for i, box in ipairs { daemon.outbox, daemon.memory_box } do
    daemon.pumps[i] = pump.new { box = box, send = send, now = daemon.now, on_sent = on_sent }
    sys.task.spawn(daemon.pumps[i].run, daemon.pumps[i])
  end
end

-- READY, then a sign of life as often as systemd wants one. A loop that hangs gives none.
local function keep_alive(daemon)
  sys.env.notify(("READY=1\nMAINPID=%d\nSTATUS=watching %d checks"):format(sys.env.pid(),
    #daemon.setup.checks))
  local usec = tonumber(sys.env.get "WATCHDOG_USEC" or "")
  if not usec then return end
  sys.task.spawn(function()
    while not daemon.stopping do
      sys.env.notify "WATCHDOG=1"
      sys.clock.sleep(usec / 1000 / 3)
    end
  end)
end

local function wait_for_signals(daemon)
  while true do
    local name = sys.env.signal()
    if name == "HUP" then
      sys.task.spawn(function()
        sys.env.notify "RELOADING=1"
        daemon.reload:request "signal"
        sys.env.notify "READY=1"
      end)
    elseif name then
      return name
    end
  end
end

--- Runs a daemon until a signal ends it.
---@param daemon Daemon
---@return integer exit code
function service.run(daemon)
  daemon.reload = reload.new(daemon)
  local ok, trouble = xpcall(daemon.start, function(err)
    return require("fault").is(err) and err or debug.traceback(tostring(err), 2)
  end, daemon)
  if not ok then
    daemon.pool:close()
    error(trouble, 0)
  end
  start_pumps(daemon)
  local why
  daemon.api, why = require("watch.api").open(daemon, daemon.config)
  if daemon.api then
    sys.task.spawn(daemon.api.run, daemon.api)
    daemon.log:say("info", "api.listening", { "url", daemon.api.url })
  else
    daemon:stop "the API can't be opened"
    error(require("fault").new("engine", { message = why.message, code = "listen" }), 0)
  end
  sys.task.spawn(require("watch.retention").run, daemon)
  sys.task.spawn(daemon.reload.run, daemon.reload)
  if daemon.log.silent then sys.task.spawn(require("watch.view").run, daemon) end
  keep_alive(daemon)
  local signal = wait_for_signals(daemon)
  sys.env.notify "STOPPING=1"
  for _, one in ipairs(daemon.pumps) do one:stop() end
  daemon:stop("SIG" .. signal)
  daemon.api:close()
  return 0
end

return service
