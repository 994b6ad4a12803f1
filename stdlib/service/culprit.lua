--- What became of a run whose worker did not bring back its result: turns the outcome into an ERROR
--- result that names the script, what it was doing and where. Used by service/runs.lua.

local culprit = {}

--- Follows a run's events, so that its last known doing can be told.
---@param doing table?  what this function returned for the event before
---@param event table
---@return table
function culprit.follow(doing, event)
  doing = doing or {}
  if event.type == "step.started" then
    doing.step = event.name
  elseif event.type == "step.finished" then
    doing.step, doing.after = nil, event.name
  end
  return doing
end

--- Reads a dead worker's last words: the run that was executing and its line, one a line of text.
---@param words string?
---@return {run: string?, where: string?}
function culprit.parse(words)
  local run, where = (words or ""):match("^([^\n]*)\n([^\n]*)")
  return { run = run ~= "" and run or nil, where = where ~= "" and where or nil }
end

local function describe(doing)
  if doing and doing.step then return ' in step "' .. doing.step .. '"' end
  if doing and doing.after then return ' after step "' .. doing.after .. '"' end
  return ""
end

-- Returns kind, code, message, hint.
local function explain(outcome, doing)
  local at = describe(doing)
  local first_line = (outcome.text or ""):match("^[^\n]*")
  if outcome.how == "no-worker" then
    return "engine", "worker", "no worker process could be started: " .. first_line,
      "Run `nano-sre doctor`."
  elseif outcome.how == "lost" and outcome.hung then
    return "killed", "hung", "the script stopped answering" .. at .. " and its worker was killed",
      "Look for a call that never returns, such as string.find with a pattern that backtracks "
        .. "without end."
  elseif outcome.how == "lost" then
    return "killed", "died", ("the worker process died%s: it %s"):format(at, first_line),
      "If it happens again, run with -v and report it: no script should be able to do this."
  elseif outcome.how == "killed" then
    return "killed", "ended", "the run was ended" .. at .. ": " .. first_line, nil
  elseif first_line:find("not enough memory", 1, true) then
    return "memory", "memory", "the script used up its memory" .. at,
      "A run may hold 64 MB of Lua values."
  end
  return "engine", "internal", "the run ended without a result" .. at .. ": " .. first_line,
    "This is a fault of nano-sre; please report it."
end

--- An ERROR result in the format of docs/result-format.md.
function culprit.result(job, outcome, doing, started_ms)
  local time = require "time"
  local kind, code, message, hint = explain(outcome, doing)
  local now = sys.clock.now()
  local where = outcome.where or (outcome.text or ""):match("\n\t([^%[%s][^\n:]*:%d+):")
  return {
    format = "nano-sre/result", version = 1,
    skill = job.skill or (job.script or "script"):match("([^/]*)%.lua$") or job.script,
    script = job.script, store_url = job.store and job.store.url,
    status = "ERROR", summary = message,
    started_at = time.iso8601(started_ms), finished_at = time.iso8601(now),
      duration_ms = now - started_ms,
    steps = {}, metrics = {}, screenshots = {}, evidence = {}, details = {},
    error = { kind = kind, code = code, message = message, where = where, hint = hint,
      traceback = outcome.text },
  }
end

return culprit
