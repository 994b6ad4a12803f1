--- Time limits as the page API takes them, and how they are told to people.

local fault = require "fault"
local time = require "time"

local limits = {}

--- Milliseconds of an option such as `timeout = "5s"`.
---@param signature string  of the public function, for the message
---@param value any         milliseconds, a duration, or nil
---@param default number    milliseconds
---@return number ms
function limits.read(signature, value, default)
  if value == nil then return default end
  if type(value) == "number" and value >= 0 and value < math.huge then return value end
  local ms, why
  if type(value) == "string" then ms, why = time.parse_duration(value) end
  if not ms then
    fault.usage(signature, why or ("timeout must be a duration, not %s"):format(tostring(value)),
      'write timeout = "5s" or milliseconds')
  end
  return ms
end

--- "10 s", "1.5 s", "300 ms"
---@param ms number
---@return string
function limits.words(ms)
  if ms < 1000 then return ("%d ms"):format(ms) end
  return (("%.1f"):format(ms / 1000):gsub("%.0$", "")) .. " s"
end

---@class browser.Deadline
---@field total number  ms
---@field ends number   on the monotonic clock
local Deadline = {}
Deadline.__index = Deadline

--- Begins a limit.
---@param ms number
---@return browser.Deadline
function limits.deadline(ms)
  return setmetatable({ total = ms, ends = sys.clock.mono() + ms }, Deadline)
end

--- Milliseconds that are left; 0 when it is over.
---@return number
function Deadline:left()
  return math.max(0, self.ends - sys.clock.mono())
end

--- "10 s"
---@return string
function Deadline:words()
  return limits.words(self.total)
end

return limits
