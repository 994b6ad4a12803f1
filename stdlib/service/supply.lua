--- The workers that share a pool's runs: how many there are, how long each lives, how soon another
--- follows one that failed. Used by service/runs.lua.

local supply = {}

local mono = sys.clock.mono

local SIZE_EVERY_MS = 5000
local LIGHT = 0.01 -- the wear of a run without a browser, measured in runs with one
local START_FIRST_MS, START_CAP_MS = 500, 30000

--- The memory of a process and its children, in bytes, as far as /proc tells.
local function tree_bytes(pid, depth)
  local statm = sys.files.read(("/proc/%d/statm"):format(pid), 4096)
  local total = (tonumber(statm and statm:match("^%d+ (%d+)")) or 0) * 4096
  if depth == 0 then return total end
  local children = sys.files.read(("/proc/%d/task/%d/children"):format(pid, pid), 65536)
  for child in (children or ""):gmatch("%d+") do
    total = total + tree_bytes(tonumber(child), depth - 1)
  end
  return total
end

local function load_of(worker)
  local count = 0
  for _ in pairs(worker.flights) do count = count + 1 end
  return count
end

--- Gives the class of pools its methods.
---@param Pool table
function supply.extend(Pool)
  --- Replaces a worker that has grown too big; looks every few seconds.
  function Pool:check_size(worker, now)
    local looked = now - (worker.sized_at or 0) < SIZE_EVERY_MS
    if self.recycle_bytes == math.huge or looked then return end
    worker.sized_at, worker.bytes = now, tree_bytes(worker.pid, 4)
    if worker.bytes > self.recycle_bytes then self:recycle(worker, "memory") end
  end

  --- The worker takes no new runs. False: it took none already.
  function Pool:unshare(worker)
    for i, other in ipairs(self.shared) do
      if other == worker then
        table.remove(self.shared, i)
        return true
      end
    end
  end

  --- The worker takes no new runs, and ends when it has finished those that it has.
  function Pool:recycle(worker, why)
    if not self:unshare(worker) then return end
    worker.recycled = why
    self.on_worker("recycled", { pid = worker.pid, why = why, runs = worker.runs,
      bytes = worker.bytes })
    if next(worker.flights) == nil then sys.task.spawn(function() self:retire(worker) end) end
  end

  --- A worker did not come up, or died before it had run anything: the next start waits longer.
  function Pool:note_failure(why)
    self.failures = self.failures + 1
    local wait = START_FIRST_MS * 2 ^ math.min(self.failures - 1, 20)
    self.start_at = mono() + math.min(START_CAP_MS, wait)
    self.on_worker("failed", { how = why, failures = self.failures })
  end

  --- Starts a worker that takes runs.
  function Pool:start_shared()
    local worker, why = self:start_worker()
    if worker then
      table.insert(self.shared, worker)
      return worker
    end
    self:note_failure(why)
    return nil, why
  end

  --- The worker for the next run: the least busy one; a new one while there are fewer than wanted
  --- and none is idle.
  --- none is idle.
  function Pool:pick()
    local best, least
    for _, worker in ipairs(self.shared) do
      local count = load_of(worker)
      if not best or count < least then best, least = worker, count end
    end
    local enough = #self.shared >= self.want or mono() < (self.start_at or 0)
    if best and (least == 0 or enough) then return best end
    if not best and self.patient then
      while mono() < (self.start_at or 0) and not self.closing and #self.shared == 0 do
        sys.clock.sleep(math.max(1, self.start_at - mono()))
      end
      if self.shared[1] then return self.shared[1] end
    end
    local worker, why = self:start_shared()
    return worker or best, why
  end

  --- A run has ended in this worker.
  function Pool:count_run(worker, uses_browser)
    worker.runs, worker.proven, self.failures = worker.runs + 1, true, 0
    worker.wear = worker.wear + (uses_browser and 1 or LIGHT)
    if worker.wear >= self.recycle_runs then self:recycle(worker, "runs") end
    local idle = next(worker.flights) == nil
    if worker.recycled and idle and not worker.gone and not worker.retiring then
      sys.task.spawn(function() self:retire(worker) end)
    end
  end
end

return supply
