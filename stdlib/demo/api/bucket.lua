--- A leaky bucket as Shopify keeps one for each app and shop: it holds so many points, takes what a
--- request asks for, and fills up again at a steady rate. Used by demo/api/serve.lua.

local bucket = {}

---@class demo.Bucket
local Bucket = {}
Bucket.__index = Bucket

---@param maximum number
---@param per_second number  how much comes back
---@param now fun(): number  milliseconds
---@return demo.Bucket
function bucket.new(maximum, per_second, now)
  return setmetatable({ maximum = maximum, per_second = per_second, now = now, left = maximum,
    at = now() }, Bucket)
end

local function refill(self)
  local now = self.now()
  self.left = math.min(self.maximum, self.left + (now - self.at) / 1000 * self.per_second)
  self.at = now
end

--- Takes points; false: it does not hold as many.
---@param points number
---@return boolean
function Bucket:take(points)
  refill(self)
  if points > self.left then return false end
  self.left = self.left - points
  return true
end

--- Gives back what a request did not use.
---@param points number
function Bucket:give_back(points)
  self.left = math.min(self.maximum, self.left + points)
end

--- Whole points that it holds now.
---@return integer
function Bucket:available()
  refill(self)
  return math.floor(self.left)
end

return bucket
