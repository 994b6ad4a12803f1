--- One run from the job to the result. Trusted: the user's code runs in tasks of its own (loading,
--- then the run function), so that whatever it does ends that task and the result is still written.
--- Called by run/main.lua.

local context = require "run.context"
local events = require "run.events"
local frames = require "run.frames"
local load = require "run.load"
local option = require "run.option"
local problem = require "run.problem"
local result = require "run.result"
local secret = require "run.secret"
local steps = require "run.steps"
local time = require "time"

local session = {}

local host = sys.host -- see run/load.lua

local DEFAULT_LIMIT_MS = 120000
local END_LIMIT_MS = 5000 -- for a task that was told to end

---@class run.State
---@field job table
---@field file string           the script's name in messages
---@field skill run.Skill?
---@field steps table[]         in the order in which they began
---@field stack table[]         those that are going on, outermost first
---@field metrics table[]
---@field notes string[]        outside of any step
---@field warnings table[]
---@field screenshots table[]
---@field evidence table[]
---@field details table
---@field learned any           what the next run of this skill is to know, see t.learn
---@field summary string?       the script's own sentence for a run that passes
---@field failing table?        the first step that saw the present error: { value, cause, path,
---  step }
---@field capturing boolean?    evidence is being collected
---@field page_context table?   see browser/page.lua; nil until a page is opened
---@field log fun(level: string, text: string)

local function new_state(job)
  -- scrubbed from here on
  for _, name in ipairs { "password", "admin_api_key" } do
    if job.store and job.store[name] then secret.new(job.store[name]) end
  end
  return {
    job = job, file = job.script:match("[^/]+$"), began = sys.clock.mono(),
    started_at = sys.clock.now(),
    steps = {}, stack = {}, metrics = {}, notes = {}, warnings = {}, screenshots = {},
    evidence = {}, details = {},
    artifact_count = 0, captures = 0, log = events.log,
  }
end

--- What the user's task does. Everything it finds out goes into run, because it may be ended at any
--- point.
local function perform(run)
  local ok, value = xpcall(function()
    local t, options = context.make(run, option.resolve(run.skill.options, run.job.options or {}))
    return run.skill.run(t, options)
  end, problem.handler)
  if ok then
    if type(value) == "string" and not run.summary then run.summary = value end
    return
  end
  if value == "not enough memory" then collectgarbage() end -- LuaJIT does not do so on its own
  run.cause = problem.describe(value)
  if run.failing and rawequal(run.failing.value, value) then
    run.cause, run.path = run.failing.cause, run.failing.path
  elseif run.cause.kind == "failure" or run.cause.kind == "script" then
    require("run.evidence").capture(run, nil, run.cause)
  end
end

--- How a task that did not end by itself is told of.
local function cause_of_end(run, why, code, trace, limit_ms)
  -- ended over its evidence
  if run.capturing and run.cause then return run.cause end
  if run.capturing and run.failing then return run.failing.cause, run.failing.path end
  local cause, path = problem.of_ended_task(why, code, trace), steps.path(run)
  if code == "timeout" then
    local where, _, callee = frames.of_trace(trace)
    cause.message = ("timed out after %s%s%s"):format(time.format_duration(limit_ms),
      path and (' in step "%s"'):format(path) or "",
      where and (" while waiting%s at %s"):format(callee and " in " .. callee or "", where) or "")
  end
  return cause, path
end

--- Waits for the user's task; ends it when its time is over.
local function await(run, task, limit_ms)
  local ok, why, code, trace = task:join(limit_ms)
  if not ok and not task:done() and run.capturing then
    -- a failure came first: let it be told whole
    ok, why, code, trace = task:join(require("run.evidence").LIMIT_MS)
  end
  if not ok and not task:done() then
    task:kill("timed out", "timeout")
    ok, why, code, trace = task:join(END_LIMIT_MS)
  end
  host.grace() -- the script may have used up the memory that the result needs
  if ok then return run.cause, run.path end
  local cause, path = cause_of_end(run, why, code, trace, limit_ms)
  local going_on = run.stack[#run.stack]
  steps.abandon(run, cause)
  if #run.evidence == 0 and cause.kind ~= "memory" then
    require("run.evidence").capture(run, going_on and going_on.name, cause)
  end
  return cause, path
end

--- The script may call only what its manifest grants, from here to the end of the run.
local function restrict(needs)
  local granted = { "files" }
  for _, capability in ipairs(needs.capabilities) do granted[#granted + 1] = capability end
  host.restrict(granted)
  if needs.has.http then sys.http.restrict(needs.hosts) end -- beside the store's own
end

local function execute(run, loaded)
  run.skill = loaded.skill
  restrict(run.skill.needs)
  local conditions = run.job.attempt and require "run.conditions"
  if conditions then conditions.prepare(run.job) end
  local limit_ms = run.job.timeout_ms or run.skill.timeout_ms or DEFAULT_LIMIT_MS
  local cause, path = await(run, sys.task.spawn(perform, run), limit_ms)
  steps.abandon(run, { message = "the step never came to its end" })
  -- Nothing may have touched the page since, but what the script saw of it was cut short.
  if not cause and run.page_context then cause = require("run.pages").lost(run) end
  if conditions then conditions.note(run, cause ~= nil) end
  if run.page_context then require("run.pages").finish(run) end
  return cause, path
end

--- Runs a job and returns its result. Waits; never raises for anything that the script does.
---@param job table
---@return table
function session.run(job)
  local run = new_state(job)
  local loaded, cause = load.script(job, function(text) events.log("info", text) end)
  local path
  if loaded then cause, path = execute(run, loaded) end
  return result.build(run, cause, path)
end

return session
