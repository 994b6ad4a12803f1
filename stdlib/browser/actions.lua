--- What a shopper does to the page, and what can be read from it. Each action is one question to
--- the page, which waits until the element is there, visible, still, enabled and uncovered, and
--- then the input events in one go.

local fault = require "fault"
local keys = require "browser.keys"
local limits = require "browser.limits"
local messages = require "browser.messages"
local navigation = require "browser.navigation"
local nearest = require "run.nearest"
local secret = require "run.secret"
local selectors = require "browser.selector"
local target = require "browser.target"
local world = require "browser.world"

local actions = {}

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

local check_options = target.check_options
actions.check_options = check_options
local find_target, input = target.find, target.input
local wait_inputs, after_inputs = target.wait_inputs, target.after_inputs
local TIMEOUT = target.TIMEOUT

local BUTTONS = { left = 1, right = 2, middle = 4 }

local function press_button(tab, what, at, button, count)
  local function event(kind, held, clicks)
    return input(tab, what, "Input.dispatchMouseEvent", { type = kind, x = at.x, y = at.y,
      button = kind == "mouseMoved" and "none" or button, buttons = held, clickCount = clicks })
  end
  -- A finger comes from nowhere; a mouse is moved there, which costs a frame.
  local tickets = {}
  if not tab.device.touch then tickets[1] = event("mouseMoved", 0, 0) end
  for clicks = 1, count do
    tickets[#tickets + 1] = event("mousePressed", BUTTONS[button], clicks)
    tickets[#tickets + 1] = event("mouseReleased", 0, clicks)
  end
  return tickets
end

-- label: for check, whose box a theme may hide behind its label
local CLICK = { timeout = true, button = true, count = true, label = true }

--- page:click. Clicks the first visible match. If something moved under the pointer the page does
--- not notice, and the click is tried again.
---@param tab browser.Tab
---@param selector string
---@param options table?  timeout, button ("left", "right", "middle"), count
function actions.click(tab, selector, options)
  local signature = "page:click(selector, {timeout, button, count})"
  options = check_options(signature, options, CLICK)
  local button, count = options.button or "left", options.count or 1
  if not BUTTONS[button] then
    fault.usage(signature, ("there is no button %q"):format(tostring(button)),
      nearest.hint(button, BUTTONS))
  end
  if count ~= 1 and count ~= 2 and count ~= 3 then fault.usage(signature, "count is 1, 2 or 3") end
  local what = "click " .. selector
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  repeat
    local at = find_target(tab, what, selector, deadline,
      { enabled = true, point = true, label = options.label }, { arm = true })
    tab:begin()
    wait_inputs(tab, what, press_button(tab, what, at, button, count))
    local landed = after_inputs(tab, what, "landed",
      { parts = selectors.parse(selector), seen = tab.in_frame })
    local hit = not landed or landed.ok
    if not hit and deadline:left() == 0 then
      messages.raise(tab, what, selector, landed, deadline:words())
    end
  until hit
  navigation.follow(tab, what, limits.deadline(math.max(deadline:left(), tab.navigation_timeout)))
end

--- page:hover
function actions.hover(tab, selector, options)
  local signature = "page:hover(selector, {timeout})"
  options = check_options(signature, options, TIMEOUT)
  local what = "hover " .. selector
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  local at = find_target(tab, what, selector, deadline, { point = true })
  wait_inputs(tab, what, { input(tab, what, "Input.dispatchMouseEvent",
    { type = "mouseMoved", x = at.x, y = at.y }) })
end

local function type_over(tab, what, text)
  local tickets = {}
  if text == "" then
    for _, event in ipairs(keys.events("Delete")) do
      tickets[#tickets + 1] = input(tab, what, "Input.dispatchKeyEvent", event)
    end
  else
    tickets[1] = input(tab, what, "Input.insertText", { text = text })
  end
  wait_inputs(tab, what, tickets)
end

--- page:fill. Replaces what a field holds, as typing does. A secret's text does not show in any
--- message.
---@param tab browser.Tab
---@param selector string
---@param value string|number|Secret
---@param options table?  timeout
function actions.fill(tab, selector, value, options)
  local signature = "page:fill(selector, text, {timeout})"
  options = check_options(signature, options, TIMEOUT)
  local text = secret.reveal(value)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then
    fault.usage(signature, ("the text must be a string, not %s"):format(type(text)))
  end
  local what = "fill " .. selector
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  local answer = find_target(tab, what, selector, deadline, { enabled = true, editable = true },
    { focus = true, select = true })
  tab:begin()
  if answer.how == "set" then
    local set = target.change(tab, what, "set", { parts = selectors.parse(selector), value = text })
    if not set.ok then messages.raise(tab, what, selector, set, deadline:words()) end
    return
  end
  type_over(tab, what, text)
  local filled = after_inputs(tab, what, "filled")
  if text ~= "" and filled and filled.empty then
    fault.failure { code = "fill", details = { selector = selector, url = tab.document.url },
      message = what .. ": the field stayed empty; the page takes the focus or the text away" }
  end
  navigation.follow(tab, what, limits.deadline(tab.navigation_timeout))
end

--- page:press. Focuses the element and presses a key ("Enter", "Shift+Tab", "a").
function actions.press(tab, selector, key, options)
  local signature = "page:press(selector, key, {timeout})"
  options = check_options(signature, options, TIMEOUT)
  local events = keys.events(key)
  local what = ("press %s in %s"):format(key, selector)
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  find_target(tab, what, selector, deadline, {}, { focus = true })
  tab:begin()
  local tickets = {}
  for _, event in ipairs(events) do
    tickets[#tickets + 1] = input(tab, what, "Input.dispatchKeyEvent", event)
  end
  wait_inputs(tab, what, tickets)
  after_inputs(tab, what, "title")
  navigation.follow(tab, what, limits.deadline(tab.navigation_timeout))
end

local STATES = { attached = true, detached = true, visible = true, hidden = true }
local WAIT = { timeout = true, state = true }

--- page:wait_for
function actions.wait_for(tab, selector, options)
  local signature = "page:wait_for(selector, {state, timeout})"
  options = check_options(signature, options, WAIT)
  local state = options.state or "visible"
  if not STATES[state] then
    fault.usage(signature, ("there is no state %q"):format(tostring(state)),
      nearest.hint(state, STATES))
  end
  local what = ("wait for %s%s"):format(selector, state == "visible" and "" or " to be " .. state)
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  local answer = world.ask(tab, what, "state", { parts = selectors.parse(selector), state = state },
    deadline)
  if not answer or not answer.ok then
    messages.raise(tab, what, selector, answer, deadline:words())
  end
end

--- Reads something of the first visible match (or the first, if none is visible); waits until there
--- is one.
---@param read string       a name of READ in injected/requests.js
---@param argument string?
---@return any
function actions.read(tab, what, selector, read, argument, options)
  local signature = ("page:%s(selector, …)"):format(what)
  options = check_options(signature, options, TIMEOUT)
  what = what .. " " .. selector
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  local answer = world.ask(tab, what, "read",
    { parts = selectors.parse(selector), read = read, argument = argument },
    deadline)
  if not answer or not answer.ok then
    messages.raise(tab, what, selector, answer, deadline:words())
  end
  return answer.value
end

--- Asks something about what matches now, without waiting: "count", "shown", "enabled", "all".
---@return any
function actions.now(tab, what, selector, name, more)
  local argument = more or {}
  argument.parts = selectors.parse(selector)
  local answer = world.ask(tab, what .. " " .. selector, name, argument, world.soon())
  if not answer then messages.raise(tab, what, selector, nil, world.soon():words()) end
  return answer.value
end

--- page:first_visible: which of several selectors has something visible now; one question, however
--- many there are.
---@param tab browser.Tab
---@param list string[]
---@return string?
function actions.first_visible(tab, list)
  local signature, lists = "page:first_visible{selector, …}", {}
  if type(list) ~= "table" or #list == 0 then
    fault.usage(signature, "it takes a list of selectors")
  end
  for i, one in ipairs(list) do lists[i] = selectors.parse(one) end
  local answer = world.ask(tab, signature, "first", { lists = lists }, world.soon())
  if not answer then messages.raise(tab, signature, list[1], nil, world.soon():words()) end
  return list[answer.value + 1]
end

-- One form for expressions, awaited expressions and functions. The line breaks let a // comment
-- end.
local WRAPPER = "(async()=>{const __js=(\n%s\n);return typeof __js==='function'?__js(%s):__js})()"

local function wrapped(js, argument)
  return WRAPPER:format((js:gsub("[%s;]+$", "")), argument == nil and "" or encode(argument))
end

local UNSERIALIZABLE = { NaN = 0 / 0, Infinity = math.huge, ["-Infinity"] = -math.huge, ["-0"] = 0 }

local function raise_thrown(tab, js, details)
  local thrown = details.exception or {}
  local text = thrown.description or (thrown.value ~= nil and tostring(thrown.value))
    or details.text or "unknown error"
  local first = text:match("^[^\n]*")
  if thrown.className == "SyntaxError"
    and not (details.stackTrace and #details.stackTrace.callFrames > 0) then
    fault.usage("page:eval(js, argument)", first .. " in " .. js:sub(1, 100),
      "it takes one expression or function; write (() => { …; return x })() for statements")
  end
  fault.failure { code = "js", message = ("eval: %s. URL %s"):format(first, tab.document.url),
    details = { js = js:sub(1, 500), stack = text:sub(1, 2000), url = tab.document.url } }
end

--- page:eval: runs JavaScript in the page's own world and waits for its promise.
---@param js string       an expression, or a function that is called with argument
---@param argument any    JSON-encodable
---@param options table?  timeout
---@return any            what it gives, as plain data; nil for null and undefined
function actions.eval(tab, js, argument, options)
  local signature = "page:eval(js, argument, {timeout})"
  if type(js) ~= "string" or js:find("^%s*$") then fault.usage(signature, "js must be a text") end
  options = check_options(signature, options, TIMEOUT)
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  world.check_alive(tab)
  while tab.in_frame and not tab.main_world and deadline:left() > 0 do
    tab.changed:wait(deadline:left())
  end
  local answer, text, code = tab.browser:call("Runtime.evaluate",
    encode { expression = wrapped(js, argument), uniqueContextId = tab.main_world,
    awaitPromise = true, returnByValue = true }, tab.session, deadline:left())
  if not answer and code == "timeout" then
    fault.failure { code = "timeout",
      message = ("eval: no result for %s: %s. URL %s"):format(deadline:words(),
      js:sub(1, 100), tab.document.url), details = { url = tab.document.url } }
  elseif not answer and world.has_moved(tab, text, code) then
    fault.failure { code = "navigated",
      message = ("eval: the page went on to another document before there was a result: %s")
      :format(js:sub(1, 100)), details = { url = tab.document.url } }
  elseif not answer then
    world.raise(tab, "eval", text, code)
  end
  local found = decode(answer)
  if found.exceptionDetails then raise_thrown(tab, js, found.exceptionDetails) end
  navigation.follow(tab, "eval", limits.deadline(tab.navigation_timeout))
  local result = found.result
  if result.unserializableValue then
    return UNSERIALIZABLE[result.unserializableValue] or result.unserializableValue
  end
  if result.value == sys.codec.null then return nil end
  return result.value
end

return actions
