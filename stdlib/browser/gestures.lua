--- What a hand does beyond a click: taps, drags, scrolls, types key by key.

local actions = require "browser.actions"
local fault = require "fault"
local keys = require "browser.keys"
local limits = require "browser.limits"
local messages = require "browser.messages"
local navigation = require "browser.navigation"
local nearest = require "run.nearest"
local secret = require "run.secret"
local selectors = require "browser.selector"
local target = require "browser.target"

local gestures = {}

local DELAY_MAX_MS = 1000
local DRAG_STEPS = 8
local CLICK_MS = 500 -- Chromium may wait for a second tap before it clicks

local function deadline_of(tab, signature, options)
  return limits.deadline(limits.read(signature, options.timeout, tab.timeout))
end

--- page:dblclick
function gestures.dblclick(tab, selector, options)
  options = target.check_options("page:dblclick(selector, {timeout})", options, target.TIMEOUT)
  return actions.click(tab, selector, { timeout = options.timeout, count = 2 })
end

--- page:tap: touches with a finger; the page gets touch events and then the click.
---@param tab browser.Tab
---@param selector string
---@param options table?  timeout
function gestures.tap(tab, selector, options)
  local signature = "page:tap(selector, {timeout})"
  options = target.check_options(signature, options, target.TIMEOUT)
  if not tab.device.touch then
    fault.usage(signature, ("the device %s has no touch screen"):format(tab.device.name),
      'use page:click, or t.page { device = "iPhone 17 Pro" }')
  end
  local what, deadline = "tap " .. selector, deadline_of(tab, signature, options)
  repeat
    local at = target.find(tab, what, selector, deadline, { enabled = true, point = true },
      { arm = true })
    tab:begin()
    target.wait_inputs(tab, what, { target.input(tab, what, "Input.dispatchTouchEvent",
      { type = "touchStart", touchPoints = { { x = at.x, y = at.y } } }),
      target.input(tab, what, "Input.dispatchTouchEvent", '{"type":"touchEnd","touchPoints":[]}') })
    local landed = target.after_inputs(tab, what, "landed",
      { parts = selectors.parse(selector), wait = CLICK_MS, seen = tab.in_frame })
    local hit = not landed or landed.ok
    if not hit and deadline:left() == 0 then
      messages.raise(tab, what, selector, landed, deadline:words())
    end
  until hit
  navigation.follow(tab, what, limits.deadline(tab.navigation_timeout))
end

local TYPE = { timeout = true, delay = true }

--- page:type: presses a key for each letter, behind what the field holds. page:fill is faster and
--- replaces; this is for fields that look at each key. A secret's text shows in no message.
---@param tab browser.Tab
---@param selector string
---@param value string|number|Secret
---@param options table?  timeout, delay (between keys)
function gestures.type(tab, selector, value, options)
  local signature = "page:type(selector, text, {timeout, delay})"
  options = target.check_options(signature, options, TYPE)
  local text = secret.reveal(value)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then
    fault.usage(signature, ("the text must be a string, not %s"):format(type(text)))
  end
  local delay = math.min(DELAY_MAX_MS, limits.read(signature, options.delay, 0))
  local what, deadline = "type into " .. selector, deadline_of(tab, signature, options)
  target.find(tab, what, selector, deadline, { enabled = true, editable = true }, { focus = true })
  tab:begin()
  for letter in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    local tickets = {}
    for _, event in ipairs(keys.events((letter == "\n" or letter == "\r") and "Enter" or letter)) do
      tickets[#tickets + 1] = target.input(tab, what, "Input.dispatchKeyEvent", event)
    end
    target.wait_inputs(tab, what, tickets)
    if delay > 0 then sys.clock.sleep(delay) end
  end
  target.after_inputs(tab, what, "title")
  navigation.follow(tab, what, limits.deadline(tab.navigation_timeout))
end

-- Where a drag of HTML's own kind has got to: Chromium hands it over instead of asking a desktop.
local function drag_event(tab, what, kind, at, data)
  target.wait_inputs(tab, what, { target.input(tab, what, "Input.dispatchDragEvent",
    { type = kind, x = at.x, y = at.y, data = data }) })
end

local function carry(tab, what, from, find_to)
  local function mouse(kind, at, held)
    target.wait_inputs(tab, what, { target.input(tab, what, "Input.dispatchMouseEvent",
      { type = kind, x = at.x, y = at.y, buttons = held and 1 or 0,
      button = (held or kind == "mouseReleased") and "left" or "none",
      clickCount = kind == "mouseMoved" and 0 or 1 }) })
  end
  mouse("mouseMoved", from)
  mouse("mousePressed", from, true)
  mouse("mouseMoved", { x = from.x + 5, y = from.y + 5 }, true)
  local to = find_to() -- where the page is scrolled to may have changed since the first look
  for i = 1, DRAG_STEPS do
    local part = i / DRAG_STEPS
    mouse("mouseMoved", { x = from.x + (to.x - from.x) * part,
      y = from.y + (to.y - from.y) * part }, true)
    tab:catch_up()
    if tab.dragged then break end
  end
  if tab.dragged then
    for _, kind in ipairs { "dragEnter", "dragOver", "drop" } do
      drag_event(tab, what, kind, to, tab.dragged)
    end
  end
  mouse("mouseReleased", to)
end

--- page:drag: presses on one element, moves to another, lets go there; also for pages that use
--- HTML's drag and drop.
---@param tab browser.Tab
---@param selector string
---@param onto string     selector of where to let go
---@param options table?  timeout
function gestures.drag(tab, selector, onto, options)
  local signature = "page:drag(selector, onto, {timeout})"
  options = target.check_options(signature, options, target.TIMEOUT)
  selectors.parse(onto)
  local what, deadline = ("drag %s onto %s"):format(selector, onto),
    deadline_of(tab, signature, options)
  target.find(tab, what, onto, deadline, { point = true })
  local from = target.find(tab, what, selector, deadline, { enabled = true, point = true })
  tab:begin()
  tab.dragged = nil
  target.wait_inputs(tab, what,
    { target.input(tab, what, "Input.setInterceptDrags", { enabled = true }) })
  local ok, why = pcall(carry, tab, what, from, function()
    return target.find(tab, what, onto, deadline, {}, { where = true })
  end)
  tab:post("Input.setInterceptDrags", { enabled = false })
  tab.dragged = nil
  if not ok then error(why, 0) end
  target.after_inputs(tab, what, "title")
  navigation.follow(tab, what, limits.deadline(tab.navigation_timeout))
end

local SCROLL = { timeout = true, x = true, y = true, to = true, ["in"] = true }
local EDGES = { top = true, bottom = true }

--- page:scroll: to an element; or with { to = "bottom" } or { y = 500 } the page, or what scrolls
--- within the element { ["in"] = "#drawer" }.
---@param tab browser.Tab
---@param selector string|table  table: the options
---@param options table?         timeout, to, x, y (CSS pixels), in (selector)
---@return table position        { x, y }: how far it is scrolled now
function gestures.scroll(tab, selector, options)
  local signature = "page:scroll(selector) or page:scroll{to, x, y, in, timeout}"
  if type(selector) == "table" then selector, options = nil, selector end
  options = target.check_options(signature, options, SCROLL)
  if options.to ~= nil and not EDGES[options.to] then
    fault.usage(signature, ("cannot scroll to %s"):format(tostring(options.to)),
      nearest.hint(tostring(options.to), EDGES) or "to is top or bottom")
  end
  if not selector and not (options.to or options.x or options.y) then
    fault.usage(signature, "where to?", 'write page:scroll "#reviews" or page:scroll { y = 500 }')
  end
  local within = options["in"]
  local about = selector or within
  local what = "scroll " .. (selector and "to " .. selector or "the page")
  local deadline = deadline_of(tab, signature, options)
  local argument = { to = options.to, x = options.x, y = options.y, into = within and true or nil }
  if about then
    actions.wait_for(tab, about, { state = "attached", timeout = deadline:left() })
    argument.parts = selectors.parse(about)
  end
  local answer = target.change(tab, what, "scroll", argument)
  if not answer.ok then messages.raise(tab, what, about, answer, deadline:words()) end
  return answer.value
end

return gestures
