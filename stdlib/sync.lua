--- Waiting for one another: a signal wakes every task that waits for it. Built on the tasks' own
--- park and unpark, so a wait costs no timer and no loop. For the stdlib; not public.

local sync = {}

local task = sys.task

---@class sync.Signal
local Signal = {}
Signal.__index = Signal

--- Makes a signal. It keeps nothing: who waits after a fire waits for the next one.
---@return sync.Signal
function sync.signal()
  return setmetatable({ waiting = {} }, Signal)
end

--- Waits for the next fire.
---@param timeout_ms number?  none if absent; must not be negative
---@return any value       what was fired, true for nothing; nil on timeout
---@return string? code    "timeout"
function Signal:wait(timeout_ms)
  local me = task.current()
  local waiting = self.waiting
  waiting[#waiting + 1] = me
  local woken, value = task.park(timeout_ms)
  if woken then
    if value == nil then return true end
    return value
  end
  -- fire replaces the list, so this task is still in the one of now.
  waiting = self.waiting
  for i = #waiting, 1, -1 do
    if rawequal(waiting[i], me) then table.remove(waiting, i) end
  end
  return nil, "timeout"
end

--- Wakes all that wait, in the order in which they came. They run later, not inside this call.
---@param value any
function Signal:fire(value)
  local waiting = self.waiting
  if #waiting == 0 then return end
  self.waiting = {}
  for i = 1, #waiting do waiting[i]:unpark(true, value) end
end

return sync
