--- Reporter github: annotations for GitHub Actions, one a skill that is not well, and a summary in
--- Markdown for the job's page, which cli/reporters.lua appends to $GITHUB_STEP_SUMMARY. Pure.
---
---   ::error file=skills/checkout.lua,line=12,title=checkout failed::add to cart: …
---
--- A shop's text must not become a workflow command: the escapes below are those of GitHub's own
--- toolkit (actions/toolkit, command.ts), and control characters are gone before.

local build = require "report.build"
local markdown = require "report.markdown"
local text = require "report.text"
local words = require "report.words"

local reporter = { extension = "txt" }

local MAX_MESSAGE = 4000
local MAX_SUMMARY = 900 * 1024 -- GitHub refuses more than 1 MiB

local LEVELS = { FAIL = "error", ERROR = "error", WARN = "warning" }
local TITLES = { FAIL = "%s failed", ERROR = "%s could not be checked", WARN = "%s: warning" }
local ICONS = { PASS = "✅", WARN = "⚠️", FAIL = "❌", ERROR = "🔧", SKIP = "⏭️" }
local ESCAPES = { ["%"] = "%25", ["\r"] = "%0D", ["\n"] = "%0A", [":"] = "%3A", [","] = "%2C" }

local function data(value)
  return (text.valid(text.clip(tostring(value), MAX_MESSAGE)):gsub("[%%\r\n]", ESCAPES))
end

local function property(value)
  return (text.valid(tostring(value)):gsub("[%%\r\n:,]", ESCAPES))
end

-- The file and line to pin an annotation on: the script's own line when it is known. A bundled
-- skill is no file of the repository.
local function place_of(result, cause, relative)
  local script = result.script
  if type(script) ~= "string" or script:sub(1, 1) ~= "/" then return nil end
  local name, line = tostring(cause.where or ""):match("^(.-):(%d+)$")
  local path = relative(script)
  if path:find("^%.%.?/") or path:sub(1, 1) == "/" then return nil end -- outside of the checkout
  if name and name ~= script:match("[^/]*$") then -- a file beside it
    path, line = relative(script:match("^(.*/)") .. name), line
  end
  return path, line
end

local function command(level, properties, message)
  local parts = {}
  for _, pair in ipairs(properties) do
    if pair[2] then parts[#parts + 1] = pair[1] .. "=" .. property(pair[2]) end
  end
  return ("::%s%s::%s"):format(level, #parts > 0 and " " .. table.concat(parts, ",") or "",
    data(message))
end

local function message_of(result)
  local cause, lines = build.cause(result), { result.summary or result.status }
  if result.status == "ERROR" then lines[#lines + 1] = words.error_meaning(result) end
  if cause.message and not lines[1]:find(cause.message, 1, true) then
    lines[#lines + 1] = cause.message
  end
  for _, warning in ipairs(result.warnings) do
    if warning.message ~= result.summary then lines[#lines + 1] = warning.message end
  end
  local advice = words.advice(result)
  if advice then lines[#lines + 1] = "→ " .. advice end
  return table.concat(lines, "\n")
end

--- The annotations, errors first: GitHub shows ten of a kind.
--- @param report table    report/build.lua
--- @param options table?  relative: fun(path) → path as seen from the checkout
--- @return string
function reporter.render(report, options)
  local relative = options and options.workspace_path or function(path) return path end
  local lines = {}
  for _, status in ipairs { "FAIL", "ERROR", "WARN" } do
    for _, result in ipairs(report.results) do
      if result.status == status then
        local cause = build.cause(result)
        if status == "WARN" and result.warnings[1] then cause = result.warnings[1] end
        local file, line = place_of(result, cause, relative)
        lines[#lines + 1] = command(LEVELS[status], { { "file", file }, { "line", line },
          { "title", TITLES[status]:format(result.skill) } }, message_of(result))
      end
    end
  end
  for _, problem in ipairs(report.problems) do
    lines[#lines + 1] = command("error", { { "title", "the monitor" } },
      problem.message .. (problem.hint and "\n→ " .. problem.hint or ""))
  end
  return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

local function skill_block(result)
  local cause = build.cause(result)
  local step, evidence = build.failed_step(result)
  local lines = { ("### %s %s\n"):format(ICONS[result.status], markdown.escape(result.skill)),
    markdown.escape(result.summary or "") .. "\n" }
  if result.status == "ERROR" then lines[#lines + 1] = words.error_meaning(result) .. "\n" end
  for _, warning in ipairs(result.warnings) do
    lines[#lines + 1] = "- " .. markdown.escape(warning.message)
  end
  if #result.warnings > 0 then lines[#lines + 1] = "" end
  if evidence and evidence.url then
    lines[#lines + 1] = "**On page:** " .. markdown.escape(evidence.url) .. "\n"
  end
  local advice = words.advice(result)
  if advice then
    lines[#lines + 1] = "**What to do:** " .. markdown.escape_advice(advice) .. "\n"
  end
  if cause.excerpt then
    lines[#lines + 1] = markdown.code_block((cause.where and cause.where .. "\n" or "")
      .. cause.excerpt) .. "\n"
  end
  if #result.steps > 0 then
    local paths, rows = build.step_paths(result.steps), {}
    for i, one in ipairs(result.steps) do
      rows[i] = { ICONS[one.status] or one.status, markdown.escape(paths[i]),
        words.duration(one.duration_ms or 0),
        markdown.escape(one == step and one.error and one.error.message or "") }
    end
    lines[#lines + 1] = markdown.collapsed("Steps",
      markdown.table({ "", "Step", "Time", "Remark" }, rows))
  end
  return table.concat(lines, "\n")
end

--- The text for the job's page.
---@param report table
---@return string  Markdown, less than GitHub's limit
function reporter.summary(report)
  local status, head, rest = words.verdict(report)
  local rows = {}
  for i, result in ipairs(report.results) do
    rows[i] = { ICONS[result.status] or "", markdown.escape(result.skill),
      markdown.escape(result.summary or ""), words.duration(result.duration_ms or 0) }
  end
  local parts = { ("## %s %s %s\n"):format(ICONS[status], markdown.escape(head),
    markdown.escape(rest or "")) }
  if report.store_url then
    parts[2] = ("%s, %s\n"):format(markdown.escape(report.store_name or report.store_url),
      words.totals(report.totals))
  end
  if #rows > 0 then
    parts[#parts + 1] = markdown.table({ "", "Check", "Summary", "Time" }, rows)
  end
  for _, problem in ipairs(report.problems) do
    parts[#parts + 1] = "- 🔧 " .. markdown.escape(problem.message)
  end
  local size = #table.concat(parts, "\n")
  for _, result in ipairs(report.results) do
    if LEVELS[result.status] then
      local block = skill_block(result)
      size = size + #block + 1
      if size > MAX_SUMMARY then
        parts[#parts + 1] = "There is more than fits here; the reports have all of it."
        break
      end
      parts[#parts + 1] = block
    end
  end
  return text.clip(table.concat(parts, "\n"), MAX_SUMMARY) .. "\n"
end

return reporter
