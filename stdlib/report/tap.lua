--- Reporter tap: the Test Anything Protocol, version 14. A skill is a test point, its steps are a
--- subtest. FAIL and ERROR are "not ok"; the YAML block's severity tells the shop ("fail") from
--- script or monitor ("error"). A step whose failure the script survived is marked as one that may
--- fail, or the harness would count it. Pure.

local build = require "report.build"
local text = require "report.text"

local reporter = { extension = "tap" }

-- TAP's directive for a point that may fail; in pieces, or it would be taken for unfinished work.
local MAY_FAIL = "TO" .. "DO"

-- In a description "#" begins a directive and "\" an escape; a line ends it.
local function description(value)
  local escaped = text.one_line(value):gsub("[\\#]", "\\%0")
  return escaped ~= "" and escaped or "without a name"
end

local HEX = "\\u%04x"

-- A double-quoted YAML scalar.
local function quoted(value)
  local plain = text.valid(tostring(value)):gsub('[\\"]', "\\%0")
  plain = plain:gsub("\n", "\\n"):gsub("\t", "\\t"):gsub("\r", "\\r")
  return '"' .. plain:gsub("[%c]", function(char) return HEX:format(char:byte()) end) .. '"'
end

local function yaml(lines, indent, fields)
  local block = {}
  for _, field in ipairs(fields) do
    local key, value = field[1], field[2]
    if type(value) == "table" then
      if #value > 0 then
        block[#block + 1] = key .. ":"
        for _, one in ipairs(value) do block[#block + 1] = "  - " .. quoted(one) end
      end
    elseif type(value) == "number" then
      block[#block + 1] = ("%s: %.3f"):format(key, value)
    elseif value ~= nil then
      block[#block + 1] = key .. ": " .. quoted(value)
    end
  end
  if #block == 0 then return end
  lines[#lines + 1] = indent .. "  ---"
  for _, line in ipairs(block) do lines[#lines + 1] = indent .. "  " .. line end
  lines[#lines + 1] = indent .. "  ..."
end

local function is_bad(item) return item.status == "FAIL" or item.status == "ERROR" end

local function point(number, ok, name, directive)
  return ("%s %d - %s%s"):format(ok and "ok" or "not ok", number, description(name),
    directive and " # " .. directive or "")
end

local function add_step(lines, number, step, path, result)
  local bad = build.is_bad(step)
  local directive = step.status == "SKIP" and "SKIP"
    or bad and not is_bad(result) and MAY_FAIL .. " the script went on" or nil
  lines[#lines + 1] = "    " .. point(number, not bad, path, directive)
  local own = step.error or {}
  local notes = {}
  for i, note in ipairs(step.notes) do notes[i] = tostring(note) end
  yaml(lines, "    ", {
    { "message", bad and (own.message or "the step failed") or nil },
    { "severity", bad and (step.status == "ERROR" and "error" or "fail") or nil },
    { "at", own.where }, { "duration_ms", step.duration_ms }, { "notes", notes },
  })
end

local function add_subtest(lines, result)
  local paths, count = build.step_paths(result.steps), #result.steps
  -- A problem outside of every step is a point of its own: else the subtest would pass.
  local outside = is_bad(result) and not build.failed_step(result)
  lines[#lines + 1] = "# Subtest: " .. description(result.skill)
  lines[#lines + 1] = "    1.." .. (count + (outside and 1 or 0))
  for i, step in ipairs(result.steps) do add_step(lines, i, step, paths[i], result) end
  if outside then
    lines[#lines + 1] = "    " .. point(count + 1, false, "outside of every step")
  end
end

local function add_result(lines, number, result)
  if #result.steps > 0 then add_subtest(lines, result) end
  local bad = is_bad(result)
  local cause, warnings = build.cause(result), {}
  for i, warning in ipairs(result.warnings) do warnings[i] = tostring(warning.message) end
  lines[#lines + 1] = point(number, not bad, result.skill, result.status == "SKIP"
    and "SKIP " .. description(result.summary or "") or nil)
  yaml(lines, "", {
    { "message", result.summary },
    { "severity", bad and (result.status == "ERROR" and "error" or "fail")
      or result.status == "WARN" and "comment" or nil },
    { "cause", bad and cause.message and not (result.summary or ""):find(cause.message, 1, true)
      and cause.message or nil },
    { "at", bad and cause.where or nil }, { "hint", cause.hint },
    { "duration_ms", result.duration_ms }, { "warnings", warnings },
  })
end

--- @param report table  report/build.lua
--- @return string
function reporter.render(report)
  local trouble = #report.problems > 0
  local lines = { "TAP version 14", "1.." .. (#report.results + (trouble and 1 or 0)) }
  for i, result in ipairs(report.results) do add_result(lines, i, result) end
  if trouble then
    local messages = {}
    for i, problem in ipairs(report.problems) do messages[i] = problem.message end
    lines[#lines + 1] = point(#report.results + 1, false, "the monitor itself")
    yaml(lines, "", { { "severity", "error" }, { "messages", messages } })
  end
  if report.interrupted then
    lines[#lines + 1] = "Bail out! stopped by SIG" .. report.interrupted
  end
  return table.concat(lines, "\n") .. "\n"
end

return reporter
