--- Waiting for what happens in a page, by name or by the script's own condition. As everywhere, to
--- be called after the action: what happened since it began counts.

local actions = require "browser.actions"
local downloads = require "browser.downloads"
local exchange = require "browser.exchange"
local fault = require "fault"
local limits = require "browser.limits"
local navigation = require "browser.navigation"
local nearest = require "run.nearest"
local popups = require "browser.popups"
local target = require "browser.target"
local world = require "browser.world"

local events = {}

local SIGNATURE = "page:wait_for_event(name, test, {timeout})"

local function anything() return true end

local function console(kind)
  return function(tab, test) return tab.console:find_after(tab.console_mark, kind, test) end
end

local function ended(wanted)
  return function(tab, test)
    for one in tab.network:after(tab.mark) do
      if one.ended and (one.failure ~= nil) == wanted then
        local request = exchange.request(tab, one)
        if test(request) then return request end
      end
    end
  end
end

local function reached(state)
  return function(tab) return not tab:is_leaving() and tab.document.events[state] end
end

-- name → function(tab, test) that gives what happened, or nothing.
local LOOKED_FOR = {
  console = console "console", dialog = console "dialog", pageerror = console "error",
  requestfinished = ended(false), requestfailed = ended(true),
  load = reached "load", domcontentloaded = reached "DOMContentLoaded",
}
local CALLED = {
  request = function(tab, test, options)
    return navigation.wait_for_request(tab, test, options)
  end,
  response = function(tab, test, options)
    return navigation.wait_for_response(tab, test, options)
  end,
  popup = function(tab, _, options) return popups.wait(tab, options) end,
  download = function(tab, _, options) return downloads.wait(tab, nil, options) end,
  close = function(tab, _, options)
    local deadline = limits.deadline(limits.read(SIGNATURE, options.timeout, tab.timeout))
    while not tab.problem do
      local left = deadline:left()
      if left == 0 then
        fault.failure { code = "timeout", details = { url = tab.document.url },
          message = ("the page was not closed in %s"):format(deadline:words()) }
      end
      tab.changed:wait(left)
    end
    return true
  end,
}

--- page:wait_for_event
---@param tab browser.Tab
---@param name string
---@param test function|table|nil  of what happened; a table: the options
---@param options table?           timeout
---@return any
function events.wait(tab, name, test, options)
  if type(test) == "table" then test, options = nil, test end
  options = target.check_options(SIGNATURE, options, target.TIMEOUT)
  local look, call = LOOKED_FOR[name], CALLED[name]
  if not look and not call then
    local known = {}
    for _, list in ipairs { LOOKED_FOR, CALLED } do
      for key in pairs(list) do known[key] = true end
    end
    fault.usage(SIGNATURE, ("there is no event %q"):format(tostring(name)),
      nearest.hint(tostring(name), known))
  end
  if call then return call(tab, test or anything, options) end
  local deadline = limits.deadline(limits.read(SIGNATURE, options.timeout, tab.timeout))
  local found = navigation.wait_until(tab, deadline,
    function() return look(tab, test or anything) end)
  if found then return found end
  fault.failure { code = "timeout", details = { url = tab.document.url },
    message = ("no event %s in %s. URL %s"):format(name, deadline:words(), tab.document.url) }
end

-- Asks again in each frame, and now and then where nothing is drawn.
local WAITING = [[a => new Promise((done, fail) => {
const end = performance.now() + a.left;
const test = async () => { const __js = (
%s
); return typeof __js === 'function' ? __js(a.argument) : __js; };
const look = () => test().then(v => {
  if (v || performance.now() > end) return done(v || null);
  let id = 0, timer = 0;
  const again = () => { cancelAnimationFrame(id); clearTimeout(timer); look(); };
  id = requestAnimationFrame(again);
  timer = setTimeout(again, 100);
}, fail);
look();
})]]

--- page:wait_for_function: until JavaScript in the page gives something true; navigations included.
---@param tab browser.Tab
---@param js string       as page:eval
---@param argument any
---@param options table?  timeout
---@return any            what it gave
function events.wait_for_function(tab, js, argument, options)
  local signature = "page:wait_for_function(js, argument, {timeout})"
  options = target.check_options(signature, options, target.TIMEOUT)
  if type(js) ~= "string" or js:find("^%s*$") then fault.usage(signature, "js must be a text") end
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.timeout))
  repeat
    local left = deadline:left()
    local wrapped = WAITING:format((js:gsub("[%s;]+$", "")))
    local ok, found = pcall(actions.eval, tab, wrapped, { argument = argument, left = left },
      { timeout = left + 2000 })
    if ok and found ~= nil and found ~= false then return found end
    -- Another document came in between: it is asked next.
    if not ok and not (fault.is(found) and found.code == "navigated") then error(found, 0) end
    world.check_alive(tab)
  until deadline:left() == 0
  fault.failure { code = "timeout", details = { js = js:sub(1, 500), url = tab.document.url },
    message = ("wait_for_function: %s was not true in %s. URL %s"):format(js:sub(1, 100),
    deadline:words(), tab.document.url) }
end

--- page:response_body: the body of the first response that matches, as wait_for_response finds it.
---@return string
function events.response_body(tab, pattern, options)
  return navigation.wait_for_response(tab, pattern, options):body()
end

return events
