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
local machine = require "service.machine"
local out = require "cli.out"
local paths = require "config.paths"

---@class Session
local Session = {}
Session.__index = Session

local session = {}

-- After a signal: for results that are being recorded, then for workers and database to end;
-- together less than the 10 s that are promised.
local FLUSH_MS, END_MS = 5000, 4000
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
  return self.pool:inspect { script = entry.path, source = require("cli.skills").read(entry),
    kind = entry.kind }
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
  self.cwd = paths.here()
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

-- ---- running ------------------------------------------------------------------------------------

function Session:on_event(job, event)
  if self.stopped or not self.progress then return end
  self.progress:event(job.skill, event)
  self.reporters:event(job.skill, event)
end

function Session:take_result(item, result)
  require("report.build").normalise(result)
  if self.keeper then self.keeper:keep(result, self.request) end
  self.results[#self.results + 1] = { place = item.place, result = result }
  self.codes[#self.codes + 1] = exit.of_result(result, self.config:get "fail_on")
  self.reporters:result(result)
end

-- Only for a skill that has the word in it: others need not wait until the database is open.
function Session:give_learned(item)
  local job = item.job
  if not self.keeper or self.request.update_baseline or not job.store
    or not item.entry.source:find("learned", 1, true) then
    return
  end
  item.manifest = item.manifest or self:inspect(item.entry)
  job.learned = self.keeper:learned(job.store.url, item.manifest and item.manifest.name
    or item.name)
end

function Session:work()
  while not self.stopped do
    local item = table.remove(self.waiting, 1)
    if not item then break end
    self.progress:started(item.name, item.job.store
      and require("config.types").public_url(item.job.store.url))
    self:give_learned(item)
    local before = machine.look()
    local result = self.pool:run(item.job)
    result.machine_wait = machine.wait_share(before)
    -- A run that a signal ended says nothing about the shop: it was not finished, so it is not a
    -- result.
    if not self.stopped then self:take_result(item, result) end
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
  self.watcher = sys.task.spawn(function()
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

-- The results in the order in which their skills were asked for, whichever ended first.
function Session:results_in_order()
  table.sort(self.results, function(a, b) return a.place < b.place end)
  local results = {}
  for i, entry in ipairs(self.results) do results[i] = entry.result end
  return results
end

function Session:make_report()
  local time = require "time"
  local now = sys.clock.now()
  return require("report.build").report {
    version = self.version, command = self.request.command, store_url = self.config:get "store.url",
    store_name = self.config:get "store.name", started_at = time.iso8601(self.started_ms),
    finished_at = time.iso8601(now), duration_ms = sys.clock.mono() - self.started_mono,
    results = self:results_in_order(), planned = #self.items, problems = self.problems,
    interrupted = self.stopped, dry_run = self.request.dry_run,
    exit_code = exit.combine(self.codes, self.stopped),
  }
end

function Session:tell_files()
  if self.reporters:has_stdout("list") then return end
  for _, file in ipairs(self.reporters.files) do
    out.note("report: " .. paths.display(file, self.cwd))
  end
end

-- The report as data, for `nano-sre report`: beside the other reports, or beside the pictures.
function Session:save_report()
  if not self.keep_report and not paths.is(self.folder, "dir") then return end
  local text = require("report.json").render(self:make_report())
  local ok, why = sys.files.make_dirs(self.folder)
  if ok then ok, why = sys.files.write(self.folder .. "/report.json", text) end
  if not ok then
    self:problem { message = "the report is not kept: " .. tostring(why),
      hint = "choose another folder with --report-dir" }
  end
end

local function stamp(ms)
  local text = require("time").iso8601(ms)
  return (text:gsub("[-:]", ""):gsub("T", "-"):gsub("%.(%d+)Z", "-%1"))
end

-- Workers (with their browsers) and the database end at the same time.
function Session:finish()
  if not self.stopped then self.watcher:kill("the command has ended") end
  local tasks = { sys.task.spawn(function() self.pool:close() end) }
  if self.keeper then tasks[2] = sys.task.spawn(function() self.keeper:close() end) end
  local deadline = self.stopped and sys.clock.mono() + END_MS
  for _, task in ipairs(tasks) do
    local left = deadline and math.max(1, deadline - sys.clock.mono())
    local ok, why, code = task:join(left)
    if not ok and code ~= "timeout" then error(why, 0) end
  end
end

-- ---- a whole command ----------------------------------------------------------------------------

local function refuse(message, hint)
  error(fault.new("usage", { message = message, hint = hint, code = "usage" }), 0)
end

-- The skills that a request names, or those of `check`, with their sources.
function Session:find_skills(request, inspect)
  local skills = require "cli.skills"
  local entries = {}
  for i, ref in ipairs(request.refs) do entries[i] = skills.find(self.config, ref, inspect) end
  if #entries == 0 then entries = skills.for_check(self.config) end
  if #entries == 0 then
    refuse("there is no skill to run", "`nano-sre new skill NAME` begins one")
  end
  for _, entry in ipairs(entries) do skills.read(entry) end
  return entries
end

-- The folder of --record, made if it is not there.
function Session:record_folder(request)
  if not request.record then return nil end
  local folder = paths.absolute(request.record, self.cwd)
  local ok, why = sys.files.make_dirs(folder)
  if not ok then
    refuse(("--record %s: %s"):format(request.record, why), "choose a folder that you may write to")
  end
  return folder
end

-- A demo shop's pixels are heard by stand-ins, to which the browser has to be led.
function Session:lead_browser()
  local demo_shop = require "cli.demo_shop"
  local args = demo_shop.browser_args(self.config:get "store.url")
  for _, item in ipairs(self.items) do
    item.job.browser = demo_shop.with_args(item.job.browser, args)
  end
end

function Session:prepare(request)
  self.request = request
  self.started_ms, self.started_mono = sys.clock.now(), sys.clock.mono()
  self.version = session.version()
  local inspect = function(entry) return (self:inspect(entry)) end
  local entries = self:find_skills(request, inspect)
  self.folder = self.config:get "report_dir" .. "/" .. stamp(self.started_ms)
  local output = request.output
  if not output and request.report then
    output = { self.folder .. "/report.md", self.folder .. "/report.html" }
    self.keep_report = true
  end
  local parsed = require("cli.reporters").parse(self.config:get "reporters", output, self.cwd)
  if not request.dry_run and not request.forget then
    self.keeper = require("cli.keeper").open(self.config:get "database", self.cwd,
      function(problem) self:problem(problem) end)
  end
  self.items = require("cli.jobs").make({
    entries = entries, words = request.options or {}, dry_run = request.dry_run,
    artifacts = self.folder, record = self:record_folder(request),
  }, self.config, inspect, self.version)
  self:lead_browser()
  for _, warning in ipairs(self.config.warnings) do
    out.problem({ message = warning }, "warning")
  end
  self.reporters = require("cli.reporters").open(parsed, {
    cwd = self.cwd, verbose = request.verbose,
    on_problem = function(problem) self:problem(problem) end,
  })
  self.progress = require("cli.progress").new {
    quiet = request.quiet, verbose = request.verbose,
    several = #self.items > 1 and self.config:get "jobs" > 1,
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
  for i, item in ipairs(self.items) do
    names[i], self.waiting[i], item.place = item.name, item, i
  end
  self.reporters:start {
    skills = names, store_url = self.config:get "store.url", version = self.version,
    started_at = require("time").iso8601(self.started_ms),
  }
  self:spawn_workers(math.min(#self.items, self.config:get "jobs"))
  self:wait()
  self.reporters:finish(function() return self:make_report() end)
  self:save_report()
  self:tell_files()
  if not self.hurry then self:finish() end
  return exit.combine(self.codes, self.stopped)
end

return session
