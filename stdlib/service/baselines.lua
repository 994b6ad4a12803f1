--- What is usual for a shop: a run's metrics against those of past runs. Called with every result
--- before it is recorded (cli/session.lua, the scheduler).
---
--- A value is slow when it is above  median + max(4 × 1.4826 × MAD, 20 % of the median, a floor
--- by unit)  of up to 30 past PASS and WARN runs. The two runs before this one are judged together
--- with it, so they are not part of what they are judged by. One slow run says nothing: only the
--- third in a row is a warning, and none while this machine was too busy itself. Median and MAD
--- hardly move when a few runs are slow, so a regression stays visible for half a window before it
--- becomes the usual.

local fault = require "fault"
local json = require "json"
local machine = require "service.machine"
local record = require "service.db_record"
local words = require "report.words"

local baselines = {}

local WINDOW = 30       -- past runs that make up what is usual
local ENOUGH = 5        -- fewer say nothing yet
local IN_A_ROW = 3      -- slow runs that make a warning
local SPREADS = 4       -- how many standard deviations (estimated by the MAD) are still usual
local MAD_TO_SD = 1.4826
local SHARE = 0.2       -- of the median: what nobody notices
local FLOORS = { ms = 100, s = 0.1, KB = 50, MB = 0.05, bytes = 50000 }
local FLOORS_BY_NAME = { cls = 0.05 }

local NAMES = {
  lcp_ms = "largest contentful paint", fcp_ms = "first contentful paint",
  ttfb_ms = "time to first byte", load_ms = "load time", cls = "layout shift",
  inp_ms = "interaction to next paint",
}
local ORDINALS = { "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
  "ninth", "tenth" }

--- The median of numbers.
---@param values number[]  not empty; left as they are
---@return number
function baselines.median(values)
  local sorted = {}
  for i, value in ipairs(values) do sorted[i] = value end
  table.sort(sorted)
  local middle = math.floor((#sorted + 1) / 2)
  if #sorted % 2 == 1 then return sorted[middle] end
  return (sorted[middle] + sorted[middle + 1]) / 2
end

---@class Judgement
---@field state "learning"|"usual"|"slow"|"warn"
---@field runs integer    past runs that were looked at
---@field median number?  these three only once there are enough runs
---@field mad number?
---@field limit number?   above it a value is slow
---@field streak integer? slow runs in a row up to this one

--- Judges a value by past ones.
---@param value number
---@param past number[]  the newest first
---@param floor number?  a smaller difference is never slow
---@return Judgement
function baselines.judge(value, past, floor)
  local usual = {}
  for i = IN_A_ROW, math.min(#past, WINDOW + IN_A_ROW - 1) do usual[#usual + 1] = past[i] end
  if #usual < ENOUGH then return { state = "learning", runs = #past } end
  local median = baselines.median(usual)
  local deviations = {}
  for i, one in ipairs(usual) do deviations[i] = math.abs(one - median) end
  local mad = baselines.median(deviations)
  local limit = median + math.max(SPREADS * MAD_TO_SD * mad, SHARE * math.abs(median), floor or 0)
  local streak = 0
  if value > limit then
    streak = 1
    while past[streak] and past[streak] > limit do streak = streak + 1 end
  end
  return { state = streak >= IN_A_ROW and "warn" or streak > 0 and "slow" or "usual",
    runs = #usual, median = median, mad = mad, limit = limit, streak = streak }
end

local function unit_of(metric)
  return metric.unit or (metric.name:find "_ms$" and "ms") or nil
end

local function floor_of(metric)
  return FLOORS_BY_NAME[metric.name] or FLOORS[unit_of(metric)] or 0
end

local function value_text(metric, value)
  local _, text = words.metric { name = metric.name, value = value, unit = unit_of(metric) }
  return text
end

local function page_text(page)
  if not page or page == "" then return "" end
  if page:find("/", 1, true) or page:find "page$" then return page .. ": " end
  return page .. " page: "
end

--- The warning, in a shop owner's words.
---@param metric table  name, value, unit, page
---@param judgement Judgement
---@return string
function baselines.message(metric, judgement)
  local nth = ORDINALS[judgement.streak]
  return ("%s%s %s, usually %s (median of %d runs), slow %s"):format(page_text(metric.page),
    NAMES[metric.name] or metric.name:gsub("_ms$", ""):gsub("_", " "),
    value_text(metric, metric.value), value_text(metric, judgement.median), judgement.runs,
    nth and ("for the %s run in a row"):format(nth)
      or ("for %d runs in a row"):format(judgement.streak))
end

-- The metrics that take part, each once: a value measured again replaces the earlier one.
local function chosen(result)
  local list, at = {}, {}
  for _, metric in ipairs(type(result.metrics) == "table" and result.metrics or {}) do
    local value = metric.value
    if metric.baseline == true and type(metric.name) == "string" and type(value) == "number"
      and value == value and math.abs(value) < math.huge then
      local page = type(metric.page) == "string" and metric.page or ""
      local key = metric.name .. "\n" .. page
      at[key] = at[key] or #list + 1
      list[at[key]] = { name = metric.name, page = page, value = value,
        unit = type(metric.unit) == "string" and metric.unit or nil }
    end
  end
  return list
end

-- Our part of the row in `baselines`; what another program keeps in the same row stays beside it.
local KEY = "nano_sre"

local function mine(row)
  local data = row and type(row.data) == "table" and row.data[KEY]
  return type(data) == "table" and data or nil
end

local function put(db, result, row, data)
  local all = row and row.data
  if type(all) ~= "table" then all = { previous = all } end
  all[KEY] = data
  return db:baseline_put(result.store_url, result.skill, all)
end

--- What is usual begins anew: runs before this moment no longer count.
---@param db Db
---@param store_url string
---@param skill string
---@return boolean|nil ok
---@return Fault? trouble
function baselines.reset(db, store_url, skill)
  local row, why = db:baseline_get(store_url, skill)
  if not row and why then return nil, why end
  return put(db, { store_url = store_url, skill = skill }, row, { since = record.now() })
end

local function past_values(db, result, metric, since)
  local rows, why = db:metric_history(result.store_url, result.skill, metric.name, {
    page = metric.page, only_status = { "PASS", "WARN" }, since = since,
    -- one more, for the case that this very run is recorded already
    limit = WINDOW + IN_A_ROW,
  })
  if not rows then return nil, why end
  local values = {}
  for _, row in ipairs(rows) do
    if not (result.run_id and row.run_id == result.run_id) then values[#values + 1] = row.value end
  end
  return values
end

local function rounded(value) return value and tonumber(("%.6g"):format(value)) end

local function entry_of(metric, judgement)
  return { name = metric.name, page = metric.page ~= "" and metric.page or nil,
    value = metric.value, unit = unit_of(metric), state = judgement.state, runs = judgement.runs,
    median = rounded(judgement.median), mad = rounded(judgement.mad),
    limit = rounded(judgement.limit), streak = judgement.streak }
end

local function set_details(result, value)
  local details = result.details
  if type(details) ~= "table" or next(details) == nil then details = {} end
  if details[1] ~= nil then details = { list = details } end -- a list can't have a named field
  details.baselines = value
  result.details = details
end

local function update(db, result, metrics, row)
  local kept = json.array {}
  for i, metric in ipairs(metrics) do
    kept[i] = { name = metric.name, page = metric.page, value = metric.value,
      unit = unit_of(metric) }
  end
  local since = record.timestamp(result.started_at)
  local ok, why = put(db, result, row, { since = since, metrics = kept })
  if not ok then return nil, why end
  set_details(result, { updated = true, since = since, metrics = kept })
  return true
end

local function warn(result, messages)
  local text = table.concat(messages, "; ")
  local before = result.status == "WARN" and type(result.summary) == "string" and result.summary
  result.status = "WARN"
  result.summary = before and before ~= "" and before .. "; " .. text or text
end

local function note(result, text)
  if type(result.notes) ~= "table" then result.notes = json.array {} end
  table.insert(result.notes, text)
end

--- Compares the metrics of a result that are marked `baseline = true` with past runs: adds
--- result.details.baselines, and turns PASS into WARN when one is slow for the third time in a row.
--- FAIL, ERROR and SKIP stay as they are. Call it before the result is recorded.
---@param db Db
---@param result table     changed in place; machine_wait: of machine.wait_share, if it is known
---@param options table?   update: this run's values are the new beginning of what is usual
---@return boolean|nil ok
---@return Fault? trouble  the result is then as it was
function baselines.apply(db, result, options)
  if type(result) ~= "table" then
    fault.usage("baselines.apply(db, result[, options])", "result must be a table")
  end
  local metrics = chosen(result)
  if #metrics == 0 or (result.status ~= "PASS" and result.status ~= "WARN") then return true end
  local row, why = db:baseline_get(result.store_url, result.skill)
  if not row and why then return nil, why end
  if options and options.update then return update(db, result, metrics, row) end
  local data = mine(row)
  local entries, messages = json.array {}, {}
  for i, metric in ipairs(metrics) do
    local past, trouble = past_values(db, result, metric, data and data.since)
    if not past then return nil, trouble end
    local judgement = baselines.judge(metric.value, past, floor_of(metric))
    entries[i] = entry_of(metric, judgement)
    if judgement.state == "warn" then
      messages[#messages + 1] = baselines.message(metric, judgement)
    end
  end
  local share = result.machine_wait
  local busy = machine.is_busy(share)
  set_details(result, { metrics = entries, machine_busy = busy or nil })
  if #messages == 0 then return true end
  if busy then
    note(result, ("slower than usual, but not held against the shop: this machine was busy itself "
      .. "(for %d %% of the run something waited for a processor)"):format(share * 100))
  else
    warn(result, messages)
  end
  return true
end

return baselines
