--- What a page looks like: screenshots, and everything that explains a failed step.

local fault = require "fault"
local limits = require "browser.limits"
local nearest = require "run.nearest"
local selectors = require "browser.selector"
local world = require "browser.world"

local evidence = {}

local SHOT_MS, LOOK_MS = 15000, 1500
local CONSOLE_LAST, REQUESTS_LAST, URL_MAX = 20, 30, 500

local SHOT_PARAMS = '{"format":"png","optimizeForSpeed":true,"captureBeyondViewport":false}'

--- The bytes in an answer to Page.captureScreenshot; a failure passes through.
---@return string? png
---@return string? text
---@return string? code
local function picture(answer, text, code)
  if not answer then return nil, text, code end
  -- A megabyte of base64 has no escapes: cut out, not decoded.
  return sys.codec.unbase64(answer:match('"data":"([^"]*)"') or "")
end

local SHOT = { name = true, path = true, timeout = true }
local SIGNATURE = "page:screenshot{name, timeout}"

--- page:screenshot
---@param tab browser.Tab
---@param options table?  name (or path): keep it among the run's artifacts; timeout
---@return string png
---@return string? path   where it was kept
function evidence.screenshot(tab, options)
  options = options or {}
  for key in pairs(options) do
    if not SHOT[key] then
      fault.usage(SIGNATURE, ("unknown option %q"):format(tostring(key)), nearest.hint(key, SHOT))
    end
  end
  local name = options.name or options.path
  if name ~= nil and (type(name) ~= "string" or name == "") then
    fault.usage(SIGNATURE, "name must be a text")
  end
  world.check_alive(tab)
  local limit = limits.read(SIGNATURE, options.timeout, SHOT_MS)
  local png, text, code = picture(tab.browser:call("Page.captureScreenshot", SHOT_PARAMS,
    tab.session, limit))
  if not png then
    world.raise(tab, "screenshot", text, code)
  end
  local path
  if name then
    local why
    name = name:match("[^/]*$"):gsub("%.png$", "") .. ".png"
    path, why = tab.save(name, png)
    if not path then
      tab.log("warn", ("the screenshot %s is not kept: %s"):format(name, tostring(why)))
    end
  end
  return png, path
end

local function cut(text, max)
  return text and #text > max and text:sub(1, max) .. "…" or text
end

local function recent_requests(tab)
  local out = tab.network:summaries(REQUESTS_LAST, tab.document.loader)
  for _, one in ipairs(out) do one.url = cut(one.url, URL_MAX) end
  return out
end

-- The title, the DOM, the vitals and the picture of now, as far as the page still answers.
local function look(tab, selector, into)
  local argument = {}
  if selector then
    local ok, parts = pcall(selectors.parse, selector)
    argument.parts = ok and parts or nil
  end
  local injecting = world.inject(tab, "look")
  local question = world.send(tab, "look", argument)
  local shot = tab.browser:send("Page.captureScreenshot", SHOT_PARAMS, tab.session)
  local answer = world.receive(tab, question, LOOK_MS)
  for _, ticket in ipairs(injecting) do tab.browser:wait(ticket, answer and LOOK_MS or 0) end
  if answer then into.title, into.dom, into.vitals = answer.title, answer.dom, answer.vitals end
  local png = shot and picture(tab.browser:wait(shot, LOOK_MS))
  if png then into.screenshot = tab.save("failure.png", png) end
end

--- page:evidence: what explains a failure. Within a few seconds; never raises; parts that cannot be
--- had are left out.
---@param tab browser.Tab
---@param selector string?  what the failed action was about
---@return table  { url, title, selector, dom, console, errors, requests, vitals, screenshot }
function evidence.collect(tab, selector)
  local into = { url = tab.document.unreachable or tab.document.url, selector = selector }
  local function try(part, ...)
    local ok, why = pcall(part, ...)
    if not ok then tab.log("debug", "evidence: " .. tostring(why)) end
  end
  try(function() into.console = tab.console:read_lines(CONSOLE_LAST) end)
  try(function() into.errors = tab.console:read_errors(CONSOLE_LAST) end)
  try(function() into.requests = recent_requests(tab) end)
  if not tab.problem then
    try(look, tab, selector, into)
  end
  into.vitals = into.vitals or tab.document.vitals
  return into
end

return evidence
