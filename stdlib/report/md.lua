--- Reporter md: the report for the owner of a shop, in Markdown. Summary table and totals first, then every skill:
--- what happened, steps, page speed, pictures as relative links, what to do. Pure.

local build = require "report.build"
local words = require "report.words"

local reporter = { extension = "md" }

local ICONS = { PASS = "✅ PASS", WARN = "⚠️ WARN", FAIL = "❌ FAIL", ERROR = "🔧 ERROR", SKIP = "⏭️ SKIP" }

-- Text from a shop must stay text: no HTML, no table or link syntax, one line.
local function escape(text)
  text = tostring(text):gsub("[%z\1-\31\127]+", " ")
  return (text:gsub("[\\`*_{}%[%]<>|#~]", "\\%0"))
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
  local line = ("**Total Skills:** %d | **Passed:** %d | **Warnings:** %d | **Failed:** %d"):format(totals.total,
    totals.passed, totals.warned, totals.failed)
  if totals.errors > 0 then line = line .. (" | **Errors:** %d"):format(totals.errors) end
  if totals.skipped > 0 then line = line .. (" | **Skipped:** %d"):format(totals.skipped) end
  add(lines, line .. "\n")
  if totals.errors > 0 then
    add(lines, "An ERROR says nothing about the shop: the check itself could not be done.\n")
  end
  if report.interrupted then
    add(lines, "This report is not complete: the command was stopped (SIG%s) after %d of %d checks.\n",
      report.interrupted, #report.results, report.planned or #report.results)
  end
end

local function add_actions(lines, report)
  local actions = {}
  for _, result in ipairs(report.results) do
    local step = build.failed_step(result)
    local advice = words.advice(result, step)
    if result.status == "FAIL" then
      actions[#actions + 1] = ("❌ **%s**: %s"):format(escape(result.skill), escape(result.summary or ""))
    elseif result.status == "ERROR" then
      actions[#actions + 1] = ("🔧 **%s**: %s"):format(escape(result.skill), words.error_meaning(result))
    elseif result.status == "WARN" then
      actions[#actions + 1] = ("⚠️ **%s**: %s"):format(escape(result.skill), escape(result.summary or ""))
    end
    if advice and #actions > 0 and result.status ~= "PASS" then
      actions[#actions] = actions[#actions] .. " → " .. escape(advice)
    end
  end
  for _, problem in ipairs(report.problems) do
    actions[#actions + 1] = ("🔧 **the monitor**: %s%s"):format(escape(problem.message),
      problem.hint and " → " .. escape(problem.hint) or "")
  end
  if #actions == 0 then return end
  add(lines, "## What to look at\n")
  for _, action in ipairs(actions) do add(lines, "- " .. action) end
  add(lines, "")
end

local function add_steps(lines, result)
  if #result.steps == 0 then return end
  local rows = {}
  for i, step in ipairs(result.steps) do
    local remark = step.error and step.error.message or ""
    if remark == "" and step.notes and #step.notes > 0 then
      local notes = {}
      for j, note in ipairs(step.notes) do
        notes[j] = type(note) == "table" and (note.text or note.message or "") or tostring(note)
      end
      remark = table.concat(notes, "; ")
    end
    rows[i] = {
      tostring(i), escape(step.name), ICONS[step.status] or step.status,
      words.duration(step.duration_ms or 0), escape(remark),
    }
  end
  table_rows(lines, { "#", "Step", "Status", "Time", "Remark" }, rows)
end

local function add_metrics(lines, result)
  if #result.metrics == 0 then return end
  local rows = {}
  for _, metric in ipairs(result.metrics) do
    local name, value, verdict = words.metric(metric)
    rows[#rows + 1] = { escape(metric.page or metric.step or ""), escape(name), escape(value), verdict or "" }
  end
  add(lines, "**Page speed and measurements**\n")
  table_rows(lines, { "Page", "Measure", "Value", "Verdict" }, rows)
end

local function add_evidence(lines, result)
  local step, evidence = build.failed_step(result)
  local err = result.error
  if err then
    add(lines, words.error_meaning(result) .. "\n")
    if err.message then add(lines, code_block((err.where and err.where .. ": " or "") .. err.message) .. "\n") end
    if err.excerpt then add(lines, code_block(err.excerpt) .. "\n") end
  end
  if not evidence then return step end
  if evidence.url then add(lines, "**On page:** %s\n", escape(evidence.url)) end
  if #evidence.requests > 0 then
    local requests = {}
    for i, request in ipairs(evidence.requests) do requests[i] = words.request(request) end
    add(lines, "<details><summary>Last requests</summary>\n")
    add(lines, code_block(table.concat(requests, "\n")) .. "\n\n</details>\n")
  end
  if #evidence.console > 0 then
    local console = {}
    for i, entry in ipairs(evidence.console) do console[i] = words.console(entry) end
    add(lines, "<details><summary>Browser console</summary>\n")
    add(lines, code_block(table.concat(console, "\n")) .. "\n\n</details>\n")
  end
  return step
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
  add(lines, "**Started:** %s, **took:** %s\n", result.started_at or "?", words.duration(result.duration_ms or 0))
  local step
  if result.status == "FAIL" or result.status == "ERROR" then step = add_evidence(lines, result) end
  local advice = words.advice(result, step)
  if advice then add(lines, "**What to do:** %s\n", escape(advice)) end
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
