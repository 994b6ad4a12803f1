--- Reporter md: the report for the owner of a shop, in Markdown. Summary table and totals first,
--- then every skill: what happened, steps, page speed, pictures as relative links, what to do.
--- Pure.

local build = require "report.build"
local words = require "report.words"

local reporter = { extension = "md" }

local ICONS = { PASS = "✅ PASS", WARN = "⚠️ WARN", FAIL = "❌ FAIL", ERROR = "🔧 ERROR",
  SKIP = "⏭️ SKIP" }

-- Text from a shop must stay text: no HTML, no table or link syntax, one line.
local function escape(text)
  text = tostring(text):gsub("[%z\1-\31\127]+", " ")
  return (text:gsub("[\\`*_{}%[%]<>|#~]", "\\%0"))
end

-- Advice is ours and may name a command in backticks, which stay if they come in pairs.
local function escape_advice(text)
  local escaped = escape(text)
  local _, count = escaped:gsub("\\`", "")
  return count % 2 == 0 and (escaped:gsub("\\`", "`")) or escaped
end

local function code_block(text)
  text = tostring(text):gsub("[%z\1-\8\11-\31\127]", "?")
  local fence = "```"
  while text:find(fence, 1, true) do fence = fence .. "`" end
  return fence .. "\n" .. text:gsub("\n+$", "") .. "\n" .. fence
end

local function link_target(path)
  return (path:gsub("[^%w%-._~/]", function(char) return string.format("%%%02X", char:byte()) end))
end

local function add(lines, format, ...)
  lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format
end

local function table_rows(lines, head, rows)
  add(lines, "| " .. table.concat(head, " | ") .. " |")
  add(lines, "|" .. string.rep(" --- |", #head))
  for _, row in ipairs(rows) do add(lines, "| " .. table.concat(row, " | ") .. " |") end
  add(lines, "")
end

local function add_summary(lines, report)
  local rows = {}
  for _, result in ipairs(report.results) do
    rows[#rows + 1] = {
      escape(result.skill), ICONS[result.status] or result.status, escape(result.summary or ""),
      words.duration(result.duration_ms or 0),
    }
  end
  add(lines, "## Summary\n")
  if #rows > 0 then
    table_rows(lines, { "Skill", "Status", "Summary", "Time" }, rows)
  else
    add(lines, "No check was finished.\n")
  end
  local totals = report.totals
  local line = ("**Total Skills:** %d | **Passed:** %d | **Warnings:** %d | **Failed:** %d")
    :format(totals.total, totals.passed, totals.warned, totals.failed)
  if totals.errors > 0 then line = line .. (" | **Errors:** %d"):format(totals.errors) end
  if totals.skipped > 0 then line = line .. (" | **Skipped:** %d"):format(totals.skipped) end
  add(lines, line .. "\n")
  if totals.errors > 0 then
    add(lines, "An ERROR says nothing about the shop: the check itself could not be done.\n")
  end
  if report.interrupted then
    add(lines, "This report is not complete: the command was stopped (SIG%s) after %d of %d "
      .. "checks.\n", report.interrupted, #report.results, report.planned or #report.results)
  end
end

local function add_actions(lines, report)
  local actions = {}
  for _, result in ipairs(report.results) do
    local advice = words.advice(result)
    if result.status == "FAIL" then
      actions[#actions + 1] = ("❌ **%s**: %s"):format(escape(result.skill),
        escape(result.summary or ""))
    elseif result.status == "ERROR" then
      actions[#actions + 1] = ("🔧 **%s**: %s"):format(escape(result.skill),
        words.error_meaning(result))
    elseif result.status == "WARN" then
      actions[#actions + 1] = ("⚠️ **%s**: %s"):format(escape(result.skill),
        escape(result.summary or ""))
    end
    if advice and #actions > 0 and result.status ~= "PASS" then
      actions[#actions] = actions[#actions] .. " → " .. escape_advice(advice)
    end
  end
  for _, problem in ipairs(report.problems) do
    actions[#actions + 1] = ("🔧 **the monitor**: %s%s"):format(escape(problem.message),
      problem.hint and " → " .. escape_advice(problem.hint) or "")
  end
  if #actions == 0 then return end
  add(lines, "## What to look at\n")
  for _, action in ipairs(actions) do add(lines, "- " .. action) end
  add(lines, "")
end

local function remark_of(step)
  local remarks = {}
  if step.error then remarks[1] = step.error.message end
  for _, note in ipairs(step.notes) do remarks[#remarks + 1] = tostring(note) end
  return table.concat(remarks, "; ")
end

local function add_steps(lines, result)
  if #result.steps == 0 then return end
  local paths, rows = build.step_paths(result.steps), {}
  for i, step in ipairs(result.steps) do
    rows[i] = {
      tostring(i), escape(paths[i]), ICONS[step.status] or step.status,
      words.duration(step.duration_ms or 0),
      escape(remark_of(step)),
    }
  end
  table_rows(lines, { "#", "Step", "Status", "Time", "Remark" }, rows)
end

-- What the database knows to be usual for a metric of this shop (service/baselines.lua).
local function usual_value(result, metric)
  local details = type(result.details) == "table" and result.details or {}
  for _, entry in ipairs(details.baselines and details.baselines.metrics or {}) do
    if entry.name == metric.name and (entry.page or "") == (metric.page or "") then
      if not entry.median then return "" end
      local _, text = words.metric { name = metric.name, value = entry.median, unit = metric.unit }
      return text
    end
  end
  return ""
end

local function add_metrics(lines, result)
  if #result.metrics == 0 then return end
  local rows = {}
  for _, metric in ipairs(result.metrics) do
    local name, value, verdict = words.metric(metric)
    rows[#rows + 1] = { escape(metric.page or metric.step or ""), escape(name), escape(value),
      escape(usual_value(result, metric)), verdict or "" }
  end
  add(lines, "**Page speed and measurements**\n")
  table_rows(lines, { "Page", "Measure", "Value", "Usually", "Verdict" }, rows)
end

local function details_block(lines, title, items, to_text)
  if #items == 0 then return end
  local rows = {}
  for i, item in ipairs(items) do rows[i] = to_text(item) end
  add(lines, "<details><summary>" .. title .. "</summary>\n")
  add(lines, code_block(table.concat(rows, "\n")) .. "\n\n</details>\n")
end

local function add_evidence(lines, result)
  local _, evidence = build.failed_step(result)
  local cause = build.cause(result)
  if result.status == "ERROR" then add(lines, words.error_meaning(result) .. "\n") end
  if cause.message and not (result.summary or ""):find(cause.message, 1, true) then
    add(lines, code_block((cause.where and cause.where .. ": " or "") .. cause.message) .. "\n")
  end
  if cause.excerpt then details_block(lines, "In the script", { cause.excerpt }, tostring) end
  if not evidence then return end
  if evidence.url then add(lines, "**On page:** %s\n", escape(evidence.url)) end
  details_block(lines, "Last requests", evidence.requests, words.request)
  details_block(lines, "Browser console", evidence.console, words.console)
  if evidence.dom then
    details_block(lines, "The page around it", { type(evidence.dom) == "string" and evidence.dom
      or require("json").pretty(evidence.dom) }, tostring)
  end
end

local function add_warnings(lines, result)
  if #result.warnings == 0 then return end
  for _, warning in ipairs(result.warnings) do
    add(lines, "- ⚠️ %s%s", warning.step and escape(warning.step) .. ": " or "",
      escape(warning.message))
  end
  add(lines, "")
end

local DETAILS_DEPTH, DETAILS_LINES = 3, 60

-- What the skill found out, as a nested list.
local function add_details(lines, value, depth, left)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  for _, key in ipairs(keys) do
    if left == 0 then return 0 end
    left = left - 1
    local item, label = value[key], type(key) == "number" and "" or "**" .. escape(key) .. ":** "
    local indent = string.rep("  ", depth)
    if type(item) == "table" and depth < DETAILS_DEPTH then
      add(lines, "%s- %s", indent, label)
      left = add_details(lines, item, depth + 1, left)
    else
      add(lines, "%s- %s%s", indent, label, escape(type(item) == "table" and "…" or item))
    end
  end
  return left
end

local function add_findings(lines, result)
  local found = {}
  for key, value in pairs(type(result.details) == "table" and result.details or {}) do
    if key ~= "baselines" then found[key] = value end -- stands in the table of measurements
  end
  if #result.notes == 0 and next(found) == nil then return end
  for _, note in ipairs(result.notes) do add(lines, "- " .. escape(note)) end
  if add_details(lines, found, 0, DETAILS_LINES) == 0 then add(lines, "- …") end
  add(lines, "")
end

local function add_pictures(lines, result, options)
  if #result.screenshots == 0 then return end
  add(lines, "**Pictures**\n")
  for _, shot in ipairs(result.screenshots) do
    local caption = escape(shot.step or shot.kind or "screenshot")
    add(lines, "![%s](%s)\n", caption, link_target(options.relative(shot.path)))
  end
end

local function add_skill(lines, result, options)
  add(lines, "### %s\n", escape(result.skill))
  add(lines, "**Status:** %s  ", ICONS[result.status] or result.status)
  add(lines, "**Summary:** %s  ", escape(result.summary or ""))
  add(lines, "**Started:** %s, **took:** %s\n", result.started_at or "?",
    words.duration(result.duration_ms or 0))
  if result.status == "FAIL" or result.status == "ERROR" then add_evidence(lines, result) end
  add_warnings(lines, result)
  local advice = words.advice(result)
  if advice then add(lines, "**What to do:** %s\n", escape_advice(advice)) end
  add_findings(lines, result)
  add_steps(lines, result)
  add_metrics(lines, result)
  add_pictures(lines, result, options)
end

--- @param report table  report/build.lua
--- @param options table?  relative: fun(path) → path as seen from the report's folder
--- @return string
function reporter.render(report, options)
  options = { relative = options and options.relative or function(path) return path end }
  local lines = {}
  add(lines, "# Store report: %s\n", escape(report.store_name or report.store_url or "no store"))
  add(lines, "**Generated:** %s  ", report.finished_at or "?")
  if report.store_url then add(lines, "**Store URL:** %s  ", escape(report.store_url)) end
  add(lines, "**Made by:** nano-sre %s, `%s`%s\n", report.tool.version or "", report.command or "",
    report.dry_run and ", dry run: nothing was changed" or "")
  add_summary(lines, report)
  add_actions(lines, report)
  if #report.results > 0 then
    add(lines, "## Details\n")
    for _, result in ipairs(report.results) do add_skill(lines, result, options) end
  end
  return (table.concat(lines, "\n"):gsub("\n+$", "") .. "\n")
end

return reporter
