--- From a result or an event to the rows that keep it: which columns, in which form. Called by
--- service/db.lua. Pure but for the clock.

local json = require "json"
local time = require "time"
local url = require "url"

local record = {}

--- The current time as the database keeps it.
---@return string
function record.now() return time.iso8601() end

--- A timestamp in the one form in which all are kept (UTC, milliseconds): they sort as text.
---@param text string?
---@return string  now, when text is no timestamp
function record.timestamp(text)
  local ms = type(text) == "string" and time.parse_iso8601(text)
  return time.iso8601(ms or nil)
end

--- A shop's URL as it is kept and looked for: no user name or password, no slash at the end.
---@param text string?
---@return string?
function record.store_url(text)
  if type(text) ~= "string" or text == "" then return nil end
  local parts = url.parse(text)
  if not parts or not parts.origin then return (text:gsub("^(%a[%w+.-]*://)[^/@]*@", "%1")) end
  local path = parts.path == "/" and "" or parts.path:gsub("/$", "")
  return parts.origin .. path
end

local function text_or_nil(value) return type(value) == "string" and value or nil end
local function number_or_nil(value)
  return type(value) == "number" and value == value and value or nil -- NaN is none
end

-- JSON of a table, NULL of an empty one.
local function encoded(value)
  return type(value) == "table" and next(value) ~= nil and json.encode(value) or nil
end

local function step_error(result)
  for _, step in ipairs(type(result.steps) == "table" and result.steps or {}) do
    local bad = step.status == "FAIL" or step.status == "ERROR"
    if bad and type(step.error) == "table" then return step.error end
  end
end

-- The column `error` is one line for people, as it always was; error_data has the rest.
local function error_line(problem)
  if type(problem) ~= "table" then return text_or_nil(problem) end
  local message, where = text_or_nil(problem.message), text_or_nil(problem.where)
  return message and where and ("%s (%s)"):format(message, where) or message
end

local function sql(text, ...) return { text, n = select("#", ...), ... } end

--- The statement that keeps an event.
---@param event table  see Db:add_event
---@return table
function record.event(event)
  return sql("INSERT INTO events (timestamp, type, store_url, skill_name, data, dedupe_key) "
    .. "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING",
    record.timestamp(event.timestamp), event.type, record.store_url(event.store_url), event.skill,
    event.data and json.encode(event.data) or "{}", event.dedupe_key)
end

local function finished_event(result, run_id, common, more)
  local data = { run_id = run_id, status = result.status, summary = text_or_nil(result.summary),
    duration_ms = number_or_nil(result.duration_ms), metrics = json.array(common.metrics),
    error = common.problem and text_or_nil(common.problem.message) }
  for key, value in pairs(more or {}) do data[key] = value end
  return record.event { type = "check.finished", store_url = result.store_url,
    skill = text_or_nil(result.skill), data = data, timestamp = result.finished_at,
    dedupe_key = "check.finished:" .. run_id }
end

local function metrics_of(result)
  local list = {}
  for _, metric in ipairs(type(result.metrics) == "table" and result.metrics or {}) do
    if type(metric.name) == "string" and number_or_nil(metric.value) then
      list[#list + 1] = { name = metric.name, value = metric.value, unit = text_or_nil(metric.unit),
        page = text_or_nil(metric.page), step = text_or_nil(metric.step) }
    end
  end
  return list
end

--- The statements that keep a result, as one transaction. The first fails with "exists" when the
--- run is there already.
---@param result table
---@param run_id string
---@param more table?  further fields of the event
---@param plan {check_id: string, due_ms: number, attempt: integer}?  of a daemon's run
---@return table[]
function record.statements(result, run_id, more, plan)
  plan = plan or {}
  local problem = type(result.error) == "table" and result.error or step_error(result)
  local common = { metrics = metrics_of(result), problem = problem }
  local timestamp = record.timestamp(result.started_at)
  local store, skill = record.store_url(result.store_url) or "", text_or_nil(result.skill) or ""
  local status = text_or_nil(result.status) or "ERROR"
  local list = { sql("INSERT INTO check_runs (timestamp, store_url, skill_name, status, summary, "
    .. "details, screenshots, error, run_id, finished_at, duration_ms, script, steps, evidence, "
    .. "error_data, check_id, due_ms, attempt, incident_id) "
    .. "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    timestamp, store, skill, status, text_or_nil(result.summary), encoded(result.details),
    encoded(result.screenshots), error_line(problem), run_id, record.timestamp(result.finished_at),
    number_or_nil(result.duration_ms), text_or_nil(result.script), encoded(result.steps),
    encoded(result.evidence), encoded(problem), plan.check_id, plan.due_ms, plan.attempt, nil) }
  for _, metric in ipairs(common.metrics) do
    list[#list + 1] = sql("INSERT INTO metrics (run_id, timestamp, store_url, skill_name, status, "
      .. "name, page, step, unit, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run_id, timestamp,
      store, skill, status, metric.name, metric.page or "", metric.step, metric.unit, metric.value)
  end
  list[#list + 1] = finished_event(result, run_id, common, more)
  return list
end

--- Names the incident that a result belongs to in what record.statements has made.
---@param list table[]
---@param incident_id integer?
function record.set_incident(list, incident_id)
  local run = list[1]
  run[run.n + 1] = incident_id -- the last parameter; the text stands before the first
end

return record
