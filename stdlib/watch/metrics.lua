--- /metrics: the daemon in Prometheus' text format. The probe_* names are those that users of
--- blackbox_exporter know. Used by watch/api.lua. Pure but for the daemon that it looks at.

local loop = require "watch.loop"

local metrics = {}

---@class MetricsText
local Text = {}
Text.__index = Text

local function escape_help(text) return (text:gsub("\\", "\\\\"):gsub("\n", "\\n")) end

local function escape_label(text)
  return (tostring(text):gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", "\\n"))
end

local function number(value)
  if value ~= value then return "NaN" end
  if value == math.huge then return "+Inf" end
  if value == -math.huge then return "-Inf" end
  if value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

--- An empty page.
---@return MetricsText
function metrics.text() return setmetatable({ lines = {} }, Text) end

--- Begins a family; its samples follow.
---@param name string
---@param kind "gauge"|"counter"|"histogram"|"summary"
---@param help string
function Text:family(name, kind, help)
  self.name = name
  table.insert(self.lines, ("# HELP %s %s"):format(name, escape_help(help)))
  table.insert(self.lines, ("# TYPE %s %s"):format(name, kind))
end

--- A sample of the current family.
---@param value number
---@param labels table?  name, value, name, value, …
---@param suffix string? "_sum"
function Text:sample(value, labels, suffix)
  local parts = {}
  for i = 1, labels and #labels or 0, 2 do
    parts[#parts + 1] = ('%s="%s"'):format(labels[i], escape_label(labels[i + 1]))
  end
  local shown = #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or ""
  table.insert(self.lines, self.name .. (suffix or "") .. shown .. " " .. number(value))
end

--- A family with one sample.
function Text:one(name, kind, help, value)
  self:family(name, kind, help)
  self:sample(value)
end

--- The page.
function Text:finish() return table.concat(self.lines, "\n") .. "\n" end

local PASSED = { PASS = true, WARN = true }

local function probes(page, daemon)
  local planner = daemon.core.planner
  local families = {
    { "probe_success", "Whether the last run of the check passed (1) or not (0).",
      function(last) return PASSED[last.status] and 1 or 0 end },
    { "probe_duration_seconds", "How long the last run of the check took.",
      function(last) return last.duration_ms / 1000 end },
    { "nano_sre_check_last_run_timestamp_seconds", "When the last run of the check ended.",
      function(last) return last.at / 1000 end },
  }
  for _, family in ipairs(families) do
    page:family(family[1], "gauge", family[2])
    for _, check in ipairs(planner.order) do
      local last = planner.live[check.id] and planner.live[check.id].last
      if last and last.status ~= "SKIP" then
        page:sample(family[3](last), { "store", check.store.name, "skill", check.skill })
      end
    end
  end
end

local function sorted(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function runs(page, daemon)
  page:family("nano_sre_runs_total", "counter", "Finished runs by status.")
  for _, status in ipairs { "PASS", "WARN", "FAIL", "ERROR", "SKIP" } do
    page:sample(daemon.core.counts.runs[status] or 0, { "status", status })
  end
  page:one("nano_sre_runs_missed_total", "counter",
    "Due times that were left out because the check was still running.", daemon.core.planner.missed)
  local late = daemon.loop.lateness
  page:family("nano_sre_run_lateness_seconds", "histogram",
    "How much later than planned runs began.")
  local sum = 0
  for i, limit in ipairs(loop.BUCKETS) do
    sum = sum + (late.buckets[i] or 0)
    page:sample(sum, { "le", number(limit / 1000) }, "_bucket")
  end
  page:sample(late.count, { "le", "+Inf" }, "_bucket")
  page:sample(late.sum / 1000, nil, "_sum")
  page:sample(late.count, nil, "_count")
  local waiting = daemon.core.planner:count()
  page:one("nano_sre_runs_waiting", "gauge", "Runs that are due and wait for a slot.", waiting)
  page:one("nano_sre_runs_running", "gauge", "Runs under way.", daemon.loop.count)
end

local function alerts(page, daemon)
  page:family("nano_sre_incidents_open", "gauge", "Open incidents by severity.")
  local counts = daemon.core.book:open_counts()
  for _, severity in ipairs(sorted(counts)) do
    page:sample(counts[severity], { "severity", severity })
  end
  page:family("nano_sre_alerts_sent_total", "counter",
    "Messages by alerter and what became of the try: sent, pending (tried again), dead.")
  for _, key in ipairs(sorted(daemon.alert_counts or {})) do
    local alerter, outcome = key:match("^(.*)%z(.*)$")
    page:sample(daemon.alert_counts[key], { "alerter", alerter, "outcome", outcome })
  end
end

local function triggers(page, daemon)
  page:family("nano_sre_triggers_total", "counter",
    "What came in for each trigger, by what became of it: fired, duplicate, ignored, refused, "
    .. "limited, missed, failed.")
  for _, trigger in ipairs(daemon.triggers.list) do
    local counts = daemon.triggers.states[trigger.name].counts
    for _, outcome in ipairs(sorted(counts)) do
      page:sample(counts[outcome], { "trigger", trigger.name, "outcome", outcome })
    end
  end
end

local function engine(page, daemon)
  local journal, pool = daemon.journal, daemon.pool
  page:family("nano_sre_store_write_seconds", "summary", "Commits to the database.")
  page:sample(journal.write_ms / 1000, nil, "_sum")
  page:sample(journal.commits, nil, "_count")
  page:one("nano_sre_journal_waiting", "gauge",
    "Transactions that wait to be written.", journal:waiting())
  page:one("nano_sre_journal_dropped_total", "counter",
    "Results that were dropped because they could not be written.", journal.dropped)
  page:one("nano_sre_store_up", "gauge", "Whether the database can be written.",
    journal.trouble and 0 or 1)
  page:one("nano_sre_workers", "gauge", "Worker processes that take runs.", #pool.shared)
  page:one("nano_sre_worker_restarts_total", "counter",
    "Workers that ended unasked.", pool.restarts)
  page:one("nano_sre_checks", "gauge", "Checks that are watched.", #daemon.core.planner.order)
  page:one("nano_sre_reloads_total", "counter", "Reloads that were taken.", daemon.reloads)
  page:one("nano_sre_reload_failures_total", "counter",
    "Scripts and configurations that could not be loaded.", daemon.reload_failures)
  page:family("nano_sre_build_info", "gauge", "The version that runs.")
  page:sample(1, { "version", daemon.version })
  page:one("process_start_time_seconds", "gauge", "When the process was started.",
    daemon.started_ms / 1000)
  local statm = sys.files.read("/proc/self/statm", 4096)
  page:one("process_resident_memory_bytes", "gauge", "Memory of the main process.",
    (tonumber(statm and statm:match("^%d+ (%d+)")) or 0) * 4096)
end

--- The page.
---@param daemon Daemon
---@return string
function metrics.page(daemon)
  local page = metrics.text()
  probes(page, daemon)
  runs(page, daemon)
  alerts(page, daemon)
  triggers(page, daemon)
  engine(page, daemon)
  return page:finish()
end

return metrics
