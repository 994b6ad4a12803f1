--- t.step: runs a part of a skill under a name, and keeps how it went. Works in the user's task. A
--- step that fails collects its evidence at once, while the page still shows what went wrong, and
--- raises the same error again.

local events = require "run.events"
local problem = require "run.problem"

local steps = {}

local STATUS = { failure = "FAIL", skip = "SKIP", refused = "SKIP" }
local NO_EVIDENCE = { skip = true, refused = true, config = true, memory = true, killed = true }

--- The names of the steps that are going on, outermost first, joined for people; nil outside of any
--- step.
---@param run run.State
---@return string?
function steps.path(run)
  if #run.stack == 0 then return nil end
  local names = {}
  for i, step in ipairs(run.stack) do names[i] = step.name end
  return table.concat(names, " › ")
end

local function begin(run, name)
  run.failing = nil -- the script goes on: an earlier error was caught
  problem.forget()
  local step = { name = name, index = #run.steps + 1, depth = #run.stack, notes = {},
    began = sys.clock.mono(),
    status = "RUNNING" }
  run.steps[step.index] = step
  run.stack[#run.stack + 1] = step
  events.send("step.started", { name = name, index = step.index, depth = step.depth })
  return step
end

-- A step may have been left already, when a coroutine of the script holds it.
local function leave(run, step)
  for i = #run.stack, 1, -1 do
    if run.stack[i] == step then
      for j = #run.stack, i, -1 do run.stack[j] = nil end
      return
    end
  end
end

local function finish(run, step, status, cause, duration)
  leave(run, step)
  step.duration_ms = duration or sys.clock.mono() - step.began
  step.status = status
  if cause then
    step.error = { message = cause.message, code = cause.code, where = cause.where,
      hint = cause.hint,
      details = cause.details }
  end
  events.send("step.finished",
    { name = step.name, index = step.index, depth = step.depth, status = status,
    duration_ms = step.duration_ms, message = cause and cause.message })
end

local function fail(run, step, value)
  local cause = problem.describe(value)
  local duration = sys.clock.mono() - step.began
  -- An outer step sees the same error that an inner one has told of.
  if not (run.failing and rawequal(run.failing.value, value)) then
    run.failing = { value = value, cause = cause, path = steps.path(run), step = step }
    if not NO_EVIDENCE[cause.kind] then require("run.evidence").capture(run, step.name, cause) end
  end
  finish(run, step, STATUS[cause.kind] or "ERROR", cause, duration)
end

local function conclude(run, step, ok, ...)
  if not ok then
    fail(run, step, (...))
    error((...), 0)
  end
  finish(run, step, step.warned and "WARN" or "PASS")
  return ...
end

--- Runs fn as a step and returns what it returns.
---@param run run.State
---@param name string
---@param fn function
function steps.run(run, name, fn)
  local step = begin(run, name)
  return conclude(run, step, xpcall(fn, problem.handler))
end

--- Ends the steps that were going on when the task ended.
---@param run run.State
---@param cause { message: string, where: string? }
function steps.abandon(run, cause)
  for i = #run.steps, 1, -1 do
    if run.steps[i].status == "RUNNING" then finish(run, run.steps[i], "ERROR", cause) end
  end
end

return steps
