--- One skill's section in the HTML report. Used by report/html.lua.

local evidence = require "report.html.evidence"
local findings = require "report.html.findings"
local tags = require "report.html.tags"
local text = require "report.text"
local timing = require "report.html.timing"
local words = require "report.words"

local h = tags.h

local skill = {}

skill.LABELS = { PASS = "Passed", WARN = "Warning", FAIL = "Failed", ERROR = "Not checked",
  SKIP = "Skipped" }

local MAX_NOTES = 100

--- The status as a coloured word.
---@param status string
---@return report.Markup
function skill.pill(status)
  local label = skill.LABELS[status]
  return h("span.pill." .. (label and status or "ERROR"), nil, label or tostring(status))
end

--- Advice is ours and may name commands in backticks.
---@param advice string
---@return report.Markup[]
function skill.advice(advice)
  local parts, at = {}, 1
  while true do
    local first, last, code = advice:find("`([^`]+)`", at)
    if not first then break end
    parts[#parts + 1] = h("span", nil, advice:sub(at, first - 1))
    parts[#parts + 1] = h("code", nil, code)
    at = last + 1
  end
  parts[#parts + 1] = h("span", nil, advice:sub(at))
  return parts
end

local function warnings(result)
  local items = {}
  for i, warning in ipairs(result.warnings) do
    if i > MAX_NOTES then break end
    items[i] = h("li", nil, warning.step and h("b", nil, warning.step .. ": "),
      tostring(warning.message or ""))
  end
  return #items > 0 and h("ul.warnings", nil, items) or nil
end

local function notes(result)
  local items = {}
  for i, note in ipairs(result.notes) do
    if i > MAX_NOTES then break end
    items[i] = h("li", nil, tostring(note))
  end
  return #items > 0 and h("ul.notes", nil, items) or nil
end

-- Pictures that are not shown with the failure.
local function gallery(result, pictures)
  local figures = {}
  for _, shot in ipairs(result.screenshots) do
    if not pictures:has(shot.path) then
      figures[#figures + 1] = evidence.picture({ path = shot.path,
        caption = shot.step or shot.kind or "screenshot" }, pictures)
    end
  end
  return #figures > 0 and h("div.block", nil, h("h4", nil, "Pictures"),
    h("div.gallery", nil, figures)) or nil
end

local function steps(result)
  if #result.steps == 0 then return nil end
  return h("div.block", nil, h("h4", nil, "Steps"), timing.steps(result))
end

local function body(result, pictures)
  local details = type(result.details) == "table" and result.details or {}
  local is_bad = result.status == "FAIL" or result.status == "ERROR"
  local advice = words.advice(result)
  local parts = {}
  local function add(part) if part then parts[#parts + 1] = part end end
  if result.status == "ERROR" then add(h("p", nil, words.error_meaning(result))) end
  if advice then add(h("p.advice", nil, h("b", nil, "What to do: "), skill.advice(advice))) end
  add(warnings(result))
  if is_bad then add(evidence.render(result, pictures)) end
  add(steps(result))
  local pixels = findings.pixels(details.pixels)
  add(pixels)
  local differences = require("report.html.visual").render(details.visual, pictures)
  add(differences)
  add(require("report.html.vitals").render(result))
  add(notes(result))
  add(gallery(result, pictures))
  add(findings.rest(details, { pixels = pixels ~= nil, visual = differences ~= nil }))
  return parts
end

--- The section of a skill; open when there is something to look at.
---@param result table
---@param place integer   its number in the report, for links
---@param pictures report.Pictures
---@param alone boolean   whether it is the only one
---@return report.Markup
function skill.render(result, place, pictures, alone)
  local worth = alone or result.status ~= "PASS" and result.status ~= "SKIP"
  return h("details.skill." .. (skill.LABELS[result.status] and result.status or "ERROR"),
    { id = "skill-" .. place, open = worth },
    h("summary", nil, skill.pill(result.status),
      h("span.title", nil, h("b", nil, tostring(result.skill)),
        h("span.says", nil, text.one_line(result.summary or ""))),
      h("span.time", nil, words.duration(result.duration_ms or 0))),
    h("div.body", nil, body(result, pictures)))
end

return skill
