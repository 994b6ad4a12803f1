--- Evaluates a project's nano-sre.lua: the same sandbox as a skill, but no capability, no `require`
--- and no waiting. Entry module of a run that service/runs.lua starts (Pool:inspect_config); sends
--- one "result" event with the table or the error.

local frames = require "run.frames"
local loader = require "run.require"
local problem = require "run.problem"
local sandbox = require "run.sandbox"

local config_file = {}

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

local function send(result) sys.host.send(encode { type = "result", result = result }) end

--- The error as Pool:inspect_config returns it.
local function report(found)
  send { error = { kind = "config", message = found.message, where = found.where,
    excerpt = found.excerpt,
    hint = found.hint } }
end

-- What cannot be sent (functions, cycles) is named by its path, because the author has to find it.
local function check(value, path, seen)
  local kind = type(value)
  if kind == "function" or kind == "userdata" or kind == "thread" then
    return ("%s is a %s; settings are strings, numbers, booleans and tables"):format(path, kind)
  elseif kind == "table" then
    if seen[value] then return path .. " contains itself" end
    seen[value] = true
    for key, item in pairs(value) do
      local inner = path == "the table" and tostring(key) or path .. "." .. tostring(key)
      local wrong = check(item, inner, seen)
      if wrong then return wrong end
    end
    seen[value] = nil
  end
end

local function evaluate(job)
  local file = job.path:match("[^/]+$")
  frames.register(file, job.source)
  local ok, value = xpcall(function()
    local chunk, message = sys.load_user(job.source, file, sandbox.create({}, function() end))
    if not chunk then error(message, 0) end
    local done, result, co = loader.execute(chunk, file)
    if not done then
      problem.note(result, frames.where(co), frames.traceback(co))
      error(result, 0)
    end
    return result
  end, problem.handler)
  if not ok then return report(problem.describe(value)) end
  if type(value) ~= "table" then
    return report { message = file .. " must return a table of settings",
      hint = "the file looks like: return { store = "
      .. "{ url = \"https://your-shop.example\" } }" }
  end
  local wrong = check(value, "the table", {})
  if wrong then return report { message = wrong } end
  send { value = value }
end

--- Evaluates the file of the job (JSON: {path, source}) and sends one "result" event.
---@param argument string
function config_file.run(argument)
  local job = decode(argument)
  local task = sys.task.spawn(evaluate, job)
  local ok, why, code, trace = task:join(5000)
  if not ok and code == "timeout" and not task:done() then
    task:kill("the file took too long to load")
    ok, why, code, trace = task:join()
  end
  if not ok then report(problem.of_ended_task(why, code, trace)) end
end

return config_file
