--- For the project's own tests: runs the text of a skill as a worker would, in a fresh state with
--- the real runner.

local json = require "json"

local scripts = {}

local MEMORY_CAP = 24 * 1024 * 1024

---@class test.Outcome
---@field result table?    of the "result" event
---@field events table[]   all other events, in order
---@field log string[]     texts of the log events
---@field how string       "finished", "error" or "killed": how the state ended
---@field text string      what it said at its end

--- Starts a job; receive with scripts.finish.
---@param source string
---@param options table?  job fields, and start={…} for sys.script.start
---@return userdata handle
function scripts.start(source, options)
  options = options or {}
  local job = { id = "t1", script = "/project/checkout.lua", source = source, mode = "run",
    version = "0.1.0",
    store = { url = "https://shop.example/", name = "Shop" } }
  for key, value in pairs(options) do
    if key ~= "start" then job[key] = value end
  end
  local start = { name = "t1", module = "run.main", argument = json.encode(job),
    base = "run.base", memory_cap = MEMORY_CAP, slice_ms = 300,
    capabilities = { "files", "browser", "http" }, dry_run = job.dry_run or false }
  for key, value in pairs(options.start or {}) do start[key] = value end
  return assert(sys.script.start(start))
end

--- Reads events until the state has ended.
---@param handle userdata
---@return test.Outcome
function scripts.finish(handle)
  local out = { events = {}, log = {} }
  while true do
    local text, why, how = handle:recv(20000)
    if not text then
      out.how, out.text = how, why
      if how == "timeout" then handle:kill("the test has waited long enough") end
      return out
    end
    local event = json.decode(text)
    if event.type == "result" then
      out.result = event.result
    else
      out.events[#out.events + 1] = event
      if event.type == "log" then out.log[#out.log + 1] = event.text end
    end
  end
end

--- Runs a whole script.
---@param source string
---@param options table?
---@return table result
---@return test.Outcome outcome
function scripts.run(source, options)
  local outcome = scripts.finish(scripts.start(source, options))
  if not outcome.result then
    error(("the run gave no result: %s: %s"):format(outcome.how, outcome.text), 2)
  end
  return outcome.result, outcome
end

--- Runs the body of a run function: skill "t" { run = function(t, o) BODY end }. BODY begins on
--- line 1.
---@param body string
---@param options table?
---@return table result
---@return test.Outcome outcome
function scripts.body(body, options)
  return scripts.run('return skill "t" { run = function(t, o) ' .. body .. "\nend }", options)
end

--- The text that the run function BODY returns; the run must pass.
---@param body string
---@param options table?
---@return string
function scripts.answer(body, options)
  local result = scripts.body(body, options)
  if result.status ~= "PASS" then error(("%s: %s"):format(result.status, result.summary), 2) end
  return result.summary
end

--- The result of a run that must end as ERROR.
---@param body string
---@param kind string?  of its error; default "script"
---@param options table?
---@return table result
function scripts.ended(body, kind, options)
  local result = scripts.body(body, options)
  local found = result.status == "ERROR" and result.error.kind or result.status
  if found ~= (kind or "script") then
    error(("%s: expected %s, got %s: %s"):format(body, kind or "script", found, result.summary), 2)
  end
  return result
end

--- The message of a run that must end as ERROR.
---@param body string
---@param kind string?
---@param options table?
---@return string
function scripts.broken(body, kind, options)
  return scripts.ended(body, kind, options).error.message
end

return scripts
