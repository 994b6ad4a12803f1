--- Turns whatever was raised into plain data: what kind of problem it is, its message, the line of
--- the user's script. Called inside the user's task (by run/steps.lua and run/session.lua), because
--- an error object may carry a __tostring of the user's, which must not run in the trusted task.
--- Never raises.

local fault = require "fault"
local frames = require "run.frames"

local problem = {}

local MESSAGE_MAX = 4000

---@class run.Problem
---@field kind
---  "failure"|"skip"|"refused"|"script"|"browser"|"engine"|"timeout"|"memory"|"killed"|"config"
---@field message string
---@field code string?
---@field where string?      "checkout.lua:12"
---@field excerpt string?
---@field traceback string?
---@field hint string?
---@field details table?
---@field unseen boolean?    the pages that are open do not show it

-- What the innermost handler saw. An error that is raised again by an outer step is the same value,
-- and must keep the line where it happened.
local last = {}

--- A message handler for xpcall: remembers where the error happened and hands the value on
--- unchanged.
---@param value any
---@return any
function problem.handler(value)
  if last.set and rawequal(last.value, value) then return value end
  last = { set = true, value = value, where = frames.where(), traceback = frames.traceback() }
  return value
end

--- Forgets what the handler saw: the script has gone on, so an error of the same text is a new one.
function problem.forget()
  last = {}
end

--- Says where a value was raised when no handler could see it (in a coroutine that has ended).
---@param value any
---@param where string?
---@param traceback string?
function problem.note(value, where, traceback)
  last = { set = true, value = value, where = where, traceback = traceback }
end

local BROWSER_CODES = { browser = true, cdp = true, exited = true, crashed = true,
  ["no-browser"] = true }

local function of_fault(value)
  local kind = value.kind
  if value.code == "dry-run" then
    kind = "refused"
  elseif kind == "usage" or value.code == "denied" then
    kind = value.code == "option" and "config" or "script"
  elseif kind == "engine" and BROWSER_CODES[value.code] then
    kind = "browser"
  end
  local hint = value.hint
  if kind == "failure" and not hint then
    hint = require("advice").of(value.code, value.details)
  end
  return { kind = kind, message = value.message, code = value.code, where = value.where,
    hint = hint, unseen = value.unseen,
    details = value.details ~= nil and require("run.plain").copy(value.details) or nil }
end

local function of_string(text)
  local where, message = frames.split(text)
  if message:find("not enough memory", 1, true) then
    local seen = sys.host.last_seen() -- running out of memory calls no handler and leaves no line
    where = where or seen ~= "" and seen or nil
    return { kind = "memory", message = "the script used more memory than a run may have",
      where = where,
      code = "memory",
      hint = "keep less: drop what is no longer needed, read big answers in parts" }
  end
  local waits = message:match("this call waits.*")
  if waits then return { kind = "script", message = waits, where = where, code = "wait" } end
  if not where and message:find("^%[nano%]/") then
    return { kind = "engine", message = "an error inside nano-sre: " .. message, code = "internal" }
  end
  if not where and message:find("stack overflow", 1, true) then
    -- The handler may not have had the room to run; the watchdog has looked in during so deep a
    -- recursion.
    local seen = sys.host.last_seen()
    return { kind = "script", message = message, where = seen ~= "" and seen or nil,
      code = "lua-error",
      hint = "a function calls itself without end" }
  end
  return { kind = "script", message = message, where = where, code = "lua-error" }
end

--- A user's own error object: its message field, its __tostring if that works, or at least its
--- type.
local function of_object(value)
  local message
  if type(value) == "table" then
    message = rawget(value, "message")
    if type(message) ~= "string" then
      local meta = debug.getmetatable(value)
      if type(meta) == "table" and rawget(meta, "__tostring") ~= nil then
        local ok, text = pcall(tostring, value)
        message = ok and type(text) == "string" and text or "an error object whose __tostring fails"
      end
    end
  end
  if type(message) ~= "string" then
    message = value == nil and "error(nil) was raised"
      or ("the error raised is a %s, not a text"):format(type(value))
  end
  return { kind = "script", message = message, code = "lua-error" }
end

--- Adds the lines of the script around `where`.
---@param p run.Problem
---@return run.Problem
function problem.illustrate(p)
  local name, line = frames.parse(p.where)
  p.excerpt = p.excerpt or require("run.excerpt").lines(frames.text(name), line)
  return p
end

--- What was raised, as plain data.
---@param value any
---@return run.Problem
function problem.describe(value)
  local p
  if fault.is(value) then
    p = of_fault(value)
  elseif type(value) == "string" then
    p = of_string(value)
  else
    p = of_object(value)
  end
  if last.set and rawequal(last.value, value) then
    p.where, p.traceback = p.where or last.where, last.traceback
  end
  if #p.message > MESSAGE_MAX then p.message = p.message:sub(1, MESSAGE_MAX) .. " …" end
  return problem.illustrate(p)
end

local ENDED = {
  slice = { "timeout",
    "a wait (t.sleep, page:wait_for, …) gives others their turn; a loop needs an end" },
  timeout = { "timeout" },
  killed = { "killed" },
  error = { "script" },
}

--- What a task died of that could not describe its own end: it was killed, ran too long or out of
--- memory.
---@param why any        as task:join gives them
---@param code string
---@param trace string?
---@return run.Problem
function problem.of_ended_task(why, code, trace)
  local where, lines = frames.of_trace(trace)
  local p
  if type(why) == "string" and why:find("not enough memory", 1, true) then
    p = of_string(why)
  else
    local ended = ENDED[code] or ENDED.killed
    p = { kind = ended[1], hint = ended[2], message = type(why) == "string" and why
      or "the script was ended",
      code = code }
  end
  p.where, p.traceback = p.where or where, lines
  return problem.illustrate(p)
end

--- A problem that was not raised by the script but found by the runner.
---@param kind string
---@param message string
---@param fields table?  where, hint, code
---@return run.Problem
function problem.new(kind, message, fields)
  fields = fields or {}
  return problem.illustrate({ kind = kind, message = message, code = fields.code or kind,
    where = fields.where,
    hint = fields.hint, traceback = fields.traceback })
end

return problem
