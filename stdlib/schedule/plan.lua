--- When each check is due. Times are fixed by the check's name, not by when the daemon was started:
--- a check of every 30 s is due at phase + k · 30 s, where the phase comes from a hash of its id.
--- So nothing drifts, checks of one interval are spread over it, and after a restart each goes on
--- where it should, without any state but its last run. Pure: knows no clock and starts nothing.
--- Used by the watch daemon.

local heap = require "schedule.heap"

local plan = {}

---@class PlanEntry
---@field id string          unique, also the source of the phase
---@field every_ms number?   interval; or
---@field cron Cron?         expression, with
---@field zone Zone?         its time zone
---@field hours Hours?       due times outside of these are left out
---@field last_ms number?    when it last ran, from the store
---@field at_start boolean?  due at once when the plan begins
---@field first_ms number?   first due then, whatever the phase says; the phase counts from the next
---  time on

---@class Plan
local Plan = {}
Plan.__index = Plan

---@return Plan
function plan.new()
  return setmetatable({ queue = heap.new(), entries = {} }, Plan)
end

-- FNV-1a over the id: stable over versions and machines.
local function hash(text)
  local h = 2166136261
  for i = 1, #text do
    h = bit.bxor(h, text:byte(i))
    -- h * 16777619 modulo 2^32, in parts that a double holds exactly
    local low, high = h % 65536, math.floor(h % 4294967296 / 65536)
    h = (low * 16777619 + high * 16777619 % 65536 * 65536) % 4294967296
  end
  return h % 4294967296
end

--- The check's place within its interval.
---@return number ms  0 up to every_ms
function plan.phase(id, every_ms)
  return hash(id) % every_ms
end

local function next_of(entry, after_ms)
  local at = after_ms
  for _ = 1, 100000 do
    if entry.cron then
      at = entry.cron:next(at, entry.zone)
      if not at then return nil end
    else
      local phase = plan.phase(entry.id, entry.every_ms)
      at = (math.floor((at - phase) / entry.every_ms) + 1) * entry.every_ms + phase
    end
    if not entry.hours or entry.hours:contains(at) then return at end
    at = entry.cron and at or math.max(at, entry.hours:next_opening(at) - 1)
  end
  return nil
end

--- Adds or replaces a check. One that should have run while the daemon was down is due at once (and
--- once).
---@param entry PlanEntry
---@param now_ms number
function Plan:put(entry, now_ms)
  entry.version = (self.entries[entry.id] and self.entries[entry.id].version or 0) + 1
  self.entries[entry.id] = entry
  local at
  if entry.first_ms then
    at = entry.first_ms
  elseif entry.at_start then
    at = now_ms
  elseif entry.last_ms and entry.last_ms <= now_ms then
    at = next_of(entry, entry.last_ms)
    if at and at < now_ms then at = now_ms end
  else
    at = next_of(entry, now_ms)
  end
  if at then self.queue:push(at, { entry = entry, version = entry.version }) end
end

--- Takes a check out of the plan.
function Plan:remove(id)
  self.entries[id] = nil
end

--- When the next check is due, nil when none is.
---@return number? ms
function Plan:next_at()
  while true do
    local at = self.queue:peek()
    if not at then return nil end
    local top = self.queue[1].item
    if self.entries[top.entry.id] == top.entry then return at end
    self.queue:pop()
  end
end

--- When a schedule is due next, after a time. Needs no plan.
---@param entry PlanEntry
---@param after_ms number
---@return number? ms
function plan.next_of(entry, after_ms) return next_of(entry, after_ms) end

--- The checks that are due, earliest first. Each is planned again: due times that passed unseen
--- (the machine slept) are counted, not made up for.
---@param now_ms number
---@return {id: string, due_ms: number, missed: integer}[]
function Plan:take_due(now_ms)
  local due = {}
  while true do
    local at = self:next_at()
    if not at or at > now_ms then return due end
    local entry = self.queue:pop().entry
    local following, missed = next_of(entry, at), 0
    local is_first = entry.first_ms == at and entry.every_ms
    if is_first and following and following - at < entry.every_ms / 2 then
      following = next_of(entry, following) -- its place comes too soon after the first run
    end
    if following and following <= now_ms then
      if entry.every_ms then missed = math.floor((now_ms - following) / entry.every_ms) + 1 end
      following = next_of(entry, now_ms)
    end
    if following then self.queue:push(following, { entry = entry, version = entry.version }) end
    due[#due + 1] = { id = entry.id, due_ms = at, missed = missed }
  end
end

return plan
