--- Runs scripts in worker processes and always comes back with a result, whatever becomes of script
--- or worker. Main's side of worker/main.lua; used by the verbs run, check, audit, list, info,
--- validate and later by watch.
---
--- Invariants: every run ends in exactly one result; a worker that dies or hangs takes down only
--- the run that did it: the others that it carried are started once more, each in a worker of its
--- own.

local culprit = require "service.culprit"
local machine = require "service.machine"

local runs = {}

local encode, decode = sys.codec.json_encode, sys.codec.json_decode
local mono = sys.clock.mono

local TICK_MS = 1000 -- how often a quiet worker is asked for a sign of life
-- longer than the watchdog's slice, so that only C code that never returns is hit
local HANG_MS = 5000
local GRACE_MS = 20000 -- what a run may take beyond its own time limit before it is ended from here
local CEILING = { "http", "browser", "files" } -- what a script may be granted; its manifest decides

---@class Pool
local Pool = {}
Pool.__index = Pool
require("service.supply").extend(Pool)

---@class PoolOptions
---@field concurrency integer?  runs at once (default 4)
---@field on_event fun(job: table, event: table)?  called for each event of a run, in order
---@field hang_ms number?  how long a worker may be silent before it is replaced (default 5000)
---@field policy table?  what scripts may reach over the network: {allow_private=boolean}
---@field workers integer?  processes that share the runs (default 1)
---@field patient boolean?  a run waits while no worker can be started (a daemon) instead of failing
---  (a command)
---@field recycle_runs number?  a worker is replaced after this many runs with a browser, or a
---  hundred times as many without (default: never)
---@field recycle_bytes number?  … or when it and its children, the browser among them, use more
---  memory than this
---@field on_worker fun(what: string, fields: table)?  "started", "lost", "recycled", "failed"; for
---  the log

--- Opens a pool and starts its worker at once, so that it comes up while the caller still reads its
--- configuration.
---@param options PoolOptions?
---@return Pool
function runs.open(options)
  options = options or {}
  local pool = setmetatable({
    limit = options.concurrency or 4,
    on_event = options.on_event or function() end,
    hang_ms = options.hang_ms or HANG_MS,
    policy = options.policy or {},
    on_worker = options.on_worker or function() end,
    want = options.workers or 1,
    patient = options.patient,
    recycle_runs = options.recycle_runs or math.huge,
    recycle_bytes = options.recycle_bytes or math.huge,
    active = 0,
    queue = {},
    last_id = 0,
    workers = {},
    shared = {}, -- those that take new runs
    failures = 0, -- starts in a row that came to nothing
    restarts = 0,
  }, Pool)
  pool:start_shared()
  return pool
end

-- ---- workers

local function finish(flight, outcome)
  flight.worker.flights[flight.id] = nil
  flight.outcome = outcome
  if flight.waiter then flight.waiter:unpark() end
end

local function on_message(pool, worker, text)
  worker.heard_at = mono()
  local message = decode(text)
  local flight = message.id and worker.flights[message.id]
  if not flight then return end
  local event = message.event -- an end brings the run's last one, its result
  if event and event.type == "result" then
    flight.result = event.result
  elseif event then
    flight.doing = culprit.follow(flight.doing, event)
    pool.on_event(flight.job, event)
  end
  if message.type == "end" then
    finish(flight, { how = message.how, text = message.text, stats = message.stats,
      cpu_ms = message.cpu_ms })
  end
end

--- The worker is gone: decides which run did it; the others get one more try, alone.
local function on_lost(pool, worker)
  worker.gone = true
  local text = worker.handle:describe_end()
  pool.workers[worker] = nil
  pool:unshare(worker)
  if not worker.retiring then
    pool.restarts = pool.restarts + 1
    if not worker.proven then pool:note_failure(text) end
    pool.on_worker("lost", { pid = worker.pid, how = text, runs = worker.runs, hung = worker.hung })
  end
  local words = culprit.parse(worker.handle:last_words())
  local alone = next(worker.flights) ~= nil and next(worker.flights, (next(worker.flights))) == nil
  for _, flight in pairs(worker.flights) do
    -- A daemon tries one again that was alone but had not begun: the worker died before it.
    local begun = flight.doing or worker.hung or not pool.patient
    local guilty = words.run == flight.id or flight.retried or (alone and begun)
    if pool.closing or guilty or flight.message.once then
      finish(flight, { how = "lost", text = text, hung = worker.hung, where = words.run == flight.id
        and words.where })
    else
      finish(flight, { how = "retry" })
    end
  end
end

-- For how long it has been silent, without the time in which the machine gave it no turn; but no
-- machine is so busy that a quarter of it would not do.
local function silence(worker, now)
  local silent = now - worker.heard_at
  if silent < 2 * TICK_MS then
    worker.waited_ms = machine.waited_ms(worker.pid)
    return silent
  end
  local waited = machine.waited_ms(worker.pid) - (worker.waited_ms or 0)
  return math.max(silent - waited, silent / 4)
end

local function check_pulse(pool, worker)
  local now = mono()
  worker.checked_at = now
  pool:check_size(worker, now)
  for _, flight in pairs(worker.flights) do
    if now > flight.ends_by and not flight.cancelled then
      flight.cancelled = true
      worker.handle:send(encode { op = "cancel", id = flight.id,
        reason = "it did not end in time" })
    elseif now > flight.ends_by + GRACE_MS then
      worker.hung = true
    end
  end
  if silence(worker, now) > pool.hang_ms then worker.hung = true end
  if worker.hung then
    worker.handle:kill()
  elseif not worker.retiring then
    worker.handle:send(encode { op = "ping" })
  end
end

local function listen(pool, worker)
  while true do
    local text, _, code = worker.handle:recv(math.min(TICK_MS, pool.hang_ms / 3))
    if text then
      on_message(pool, worker, text)
      if mono() - worker.checked_at > TICK_MS then check_pulse(pool, worker) end
    elseif code == "timeout" then
      check_pulse(pool, worker)
    else
      return on_lost(pool, worker)
    end
  end
end

--- Starts one more worker process.
---@return table? worker
---@return string? why  it could not be started
function Pool:start_worker()
  local handle, text = sys.worker.spawn()
  if not handle then return nil, text end
  local worker = { handle = handle, pid = handle:pid(), flights = {}, heard_at = mono(),
    checked_at = mono(), runs = 0, wear = 0 }
  self.workers[worker] = true
  self.on_worker("started", { pid = worker.pid })
  worker.listener = sys.task.spawn(listen, self, worker)
  return worker
end

-- ---- flights: one try of one job
-- -----------------------------------------------------------------------------------

local function fly(pool, worker, flight)
  flight.worker = worker
  flight.ends_by = mono() + (flight.message.limit_ms or 600000) + GRACE_MS
  worker.flights[flight.id] = flight
  flight.message.op, flight.message.id, flight.message.name = "run", flight.id, flight.id
  flight.waiter = sys.task.current()
  worker.handle:send(encode(flight.message) .. "\0" .. flight.argument)
  while not flight.outcome do sys.task.park() end
  local outcome = flight.outcome
  flight.outcome, flight.waiter = nil, nil
  return outcome
end

--- Waits for one of the pool's places.
function Pool:enter()
  if self.active >= self.limit then
    table.insert(self.queue, sys.task.current())
    sys.task.park()
  else
    self.active = self.active + 1
  end
end

--- Gives the place to whoever waits longest.
function Pool:leave()
  local waiting = table.remove(self.queue, 1)
  if waiting then waiting:unpark() else self.active = self.active - 1 end
end

-- Whether a job's script may want this; a wrong guess costs time, nothing else.
local function says(job, word) return job.source:find(word, 1, true) ~= nil end

--- Starts module with argument in a worker and waits for its end. Returns the flight's outcome and
--- its last result.
local function launch(pool, job, message, argument)
  pool:enter()
  pool.last_id = pool.last_id + 1
  local flight = { id = "r" .. pool.last_id, job = job, message = message,
    argument = argument }
  local worker, trouble = pool:pick()
  local outcome = worker and fly(pool, worker, flight) or { how = "no-worker", text = trouble }
  if worker and not worker.gone then
    pool:count_run(worker, says(job, "browser"))
  end
  if outcome.how == "retry" then
    flight.retried, flight.result = true, nil
    local own, why = pool:start_worker()
    outcome = own and fly(pool, own, flight) or { how = "no-worker", text = why }
    if own and not own.gone then pool:retire(own) end
  end
  pool:leave()
  return outcome, flight
end

-- ---- what callers use

--- Runs a job (see docs/result-format.md for what comes back). Waits; may be called from several
--- tasks at once.
---@param job table  script, source, store, options, timeout_ms, dry_run, record, artifacts,
-- browser, …
---@return table result  always; status ERROR when script or worker broke
function Pool:run(job)
  job.mode = job.mode or "run"
  local started = sys.clock.now()
  local outcome, flight = launch(self, job, {
    module = "run.main",
    -- a guess that saves the run from loading what it will require
    base = says(job, "browser") and "run.base_browser" or says(job, "http") and "run.base_http"
      or "run.base",
    capabilities = CEILING,
    dry_run = job.dry_run,
    record = job.record,
    policy = { allow_private = self.policy.allow_private, store_url = job.store and job.store.url,
      store_address = job.look and job.look.address },
    limit_ms = job.timeout_ms,
  }, encode(job))
  local result = flight.result
  if not result or outcome.how == "lost" then
    result = culprit.result(job, outcome, flight.doing, started)
  end
  if outcome.stats then
    result.gate = outcome.stats.gate
    result.memory_peak = outcome.stats.memory_peak
    result.worker_cpu_ms = outcome.cpu_ms
  end
  return result
end

local function inspect(pool, job, module, capabilities)
  local outcome, flight = launch(pool, job, { module = module, capabilities = capabilities,
    base = module == "run.main" and "run.base" or nil, limit_ms = 5000 }, encode(job))
  local answer = flight.result
  if not answer then
    return nil, culprit.result(job, outcome, flight.doing, sys.clock.now()).error
  end
  if answer.error then return nil, answer.error end
  return answer.manifest or answer.value
end

--- Sends a message with an alerter's script (run/alert.lua). Waits.
---@param job table  script, source, project, alerter, options, message, timeout_ms
---@return table outcome  { ok = true, id } | { ok = false, retry, retry_after_ms, message }
function Pool:alert(job)
  job.mode = "alert"
  local outcome, flight = launch(self, job, { module = "run.main", base = "run.base",
    capabilities = { "http", "mail", "files" }, policy = { allow_private = true },
    dry_run = job.dry_run, limit_ms = job.timeout_ms,
    once = true }, encode(job)) -- whether a second time is wanted is the outbox's matter
  if flight.result then return flight.result end
  return { ok = false, retry = true, doubt = flight.worker ~= nil,
    message = culprit.result(job, outcome, flight.doing, sys.clock.now()).error.message }
end

--- Asks a trigger's script which checks are to run (run/trigger_run.lua). Waits.
---@param job table  script, source, modules, project, options, checks, event, learned, timeout_ms
---@return table outcome  { ok = true, runs, learned } | { ok = false, message, where, hint }
function Pool:trigger(job)
  job.mode = "trigger"
  local outcome, flight = launch(self, job, { module = "run.main", base = "run.base",
    capabilities = { "http", "files" }, policy = { allow_private = true },
    limit_ms = job.timeout_ms }, encode(job))
  if flight.result then return flight.result end
  return { ok = false,
    message = culprit.result(job, outcome, flight.doing, sys.clock.now()).error.message }
end

--- Loads a script without running it. Files it requires are read, nothing else can be reached.
---@param job {script: string, source: string}
---@return table? manifest
---@return table? error  {kind, message, where, excerpt, hint}
function Pool:inspect(job)
  job.mode = "inspect"
  return inspect(self, job, "run.main", { "files" })
end

--- Evaluates a project's nano-sre.lua in a worker, with no capability at all.
---@param job {path: string, source: string}
---@return table? config
---@return table? error
function Pool:inspect_config(job)
  return inspect(self, job, "run.config_file")
end

--- Ends every run at once; their results say so. For signals.
---@param reason string
function Pool:abandon(reason)
  self.closing = true
  for worker in pairs(self.workers) do
    for id in pairs(worker.flights) do
      worker.handle:send(encode { op = "cancel", id = id, reason = reason })
    end
  end
end

--- Lets a worker end by itself, its browser with it; waits until it is gone.
function Pool:retire(worker)
  if worker.gone then return end
  worker.retiring = true
  worker.heard_at = mono()
  worker.handle:send(encode { op = "quit" })
  worker.listener:join()
  worker.handle:close()
end

--- Ends the workers (and with them their browsers). Waits until they are gone.
function Pool:close()
  self.closing = true
  for worker in pairs(self.workers) do self:retire(worker) end
end

return runs
