--- Pages that a page opens: window.open, links with target=_blank.

local emulate = require "browser.emulate"
local fault = require "fault"
local limits = require "browser.limits"
local navigation = require "browser.navigation"
local tabs = require "browser.tab"
local target = require "browser.target"
local world = require "browser.world"

local popups = {}

local LIST_MS = 5000

--- The targets that this page opened and that no page was made for, the oldest first.
local function unclaimed(tab)
  local answer = tab.browser:call("Target.getTargets", "{}", nil, LIST_MS)
  local out = {}
  for _, info in ipairs(answer and sys.codec.json_decode(answer).targetInfos or {}) do
    if info.type == "page" and info.openerId == tab.target and not tab.claimed[info.targetId] then
      table.insert(out, 1, info) -- Chromium tells of the newest first
    end
  end
  return out[1]
end

--- page:wait_for_popup: the next page that this one opens or has opened since the last call. To be
--- called after the action.
---@param tab browser.Tab
---@param options table?   timeout
---@return browser.Tab     when its document has loaded, as with page:goto
function popups.wait(tab, options)
  local signature = "page:wait_for_popup{timeout}"
  options = target.check_options(signature, options, target.TIMEOUT)
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.navigation_timeout))
  tab.claimed = tab.claimed or {}
  local info
  while not info do
    world.check_alive(tab)
    local seen = tab.opened
    info = unclaimed(tab)
    local left = deadline:left()
    if not info and left == 0 then
      fault.failure { code = "timeout", details = { url = tab.document.url },
        message = ("the page opened no other one in %s. URL %s"):format(deadline:words(),
        tab.document.url) }
    end
    if not info and tab.opened == seen then tab.changed:wait(left) end
  end
  tab.claimed[info.targetId] = true
  local popup = tabs.adopt({ browser = tab.browser, context = tab.context, hosts = tab.hosts,
    log = tab.log, device = tab.device },
    info.targetId)
  popup.shared, popup.save = tab.shared, tab.save
  popup.folder, popup.privacy = tab.folder, tab.privacy
  if tab.emulated then emulate.apply(popup, tab.emulated) end
  popup.timeout, popup.navigation_timeout = tab.timeout, tab.navigation_timeout
  if popup.document.seq == 0 then
    navigation.wait_until(popup, deadline, function() return popup.document.seq > 0 end)
  end
  if popup.document.seq > 0 then
    navigation.wait_for_load(popup, "load", { timeout = deadline:left() })
  end
  return popup
end

return popups
