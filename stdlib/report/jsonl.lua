--- Reporter jsonl: one JSON object a line, written as things happen, for programs that follow a
--- run.
---
---   {"type":"run.started","skills":["checkout"],"store_url":…,"version":…}
---   {"type":"step.started","skill":…,"name":…,"index":…}       and step.finished, log
---   {"type":"result","result":{…}}                             one per skill
---   {"type":"run.finished","totals":{…},"exit_code":…}

local build = require "report.build"
local json = require "json"

local reporter = { extension = "jsonl", streaming = true }

local function line(event) return json.encode(event) .. "\n" end

--- The first line.
---@param plan table  skills (names), store_url, version, started_at
function reporter.start(plan)
  return line {
    type = "run.started", format = "nano-sre/events", version = 1, tool_version = plan.version,
    skills = json.array(plan.skills), store_url = plan.store_url, started_at = plan.started_at,
  }
end

--- A line for an event of a run, nil for one that is not for the reader.
---@param skill string
---@param event table
---@return string|nil
function reporter.event(skill, event)
  if event.type == "result" then return nil end
  local copy = { skill = skill }
  for key, value in pairs(event) do copy[key] = value end
  copy.duration_ms = build.round(event.duration_ms)
  return line(copy)
end

--- A line for a finished result.
function reporter.result(result)
  return line { type = "result", skill = result.skill, result = result }
end

--- The last line.
function reporter.render(report)
  return line {
    type = "run.finished", totals = report.totals, exit_code = report.exit_code,
    problems = report.problems,
    duration_ms = report.duration_ms, interrupted = report.interrupted,
    finished_at = report.finished_at,
  }
end

return reporter
