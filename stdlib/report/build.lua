--- The report of a command: its results, totals and circumstances, as one table that every reporter
--- turns into text. Called by cli/session.lua. Pure.

local json = require "json"

local build = {}

build.FORMAT = "nano-sre/report"
build.VERSION = 1

-- Lists must stay lists when they are empty and cross JSON.
local RESULT_LISTS = { "steps", "metrics", "screenshots", "evidence", "warnings", "notes" }
local EVIDENCE_LISTS = { "console", "requests", "errors" }

local function mark_lists(value, fields)
  for _, field in ipairs(fields) do
    if type(value[field]) ~= "table" or next(value[field]) == nil then
      value[field] = json.array {}
    end
  end
end

local function public_url(url)
  return type(url) == "string" and (url:gsub("^(%a[%w+.-]*://)[^/@]*@", "%1")) or url
end

--- Microseconds are as fine as a published duration gets.
---@param ms number|nil
---@return number|nil
function build.round(ms) return ms and math.floor(ms * 1000 + 0.5) / 1000 end

--- Brings a result into its published form: lists are lists, durations are rounded, a URL carries
--- no credentials.
---@param result table  changed in place
---@return table result
function build.normalise(result)
  mark_lists(result, RESULT_LISTS)
  for _, evidence in ipairs(result.evidence) do mark_lists(evidence, EVIDENCE_LISTS) end
  for _, step in ipairs(result.steps) do
    mark_lists(step, { "notes" })
    step.duration_ms = build.round(step.duration_ms)
  end
  result.duration_ms = build.round(result.duration_ms)
  result.store_url = public_url(result.store_url)
  return result
end

--- Counts by status.
---@param results table[]
---@return table totals  total, passed, warned, failed, errors, skipped
function build.totals(results)
  local totals = { total = #results, passed = 0, warned = 0, failed = 0, errors = 0, skipped = 0 }
  local field = { PASS = "passed", WARN = "warned", FAIL = "failed", ERROR = "errors",
    SKIP = "skipped" }
  for _, result in ipairs(results) do
    local name = field[result.status] or "errors"
    totals[name] = totals[name] + 1
  end
  return totals
end

--- Makes the report table.
---@param fields table  version, command, started_at, finished_at (ISO), duration_ms, store_url,
---  results, exit_code; planned: how many skills there were to run; interrupted?: signal; dry_run?;
---  problems?: {message, hint}[] of the monitor
---@return table
function build.report(fields)
  local problems = {}
  for i, problem in ipairs(fields.problems or {}) do
    problems[i] = { message = problem.message, hint = problem.hint }
  end
  return {
    format = build.FORMAT, version = build.VERSION,
    tool = { name = "nano-sre", version = fields.version },
    command = fields.command,
    started_at = fields.started_at, finished_at = fields.finished_at,
    duration_ms = build.round(fields.duration_ms),
    store_url = public_url(fields.store_url), store_name = fields.store_name,
    results = json.array(fields.results), totals = build.totals(fields.results),
    planned = fields.planned,
    problems = json.array(problems),
    interrupted = fields.interrupted, dry_run = fields.dry_run or false,
    exit_code = fields.exit_code,
  }
end

--- Whether a step went wrong.
---@param step table
---@return boolean
function build.is_bad(step) return step.status == "FAIL" or step.status == "ERROR" end

--- What ended a result: its failure (of the shop) or its error (of script or monitor).
---@param result table
---@return table  message, where?, excerpt?, hint?, code?, kind?, details?; empty when all is well
function build.cause(result)
  return result.failure or result.error or {}
end

--- The step in which a result went wrong, and its evidence. A step that failed inside another one
--- is the one meant, and a step whose failure the script survived comes before it.
---@param result table
---@return table|nil step, table|nil evidence
function build.failed_step(result)
  local failed
  for _, step in ipairs(result.steps) do
    if build.is_bad(step) then failed = step end
  end
  for _, evidence in ipairs(result.evidence) do
    if failed and evidence.step == failed.name then return failed, evidence end
  end
  return failed, failed == nil and result.evidence[1] or nil
end

--- The names of the steps, each with those that it is in: "cart › open the drawer".
---@param steps table[]
---@return string[]
function build.step_paths(steps)
  local paths, open = {}, {}
  for i, step in ipairs(steps) do
    local depth = step.depth or 0
    open[depth + 1] = step.name
    paths[i] = table.concat(open, " › ", 1, depth + 1)
  end
  return paths
end

return build
