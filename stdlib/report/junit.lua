--- Reporter junit: the XML that CI systems read. One testsuite per skill, one testcase per step, so
--- that a CI page names the step that broke. A FAIL of the shop is <failure>, an ERROR of script or
--- monitor is <error>. Pure. What comes from a shop is escaped and freed of characters that XML 1.0
--- forbids.

local build = require "report.build"
local text = require "report.text"

local reporter = { extension = "xml" }

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escape(value)
  return (text.valid(tostring(value)):gsub('[&<>"]', ENTITIES))
end

-- In an attribute a newline would be read back as a space.
local function attribute(value)
  return (escape(value):gsub("\n", "&#10;"):gsub("\r", "&#13;"):gsub("\t", "&#9;"))
end

-- A start tag with its attributes: tag("property", "name", "status", "value", "PASS").
local function tag(name, ...)
  local parts = { "<", name }
  for i = 1, select("#", ...), 2 do
    local key, value = select(i, ...)
    if value ~= nil then parts[#parts + 1] = (' %s="%s"'):format(key, attribute(value)) end
  end
  parts[#parts + 1] = ">"
  return table.concat(parts)
end

local function empty(start_tag) return (start_tag:gsub(">$", "/>")) end

local function seconds(ms) return string.format("%.3f", (ms or 0) / 1000) end

local function problem_text(result, step)
  local cause = build.cause(result)
  local own = step and step.error or {}
  local lines = { own.message or cause.message or result.summary or "" }
  local where = own.where or cause.where
  if where then lines[#lines + 1] = "at " .. where end
  if cause.excerpt and where == cause.where then lines[#lines + 1] = cause.excerpt end
  if cause.traceback then lines[#lines + 1] = cause.traceback end
  if cause.hint then lines[#lines + 1] = "→ " .. cause.hint end
  return table.concat(lines, "\n")
end

local function problem_element(result, step)
  local is_error = result.status == "ERROR"
  local name = is_error and "error" or "failure"
  local own, cause = step and step.error or {}, build.cause(result)
  local kind = is_error and cause.kind or own.code or cause.code
  local start = tag(name, "message", own.message or result.summary or result.status,
    "type", kind or result.status)
  return "      " .. start .. escape(problem_text(result, step)) .. "</" .. name .. ">"
end

local function step_output(step, is_bad)
  local lines = {}
  for _, note in ipairs(step.notes) do lines[#lines + 1] = tostring(note) end
  if step.error and not is_bad then
    lines[#lines + 1] = "the script went on after: " .. step.error.message
  end
  return lines
end

local function testcase(lines, result, name, ms, body)
  local head = "    " .. tag("testcase", "classname", "nano-sre." .. result.skill, "name", name,
    "time", seconds(ms))
  if #body == 0 then
    lines[#lines + 1] = empty(head)
    return
  end
  lines[#lines + 1] = head
  for _, element in ipairs(body) do lines[#lines + 1] = element end
  lines[#lines + 1] = "    </testcase>"
end

local function system_out(text)
  return "      <system-out>" .. escape(text) .. "</system-out>"
end

local function attachments(result)
  local lines = {}
  for _, shot in ipairs(result.screenshots or {}) do
    lines[#lines + 1] = "[[ATTACHMENT|" .. shot.path .. "]]"
  end
  return lines
end

-- The cases of one skill; a problem outside of every step gets a case of its own, named as the
-- skill.
local function cases(result)
  local lines, counts = {}, { tests = 0, failures = 0, errors = 0, skipped = 0 }
  local paths = build.step_paths(result.steps)
  local failed = build.failed_step(result)
  local is_bad = result.status == "FAIL" or result.status == "ERROR"
  local function count_problem()
    local field = result.status == "ERROR" and "errors" or "failures"
    counts[field] = counts[field] + 1
  end
  for i, step in ipairs(result.steps) do
    local body = {}
    if is_bad and build.is_bad(step) then
      body[1] = problem_element(result, step)
      count_problem()
    elseif step.status == "SKIP" then
      body[1] = "      <skipped/>"
      counts.skipped = counts.skipped + 1
    end
    local output = step_output(step, is_bad)
    if #output > 0 then body[#body + 1] = system_out(table.concat(output, "\n")) end
    testcase(lines, result, paths[i], step.duration_ms, body)
    counts.tests = counts.tests + 1
  end
  if #result.steps == 0 or (is_bad and not failed) then
    local body = {}
    if is_bad then
      body[1] = problem_element(result, nil)
      count_problem()
    elseif result.status == "SKIP" then
      body[1] = "      " .. empty(tag("skipped", "message", result.summary or ""))
      counts.skipped = counts.skipped + 1
    end
    local ms = #result.steps == 0 and result.duration_ms or 0
    testcase(lines, result, result.skill, ms, body)
    counts.tests = counts.tests + 1
  end
  return lines, counts
end

local function properties(result)
  local lines = {}
  local function add(name, value)
    if value ~= nil then
      lines[#lines + 1] = "      " .. empty(tag("property", "name", name, "value", value))
    end
  end
  add("status", result.status)
  add("store_url", result.store_url)
  add("script", result.script)
  for _, metric in ipairs(result.metrics or {}) do
    local name = metric.name .. (metric.page and "." .. metric.page or "")
    add("metric." .. name, tostring(metric.value) .. (metric.unit and " " .. metric.unit or ""))
  end
  return lines
end

-- JUnit wants the time without zone and fraction.
local function timestamp(iso)
  return iso and (iso:gsub("%.%d+", ""):gsub("Z$", ""))
end

local function suite(result, hostname)
  local body, counts = cases(result)
  local lines = {
    "  " .. tag("testsuite", "name", result.skill, "tests", counts.tests,
      "failures", counts.failures, "errors", counts.errors, "skipped", counts.skipped,
      "time", seconds(result.duration_ms), "timestamp", timestamp(result.started_at),
      "hostname", hostname),
    "    <properties>",
  }
  for _, line in ipairs(properties(result)) do lines[#lines + 1] = line end
  lines[#lines + 1] = "    </properties>"
  for _, line in ipairs(body) do lines[#lines + 1] = line end
  local out = { result.status .. ": " .. (result.summary or "") }
  for _, warning in ipairs(result.warnings) do out[#out + 1] = "warning: " .. warning.message end
  for _, note in ipairs(result.notes) do out[#out + 1] = tostring(note) end
  for _, line in ipairs(attachments(result)) do out[#out + 1] = line end
  lines[#lines + 1] = "    <system-out>" .. escape(table.concat(out, "\n")) .. "</system-out>"
  lines[#lines + 1] = "  </testsuite>"
  return table.concat(lines, "\n"), counts
end

-- What the monitor itself could not do belongs to no skill, but must not look green.
local function monitor_suite(problems)
  local lines = { "  " .. tag("testsuite", "name", "nano-sre", "tests", #problems, "failures", 0,
    "errors", #problems, "skipped", 0, "time", 0) }
  for i, problem in ipairs(problems) do
    lines[#lines + 1] = "    " .. tag("testcase", "classname", "nano-sre", "name", "monitor " .. i,
      "time", 0)
    lines[#lines + 1] = "      " .. tag("error", "message", problem.message, "type", "engine")
      .. escape(problem.hint or "") .. "</error>"
    lines[#lines + 1] = "    </testcase>"
  end
  lines[#lines + 1] = "  </testsuite>"
  return table.concat(lines, "\n")
end

--- @param report table  report/build.lua
--- @param options table?  hostname
--- @return string
function reporter.render(report, options)
  local hostname = options and options.hostname
  local sum = { tests = 0, failures = 0, errors = 0, skipped = 0 }
  local suites = {}
  for _, result in ipairs(report.results) do
    local text, counts = suite(result, hostname)
    suites[#suites + 1] = text
    for name, count in pairs(counts) do sum[name] = sum[name] + count end
  end
  if #report.problems > 0 then
    suites[#suites + 1] = monitor_suite(report.problems)
    sum.tests, sum.errors = sum.tests + #report.problems, sum.errors + #report.problems
  end
  return table.concat({
    '<?xml version="1.0" encoding="UTF-8"?>',
    tag("testsuites", "name", "nano-sre", "tests", sum.tests, "failures", sum.failures,
      "errors", sum.errors, "skipped", sum.skipped, "time", seconds(report.duration_ms)),
    table.concat(suites, "\n"),
    "</testsuites>\n",
  }, "\n")
end

return reporter
