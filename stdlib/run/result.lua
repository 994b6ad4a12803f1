--- The result of a run, from what the run kept and how it ended. The format is described in
--- docs/result-format.md. Pure but for the clock's readings that it is given.

local json = require "json"
local time = require "time"

local result = {}

local STATUS = { failure = "FAIL", skip = "SKIP", refused = "SKIP" }

local function plural(count, word)
  return ("%d %s%s"):format(count, word, count == 1 and "" or "s")
end

local function ended_well(run, duration)
  local survived
  for _, step in ipairs(run.steps) do
    if step.status == "FAIL" or step.status == "ERROR" then survived = survived or step end
  end
  local warning = run.warnings[1]
  if not warning and not survived then
    local steps = #run.steps
    local text = run.summary or steps > 0 and ("%s passed"):format(plural(steps, "step"))
      or "passed"
    if not run.summary then text = text .. " in " .. time.format_duration(math.max(duration, 1)) end
    return "PASS", text
  end
  local text
  if warning then
    text = (warning.step and warning.step .. ": " or "") .. warning.message
    local more = #run.warnings - 1 + (survived and 1 or 0)
    if more > 0 then text = ("%s (and %s)"):format(text, plural(more, "more warning")) end
  else
    text = ("%s: %s (the script went on)"):format(survived.name, survived.error.message)
  end
  return "WARN", text
end

local function dry_run_summary(run, path, cause)
  local counts = sys.host.gate()
  return ("dry run: stopped%s before its first effect (%s); %s, %s, %d refused"):format(
    path and (' in "%s"'):format(path) or "", cause.message:match("^[^\n]*"),
    plural(counts.reads, "read"),
    plural(counts.effects, "effect"), counts.refused)
end

local function ended_badly(run, cause, path)
  local prefix = path and path .. ": " or ""
  if cause.kind == "failure" then return "FAIL", prefix .. cause.message end
  if cause.kind == "skip" then return "SKIP", prefix .. cause.message end
  if cause.kind == "refused" then return "SKIP", dry_run_summary(run, path, cause) end
  if cause.kind == "config" then return "ERROR", "the run could not start: " .. cause.message end
  if cause.code == "timeout" and cause.kind == "timeout" then return "ERROR", cause.message end
  local where = cause.where and " at " .. cause.where or ""
  if cause.kind == "script" then
    return "ERROR", ("the script is broken%s: %s%s"):format(where, prefix, cause.message)
  end
  return "ERROR", ("%s%s%s"):format(prefix, cause.message, where)
end

--- How the run ended, in the words of the result.
---@param run run.State
---@param cause run.Problem?
---@param path string?  the steps in which it happened
---@param duration number  ms
---@return string status
---@return string summary
function result.judge(run, cause, path, duration)
  if cause then return ended_badly(run, cause, path) end
  return ended_well(run, duration)
end

--- To the microsecond: the clock's further digits are noise.
local function ms(time_ms) return math.floor(time_ms * 1000 + 0.5) / 1000 end

local function steps_of(run)
  local out = json.array {}
  for i, step in ipairs(run.steps) do
    out[i] = { name = step.name, status = step.status, duration_ms = ms(step.duration_ms),
      start_ms = ms(step.began - run.began),
      error = step.error,
      notes = json.array(step.notes), depth = step.depth }
  end
  return out
end

local function warnings_of(run)
  local out = json.array {}
  for i, warning in ipairs(run.warnings) do
    out[i] = { message = warning.message, step = warning.step, where = warning.where }
  end
  return out
end

--- Builds the result.
---@param run run.State
---@param cause run.Problem?  nil: the run function returned
---@param path string?
---@return table
function result.build(run, cause, path)
  local job = run.job
  local finished = sys.clock.now()
  local duration = sys.clock.mono() - run.began
  local status, summary = result.judge(run, cause, path, duration)
  local out = {
    format = "nano-sre/result", version = 1,
    skill = run.skill and run.skill.name or run.file:gsub("%.lua$", ""),
    script = job.script, store_url = job.store and job.store.url,
    status = status, summary = summary:gsub("%s*\n%s*", " "),
    started_at = time.iso8601(run.started_at), finished_at = time.iso8601(finished),
    duration_ms = ms(duration),
    steps = steps_of(run), warnings = warnings_of(run), notes = json.array(run.notes),
    metrics = json.array(run.metrics), screenshots = json.array(run.screenshots),
    evidence = json.array(run.evidence), details = run.details, gate = sys.host.gate(),
    severity = run.skill and run.skill.severity, dry_run = job.dry_run and true or nil,
    learned = run.learned,
  }
  if cause and not STATUS[cause.kind] then
    out.error = { kind = cause.kind, message = cause.message, where = cause.where,
      excerpt = cause.excerpt,
      traceback = cause.traceback, hint = cause.hint, code = cause.code, step = path }
  elseif cause and cause.kind == "failure" then
    out.failure = { message = cause.message, where = cause.where, excerpt = cause.excerpt,
      code = cause.code,
      hint = cause.hint, step = path, details = cause.details }
  end
  return out
end

return result
