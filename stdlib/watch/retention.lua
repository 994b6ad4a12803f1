--- Removes what is older than people want to keep, once a night and in small batches, so that
--- writing results never waits long. Used by watch/service.lua and `nano-sre db vacuum`.

local time = require "time"

local retention = {}

local BATCH = 500
local HOUR_MS = 3600000
local AT_HOUR = 3 -- UTC

-- table, the column with its time, what is left alone
local TABLES = {
  { "metrics", "timestamp" },
  { "check_runs", "timestamp" },
  { "events", "timestamp" },
  { "incident_events", "timestamp",
    "incident_id NOT IN (SELECT id FROM incidents WHERE status = 'open')" },
  { "incidents", "resolved_at", "status = 'resolved'" },
  { "outbox", "created_at", "status <> 'pending'" },
  { "silences", "ends_at" },
}

--- Removes one batch of one table.
local function remove(db, entry, before)
  local name, column, only = entry[1], entry[2], entry[3]
  local results, why = db:write { { ("DELETE FROM %s WHERE id IN (SELECT id FROM %s WHERE %s < ? "
    .. "%s LIMIT %d)"):format(name, name, column, only and "AND " .. only or "", BATCH), before } }
  if not results then return nil, why end
  return results[1].changes
end

--- Removes everything that is older.
---@param db Db
---@param keep_ms number
---@param now number
---@param pause (fun())?  called between batches
---@return table<string, integer>? removed  by table
---@return Fault? trouble
function retention.clean(db, keep_ms, now, pause)
  local before, removed = time.iso8601(now - keep_ms), {}
  for _, entry in ipairs(TABLES) do
    removed[entry[1]] = 0
    while true do
      local count, why = remove(db, entry, before)
      if not count then return nil, why end
      removed[entry[1]] = removed[entry[1]] + count
      if count < BATCH then break end
      if pause then pause() end
    end
  end
  return removed
end

--- Removes screenshots and the like of runs that are gone.
---@param folder string
---@param before_ms number
function retention.clean_artifacts(folder, before_ms)
  for _, check in ipairs(sys.files.list(folder) or {}) do
    for _, run in ipairs(check.kind == "dir" and sys.files.list(folder .. "/" .. check.name)
      or {}) do
      if run.kind == "dir" and run.mtime_ms < before_ms then
        sys.files.remove(("%s/%s/%s"):format(folder, check.name, run.name), { recursive = true })
      end
    end
  end
end

local function next_night(now)
  local day = 24 * HOUR_MS
  local at = math.floor(now / day) * day + AT_HOUR * HOUR_MS
  return at > now and at or at + day
end

--- Cleans once a night until the daemon stops. In a task of its own.
---@param daemon Daemon
function retention.run(daemon)
  while not daemon.stopping do
    sys.clock.sleep(math.min(HOUR_MS, next_night(daemon.now()) - daemon.now()))
    local now = daemon.now()
    local night = math.floor((now - AT_HOUR * HOUR_MS) / (24 * HOUR_MS))
    if daemon.stopping then return end
    if daemon.cleaned ~= night and now % (24 * HOUR_MS) >= AT_HOUR * HOUR_MS
      and now % (24 * HOUR_MS) < (AT_HOUR + 1) * HOUR_MS then
      local keep = daemon.config:get "watch.keep"
      local removed, why = retention.clean(daemon.db, keep, now,
        function() sys.clock.sleep(200) end)
      retention.clean_artifacts(daemon.setup.job.artifacts, now - keep)
      if removed then
        daemon.cleaned = night
        daemon.log:say("info", "retention.done", { "runs", removed.check_runs, "metrics",
          removed.metrics, "events", removed.events, "incidents", removed.incidents })
      else
        daemon.log:say("warn", "retention.failed", { "why", why.message })
      end
    end
  end
end

return retention
