--- Reporter md: the report for the owner of a shop, in Markdown. Summary table and totals first,
--- then every skill: what happened, steps, page speed, pictures as relative links, what to do.
--- Pure.

local build = require "report.build"
local markdown = require "report.markdown"
local words = require "report.words"

local escape, escape_advice = markdown.escape, markdown.escape_advice

local reporter = { extension = "md" }

local ICONS = { PASS = "✅ PASS", WARN = "⚠️ WARN", FAIL = "❌ FAIL", ERROR = "🔧 ERROR",
  SKIP = "⏭️ SKIP" }

local function add(lines, format, ...)
  lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format
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
    add(lines, markdown.table({ "Skill", "Status", "Summary", "Time" }, rows))
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

local VERDICT_ICONS = { PASS = "✅", WARN = "⚠️", FAIL = "❌", ERROR = "🔧", SKIP = "⏭️" }

local function verdict(report)
  local status, head, rest = words.verdict(report)
  return ("%s **%s**%s"):format(VERDICT_ICONS[status], head, rest and " " .. escape(rest) or "")
end

local function action(icon, name, text, advice)
  return ("- %s **%s**: %s%s"):format(icon, name, text,
    advice and " → " .. escape_advice(advice) or "")
end

local ACTION_ICONS = { FAIL = "❌", WARN = "⚠️", ERROR = "🔧" }

local function add_actions(lines, report)
  local actions = {}
  for _, result in ipairs(report.results) do
    local icon = ACTION_ICONS[result.status]
    if icon then
      local text = result.status == "ERROR" and words.error_meaning(result)
        or escape(result.summary or "")
      actions[#actions + 1] = action(icon, escape(result.skill), text, words.advice(result))
    end
  end
  for _, problem in ipairs(report.problems) do
    actions[#actions + 1] = action("🔧", "the monitor", escape(problem.message), problem.hint)
  end
  if #actions == 0 then return end
  add(lines, "## What to look at\n")
  add(lines, table.concat(actions, "\n") .. "\n")
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
  add(lines, markdown.table({ "#", "Step", "Status", "Time", "Remark" }, rows))
end

local function add_collapsed(lines, title, items, to_text)
  if #items == 0 then return end
  local rows = {}
  for i, item in ipairs(items) do rows[i] = to_text(item) end
  add(lines, markdown.collapsed(title, markdown.code_block(table.concat(rows, "\n"))))
end

-- What happened, for the shop's owner.
local function add_cause(lines, result)
  local _, evidence = build.failed_step(result)
  local cause = build.cause(result)
  if result.status == "ERROR" then add(lines, words.error_meaning(result) .. "\n") end
  if cause.message and not (result.summary or ""):find(cause.message, 1, true) then
    local where = cause.where and cause.where .. ": " or ""
    add(lines, markdown.code_block(where .. cause.message) .. "\n")
  end
  if evidence and evidence.url then add(lines, "**On page:** %s\n", escape(evidence.url)) end
end

-- What a developer wants to see of it.
local function add_evidence(lines, result)
  local _, evidence = build.failed_step(result)
  local cause = build.cause(result)
  if evidence then
    add_collapsed(lines, "Browser console", evidence.console, words.console)
    add_collapsed(lines, "Last requests", evidence.requests, words.request)
    if evidence.dom then
      add_collapsed(lines, "The page around it", { type(evidence.dom) == "string" and evidence.dom
        or require("json").pretty(evidence.dom) }, tostring)
    end
  end
  if cause.excerpt then add_collapsed(lines, "In the script", { cause.excerpt }, tostring) end
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

local function add_notes(lines, result)
  for _, note in ipairs(result.notes) do add(lines, "- " .. escape(note)) end
  if #result.notes > 0 then add(lines, "") end
end

local function add_findings(lines, result)
  local found = {}
  for key, value in pairs(type(result.details) == "table" and result.details or {}) do
    -- stand in tables of their own
    if key ~= "baselines" and key ~= "visual" then found[key] = value end
  end
  if next(found) == nil then return end
  local inner = {}
  if add_details(inner, found, 0, DETAILS_LINES) == 0 then add(inner, "- …") end
  add(lines, markdown.collapsed("What the check found", table.concat(inner, "\n")))
end

local function add_pictures(lines, result, options)
  local visual, shown = require("report.md_visual").render(result, options.relative)
  if visual then add(lines, visual) end
  for _, shot in ipairs(result.screenshots) do
    if not shown[shot.path] then
      local caption = escape(shot.step or shot.kind or "screenshot")
      add(lines, "![%s](%s)\n", caption, markdown.link_target(options.relative(shot.path)))
    end
  end
end

local function add_skill(lines, result, options)
  add(lines, "### %s\n", escape(result.skill))
  add(lines, "**Status:** %s  ", ICONS[result.status] or result.status)
  add(lines, "**Summary:** %s  ", escape(result.summary or ""))
  add(lines, "**Started:** %s, **took:** %s\n", result.started_at or "?",
    words.duration(result.duration_ms or 0))
  local is_bad = result.status == "FAIL" or result.status == "ERROR"
  if is_bad then add_cause(lines, result) end
  add_warnings(lines, result)
  local advice = words.advice(result)
  if advice then add(lines, "**What to do:** %s\n", escape_advice(advice)) end
  add_notes(lines, result)
  add_pictures(lines, result, options)
  add_steps(lines, result)
  if #result.metrics > 0 then add(lines, require("report.md_metrics").render(result)) end
  if is_bad then add_evidence(lines, result) end
  add_findings(lines, result)
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
  add(lines, "**Made by:** nano-sre %s, `%s`%s\n", report.tool.version or "",
    ((report.command or ""):gsub("`", "'")),
    report.dry_run and ", dry run: nothing was changed" or "")
  add(lines, verdict(report) .. "\n")
  add_summary(lines, report)
  add_actions(lines, report)
  if #report.results > 0 then
    add(lines, "## Details\n")
    for _, result in ipairs(report.results) do add_skill(lines, result, options) end
  end
  return (table.concat(lines, "\n"):gsub("\n+$", "") .. "\n")
end

return reporter
