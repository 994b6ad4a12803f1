--- One command that runs skills: run, check, audit and demo --check all come through here.
--- Configuration → skills → jobs → runs, with live progress, recorded results, reports and one exit
--- code.
---
--- Order of what can go wrong: everything a person can mend (usage, configuration, options) is
--- refused before anything runs; after that nothing is lost: a result is recorded when it is there,
--- and trouble with the database or a report file is told and counts in the exit code, but stops
--- nothing.

local exit = require "cli.exit"
local fault = require "fault"
local out = require "cli.out"
local paths = require "config.paths"

---@class Session
local Session = {}
Session.__index = Session

local session = {}

local FLUSH_MS = 8000 -- after a signal: DESIGN promises an end within 10 s
local MAX_TASKS = 64

--- The version of this binary.
---@return string
function session.version() return (sys.resource("VERSION"):gsub("%s+$", "")) end

-- ---- set-up -------------------------------------------------------------------------------------

function Session:inspect_config(path)
  local source, why = sys.files.read(path, 1024 * 1024)
  if not source then return nil, { message = why } end
  return self.pool:inspect_config { path = path, source = source }
end

--- The manifest of a skill file; nil and the error when it can't be loaded.
function Session:inspect(entry)
  return self.pool:inspect { script = entry.path, source = require("cli.skills").read(entry) }
end

local warm -- a pool whose worker is coming up already, until a session takes it

local function open_pool()
  local pool = { policy = {}, on_event = function() end }
  pool.runs = require("service.runs").open {
    concurrency = MAX_TASKS, policy = pool.policy,
    on_event = function(job, event) pool.on_event(job, event) end,
  }
  return pool
end

--- Starts a worker now, so that it comes up while the arguments are read. For cli/main.lua.
function session.warm() warm = open_pool() end

--- Opens what every verb that loads scripts needs: a pool and the configuration.
---@param flags table<string, any>  settings given as flags
---@param options table?  project = false: as if there was none; tolerant: leave wrong settings out;
---  getenv: in the place of the environment
---@return Session
function session.open(flags, options)
  local self = setmetatable({ problems = {}, results = {}, codes = {} }, Session)
  self.cwd = sys.env.cwd()
  local opened = warm or open_pool()
  warm = nil
  opened.on_event = function(job, event) self:on_event(job, event) end
  self.pool = opened.runs
  local config, problems = require("config.load").load {
    cwd = self.cwd, flags = flags, inspect = function(path) return self:inspect_config(path) end,
    project = options and options.project, tolerant = options and options.tolerant,
    getenv = options and options.getenv,
  }
  self.config, self.config_problems = config, problems
  opened.policy.allow_private = config:get "allow_private"
  return self
end

--- Ends the workers.
function Session:close() self.pool:close() end

-- Trouble of the monitor: told at once, kept for the report, exit code 3.
function Session:problem(problem)
  self.problems[#self.problems + 1] = problem
  self.codes[#self.codes + 1] = exit.ENGINE
  out.problem(problem)
end

-- ---- the database -------------------------------------------------------------------------------

local DATABASE_HINT = "`nano-sre doctor` looks closer; SQLITE_DB_PATH chooses another file"

-- Opened while the first skill runs; whoever has a result waits for it.
function Session:open_database()
  local path = self.config:get "database"
  self.db_task = sys.task.spawn(function()
    local folder = paths.folder(path)
    if not paths.is(folder, "dir") then
      local ok, why = sys.files.make_dirs(folder)
      if not ok then return nil, { message = why } end
    end
    return require("service.db").open(path)
  end)
end

function Session:database()
  if self.db_task then
    local joined, db, why = self.db_task:join()
    self.db_task = nil
    if not joined then db, why = nil, { message = db } end
    self.db = db
    if not db then
      self:problem {
        message = "results are not kept: " .. why.message, hint = why.hint or DATABASE_HINT,
        where = paths.display(self.config:get "database", self.cwd),
      }
    end
  end
  return self.db
end

-- Compares the result with the baselines (which may turn PASS into WARN) and records it.
function Session:keep(result)
  local db = self:database()
  if not db then return end
  local ok, why = require("service.baselines").apply(db, result,
    { update = self.request.update_baseline })
  if ok then ok, why = db:record_result(result) end
  if not ok then
    self:problem {
      message = ("the result of %s was not kept: %s"):format(result.skill, why.message),
      hint = why.hint or DATABASE_HINT,
    }
  end
end

-- ---- running ------------------------------------------------------------------------------------

function Session:on_event(job, event)
  if self.stopped or not self.progress then return end
  self.progress:event(job.skill, event)
  self.reporters:event(job.skill, event)
end

function Session:take_result(result)
  require("report.build").normalise(result)
  if not self.request.dry_run and not self.request.forget then self:keep(result) end
  self.results[#self.results + 1] = result
  self.codes[#self.codes + 1] = exit.of_result(result, self.config:get "fail_on")
  self.reporters:result(result)
end

function Session:work()
  while not self.stopped do
    local item = table.remove(self.waiting, 1)
    if not item then break end
    self.progress:started(item.name, item.job.store
      and require("config.types").public_url(item.job.store.url))
    local result = self.pool:run(item.job)
    -- A run that a signal ended says nothing about the shop: it was not finished, so it is not a
    -- result.
    if not self.stopped then self:take_result(result) end
  end
end

function Session:spawn_workers(count)
  self.active = count
  local main = sys.task.current()
  for _ = 1, count do
    sys.task.spawn(function()
      local ok, trouble = xpcall(self.work, function(err)
        return fault.is(err) and err or debug.traceback(tostring(err), 2)
      end, self)
      if not ok then self.trouble = self.trouble or trouble end
      self.active = self.active - 1
      main:unpark()
    end)
  end
end

function Session:watch_signals()
  local main = sys.task.current()
  sys.task.spawn(function()
    while true do
      local signal = sys.env.signal()
      if not signal then return end
      if self.stopped then
        self.hurry = true -- the second time: no more patience
      else
        self.stopped = signal
        out.note(out.painter(2)("yellow",
          ("stopping (SIG%s); what has finished is kept"):format(signal)))
        self.pool:abandon("stopped by SIG" .. signal)
      end
      main:unpark()
    end
  end)
end

function Session:wait()
  local deadline
  while self.active > 0 and not self.hurry do
    if self.stopped then
      deadline = deadline or sys.clock.mono() + FLUSH_MS
      local left = deadline - sys.clock.mono()
      if left <= 0 then break end
      sys.task.park(left)
    else
      sys.task.park()
    end
  end
  if self.trouble and not self.stopped then error(self.trouble, 0) end
end

-- ---- reporting ----------------------------------------------------------------------------------

function Session:make_report()
  local time = require "time"
  local now = sys.clock.now()
  local order = {}
  for i, item in ipairs(self.items) do order[item.job.id] = i end
  return require("report.build").report {
    version = self.version, command = self.request.command, store_url = self.config:get "store.url",
    store_name = self.config:get "store.name", started_at = time.iso8601(self.started_ms),
    finished_at = time.iso8601(now), duration_ms = sys.clock.mono() - self.started_mono,
    results = self.results, planned = #self.items, problems = self.problems,
    interrupted = self.stopped,
    dry_run = self.request.dry_run, exit_code = exit.combine(self.codes, self.stopped),
  }
end

function Session:tell_files()
  if self.reporters:has_stdout("list") then return end
  for _, file in ipairs(self.reporters.files) do
    out.note("report: " .. paths.display(file, self.cwd))
  end
end

local function stamp(ms)
  local text = require("time").iso8601(ms)
  return (text:gsub("[-:]", ""):gsub("T", "-"):gsub("%.(%d+)Z", "-%1"))
end

-- Workers (with their browsers) and the database end at the same time.
function Session:finish()
  local closing = self.db and sys.task.spawn(function() self.db:close() end)
  self.pool:close()
  if closing then closing:join() end
end

-- ---- a whole command ----------------------------------------------------------------------------

function Session:prepare(request)
  local skills, jobs = require "cli.skills", require "cli.jobs"
  self.request = request
  self.started_ms, self.started_mono = sys.clock.now(), sys.clock.mono()
  self.version = session.version()
  local inspect = function(entry) return (self:inspect(entry)) end
  local entries = {}
  for i, ref in ipairs(request.refs or {}) do
    entries[i] = skills.find(self.config, ref, inspect)
  end
  if #entries == 0 then entries = skills.for_check(self.config) end
  if #entries == 0 then
    fault.usage("nano-sre " .. request.command, "there is no skill to run",
      "`nano-sre new skill NAME` begins one")
  end
  for _, entry in ipairs(entries) do skills.read(entry) end
  self.folder = self.config:get "report_dir" .. "/" .. stamp(self.started_ms)
  local output = request.output
  if not output and request.report then output = self.folder .. "/report.md" end
  local parsed = require("cli.reporters").parse(self.config:get "reporters", output, self.cwd)
  if not request.dry_run and not request.forget then self:open_database() end
  self.items = jobs.make({
    entries = entries, words = request.options or {}, dry_run = request.dry_run,
    artifacts = self.folder,
    record = request.record and paths.absolute(request.record, self.cwd),
  }, self.config, inspect, self.version)
  for _, warning in ipairs(self.config.warnings) do
    out.problem({ message = warning }, "warning")
  end
  if request.record then
    local ok, why = sys.files.make_dirs(paths.absolute(request.record, self.cwd))
    if not ok then
      fault.usage("--record " .. request.record, why, "choose a folder that you may write to")
    end
  end
  self.reporters = require("cli.reporters").open(parsed, {
    cwd = self.cwd, verbose = request.verbose,
    on_problem = function(problem) self:problem(problem) end,
  })
  self.progress = require("cli.progress").new {
    quiet = request.quiet, verbose = request.verbose, several = #self.items > 1
    and self.config:get "jobs" > 1,
  }
end

--- Runs the skills of a request and reports.
---@param request table  command (for the report), refs: names or paths (empty: those of check),
---  options: -o words, update_baseline, dry_run, record, output, report: write report.md too,
---  quiet, verbose, forget: keep no results
---@return integer exit code
function Session:run(request)
  self:prepare(request)
  self:watch_signals()
  local names = {}
  self.waiting = {}
  for i, item in ipairs(self.items) do names[i], self.waiting[i] = item.name, item end
  self.reporters:start {
    skills = names, store_url = self.config:get "store.url", version = self.version,
    started_at = require("time").iso8601(self.started_ms),
  }
  self:spawn_workers(math.min(#self.items, self.config:get "jobs"))
  self:wait()
  self.reporters:finish(function() return self:make_report() end)
  self:tell_files()
  if not self.hurry then self:finish() end
  return exit.combine(self.codes, self.stopped)
end

return session
