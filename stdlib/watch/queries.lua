--- What people ask of the daemon's tables: incidents with their timeline, runs, silences. Used by
--- watch/api.lua and the verbs incident, silence and history. Reads only.

local json = require "json"
local time = require "time"

local queries = {}

local function decode(row, field)
  local value = row[field] and json.decode(row[field])
  if value ~= nil then row[field] = value end
end

--- Incidents, the newest first.
---@param db Db
---@param query table  status ("open", "resolved"; all if absent), store, skill, limit (50)
---@return table[]? rows
---@return Fault? trouble
function queries.incidents(db, query)
  local where, params = {}, {}
  local function add(condition, value)
    if value == nil then return end
    where[#where + 1], params[#params + 1] = condition, value
  end
  add("status = ?", query.status)
  add("skill_name = ?", query.skill)
  if query.store then
    add("(store_name = ? OR store_url = ?)", query.store)
    params[#params + 1] = query.store
  end
  params[#params + 1] = math.max(1, math.min(tonumber(query.limit) or 50, 1000))
  local rows, why = db:read("SELECT * FROM incidents "
    .. (#where > 0 and "WHERE " .. table.concat(where, " AND ") or "")
    .. " ORDER BY status, id DESC LIMIT ?", unpack(params))
  if not rows then return nil, why end
  for _, row in ipairs(rows) do decode(row, "details") end
  return rows
end

--- One incident with its timeline and its runs.
---@return table? incident  nil without a second value: there is none
---@return Fault? trouble
function queries.incident(db, id)
  local rows, why = db:read("SELECT * FROM incidents WHERE id = ?", id)
  if not rows then return nil, why end
  local incident = rows[1]
  if not incident then return nil end
  decode(incident, "details")
  incident.timeline, why = db:read("SELECT timestamp, type, run_id, author, text, data FROM "
    .. "incident_events WHERE incident_id = ? ORDER BY id LIMIT 500", id)
  if not incident.timeline then return nil, why end
  for _, entry in ipairs(incident.timeline) do decode(entry, "data") end
  incident.runs, why = db:read("SELECT run_id, timestamp, status, summary, duration_ms FROM "
    .. "check_runs WHERE incident_id = ? ORDER BY id DESC LIMIT 50", id)
  if not incident.runs then return nil, why end
  json.array(incident.timeline)
  json.array(incident.runs)
  return incident
end

--- Runs, the newest first.
---@param query table  check, skill, status, since (ISO 8601), limit (50)
---@return table[]? rows
---@return Fault? trouble
function queries.runs(db, query)
  local where, params = {}, {}
  local function add(condition, value)
    if value == nil then return end
    where[#where + 1], params[#params + 1] = condition, value
  end
  add("check_id = ?", query.check)
  add("skill_name = ?", query.skill)
  add("status = ?", query.status)
  add("timestamp >= ?", query.since)
  params[#params + 1] = math.max(1, math.min(tonumber(query.limit) or 50, 1000))
  return db:read("SELECT id, run_id, check_id, store_url, skill_name, timestamp, status, summary, "
    .. "duration_ms, error, attempt, incident_id FROM check_runs "
    .. (#where > 0 and "WHERE " .. table.concat(where, " AND ") or "")
    .. " ORDER BY timestamp DESC, id DESC LIMIT ?", unpack(params))
end

--- Silences that are not over, or all.
---@return table[]? rows
---@return Fault? trouble
function queries.silences(db, all, now)
  local rows, why = db:read("SELECT * FROM silences WHERE ends_at > ? ORDER BY id",
    all and "" or time.iso8601(now))
  if not rows then return nil, why end
  for _, row in ipairs(rows) do decode(row, "match") end
  return rows
end

return queries
