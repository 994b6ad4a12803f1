--- The element that an action is about, and the input events that reach it: what actions.lua,
--- gestures.lua and forms.lua share.

local fault = require "fault"
local messages = require "browser.messages"
local nearest = require "run.nearest"
local selectors = require "browser.selector"
local world = require "browser.world"

local target = {}

local INPUT_MS = 10000 -- for the page to handle an input event
local ANSWER_MS = 3000

local encode = sys.codec.json_encode

--- The options of a public function; raises for unknown ones.
---@param signature string
---@param options table?
---@param allowed table<string, true>
---@return table
function target.check_options(signature, options, allowed)
  if options == nil then return {} end
  if type(options) ~= "table" then
    fault.usage(signature, ("the options must be a table, not %s"):format(type(options)))
  end
  for key in pairs(options) do
    if not allowed[key] then
      fault.usage(signature, ("unknown option %q"):format(tostring(key)),
        nearest.hint(key, allowed))
    end
  end
  return options
end

--- The options of most functions.
target.TIMEOUT = { timeout = true }

--- Waits in the page for a target that is ready; raises when there is none in time.
---@param tab browser.Tab
---@param what string         "click #add"
---@param selector string
---@param deadline browser.Deadline
---@param needs table         { enabled, editable, point, label }
---@param more table?         { arm, focus, select }
---@return table answer       { x, y, how }, in the coordinates of the whole page
function target.find(tab, what, selector, deadline, needs, more)
  local argument = more or {}
  argument.parts, argument.needs = selectors.parse(selector), needs
  local answer = world.ask(tab, what, "target", argument, deadline)
  if not answer or not answer.ok then
    messages.raise(tab, what, selector, answer, deadline:words())
  end
  if (needs.point or argument.where) and tab.in_frame then tab:outward(what, answer, deadline) end
  return answer
end

--- Sends an input event; wait_inputs waits for its answer.
---@param params table|string  JSON as text where an empty list is in it
---@return number ticket
function target.input(tab, what, method, params)
  -- The page's session whatever the frame: Chromium hands the event to who lies there or has the
  -- focus.
  local ticket, text, code = tab.browser:send(method,
    type(params) == "string" and params or encode(params), (tab.page or tab).session)
  if not ticket then world.raise(tab, what, text, code) end -- a dry run refuses it
  return ticket
end

--- Waits until the page has handled the events.
---@param tickets number[]
function target.wait_inputs(tab, what, tickets)
  for _, ticket in ipairs(tickets) do
    local answer, text, code = tab.browser:wait(ticket, INPUT_MS)
    -- The page may be gone by the time the release is answered: that is what a link does.
    if not answer and code ~= "cdp" then
      if tab.dialogs:is_open() then return end -- the answer comes when somebody closes it
      world.raise(tab, what, text, code)
    end
  end
end

--- A question behind the events: what they set off in the page is told before its answer. While a
--- navigation is under way Chromium keeps questions back: then there is none to ask.
---@param question string
---@param argument table?
---@return table?
function target.after_inputs(tab, what, question, argument)
  tab:catch_up()
  if tab:is_leaving() then return nil end
  local answer, why, text, code = world.receive(tab, world.send(tab, question, argument or {}),
    ANSWER_MS)
  if why == "broken" or (why == "late" and not tab:is_leaving()) then
    world.raise(tab, what, text, code)
  end
  return answer
end

--- Calls a function of the injected scripts that changes the page: an effect.
---@param name string
---@param argument table
---@return table
function target.change(tab, what, name, argument)
  argument.limit = 0
  for _ = 1, 2 do
    local answer, text, code = tab:call("Runtime.evaluate",
      { expression = world.expression(name, argument),
      uniqueContextId = tab.world, awaitPromise = true, returnByValue = true }, INPUT_MS)
    if not answer then world.raise(tab, what, text, code) end
    local value = answer.result and answer.result.value
    if value ~= false then
      value = type(value) == "table" and value or {}
      if value.usage then fault.usage(what, value.usage) end
      return value
    end
    for _, ticket in ipairs(world.inject(tab, name, "second")) do
      tab.browser:wait(ticket, INPUT_MS)
    end
  end
  return {}
end

return target
