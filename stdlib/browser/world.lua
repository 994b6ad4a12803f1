--- Asks the injected script of a page. One question is one round trip: what has to be waited for is
--- waited for in the page. A question that a navigation cuts off is put again to the next document,
--- until its time is over.

local fault = require "fault"
local injected = require "browser.injected"
local limits = require "browser.limits"

local world = {}

local GRACE_MS = 3000 -- a busy page answers late; longer than this it is hung

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

--- Raises for a page that is no more.
---@param tab browser.Tab
function world.check_alive(tab)
  if tab.problem then error(tab.problem, 0) end
end

--- Raises for a command that Chromium did not carry out; `what` begins the message.
function world.raise(tab, what, text, code)
  world.check_alive(tab)
  if code == "exited" then
    fault.engine { code = "browser", message = what .. ": " .. text,
      hint = "memory may be short; run `nano-sre doctor`" }
  elseif code == "closed" then
    fault.failure { code = "page-closed", message = what .. ": the page was closed" }
  elseif code == "timeout" and tab.navigating then -- Chromium keeps questions back meanwhile
    fault.failure { code = "timeout", message = ("%s: the page is on its way to %s, which does not "
      .. "answer"):format(what, tab.navigating.url) }
  elseif code == "timeout" then
    fault.failure { code = "page-busy",
      message = ("%s: the page does not answer (%s), its scripts keep the tab busy. URL %s")
      :format(what, text, tab.document.url) }
  end
  fault.engine { code = code == "cdp" and "browser" or code or "browser",
    message = what .. ": " .. tostring(text) }
end

--- Whether a failure means that the document went away under a question. A frame's session ends
--- when the frame moves to another process; the page's ends with the page.
---@return boolean
function world.has_moved(tab, text, code)
  if code == "closed" then return tab.in_frame == true end
  return code == "cdp" and (text:find("[Cc]ontext") ~= nil
    or text:find("navigated or closed", 1, true) ~= nil
    or text:find("Promise was collected", 1, true) ~= nil
    or text:find("Session with given id", 1, true) ~= nil)
end

-- The second script's names are looked up, so that its absence is an answer (false) and no error;
-- the third comes along with its question.
local function expression(name, argument)
  local call = "__nano." .. name .. "(" .. encode(argument) .. ")"
  if name == "vitals_more" then return injected.vitals() .. ";" .. call end
  if not injected.LATER[name] then return call end
  return ("__nano.%s?%s:false"):format(name, call)
end
world.expression = expression

--- Sends a question to the document of now without waiting; nil when there is no document to ask.
---@param tab browser.Tab
---@param name string
---@param argument table
---@return number? ticket
function world.send(tab, name, argument)
  if tab.problem or not tab.world then return nil end
  return tab.browser:peek_send("Runtime.evaluate",
    encode { expression = expression(name, argument), uniqueContextId = tab.world,
    awaitPromise = true, returnByValue = true }, tab.session)
end

--- The answer to a ticket of send: the value, or nil and why: "gone", "late", "broken", "bare".
---@return table? value
---@return string? why
---@return string? text
---@return string? code  of a bare document "second": only the second script is missing
function world.receive(tab, ticket, limit_ms)
  if not ticket then return nil, "gone" end
  local answer, text, code = tab.browser:wait(ticket, limit_ms)
  if not answer then
    if world.has_moved(tab, text, code) then return nil, "gone" end
    return nil, code == "timeout" and "late" or "broken", text, code
  end
  local found = decode(answer)
  if found.exceptionDetails then
    local thrown = found.exceptionDetails.exception
    local words = thrown and thrown.description or found.exceptionDetails.text or "unknown"
    if words:find("__nano is not defined", 1, true) then return nil, "bare" end
    return nil, "broken", words, "injected"
  end
  local value = found.result.value
  if value == false then return nil, "bare", nil, "second" end
  return type(value) == "table" and value or {}
end

--- A document that was made in a way that skips the script gets it now; so does one that needs the
--- second script for `name`. Does not wait.
---@param lacks "second"|nil  it has the first script
---@return number[] tickets
function world.inject(tab, name, lacks)
  local id, tickets = tab.world, {}
  local function run(source)
    tickets[#tickets + 1] = tab.browser:peek_send("Runtime.evaluate",
      encode { expression = source, uniqueContextId = id }, tab.session)
  end
  if id then
    if lacks ~= "second" then run(injected.source()) end
    if injected.LATER[name] then run(injected.later()) end
  end
  return tickets
end

-- Waits until there is a document to ask; false when the time is over.
local function await_world(tab, deadline)
  while not tab.world do
    world.check_alive(tab)
    local left = deadline:left()
    if left == 0 then return false end
    tab.changed:wait(left)
  end
  world.check_alive(tab)
  return true
end

--- Asks until there is an answer. argument.limit, the time for waiting in the page, is set here.
---@param tab browser.Tab
---@param what string           begins messages: "click #add"
---@param name string           a function of injected/requests.js
---@param argument table
---@param deadline browser.Deadline
---@return table? answer   nil: the time was over before any document could be asked
function world.ask(tab, what, name, argument, deadline)
  local bare = 0
  while await_world(tab, deadline) do
    local document, id = tab.document, tab.world
    argument.limit = deadline:left()
    local value, why, text, code = world.receive(tab, world.send(tab, name, argument),
      argument.limit + GRACE_MS)
    if value then
      if value.usage then fault.usage(what, value.usage) end
      if value.vitals then document.vitals = value.vitals end
      return value
    end
    if why == "bare" and bare < 2 then
      bare = bare + 1
      for _, ticket in ipairs(world.inject(tab, name, code)) do
        tab.browser:wait(ticket, GRACE_MS)
      end
    elseif why == "gone" then
      -- The event that the document has gone may come behind this answer.
      if tab.world == id then tab.world = nil end
    else
      world.raise(tab, what, text or "the page's script is missing", code or "injected")
    end
    if deadline:left() == 0 then return nil end
  end
end

--- Asks once about an element that there is a handle of.
---@param object string  Chromium's handle, of our own world
---@param name string    a function of the second script, which gets the element first
---@param argument table
---@return table? answer  nil: the element's document has gone
function world.ask_of(tab, object, name, argument)
  for _ = 1, 2 do
    local value, why, text, code = world.receive(tab, tab.browser:peek_send(
      "Runtime.callFunctionOn", encode { objectId = object, awaitPromise = true,
      returnByValue = true, arguments = { { value = argument } },
      functionDeclaration = ("function(a){return __nano.%s?__nano.%s(this,a):false}")
      :format(name, name) }, tab.session), GRACE_MS)
    if value or why == "gone" then return value end
    if why ~= "bare" then world.raise(tab, name, text, code) end
    for _, ticket in ipairs(world.inject(tab, name)) do tab.browser:wait(ticket, GRACE_MS) end
  end
end

--- A deadline for questions that do not wait in the page.
function world.soon()
  return limits.deadline(GRACE_MS)
end

return world
