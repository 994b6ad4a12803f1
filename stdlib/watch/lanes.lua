--- Who may run now. Two lanes of slots: what is known to be slow has its own, so that it can never
--- fill the lane of the others; what turns out to be slow while it runs moves over and gives its
--- slot back. Within a lane stores take turns, and one store never has more than its share. Pure.
--- Used by watch/planner.lua (once for checks with a browser, once for those without).

local lanes = {}

---@class Lanes
---@field cap integer        slots of each lane
---@field per_store integer  slots of one store in each lane
local Lanes = {}
Lanes.__index = Lanes

local function new_lane()
  return { used = 0, by_store = {}, queues = {}, ring = {}, waiting = 0 }
end

---@param cap integer
---@param per_store integer
---@return Lanes
function lanes.new(cap, per_store)
  return setmetatable({ cap = cap, per_store = per_store, fast = new_lane(), slow = new_lane(),
    held = {} }, Lanes)
end

--- Other limits from now on; what runs already stays.
function Lanes:resize(cap, per_store) self.cap, self.per_store = cap, per_store end

--- Puts an item in line.
---@param store string
---@param slow boolean
---@param item table
function Lanes:offer(store, slow, item)
  local lane = slow and self.slow or self.fast
  local queue = lane.queues[store]
  if not queue then
    queue = { store = store, first = 1, last = 0 }
    lane.queues[store] = queue
    lane.ring[#lane.ring + 1] = queue
  end
  queue.last = queue.last + 1
  queue[queue.last] = item
  lane.waiting = lane.waiting + 1
end

local function take_from(self, lane)
  if lane.used >= self.cap or lane.waiting == 0 then return nil end
  for i = 1, #lane.ring do
    local queue = lane.ring[i]
    if (lane.by_store[queue.store] or 0) < self.per_store then
      local item = queue[queue.first]
      queue[queue.first], queue.first = nil, queue.first + 1
      table.remove(lane.ring, i)
      if queue.first > queue.last then
        lane.queues[queue.store] = nil
      else
        lane.ring[#lane.ring + 1] = queue -- to the end: the others first
      end
      lane.waiting = lane.waiting - 1
      return item, queue.store
    end
  end
end

local function hold(lane, store, by)
  lane.used = lane.used + by
  local n = (lane.by_store[store] or 0) + by
  lane.by_store[store] = n > 0 and n or nil
end

--- Takes the next item that may start, and its slot.
---@return table? item
function Lanes:take()
  for _, lane in ipairs { self.fast, self.slow } do
    local item, store = take_from(self, lane)
    if item then
      self.held[item] = { lane = lane, store = store }
      hold(lane, store, 1)
      return item
    end
  end
end

--- A running item is slow after all: it moves to the slow lane, whether that has room or not.
---@return boolean moved
function Lanes:is_slow(item)
  local slot = self.held[item]
  if not slot or slot.lane == self.slow then return false end
  hold(slot.lane, slot.store, -1)
  slot.lane = self.slow
  hold(slot.lane, slot.store, 1)
  return true
end

--- Gives the item's slot back.
function Lanes:done(item)
  local slot = self.held[item]
  if not slot then return end
  self.held[item] = nil
  hold(slot.lane, slot.store, -1)
end

--- How many wait and run.
---@return integer waiting
---@return integer running
function Lanes:count()
  return self.fast.waiting + self.slow.waiting, self.fast.used + self.slow.used
end

return lanes
