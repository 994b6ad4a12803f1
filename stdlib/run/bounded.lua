--- What the small scripts beside skills (alerters, triggers) have in common when they run: the
--- hosts that they may reach, and a task that is ended when its time is over. Used by
--- run/alert.lua and run/trigger_run.lua.

local problem = require "run.problem"
local time = require "time"

local bounded = {}

local END_LIMIT_MS = 3000

-- Hosts in the values that a person configured, not in the script's own defaults.
local function configured_hosts(options, into)
  for _, value in pairs(options or {}) do
    if type(value) == "table" then
      configured_hosts(value, into)
    elseif type(value) == "string" then
      local authority = value:match("^%a[%w+.-]*://([^/?#%s]+)")
      local host = authority and authority:gsub("^.*@", "")
      host = host and (host:match("^%[(.-)%]") or host:gsub(":%d+$", ""))
        or value:match("^[%w][%w.-]*%.[%w-]+$") or value:match("^localhost$")
      if host then into[#into + 1] = host:lower() end
    end
  end
  return into
end

--- From here on the script reaches what its manifest declares, and the hosts that its configured
--- options name, private ones too: whoever configured them meant them.
---@param needs run.Needs
---@param options table   as configured
---@param hosts string[]? further hosts
function bounded.restrict(needs, options, hosts)
  local list = configured_hosts(options, {})
  for _, host in ipairs(needs.hosts) do list[#list + 1] = host end
  for _, host in ipairs(hosts or {}) do list[#list + 1] = host end
  sys.http.restrict(list)
  local granted = { "files" }
  for _, capability in ipairs(needs.capabilities) do granted[#granted + 1] = capability end
  sys.host.restrict(granted)
end

--- Runs fn in a task of its own and waits for its end. What fn finds out it leaves where the caller
--- sees it: it may be ended at any point.
---@param limit_ms number
---@param fn function
---@param ... any  for fn
---@return run.Problem? ended  how, when it was ended before it was through
function bounded.run(limit_ms, fn, ...)
  local task = sys.task.spawn(fn, ...)
  local ok, why, code, trace = task:join(limit_ms)
  if not ok and not task:done() then
    task:kill("timed out", "timeout")
    ok, why, code, trace = task:join(END_LIMIT_MS)
  end
  sys.host.grace()
  if ok then return nil end
  local told = problem.of_ended_task(why, code, trace)
  if code == "timeout" then
    told.message = ("no end after %s"):format(time.format_duration(limit_ms))
  end
  return told
end

return bounded
