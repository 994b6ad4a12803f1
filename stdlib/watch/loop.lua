--- The daemon's inner loop: starts what is due, takes the results, tells the log. Everything that
--- waits is given to it (the clock, the function that runs a job), so that tests and benchmarks
--- drive it with their own. Used by watch/daemon.lua.
---
--- Invariant: the loop's own task never waits for anything but time and news; each run has a task
--- of its own.

local fault = require "fault"
local planner = require "watch.planner"

local loop = {}

local MAX_SLEEP_MS = 30000 -- the wall clock may be set

---@class WatchLoop
local Loop = {}
Loop.__index = Loop

---@class LoopOptions
---@field core WatchCore
---@field now fun(): number       wall clock, ms
---@field run fun(launch: Launch): table?   waits; nil: it was given up and leaves no trace
---@field on_started fun(launch: Launch)?
---@field on_finished fun(launch: Launch, result: table, changes: table[])?
---@field on_missed fun(missed: table)?
---@field on_bug fun(launch: Launch, text: string)?

---@param options LoopOptions
---@return WatchLoop
function loop.new(options)
  local nothing = function() end
  return setmetatable({
    core = options.core, now = options.now, run_job = options.run,
    on_started = options.on_started or nothing, on_finished = options.on_finished or nothing,
    on_missed = options.on_missed or nothing, on_bug = options.on_bug or nothing,
    running = {}, count = 0, young = {}, young_first = 1, young_last = 0,
    lateness = { count = 0, sum = 0, max = 0, buckets = {} },
  }, Loop)
end

loop.BUCKETS = { 5, 10, 25, 50, 100, 250, 1000, 5000, 30000 } -- ms, of lateness

local function note_lateness(lateness, late_ms)
  lateness.count, lateness.sum = lateness.count + 1, lateness.sum + late_ms
  lateness.max = math.max(lateness.max, late_ms)
  for i, limit in ipairs(loop.BUCKETS) do
    if late_ms <= limit then
      lateness.buckets[i] = (lateness.buckets[i] or 0) + 1
      break
    end
  end
end

local function describe(err) return fault.is(err) and err or debug.traceback(tostring(err), 2) end

--- What a result leads to, unless the run was given up or the daemon is past taking results.
function Loop:settle(launch, result)
  if not result or self.stopped then return self.core:abandon(launch) end
  local ok, changes = xpcall(self.core.finish, describe, self.core, launch, result, self.now())
  if ok then return self.on_finished(launch, result, changes) end
  self.core:abandon(launch)
  self.on_bug(launch, tostring(changes))
end

--- Runs a launch and settles what came of it.
function Loop:serve(launch)
  local ok, result = xpcall(self.run_job, describe, launch)
  self.running[launch], self.count, launch.ended = nil, self.count - 1, true
  if not ok then self.on_bug(launch, tostring(result)) end
  self:settle(launch, ok and result or nil)
  self:wake()
end

--- Launches in the order of their start: those that run for too long leave the fast lane.
function Loop:watch_slow(now)
  while self.young_first <= self.young_last do
    local launch = self.young[self.young_first]
    if not launch.ended then
      if launch.started_ms + planner.SLOW_MS > now then
        return launch.started_ms + planner.SLOW_MS
      end
      self.core.planner:is_slow(launch)
    end
    self.young[self.young_first] = nil
    self.young_first = self.young_first + 1
  end
end

--- One turn: everything that is due now.
---@return number? ms  when the next turn is due
function Loop:turn()
  local now = self.now()
  if self.draining then return nil end
  for _, missed in ipairs(self.core:advance(now)) do self.on_missed(missed) end
  self.core:tick(now)
  local slow_at = self:watch_slow(now)
  while not self.draining do
    local launch = self.core:take(now)
    if not launch then break end
    if launch.trigger == "schedule" then note_lateness(self.lateness, launch.late_ms) end
    self.running[launch], self.count = true, self.count + 1
    self.young_last = self.young_last + 1
    self.young[self.young_last] = launch
    slow_at = slow_at or now + planner.SLOW_MS
    self.on_started(launch)
    sys.task.spawn(self.serve, self, launch)
  end
  local at = self.core:next_at()
  return at and slow_at and math.min(at, slow_at) or at or slow_at
end

--- Something happened that the loop should look at.
function Loop:wake()
  if not (self.task and self.task:unpark()) then self.noted = true end
end

--- Turns until stop.
function Loop:run()
  self.task = sys.task.current()
  while not self.stopped do
    self.noted, self.turned_at = false, sys.clock.mono()
    local at = self:turn()
    if not self.noted then
      local wait = at and math.min(MAX_SLEEP_MS, at - self.now()) or MAX_SLEEP_MS
      if wait > 0 then sys.task.park(wait) end
    end
  end
  self.task = nil
end

--- Starts no more, but takes the results of those that run.
function Loop:drain()
  self.draining = true
  self:wake()
end

--- Ends run(), and takes no more results.
function Loop:stop()
  self.stopped = true
  self:wake()
end

return loop
