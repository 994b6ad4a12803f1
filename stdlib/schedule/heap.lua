--- A binary heap of {at, item}: the earliest first, equal times in the order in which they were put
--- in. Used by schedule/plan.lua.

local heap = {}

---@class Heap
local Heap = {}
Heap.__index = Heap

---@return Heap
function heap.new()
  return setmetatable({ size = 0, serial = 0 }, Heap)
end

local function before(a, b)
  if a.at ~= b.at then return a.at < b.at end
  return a.serial < b.serial
end

--- Puts item in at time `at`.
function Heap:push(at, item)
  self.serial = self.serial + 1
  local entry, i = { at = at, item = item, serial = self.serial }, self.size + 1
  self.size = i
  while i > 1 do
    local parent = math.floor(i / 2)
    if not before(entry, self[parent]) then break end
    self[i] = self[parent]
    i = parent
  end
  self[i] = entry
end

--- The earliest time, nil when empty.
---@return number?
function Heap:peek()
  return self.size > 0 and self[1].at or nil
end

--- Takes the earliest item out.
---@return any item
---@return number at
function Heap:pop()
  local first, last = self[1], self[self.size]
  if not first then return nil end
  self[self.size] = nil
  self.size = self.size - 1
  local i = 1
  while self.size > 0 do
    local child = i * 2
    if child > self.size then break end
    if child < self.size and before(self[child + 1], self[child]) then child = child + 1 end
    if not before(self[child], last) then break end
    self[i] = self[child]
    i = child
  end
  if self.size > 0 then self[i] = last end
  return first.item, first.at
end

return heap
