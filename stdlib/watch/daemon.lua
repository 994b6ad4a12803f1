--- The watch daemon: puts core, loop, journal, workers, reload, API, delivery and view together,
--- and takes them apart again. Called by cli/verb/watch.lua. Main's side: no user's Lua runs here.

local core = require "watch.core"
local demo_shop = require "cli.demo_shop"
local fault = require "fault"
local journal = require "watch.journal"
local loop = require "watch.loop"
local machine = require "service.machine"
local paths = require "config.paths"
local restore = require "watch.restore"
local scripts = require "service.scripts"
local setup = require "watch.setup"

local daemon = {}

local DRAIN_MS, ABANDON_MS, FLUSH_MS = 4000, 2000, 2500 -- together below the 10 s of a stop

---@class Daemon
local Daemon = {}
Daemon.__index = Daemon

--- Makes a daemon that watches nothing yet.
---@param options table  flags: settings given as flags; log: WatchLog; cwd; getenv?; version;
---  busy_timeout_ms?: of the database; resolve?: the addresses of a name
---@return Daemon
function daemon.new(options)
  local self = setmetatable({ flags = options.flags or {}, log = options.log, cwd = options.cwd,
    getenv = options.getenv, version = options.version, policy = {}, listeners = {},
    busy_timeout_ms = options.busy_timeout_ms, resolve = options.resolve or sys.http.resolve,
    started_ms = sys.clock.now(), broken = {}, reloads = 0, reload_failures = 0 }, Daemon)
  self.now = sys.clock.now
  self.pool = require("service.runs").open { concurrency = 100000, policy = self.policy,
    patient = true, on_worker = function(what, fields) self:on_worker(what, fields) end }
  local function inspect(job) return self.pool:inspect(job) end
  self.scripts, self.trigger_scripts = scripts.new(inspect), scripts.new(inspect)
  self.alerter_scripts = scripts.new(inspect)
  self.triggers = require("watch.triggers").new(self)
  return self
end

--- Tells the log what became of a worker.
function Daemon:on_worker(what, fields)
  local level = (what == "lost" or what == "failed") and "warn" or "debug"
  self.log:say(level, "worker." .. what, { "pid", fields.pid, "how", fields.how, "why", fields.why,
    "runs", fields.runs })
end

--- Something that views and tests want to hear of.
function Daemon:notify(what, fields)
  for _, listener in ipairs(self.listeners) do listener(what, fields) end
end

-- ---- configuration ------------------------------------------------------------------------------

local function inspect_config(self, path)
  local source, why = sys.files.read(path, 1024 * 1024)
  if not source then return nil, { message = why } end
  return self.pool:inspect_config { path = path, source = source }
end

--- Reads configuration and scripts; raises a usage fault when the configuration is wrong.
---@return WatchSetup
---@return table[] broken
---@return Config
function Daemon:read()
  local config = require("config.load").load { cwd = self.cwd, flags = self.flags,
    getenv = self.getenv, inspect = function(path) return inspect_config(self, path) end }
  local made, broken = setup.build { config = config, scripts = self.scripts,
    trigger_scripts = self.trigger_scripts, version = self.version,
    default_to = self:default_alerters(config) }
  self:check_alerts(config, made.routes, broken)
  return made, broken, config
end

--- Raises a usage fault for what is wrong with the alerters' configuration; scripts that do not
--- load are added to `broken`.
function Daemon:check_alerts(config, routes, broken)
  local alerts = require "alert.config"
  local problems, scripts_broken = alerts.check(config,
    function(job) return self.pool:inspect(job) end, self.alerter_scripts)
  for _, problem in ipairs(alerts.check_routes(config, routes)) do
    problems[#problems + 1] = problem
  end
  if #problems > 0 then
    error(fault.new("usage", { message = table.concat(problems, "\n"), code = "config" }), 0)
  end
  for _, problem in ipairs(scripts_broken) do broken[#broken + 1] = problem end
end

--- Who is told when no route is configured: every alerter that is, else standard output.
function Daemon:default_alerters(config)
  return require("alert.config").names(config)
end

--- Makes a setup the one that counts from now on.
function Daemon:apply(made, config)
  self.setup, self.config = made, config
  self.policy.allow_private = config:get "allow_private"
  self.pool.want = config:get "watch.workers"
  self.pool.recycle_runs = config:get "watch.worker_runs"
  self.pool.recycle_bytes = config:get "watch.worker_mb" * 1048576
  for _, store in ipairs(made.stores) do
    self.log:hide(store.password)
    self.log:hide(store.admin_api_key)
  end
  self.log:hide(config:get "watch.token")
  self.log:hide_personal_data(config:get "redact_pii")
  self.core:configure(made, self.now())
  self.triggers:configure(made.triggers)
  if self.loop then self.loop:wake() end
end

-- ---- starting -----------------------------------------------------------------------------------

--- Opens the database, alone, and reads what is remembered.
function Daemon:open_database(path)
  local folder = paths.folder(path)
  if not paths.is(folder, "dir") then
    local ok, why = sys.files.make_dirs(folder)
    if not ok then
      error(fault.new("engine", { message = why, code = "state" }), 0)
    end
  end
  self.lock = require("watch.lock").take(folder)
  local db, why = require("service.db").open(path, { busy_timeout_ms = self.busy_timeout_ms })
  if not db then error(why, 0) end
  self.db, self.database = db, path
  local saved
  saved, why = restore.read(db, self.now())
  if not saved then error(why, 0) end
  return saved
end

--- Opens the ways out: journal, outboxes, and what is told when the journal can't write.
function Daemon:open_journal()
  local log = self.log
  self.memory_box = require("watch.outbox").memory()
  self.outbox = require("watch.outbox").open(self.db)
  self.degraded = require("watch.degraded").new { box = self.memory_box,
    routes = function() return self.setup.routes end,
    instance = function() return self.core.instance end, now = self.now }
  self.journal = journal.open {
    db = self.db,
    on_written = function(tx)
      if tx.alerts then self.outbox:notify() end
      if tx.on_written then tx.on_written() end
    end,
    on_dropped = function(tx, why)
      log:say("error", "journal.dropped", { "kind", tx.kind, "why", why.message })
    end,
    on_trouble = function(why, since_ms)
      if since_ms < 1 then
        log:say("warn", "store.trouble", { "code", why.code, "why", why.message })
      end
      if self.degraded:trouble(why, since_ms) then
        log:say("error", "engine.degraded", { "code", why.code, "why", why.message })
        self:notify("degraded", why)
      end
    end,
    on_recovered = function(after_ms)
      log:say("info", "store.recovered", { "after_ms", after_ms, "waiting",
        self.journal:waiting() })
      local incident = self.degraded:recovered()
      if incident then
        self:add_event("engine.degraded", { since = incident.first_seen, cause = incident.cause })
      end
    end,
  }
end

--- Keeps an event; never fails and never waits.
---@param kind string
---@param data table
---@param store_url string?
---@param skill string?
function Daemon:add_event(kind, data, store_url, skill)
  self.journal:put { kind = "event", require("service.db_record").event { type = kind,
    timestamp = require("time").iso8601(self.now()), store_url = store_url, skill = skill,
    data = data } }
end

--- Everything that can go wrong at a start goes wrong here, as a fault.
function Daemon:start()
  local made, broken, config = self:read()
  local saved = self:open_database(config:get "database")
  self.core = core.new { emit = function(tx) self.journal:put(tx) end }
  self.core:restore(saved)
  self.setup = made
  self:open_journal()
  self:apply(made, config)
  self.folder = paths.folder(config:get "database")
  self.loop = loop.new {
    core = self.core, now = self.now,
    run = function(launch) return self:run(launch) end,
    on_started = function(launch) self:notify("started", launch) end,
    on_finished = function(launch, result, changes) self:on_finished(launch, result, changes) end,
    on_missed = function(missed)
      self.log:say("warn", "check.missed", { "check", missed.id })
    end,
    on_bug = function(launch, text)
      self.log:say("error", "engine.bug", { "check", launch.check.id, "text", text })
    end,
  }
  self.log:say("info", "watch.started", { "version", self.version, "checks", #made.checks,
    "stores", #made.stores, "database", config:get "database", "pid", sys.env.pid() })
  for _, problem in ipairs(broken) do self:tell_broken(problem) end
  local ok, why = self.outbox:recover(self.now())
  if not ok then error(why, 0) end
  self.journal_task = sys.task.spawn(self.journal.run, self.journal)
  self.loop_task = sys.task.spawn(self.loop.run, self.loop)
  self.triggers:start()
end

--- A script's new text can't be loaded; the old version goes on.
function Daemon:tell_broken(problem)
  self.reload_failures = self.reload_failures + 1
  self.broken[problem.script] = problem
  local where = problem.where or paths.base(problem.script)
  self.log:say("error", "script.reload_failed", { "script",
    paths.display(problem.script, self.cwd), "where", where, "message", problem.message,
    "hint", problem.hint, "excerpt", problem.excerpt })
  self:add_event("script.reload_failed", problem)
  self:notify("broken", problem)
end

--- The configuration is wrong: everything stays as it is.
function Daemon:tell_config_broken(problem)
  self.reload_failures = self.reload_failures + 1
  self.log:say("error", "config.reload_failed", { "where", problem.where, "message",
    problem.message, "hint", problem.hint, "excerpt", problem.excerpt })
  self:add_event("config.reload_failed", problem)
  self:notify("broken", problem)
end

-- ---- running ------------------------------------------------------------------------------------

--- Runs a launch's job, and judges the result by what is usual.
---@return table?  nil when it was given up
function Daemon:run(launch)
  local job, learned = setup.job(self.setup, launch), require "service.learned"
  job.browser = demo_shop.with_args(job.browser,
    demo_shop.browser_args(launch.check.browser and job.store and job.store.url))
  job.learned = learned.get(self.db, job.store and job.store.url, job.skill)
  job.attempt = math.max(1, launch.attempt)
  if job.attempt > 1 then
    job.look = require("watch.confirm").look(self.resolve, job.store.url, launch.previous_address)
  end
  local before = machine.look()
  local result = self.pool:run(job)
  if self.abandoned then return nil end
  result.machine_wait = machine.wait_share(before)
  require("report.build").normalise(result)
  result.skill = launch.check.skill
  local ok, why = require("service.baselines").apply(self.db, result)
  if ok then ok, why = learned.keep(self.db, result) end
  if not ok then
    self.log:say("warn", "baseline.skipped", { "check", launch.check.id, "why", why.message })
  end
  return result
end

local LEVEL = { FAIL = "warn", ERROR = "warn" }

--- Tells log and view of a result and what follows from it.
function Daemon:on_finished(launch, result, changes)
  self.log:say(LEVEL[result.status] or "info", "run.finished", { "check", launch.check.id,
    "status", result.status, "duration_ms", result.duration_ms, "late_ms", launch.late_ms,
    "trigger", launch.trigger ~= "schedule" and launch.trigger,
    "summary", result.status ~= "PASS" and result.summary })
  for _, change in ipairs(changes) do
    local incident = change.incident
    if incident and change.type ~= "seen" then
      self.log:say(change.type == "opened" and "error" or "info", "incident." .. change.type,
        { "id", incident.id, "severity", incident.severity, "store", incident.store_name,
          "skill", incident.skill, "title", incident.title })
    end
  end
  self:notify("finished", { launch = launch, result = result, changes = changes })
end

-- ---- stopping -----------------------------------------------------------------------------------

local function wait_until(limit_ms, is_done)
  local deadline = sys.clock.mono() + limit_ms
  while not is_done() and sys.clock.mono() < deadline do sys.clock.sleep(20) end
  return is_done()
end

--- Ends within ten seconds: runs that end soon are kept, the others are given up and due again.
---@param why string
function Daemon:stop(why)
  if self.stopping then return end
  self.stopping = true
  self.log:say("info", "watch.stopping", { "why", why, "running", self.loop.count })
  self.triggers:stop()
  self.loop:drain()
  local function idle() return self.loop.count == 0 end
  if not wait_until(DRAIN_MS, idle) then
    self.abandoned = true
    self.pool:abandon("the daemon stops")
    wait_until(ABANDON_MS, idle)
  end
  self.loop:stop()
  self.journal:stop(FLUSH_MS)
  self.journal_task:join(FLUSH_MS + 500)
  local left = self.journal:waiting()
  self.log:say(left > 0 and "error" or "info", "watch.stopped",
    { "not_written", left > 0 and left })
  sys.task.spawn(self.pool.close, self.pool):join(1000)
  if left == 0 then self.db:close() end
end

return daemon
