--- `t`, the first argument of a skill's run function. Every function here raises a fault when it
--- fails, so that a skill is a straight line. Made once per run by run/session.lua; works in the
--- user's task.

local events = require "run.events"
local fault = require "fault"
local frames = require "run.frames"
local guard = require "run.guard"
local secret = require "run.secret"
local steps = require "run.steps"
local time = require "time"

local context = {}

local function shown(value) return require("run.show").value(value) end

local NAME_MAX, TEXT_MAX = 200, 2000
local STEPS_MAX, STEP_DEPTH_MAX = 1000, 10
local LIST_MAX = 1000 -- notes of a step, warnings, figures

local function refuse(signature, problem, hint)
  guard.refuse(signature .. ": " .. problem, hint)
end

local function need_text(signature, what, value, max)
  if type(value) ~= "string" or value == "" then
    refuse(signature, ("%s must be a text, not %s"):format(what, shown(value)))
  end
  if #value > max then return value:sub(1, max) .. " …" end
  return value
end

--- A message may be any value that can be shown: t.note(cart.item_count).
local function message_of(signature, value)
  if value == nil then refuse(signature, "takes a message") end
  local text = type(value) == "string" and value or shown(value)
  return #text > TEXT_MAX and text:sub(1, TEXT_MAX) .. " …" or text
end

local function milliseconds(signature, value)
  if type(value) == "number" and value >= 0 and value < math.huge then return value end
  local ms, why
  if type(value) == "string" then ms, why = time.parse_duration(value) end
  if not ms then
    refuse(signature, why or shown(value) .. " is not a duration", 'write "1s" or "250ms"')
  end
  return ms
end

--- Adds to a list of the result, as long as there is room for it.
local function keep(run, list, item)
  if #list < LIST_MAX then
    list[#list + 1] = item
  elseif not run.dropping then
    run.dropping = true
    events.log("warn", ("more than %d notes, warnings or figures: the rest is dropped")
      :format(LIST_MAX))
  end
end

--- The step that is going on, or the run itself.
local function holder(run)
  return run.stack[#run.stack] or run
end

local UNITS = { { "_ms$", "ms" }, { "_s$", "s" }, { "_bytes$", "bytes" },
  { "_percent$", "percent" } }

local function unit_of(name)
  for _, known in ipairs(UNITS) do
    if name:find(known[1]) then return known[2] end
  end
end

local MEASURE = { unit = "string", page = "string", baseline = "boolean" }

local function check_fields(signature, given, allowed)
  if given == nil then return {} end
  if type(given) ~= "table" then refuse(signature, "the last argument is a table") end
  for key, value in pairs(given) do
    if not allowed[key] then
      refuse(signature, ("unknown field %q"):format(tostring(key)),
        require("run.nearest").hint(key, allowed))
    end
    if type(value) ~= allowed[key] then
      refuse(signature, ("%s must be a %s, not %s"):format(key, allowed[key], shown(value)))
    end
  end
  return given
end

local function measure(run, name, value, more)
  local signature = "t.measure(name, value, {unit, page, baseline})"
  name = need_text(signature, "name", name, NAME_MAX)
  more = check_fields(signature, more, MEASURE)
  if value == nil then -- a browser may have nothing to report: that is no reason to end a run
    keep(run, holder(run).notes, name .. " was not measured")
    return
  end
  if type(value) ~= "number" or value ~= value or math.abs(value) == math.huge then
    refuse(signature, ("the value of %s must be a number, not %s"):format(name, shown(value)))
  end
  local step = run.stack[#run.stack]
  keep(run, run.metrics,
    { name = name, value = value, unit = more.unit or unit_of(name), page = more.page,
    step = step and step.name, baseline = more.baseline or false })
end

local function warn(run, message)
  local text = message_of("t.warn(message)", message)
  for _, step in ipairs(run.stack) do step.warned = true end
  local step = run.stack[#run.stack]
  if step then keep(run, step.notes, text) end
  keep(run, run.warnings, { message = text, step = steps.path(run), where = frames.where() })
end

local function raise(kind, code, signature, message)
  error(fault.new(kind,
    { message = message_of(signature, message), code = code, where = frames.where() }), 0)
end

--- The functions of t that need no page and no network.
local function plain_words(run)
  local t = {}
  function t.step(name, fn)
    local signature = "t.step(name, function)"
    name = need_text(signature, "name", name, NAME_MAX)
    if type(fn) ~= "function" then
      refuse(signature, ("the second argument must be a function, not %s"):format(shown(fn)),
        't.step("home", function() … end)')
    end
    if #run.stack >= STEP_DEPTH_MAX then refuse(signature, "steps are nested too deeply") end
    if #run.steps >= STEPS_MAX then
      refuse(signature, ("a run has at most %d steps"):format(STEPS_MAX))
    end
    return steps.run(run, name, fn)
  end
  function t.expect(value, label) return require("expect")(value, label) end
  function t.measure(name, value, more) measure(run, name, value, more) end
  function t.warn(message) warn(run, message) end
  function t.fail(message) raise("failure", "fail", "t.fail(message)", message) end
  function t.skip(message) raise("skip", "skip", "t.skip(message)", message) end
  function t.note(message)
    keep(run, holder(run).notes, message_of("t.note(message)", message))
  end
  function t.log(message) events.log("info", message_of("t.log(message)", message)) end
  function t.summary(message) run.summary = message_of("t.summary(message)", message) end
  function t.detail(name, value)
    name = need_text("t.detail(name, value)", "name", name, NAME_MAX)
    run.details[name] = require("run.plain").copy(value)
  end
  function t.learn(value)
    if value == nil then refuse("t.learn(value)", "takes a value") end
    run.learned = require("run.plain").copy(value)
  end
  function t.sleep(duration)
    local _, why, code = sys.clock.sleep(milliseconds("t.sleep(duration)", duration))
    if code then fault.engine { message = why, code = code } end
  end
  return t
end

--- Makes t.
---@param run run.State
---@param values table  the options
---@return table t
---@return table options  the second argument of the run function
function context.make(run, values)
  local t = plain_words(run)
  local store, known = run.job.store or {}, {}
  for name in pairs(run.skill.options) do known[name] = true end
  local options = guard.readonly("the options", values, known)
  t.options = options
  t.store = guard.readonly("t.store", {
    url = store.url, name = store.name, password = store.password and secret.new(store.password),
    admin_api_key = store.admin_api_key and secret.new(store.admin_api_key),
  }, { url = true, name = true, password = true, admin_api_key = true })
  t.learned = run.job.learned
  function t.page(opts) return require("run.pages").open(run, opts) end
  function t.screenshot(page, name) return require("run.pages").screenshot(run, page, name) end
  t.http = run.skill.needs.has.http and require("run.http_words").make() or guard.undeclared "http"
  return guard.readonly("t", t, { learned = true }), options
end

return context
