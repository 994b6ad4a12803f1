--- The words that list and md share: how a status, an error, a piece of evidence or a vital is said
--- to a person, and what that person can do next. Pure.

local words = {}

words.SYMBOLS = { PASS = "✓", WARN = "!", FAIL = "✗", ERROR = "✗", SKIP = "-" }
words.STYLES = { PASS = "green", WARN = "yellow", FAIL = "red", ERROR = "red", SKIP = "dim" }

-- Google's thresholds: up to the first good, above the second poor.
local VITALS = {
  lcp_ms = { "LCP", 2500, 4000 },
  fcp_ms = { "FCP", 1800, 3000 },
  ttfb_ms = { "TTFB", 800, 1800 },
  inp_ms = { "INP", 200, 500 },
  cls = { "CLS", 0.1, 0.25 },
  load_ms = { "load time" },
}

--- Makes text of foreign origin harmless for a terminal: control characters other than newline and
--- tab become "?".
---@param text any
---@return string
function words.clean(text)
  return (tostring(text):gsub("[%z\1-\8\11-\31\127]", "?"):gsub("\194[\128-\159]", "?"))
end

--- "84 ms", "3.2 s", "2 min 05 s".
---@param ms number
---@return string
function words.duration(ms)
  if ms < 1000 then return string.format("%d ms", math.floor(ms + 0.5)) end
  if ms < 99950 then return string.format("%.1f s", ms / 1000) end
  local seconds = math.floor(ms / 1000 + 0.5)
  return string.format("%d min %02d s", math.floor(seconds / 60), seconds % 60)
end

local function number(value)
  if value % 1 == 0 then return string.format("%d", value) end
  return (string.format("%.3f", value):gsub("0+$", ""):gsub("%.$", ""))
end

--- A metric's name, value and verdict for people.
---@param metric table  name, value, unit
---@return string name, string value, "good"|"needs work"|"poor"|nil verdict
function words.metric(metric)
  local vital = VITALS[metric.name]
  local value = metric.value
  if type(value) ~= "number" then return metric.name, tostring(value), nil end
  local unit = metric.unit or (metric.name:find("_ms$") and "ms")
  local text
  if unit ~= "ms" then
    text = number(value) .. (unit and " " .. unit or "")
  elseif value < 10 then
    text = ("%.1f ms"):format(value)
  else
    text = words.duration(value)
  end
  if not vital then return metric.name:gsub("_ms$", ""):gsub("_", " "), text, nil end
  local verdict
  if vital[2] then
    verdict = value <= vital[2] and "good" or value <= vital[3] and "needs work" or "poor"
  end
  return vital[1], text, verdict
end

--- The published thresholds of a vital: up to `good` is good, above `poor` is poor. nil for every
--- other metric.
---@param name string
---@return {good: number, poor: number}|nil
function words.thresholds(name)
  local vital = VITALS[name]
  return vital and vital[2] and { good = vital[2], poor = vital[3] } or nil
end

--- What the database knows to be usual for a metric of this shop (service/baselines.lua); nil while
--- too little is known.
---@param result table
---@param metric table
---@return string|nil
function words.usual(result, metric)
  local details = type(result.details) == "table" and result.details or {}
  for _, entry in ipairs(details.baselines and details.baselines.metrics or {}) do
    if entry.median and entry.name == metric.name and (entry.page or "") == (metric.page or "") then
      return (select(2, words.metric {
        name = metric.name, value = entry.median, unit = metric.unit,
      }))
    end
  end
  return nil
end

--- "2 passed, 1 failed".
---@param totals table
---@return string
function words.totals(totals)
  local parts = {}
  local function add(count, word, always)
    if count > 0 or always then parts[#parts + 1] = count .. " " .. word end
  end
  add(totals.passed, "passed", true)
  add(totals.warned, totals.warned == 1 and "warning" or "warnings")
  add(totals.failed, "failed")
  add(totals.errors, totals.errors == 1 and "error" or "errors")
  add(totals.skipped, "skipped")
  return table.concat(parts, ", ")
end

local function names_with(report, status)
  local names = {}
  for _, result in ipairs(report.results) do
    if result.status == status then names[#names + 1] = result.skill end
  end
  return table.concat(names, ", ")
end

--- The one sentence for somebody who reads no further.
---@param report table
---@return string status   the worst that counts
---@return string head     "The shop has a problem:"
---@return string|nil rest  "checkout failed."
function words.verdict(report)
  local totals = report.totals
  if totals.failed > 0 then
    return "FAIL", "The shop has a problem:", names_with(report, "FAIL") .. " failed."
  elseif totals.errors > 0 or #report.problems > 0 then
    return "ERROR", "Not everything could be checked.",
      "The checks that were made found no failure."
  elseif totals.total == 0 or totals.skipped == totals.total then
    return "SKIP", "Nothing was checked."
  elseif totals.warned > 0 then
    return "WARN", "The shop works, with something to look at:", names_with(report, "WARN") .. "."
  end
  return "PASS", "The shop works:", "everything that was checked passed."
end

--- A line of the browser's console.
---@param entry table|string
---@return string
function words.console(entry)
  if type(entry) ~= "table" then return tostring(entry) end
  local level = entry.level or entry.type
  local text = tostring(entry.text or entry.message or "")
  local at = entry.url and (" (" .. entry.url .. (entry.line and ":" .. entry.line or "") .. ")")
    or ""
  return (level and level .. ": " or "") .. text .. at
end

--- A request and what came back.
---@param entry table|string
---@return string
function words.request(entry)
  if type(entry) ~= "table" then return tostring(entry) end
  local answer = entry.error or entry.failure or entry.status or "no answer yet"
  return ("%s %s → %s"):format(entry.method or "GET", entry.url or "?", tostring(answer))
end

local ERROR_MEANS = {
  script = "The script is broken; the shop was not judged.",
  memory = "The script used more memory than it may; the shop was not judged.",
  timeout = "The run was stopped by its time limit.",
  killed = "The process that ran the script died; the shop was not judged.",
  browser = "The browser could not do its work; the shop was not judged.",
  engine = "The monitor could not do its work; the shop was not judged.",
  config = "The configuration of this skill is wrong; nothing was run.",
}
local ERROR_ADVICE = {
  script = "mend the script, then try it with `nano-sre run %s`",
  memory = "keep less in tables: `nano-sre run %s` shows the line",
  timeout = "see which step waited; if the shop is only slow, raise the limit with --timeout",
  killed = "run it again; if it happens again, `nano-sre doctor` looks for what this machine lacks",
  browser = "`nano-sre doctor` says what this machine lacks",
  engine = "`nano-sre doctor` says what this machine lacks",
  config = "`nano-sre info %s` lists the options of this skill",
}

--- What an ERROR means for the shop's owner.
---@return string
function words.error_meaning(result)
  return ERROR_MEANS[result.error and result.error.kind] or ERROR_MEANS.engine
end

--- What the reader can do next, nil when there is nothing to do.
---@param result table
---@param display (fun(path: string): string)|nil  how to write the script's path
---@return string|nil
function words.advice(result, display)
  local hint = (result.failure and result.failure.hint) or (result.error and result.error.hint)
    or result.hint
  if hint then return hint end
  if result.status == "ERROR" then
    local kind = result.error and result.error.kind
    local script = result.script and (display and display(result.script) or result.script)
    local name = kind ~= "config" and script or result.skill
    local advice = ERROR_ADVICE[kind] or ERROR_ADVICE.engine
    return (advice:gsub("%%s", function() return tostring(name) end))
  end
  return nil
end

return words
