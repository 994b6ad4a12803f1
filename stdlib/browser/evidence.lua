--- Everything that explains a failed step: what the page said, asked for and looks like.

local selectors = require "browser.selector"
local shots = require "browser.shots"
local world = require "browser.world"

local evidence = {}

local LOOK_MS = 1500
local CONSOLE_LAST, REQUESTS_LAST, URL_MAX = 20, 30, 500

local SHOT_PARAMS = '{"format":"png","optimizeForSpeed":true,"captureBeyondViewport":false}'

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
  local png = shot and shots.picture(tab.browser:wait(shot, LOOK_MS))
  png = png and shots.protect(tab, png)
  if not png then return end
  local why
  into.screenshot, why = tab.save("failure.png", png)
  if why then tab.log("warn", "the picture of the failure is not kept: " .. tostring(why)) end
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
