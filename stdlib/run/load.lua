--- Loads a script without running it: builds its sandbox, executes the file where it cannot wait,
--- and takes the skill that it returns. Used by run/session.lua and run/inspect.lua; the work
--- happens in a task of its own, so that a file that never ends, or eats all memory, ends only that
--- task.

local fault = require "fault"
local frames = require "run.frames"
local loader = require "run.require"
local option_words = require("run.option").words()
local problem = require "run.problem"
local sandbox = require "run.sandbox"
local skill = require "run.skill"

local load = {}

local grace = sys.host.grace -- at once: opening a module takes memory, and there may be none left

local LOAD_LIMIT_MS = 10000

---@class run.Loaded
---@field skill run.Skill?      as job.kind says
---@field alerter run.Alerter?
---@field trigger run.Trigger?
---@field loader run.Loader
---@field file string     the script's name in messages

-- What people write who know another language, by a pattern of the line that Lua could not read.
local HABITS = {
  { "!=", "in Lua, \"not equal\" is ~=" },
  { "[%w_%]]%s*[+*/-]=", "Lua has no += and the like: write x = x + 1" },
  { "%+%+", "Lua has no ++: write x = x + 1" },
  { "&&", "in Lua, && is and" },
  { "||", "in Lua, || is or" },
  { "^%s*//", "a comment begins with --" },
  { "%f[%w]null%f[%W]", "null is nil" },
  { "=>", "a function is written function(x) … end" },
  { "%f[%w]continue%f[%W]", "Lua has no continue: put the rest of the loop into an if" },
  { "%f[%w]const%f[%W]", "a variable is declared with local" },
  { "%f[%w]let%f[%W]", "a variable is declared with local" },
}

local function habit_of(text, where)
  local _, line = frames.parse(where)
  local content = line and require("run.excerpt").line(text, line)
  for _, habit in ipairs(content and HABITS or {}) do
    if content:find(habit[1]) then return habit[2] end
  end
end

--- A text without what editors and shells put before the first line; line numbers stay.
local function plain(text)
  text = text:gsub("^\239\187\191", "")
  return (text:gsub("^#!", "--"))
end

local function refuse(message, hint, where)
  error(fault.new("usage", { message = message, hint = hint, code = "load", where = where }), 0)
end

local function compile(text, file, env)
  local chunk, message = sys.load_user(text, file, env)
  if chunk then return chunk end
  local where, what = frames.split(message)
  refuse(what, habit_of(text, where), where)
end

-- Loaded when a script says the word.
local LATER = { alerter = "run.alerter", trigger = "run.trigger" }
local words = { skill = skill } -- those that it has said, and skill

--- What is behind a declaring word: of(value), describe(one), word(name).
---@param kind string  "skill", "alerter" or "trigger"
---@return table
function load.word(kind)
  words[kind] = words[kind] or require(LATER[kind])
  return words[kind]
end

local function late(kind)
  return function(name) return load.word(kind).word(name) end
end

local ARTICLE = { skill = "a skill", alerter = "an alerter", trigger = "a trigger" }

local function take(value, file, kind)
  local found = load.word(kind).of(value)
  if found then return found end
  local article = ARTICLE[kind]
  for other, word in pairs(words) do
    if word.of(value) then refuse(("%s is %s, not %s"):format(file, ARTICLE[other], article)) end
  end
  local ends = ("the file ends with return %s \"%s\" { … }"):format(kind, (file:gsub("%.lua$", "")))
  if value == nil then refuse(("%s returns nothing"):format(file), ends) end
  if type(value) == "function" then
    refuse(("%s returns a function, not %s"):format(file, article),
      (ends:gsub("^the file ends with", "put a table after the name:")))
  end
  refuse(("%s returns a %s, not %s"):format(file, type(value), article), ends)
end

--- Executes the file; the outcome goes into `into`, because the task may be ended before it can
--- return.
local function perform(job, into, log)
  local file = job.script:match("[^/]+$")
  local text = plain(job.source)
  frames.register(file, text)
  local ok, value = xpcall(function()
    skill.api_of(text)
    local base = loader.folder_of(job.script)
    local require_user, state = loader.make(base, job.project or base, job.modules)
    state.env = sandbox.create({ skill = skill.word, alerter = late "alerter",
      trigger = late "trigger", require = require_user, option = option_words }, log)
    local chunk = compile(text, file, state.env)
    local done, result, co = loader.execute(chunk, file)
    if not done then
      problem.note(result, frames.where(co), frames.traceback(co))
      error(result, 0)
    end
    local kind = job.kind or "skill"
    local found = take(result, file, kind)
    loader.declare(state, found.needs)
    if job.mode == "inspect" then
      loader.foresee(state, text)
    end
    return { [kind] = found, loader = state, file = file }
  end, problem.handler)
  if ok then into.loaded = value else into.problem = problem.describe(value) end
end

--- Loads job.source.
---@param job table   script, source, project, modules, kind ("skill" if absent, "alerter",
---  "trigger")
---@param log fun(text: string)  receives what the file prints
---@return run.Loaded?
---@return run.Problem?
function load.script(job, log)
  local into = {}
  local task = sys.task.spawn(perform, job, into, log)
  local ok, why, code, trace = task:join(LOAD_LIMIT_MS)
  if not ok and code == "timeout" and not task:done() then
    task:kill("the file took too long to load")
    ok, why, code, trace = task:join()
  end
  -- the file may have used up the memory that its report needs
  if not into.loaded then grace() end
  if not ok then into.problem = problem.of_ended_task(why, code, trace) end
  return into.loaded, into.problem
end

return load
