--- How busy this machine was while a run went on: what it measured then says little about the shop.
--- Linux tells how long something had to wait for a processor (pressure stall information); where
--- it does not, nothing is known and nothing assumed. Used by cli/session.lua and watch/daemon.lua
--- around a run, by service/baselines.lua, and by service/runs.lua before it calls a worker hung.

local machine = {}

local PRESSURE = "/proc/pressure/cpu"
-- Shares of a run's time; with four busy loops on two processors it is 0.95. A browser's own
-- processes wait for each other, too, the more so on one processor.
local BUSY, BUSY_ALONE = 0.75, 0.95

local function waited_us()
  local text = sys.files.read(PRESSURE, 4096)
  return text and tonumber(text:match("some[^\n]* total=(%d+)"))
end

local limit -- read once

local function busy_limit()
  if not limit then
    local _, processors = (sys.files.read("/proc/stat", 1024 * 1024) or ""):gsub("\ncpu%d+ ", "")
    limit = processors == 1 and BUSY_ALONE or BUSY
  end
  return limit
end

--- The state of now, for machine.wait_share.
---@return table
function machine.look() return { at = sys.clock.mono(), waited = waited_us() } end

--- The share of the time since then in which something waited for a processor.
---@param before table    of machine.look
---@return number? share  0 to 1; nil: this system does not tell
function machine.wait_share(before)
  local waited, ms = waited_us(), sys.clock.mono() - before.at
  if not waited or not before.waited or ms <= 0 then return nil end
  local share = math.max(0, math.min(1, (waited - before.waited) / 1000 / ms))
  return math.floor(share * 100 + 0.5) / 100
end

--- How long a process, ready to run, has waited for a processor since it began.
---@param pid integer
---@return number ms  0 where the system does not tell
function machine.waited_ms(pid)
  local text = sys.files.read("/proc/" .. pid .. "/schedstat", 200)
  return (tonumber(text and text:match("^%d+ (%d+)")) or 0) / 1e6
end

--- Whether timings of a run with this share are those of the machine, not of the shop.
---@param share number?
---@return boolean
function machine.is_busy(share) return share ~= nil and share >= busy_limit() end

return machine
