--- Reporter junit: the XML that CI systems read. One testsuite per skill, one testcase per step, so that a CI page
--- names the step that broke. A FAIL of the shop is <failure>, an ERROR of script or monitor is <error>.
--- Pure. What comes from a shop is escaped and freed of characters that XML 1.0 forbids.

local build = require "report.build"

local reporter = { extension = "xml" }

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

-- XML 1.0 allows tab, newline, carriage return and everything from U+0020 except surrogates, U+FFFE and U+FFFF; a
-- parser refuses a document with anything else, or with bytes that are not UTF-8.
local function valid_text(text)
  local parts, i, len = {}, 1, #text
  while i <= len do
    local plain_end = text:find("[%z\1-\8\11\12\14-\31\127-\255]", i)
    if not plain_end then
      parts[#parts + 1] = text:sub(i)
      break
    end
    parts[#parts + 1] = text:sub(i, plain_end - 1)
    i = plain_end
    local char = text:match("^[\194-\223][\128-\191]", i)
      or text:match("^\224[\160-\191][\128-\191]", i)
      or text:match("^[\225-\236\238\239][\128-\191][\128-\191]", i)
      or text:match("^\237[\128-\159][\128-\191]", i)
      or text:match("^\240[\144-\191][\128-\191][\128-\191]", i)
      or text:match("^[\241-\243][\128-\191][\128-\191][\128-\191]", i)
      or text:match("^\244[\128-\143][\128-\191][\128-\191]", i)
    if char and char ~= "\239\191\190" and char ~= "\239\191\191" then
      parts[#parts + 1] = char
      i = i + #char
    else
      if text:byte(i) >= 127 then parts[#parts + 1] = "\239\191\189" end
      i = i + 1
    end
  end
  return table.concat(parts)
end

local function escape(value)
  return (valid_text(tostring(value)):gsub('[&<>"]', ENTITIES))
end

-- In an attribute a newline would be read back as a space.
local function attribute(value)
  return (escape(value):gsub("\n", "&#10;"):gsub("\r", "&#13;"):gsub("\t", "&#9;"))
end

local function seconds(ms) return string.format("%.3f", (ms or 0) / 1000) end

local function problem_text(result, step)
  local lines = { step and step.error and step.error.message or result.summary or "" }
  local err = result.error or {}
  local where = err.where or (step and step.error and step.error.where)
  if where then lines[#lines + 1] = "at " .. where end
  if err.excerpt then lines[#lines + 1] = err.excerpt end
  if err.traceback then lines[#lines + 1] = err.traceback end
  if err.hint then lines[#lines + 1] = "→ " .. err.hint end
  return table.concat(lines, "\n")
end

local function problem_element(result, step)
  local is_error = result.status == "ERROR"
  local tag = is_error and "error" or "failure"
  local kind = is_error and result.error and result.error.kind or (step and step.error and step.error.code)
  local message = step and step.error and step.error.message or result.summary or result.status
  return string.format('      <%s message="%s" type="%s">%s</%s>', tag, attribute(message),
    attribute(kind or result.status), escape(problem_text(result, step)), tag)
end

local function step_output(step)
  local lines = {}
  for _, note in ipairs(step.notes or {}) do
    lines[#lines + 1] = type(note) == "table" and (note.text or note.message) or tostring(note)
  end
  if step.status == "WARN" and step.error then lines[#lines + 1] = "warning: " .. step.error.message end
  return lines
end

local function testcase(lines, result, name, ms, body)
  local head = string.format('    <testcase classname="nano-sre.%s" name="%s" time="%s"', attribute(result.skill),
    attribute(name), seconds(ms))
  if #body == 0 then
    lines[#lines + 1] = head .. "/>"
    return
  end
  lines[#lines + 1] = head .. ">"
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

-- The cases of one skill; a problem outside of every step gets a case of its own, named as the skill.
local function cases(result)
  local lines, counts = {}, { tests = 0, failures = 0, errors = 0, skipped = 0 }
  local failed = build.failed_step(result)
  local is_bad = result.status == "FAIL" or result.status == "ERROR"
  local function count_problem()
    local field = result.status == "ERROR" and "errors" or "failures"
    counts[field] = counts[field] + 1
  end
  for _, step in ipairs(result.steps) do
    local body = {}
    if step == failed and is_bad then
      body[1] = problem_element(result, step)
      count_problem()
    elseif step.status == "SKIP" then
      body[1] = "      <skipped/>"
      counts.skipped = counts.skipped + 1
    end
    local output = step_output(step)
    if #output > 0 then body[#body + 1] = system_out(table.concat(output, "\n")) end
    testcase(lines, result, step.name, step.duration_ms, body)
    counts.tests = counts.tests + 1
  end
  if #result.steps == 0 or (is_bad and not failed) then
    local body = {}
    if is_bad then
      body[1] = problem_element(result, nil)
      count_problem()
    elseif result.status == "SKIP" then
      body[1] = string.format('      <skipped message="%s"/>', attribute(result.summary or ""))
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
      lines[#lines + 1] = string.format('      <property name="%s" value="%s"/>', attribute(name), attribute(value))
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

local function suite(result, hostname)
  local body, counts = cases(result)
  local lines = {
    string.format('  <testsuite name="%s" tests="%d" failures="%d" errors="%d" skipped="%d" time="%s"%s%s>',
      attribute(result.skill), counts.tests, counts.failures, counts.errors, counts.skipped,
      seconds(result.duration_ms),
      result.started_at and ' timestamp="' .. attribute(result.started_at:gsub("%.%d+", ""):gsub("Z$", "")) .. '"' or "",
      hostname and ' hostname="' .. attribute(hostname) .. '"' or ""),
    "    <properties>",
  }
  for _, line in ipairs(properties(result)) do lines[#lines + 1] = line end
  lines[#lines + 1] = "    </properties>"
  for _, line in ipairs(body) do lines[#lines + 1] = line end
  local out = { result.status .. ": " .. (result.summary or "") }
  for _, line in ipairs(attachments(result)) do out[#out + 1] = line end
  lines[#lines + 1] = "    <system-out>" .. escape(table.concat(out, "\n")) .. "</system-out>"
  lines[#lines + 1] = "  </testsuite>"
  return table.concat(lines, "\n"), counts
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
  return table.concat({
    '<?xml version="1.0" encoding="UTF-8"?>',
    string.format('<testsuites name="nano-sre" tests="%d" failures="%d" errors="%d" skipped="%d" time="%s">',
      sum.tests, sum.failures, sum.errors, sum.skipped, seconds(report.duration_ms)),
    table.concat(suites, "\n"),
    "</testsuites>\n",
  }, "\n")
end

return reporter
