--- Which check starts when: the plan of due times, the lanes, one run of a check at a time, looks
--- that follow a first failure, and runs on request. Knows no clock and starts nothing: the daemon
--- asks. Used by watch/core.lua.
---
--- Invariants: a check has at most one launch, waiting or running; a due time that finds it so is
--- counted as missed and never made up for; a request that finds it so waits for its end.

local heap = require "schedule.heap"
local lanes = require "watch.lanes"
local plan = require "schedule.plan"
local requests = require "watch.requests"

local planner = {}

local SLOW_MS = 5000      -- a check with a longer median is slow
local KEPT = 9            -- durations that make the median
local SPREAD_MS = 60000   -- the first runs after a start are spread over at most this
local SPREAD_STEP_MS = 250 -- and over no more than this for each check

---@class WatchCheck
---@field id string          store and skill: "shop.example/checkout"
---@field store table        url, name, password, labels
---@field skill string
---@field every_ms number?
---@field cron Cron?
---@field zone Zone?
---@field hours Hours?
---@field policy TrackPolicy
---@field browser boolean    needs one
---@field inhibits string[]  skills of the same store whose trouble this one's explains
---@field labels table

---@class Launch
---@field check WatchCheck
---@field due_ms number
---@field attempt integer    1; 2 and more are looks at a first failure
---@field trigger string     "schedule", "confirm", "manual", "trigger NAME"
---@field options table?     of the request that asked for it, over those of the check
---@field request table?     see watch/requests.lua

---@class Planner
local Planner = {}
Planner.__index = Planner

---@param limits {concurrency: integer, browsers: integer}
---@return Planner
function planner.new(limits)
  local self = setmetatable({ plan = plan.new(), soon = heap.new(), checks = {}, live = {},
    order = {}, missed = 0 }, Planner)
  self.plain, self.browser = lanes.new(1, 1), lanes.new(1, 1)
  self:resize(limits, 1)
  return self
end

-- With several stores, none has more than a quarter of a lane.
local function share(cap, stores)
  return stores > 1 and math.max(1, math.ceil(cap / 4)) or cap
end

--- Other limits from now on.
function Planner:resize(limits, stores)
  self.plain:resize(limits.concurrency, share(limits.concurrency, stores))
  self.browser:resize(limits.browsers, share(limits.browsers, stores))
end

local function same_schedule(a, b)
  return a.every_ms == b.every_ms and a.cron_text == b.cron_text
    and a.hours_text == b.hours_text and (a.zone and a.zone.name) == (b.zone and b.zone.name)
end

--- The checks from now on. One that is new, or should have run while nobody watched, is due soon,
--- spread over a minute at most; one whose schedule is unchanged stays where it is.
---@param checks WatchCheck[]
---@param limits table
---@param now number
---@param last_due table<string, number>?  from the store, at start
function Planner:configure(checks, limits, now, last_due)
  local before, stores, count = self.checks, {}, 0
  self.checks, self.order = {}, checks
  for _, check in ipairs(checks) do
    if not stores[check.store.name] then stores[check.store.name], count = true, count + 1 end
  end
  self:resize(limits, count)
  local window = math.min(SPREAD_MS, (#checks - 1) * SPREAD_STEP_MS)
  for _, check in ipairs(checks) do
    local old = before[check.id]
    self.checks[check.id] = check
    self.live[check.id] = self.live[check.id]
      or { durations = {}, missed = 0, requests = requests.new() }
    if not old or not same_schedule(old, check) then
      self:plan_check(check, now, window, last_due and last_due[check.id]
        or self.live[check.id].due_ms)
    end
  end
  for id in pairs(before) do
    if not self.checks[id] then
      self.plan:remove(id)
      if not self.live[id].launch then self.live[id] = nil end
    end
  end
end

--- Gives a check its place in the plan.
function Planner:plan_check(check, now, window, last_ms)
  local entry = { id = check.id, every_ms = check.every_ms, cron = check.cron, zone = check.zone,
    hours = check.hours }
  local next_ms = last_ms and last_ms <= now and plan.next_of(entry, last_ms)
  if check.every_ms and (not last_ms or (next_ms and next_ms <= now)) then
    local within = math.max(1, math.min(window, check.every_ms))
    entry.first_ms = now + plan.phase(check.id, within)
    if check.hours and not check.hours:contains(entry.first_ms) then entry.first_ms = nil end
  elseif next_ms then
    entry.last_ms = last_ms
  end
  self.plan:put(entry, now)
end

local function median(values)
  if #values == 0 then return nil end
  local sorted = { unpack(values) }
  table.sort(sorted)
  return sorted[math.ceil(#sorted / 2)]
end

--- The wall clock was set back: due times that lie in what is now the future would hold everything
--- up. Each check goes to its next place.
---@param now number
function Planner:replan(now)
  for _, check in ipairs(self.order) do
    self.plan:put({ id = check.id, every_ms = check.every_ms, cron = check.cron, zone = check.zone,
      hours = check.hours }, now)
    self.live[check.id].soon = nil
  end
  self.soon = heap.new()
  for id, live in pairs(self.live) do
    if live.requests:hurry(now) then self.soon:push(now, { id = id }) end
  end
end

--- A check's usual duration.
---@return number? ms
function Planner:median(id) return self.live[id] and median(self.live[id].durations) end

--- The lanes of a check.
function Planner:lanes_of(check) return check.browser and self.browser or self.plain end

--- Puts a launch of a check in line.
function Planner:offer(check, due_ms, attempt, trigger, more)
  local live = self.live[check.id]
  local launch = { check = check, due_ms = due_ms, attempt = attempt, trigger = trigger,
    options = more and more.options, request = more and more.request }
  live.launch = launch
  local slow = (median(live.durations) or 0) > SLOW_MS
  self:lanes_of(check):offer(check.store.name, slow, launch)
end

--- Puts what is due in line.
---@param now number
---@return table[] missed  {id, due_ms}: their check still runs
function Planner:advance(now)
  local missed = {}
  while (self.soon:peek() or math.huge) <= now do
    local item = self.soon:pop()
    local live = self.live[item.id]
    if live and live.soon == item then
      live.soon = nil
      if not live.launch and self.checks[item.id] then
        self:offer(self.checks[item.id], item.due_ms, item.attempt, item.trigger, item)
      end
    elseif not item.due_ms then
      self:serve_request(item.id, now)
    end
  end
  for _, due in ipairs(self.plan:take_due(now)) do
    local live, check = self.live[due.id], self.checks[due.id]
    if live.launch then
      live.missed, self.missed = live.missed + 1, self.missed + 1
      missed[#missed + 1] = { id = due.id, due_ms = due.due_ms }
    else
      live.soon = nil -- the regular run is the look that was planned
      self:offer(check, due.due_ms, 1, "schedule")
    end
  end
  return missed
end

--- The next launch that may start now.
---@param now number
---@return Launch?
function Planner:take(now)
  while true do
    local launch = self.plain:take() or self.browser:take()
    if not launch then return nil end
    local live, check = self.live[launch.check.id], self.checks[launch.check.id]
    if check then
      launch.check = check -- the version that is current when it starts
      launch.started_ms = now
      live.due_ms = launch.attempt == 1 and launch.due_ms or live.due_ms
      return launch
    end
    self:forget(launch)
  end
end

--- Ends a launch's hold on lanes and check.
function Planner:forget(launch)
  self.plain:done(launch)
  self.browser:done(launch)
  local id = launch.check.id
  local live = self.live[id]
  if live and live.launch == launch then live.launch = nil end
  if not self.checks[id] then self.live[id] = nil end
  if self.live[id] and #live.requests.list > 0 then
    self.soon:push(live.requests.list[1].at, { id = id }) -- what waited for its end
  end
end

--- Whether a launch that runs has become slow: call when it has run for SLOW_MS.
function Planner:is_slow(launch) return self:lanes_of(launch.check):is_slow(launch) end
planner.SLOW_MS = SLOW_MS

--- A launch has ended.
---@param launch Launch
---@param duration_ms number
function Planner:finished(launch, duration_ms)
  local live = self.live[launch.check.id]
  if live then
    live.durations[#live.durations + 1] = duration_ms
    if #live.durations > KEPT then table.remove(live.durations, 1) end
  end
  self:forget(launch)
end

--- Runs a check at a time of its own, beside its schedule.
---@param id string
---@param at number
---@param due_ms number
---@param attempt integer
---@param trigger string
---@param options table?
---@return boolean ok  false: it runs or waits already, or there is no such check
function Planner:soonest(id, at, due_ms, attempt, trigger, options)
  local live = self.live[id]
  if not live or not self.checks[id] or live.launch then return false end
  live.soon = { id = id, due_ms = due_ms, attempt = attempt, trigger = trigger, options = options }
  self.soon:push(at, live.soon)
  return true
end

--- Takes a request to run a check, beside its schedule. While the check runs it waits for the end
--- of that run; one that would change nothing joins the one that waits already.
---@param id string
---@param request CheckRequest
---@param now number
---@return "started"|"queued"|"joined"|nil how  nil: there is no such check, or too many wait
---@return string? code  "not-found", "busy"
function Planner:request(id, request, now)
  local live = self.live[id]
  if not live or not self.checks[id] then return nil, "not-found" end
  local how, code = live.requests:add(request, now)
  if how ~= "added" then return how, code end
  self.soon:push(request.at, { id = id })
  return live.launch and "queued" or "started"
end

--- Puts the next request of a check in line that may start now.
function Planner:serve_request(id, now)
  local live, check = self.live[id], self.checks[id]
  if not live or not check or live.launch then return end
  local request = live.requests:take(now)
  if request then
    live.soon = nil -- this run is the look that was planned
    self:offer(check, request.due_ms, 0, request.trigger, { options = request.options,
      request = request })
  end
end

--- When something becomes due next.
---@return number? ms
function Planner:next_at()
  local a, b = self.plan:next_at(), self.soon:peek()
  return a and b and math.min(a, b) or a or b
end

--- When one check is due next, for people.
---@return number? ms
function Planner:next_of(id, now)
  local check = self.checks[id]
  return check and plan.next_of(check, now)
end

--- How many launches wait and run.
---@return integer waiting
---@return integer running
function Planner:count()
  local waiting, running = self.plain:count()
  local more_waiting, more_running = self.browser:count()
  return waiting + more_waiting, running + more_running
end

return planner
