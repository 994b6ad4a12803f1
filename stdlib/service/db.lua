--- The database of main: results, metrics, events, baselines, over sys.store. Called by the command
--- line, the scheduler and service/baselines.lua; docs/data.md describes the tables.
---
--- Every function waits for the database's own threads and never blocks the loop. What it writes is
--- on disk when it returns. Trouble with the database is never raised: it is returned as
--- `nil, fault` (kind "engine", code "locked", "full", "readonly", "corrupt", …, with a hint),
--- because a result that can't be kept is still a result.

local fault = require "fault"
local json = require "json"
local record = require "service.db_record"

local db = {}

---@class Db
---@field path string
local Db = {}
Db.__index = Db

local APPLICATION_ID = 0x6e737265 -- "nsre": marks the file as ours
local MIGRATIONS = "service/migrations/"

-- sys.store's sentences are "what happened; what to do".
local function trouble(path, text, code)
  local message, hint = text:match("^(.-); (.+)$")
  return nil, fault.new("engine", {
    message = message or text, hint = hint, code = code, details = { database = path },
  })
end

-- A statement with parameters that may be nil.
local function sql(text, ...) return { text, n = select("#", ...), ... } end

local function open_handle(path, busy_timeout_ms)
  local scripts = {}
  for i, name in ipairs(sys.resource_list(MIGRATIONS)) do scripts[i] = sys.resource(name) end
  return sys.store.open(path, { busy_timeout_ms = busy_timeout_ms, migrations = scripts,
    application_id = APPLICATION_ID, own_table = "check_runs" })
end

--- Opens the database, creating it or bringing it to the current format where needed. The directory
--- must exist. Spawn a task for it when something else can go on meanwhile.
---@param path string
---@param options table?  busy_timeout_ms: how long to wait for another program's lock (5000)
---@return Db? db
---@return Fault? trouble
function db.open(path, options)
  local busy = options and options.busy_timeout_ms
  local handle, text, code = open_handle(path, busy)
  if not handle then return trouble(path, text, code) end
  return setmetatable({ path = path, handle = handle, busy_timeout_ms = busy }, Db)
end

--- Opens the file that is at the path now, in the place of the one that was opened: another was put
--- there. What waits to be written to the old one fails.
---@param accept (fun(new: Db): boolean|nil, Fault?)?  looks at the new one before it counts
---@return boolean|nil ok
---@return Fault? trouble
function Db:reopen(accept)
  local new, why = db.open(self.path, { busy_timeout_ms = self.busy_timeout_ms })
  if not new then return nil, why end
  local fine
  if accept then fine, why = accept(new) end
  if accept and not fine then
    new:close()
    return nil, why
  end
  local old = self.handle
  self.handle = new.handle
  old:close()
  return true
end

--- Waits until everything is written, and closes the file. Safe to call twice.
---@return boolean
function Db:close() return (self.handle:close()) end

--- Runs statements as one transaction. For callers whose tables are not this module's.
---@param statements table[]  {sql, parameters…, n = count of parameters when one may be nil}
---@return table[]? results   one for each: {changes=, id=, rows=}
---@return Fault? trouble
function Db:write(statements)
  local results, text, code = self.handle:write(statements)
  if not results then return trouble(self.path, text, code) end
  return results
end

--- Runs one statement that only reads.
---@return table[]? rows  tables by column name; NULL is absent
---@return Fault? trouble
function Db:read(text, ...)
  local rows, why, code = self.handle:read(text, ...)
  if not rows then return trouble(self.path, why, code) end
  return rows
end

--- Whether a row can be written and read back; nothing of it stays.
---@return boolean|nil ok
---@return Fault? trouble
function Db:probe()
  local results, why = self:write {
    sql("INSERT INTO events (timestamp, type) VALUES (?, 'probe') RETURNING id", record.now()),
    sql("DELETE FROM events WHERE type = 'probe'"),
  }
  if not results then return nil, why end
  return #results[1].rows == 1 and results[2].changes >= 1
end

--- Keeps a result: its row in check_runs, its metrics and a "check.finished" event, in one
--- transaction. A run_id that is there already is left as it is.
---@param result table   as a run sends it
---@param extra table?   run_id: unique for ever (default: result.run_id, else a new one);
---  event: more fields of the event
---@return table? kept   {run_id=, new=boolean}
---@return Fault? trouble
function Db:record_result(result, extra)
  local run_id = extra and extra.run_id or result.run_id or sys.random.uuid()
  local _, text, code = self.handle:write(record.statements(result, run_id, extra and extra.event))
  if code == "exists" then return { run_id = run_id, new = false } end
  if code then return trouble(self.path, text, code) end
  return { run_id = run_id, new = true }
end

--- A copy of the database at target, which must not exist: one consistent state, while it is in
--- use.
---@param target string
---@return boolean|nil ok
---@return Fault? trouble
function Db:backup(target)
  local ok, text, code = sys.store.copy(self.path, target)
  if not ok then return trouble(self.path, text, code) end
  return true
end

--- Gives back the space of what was removed. Others who write wait meanwhile.
---@return boolean|nil ok
---@return Fault? trouble
function Db:vacuum()
  local ok, text, code = sys.store.vacuum(self.path)
  if not ok then return trouble(self.path, text, code) end
  return true
end

local function decoded(row, columns)
  for _, column in ipairs(columns) do
    -- A row of another program may hold anything here: then it stays the text that it is.
    local value = row[column] and json.decode(row[column])
    if value ~= nil then row[column] = value end
  end
  return row
end

-- Adds "column IN (…)" for a value or a list of values; nothing for nil.
local function add_filter(where, params, column, value)
  if value == nil then return end
  local values = type(value) == "table" and value or { value }
  local marks = {}
  for i, one in ipairs(values) do
    marks[i] = "?"
    params[#params + 1] = one
  end
  where[#where + 1] = #marks == 0 and "1 = 0"
    or ("%s IN (%s)"):format(column, table.concat(marks, ", "))
end

local RUN_JSON = { "details", "screenshots", "steps", "evidence", "error_data" }

local function with_slash(url)
  local plain = record.store_url(url)
  return plain and { plain, plain .. "/" } -- the earlier tool kept URLs as they were given
end

--- Past runs, the newest first.
---@param query table  store_url, skill, status (one or a list), since (ISO 8601), limit (20);
---  all optional
---@return table[]? runs  rows of check_runs, the JSON in them decoded
---@return Fault? trouble
function Db:recent_runs(query)
  local where, params = {}, {}
  add_filter(where, params, "store_url", with_slash(query.store_url))
  add_filter(where, params, "skill_name", query.skill)
  add_filter(where, params, "status", query.status)
  if query.since then
    where[#where + 1] = "timestamp >= ?"
    params[#params + 1] = record.timestamp(query.since)
  end
  params[#params + 1] = query.limit or 20
  local condition = #where > 0 and "WHERE " .. table.concat(where, " AND ") or ""
  local rows, why = self:read("SELECT * FROM check_runs " .. condition
    .. " ORDER BY timestamp DESC, id DESC LIMIT ?", unpack(params))
  if not rows then return nil, why end
  for _, row in ipairs(rows) do decoded(row, RUN_JSON) end
  return rows
end

--- What a metric was in past runs, the newest first.
---@param store_url string
---@param skill string
---@param metric string     its name: "lcp_ms"
---@param options table?    page ("" for none; all pages if absent), only_status (one or a list),
---  since (ISO 8601), limit (100)
---@return table[]? values  {value=, unit=, page=, step=, status=, timestamp=, run_id=}
---@return Fault? trouble
function Db:metric_history(store_url, skill, metric, options)
  options = options or {}
  local where = { "store_url = ?", "skill_name = ?", "name = ?" }
  local params = { record.store_url(store_url) or "", skill, metric }
  add_filter(where, params, "page", options.page)
  add_filter(where, params, "status", options.only_status)
  if options.since then
    where[#where + 1] = "timestamp >= ?"
    params[#params + 1] = record.timestamp(options.since)
  end
  params[#params + 1] = options.limit or 100
  return self:read("SELECT value, unit, page, step, status, timestamp, run_id FROM metrics WHERE "
    .. table.concat(where, " AND ") .. " ORDER BY timestamp DESC, id DESC LIMIT ?", unpack(params))
end

--- The baseline that was put for a skill and a store.
---@return table? baseline  {data=, created_at=, updated_at=}; nil without a second value when there
---  is none. data is the text itself where another program put something that is not JSON.
---@return Fault? trouble
function Db:baseline_get(store_url, skill)
  local rows, why = self:read("SELECT baseline_data AS data, created_at, updated_at FROM baselines "
    .. "WHERE skill_name = ? AND store_url = ?", skill, record.store_url(store_url) or "")
  if not rows then return nil, why end
  return rows[1] and decoded(rows[1], { "data" })
end

--- The statement that puts a baseline; see Db:baseline_put.
function db.baseline_statement(store_url, skill, data)
  local now = record.now()
  return sql("INSERT INTO baselines (skill_name, store_url, baseline_data, created_at, updated_at) "
    .. "VALUES (?, ?, ?, ?, ?) ON CONFLICT (skill_name, store_url) DO UPDATE SET "
    .. "baseline_data = excluded.baseline_data, updated_at = excluded.updated_at",
    skill, record.store_url(store_url) or "", json.encode(data), now, now)
end

--- Puts (or replaces) the baseline of a skill and a store.
---@param data table  JSON-encodable
---@return boolean|nil ok
---@return Fault? trouble
function Db:baseline_put(store_url, skill, data)
  local results, why = self:write { db.baseline_statement(store_url, skill, data) }
  if not results then return nil, why end
  return true
end

--- Removes the baseline of a skill and a store.
---@return boolean|nil was_there
---@return Fault? trouble
function Db:baseline_reset(store_url, skill)
  local results, why = self:write { sql(
    "DELETE FROM baselines WHERE skill_name = ? AND store_url = ?",
    skill, record.store_url(store_url) or "") }
  if not results then return nil, why end
  return results[1].changes > 0
end

--- Keeps an event.
---@param event table  type; store_url?, skill?, data?: table, timestamp?: ISO 8601, dedupe_key?: an
---  event with the same key is kept once
---@return table? kept  {id=, new=boolean}; no id when it was there already
---@return Fault? trouble
function Db:add_event(event)
  local results, why = self:write { record.event(event) }
  if not results then return nil, why end
  return { id = results[1].id, new = results[1].changes > 0 }
end

--- Events in the order in which they were kept.
---@param query table  after: id of the last one seen (0), type (one or a list), store_url, skill,
---  limit (100); all optional
---@return table[]? events  {id=, timestamp=, type=, store_url=, skill_name=, data=}
---@return Fault? trouble
function Db:events(query)
  local where, params = { "id > ?" }, { query.after or 0 }
  add_filter(where, params, "type", query.type)
  add_filter(where, params, "store_url", query.store_url and record.store_url(query.store_url))
  add_filter(where, params, "skill_name", query.skill)
  params[#params + 1] = query.limit or 100
  local rows, why = self:read("SELECT id, timestamp, type, store_url, skill_name, data FROM events "
    .. "WHERE " .. table.concat(where, " AND ") .. " ORDER BY id LIMIT ?", unpack(params))
  if not rows then return nil, why end
  for _, row in ipairs(rows) do decoded(row, { "data" }) end
  return rows
end

return db
