--- Takes rows from an outbox, has each sent, and marks what became of it. One pump for the outbox
--- in the database, one for the one in memory. Used by watch/service.lua.
---
--- How a message is sent is another module's business (alert/*): `send(row)` waits and returns an
--- outcome for outbox:mark, within outbox.LEASE_MS. It may raise: that is tried again. Right before
--- the message leaves it calls row.begin(), and leaves it when that says false.

local fault = require "fault"
local outbox = require "watch.outbox"

local pump = {}

local AT_ONCE = 8        -- messages under way
local TROUBLE_MS = 2000  -- pause when the outbox can't be read
local IDLE_MS = 60000    -- looks at least this often: rows may come from another process

---@class Pump
local Pump = {}
Pump.__index = Pump

---@param options table  box: Outbox; send: fun(row): table outcome; now: fun(): number;
---   on_sent: fun(row, status, outcome)?
---@return Pump
function pump.new(options)
  options.busy = 0
  return setmetatable(options, Pump)
end

--- Has one row sent and marks it.
function Pump:deliver(row)
  row.begin = function()
    local began, why = self.box:begin(row)
    row.begun = began
    return began, why
  end
  local task = sys.task.spawn(self.send, row)
  local ok, outcome = task:join(outbox.LEASE_MS - 5000)
  if not ok and not task:done() then task:kill("the message was not sent in time") end
  if not ok then
    outcome = { error = fault.is(outcome) and outcome.message or tostring(outcome),
      doubt = row.begun }
  end
  local status = self.box:mark(row, outcome, self.now())
  if self.on_sent then self.on_sent(row, status, outcome) end
  self.busy = self.busy - 1
  self.box:notify()
end

--- Sends what is due. Returns how long to wait for the next.
function Pump:turn()
  if self.busy >= AT_ONCE then return IDLE_MS end
  local rows, why = self.box:claim(self.now(), AT_ONCE - self.busy)
  if not rows then return TROUBLE_MS, why end
  for _, row in ipairs(rows) do
    self.busy = self.busy + 1
    sys.task.spawn(self.deliver, self, row)
  end
  if #rows > 0 then return IDLE_MS end -- each notifies when it is done
  local at
  at, why = self.box:next_at()
  if why then return TROUBLE_MS, why end
  return at and math.max(1, math.min(IDLE_MS, at - self.now())) or IDLE_MS
end

--- Sends until stop().
function Pump:run()
  while not self.stopped do
    local wait = self:turn()
    if not self.stopped then self.box:wait(wait) end
  end
end

--- Claims no more; what is under way is marked when it is done.
function Pump:stop()
  self.stopped = true
  self.box:notify()
end

return pump
