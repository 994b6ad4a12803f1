--- How a shop's pages look, against how they looked. Public: `local visual = require "visual"`; the
--- skill visual_auditor is made of it.
---
---    local audit = visual.audit(t, { pages = {…}, devices = {…}, … })
---    audit.visit("iPhone 17 Pro")   -- a new visitor, who answers cookie banners
---    audit.look("home")             -- compared with its baseline, or taken as the baseline
---    audit.finish()                 -- tells of what has changed: fails, warns, sets the summary

local audit = require "visual.audit"
local devices = require "browser.devices"
local fault = require "fault"
local guard = require "run.guard"
local nearest = require "run.nearest"
local pages = require "visual.pages"
local selectors = require "browser.selector"

local visual = {}

local SIGNATURE = "visual.audit(t, {pages, devices, …})"
local DEFAULTS = { pages = { "home", "collection", "product", "cart" },
  devices = { "iPhone 17 Pro", "Desktop" }, mask = {}, hide = {}, keys = {}, allowed = 0.5,
  threshold = 0.1, height = 5000, consent = "decline", changes = "warn", redact = false }
local KNOWN = { product = true }
for name in pairs(DEFAULTS) do KNOWN[name] = true end

local function refuse(message, hint)
  error(fault.new("usage", { code = "option", message = message, hint = hint }), 0)
end

-- What an option's words mean, or why they mean nothing: told before a browser is opened.
local function checked(name, fn, value)
  local ok, why = pcall(fn, value)
  if not ok then
    refuse(("%s: %s"):format(name, fault.is(why) and why.message or tostring(why)),
      fault.is(why) and why.hint)
  end
end

--- Begins the audit of a run.
---@param t table
---@param options table?  pages, devices, product, mask, hide, keys, allowed (per cent), threshold,
---  height, consent, changes, redact: see docs/skills/visual_auditor.md
---@return table audit    visit(device), look(page), finish()
function visual.audit(t, options)
  local o = {}
  for name, value in pairs(DEFAULTS) do o[name] = value end
  for name, value in guard.pairs(options or {}) do -- the skill's own options are a stand-in
    if not KNOWN[name] then
      fault.usage(SIGNATURE, ("unknown field %q"):format(tostring(name)),
        nearest.hint(name, KNOWN))
    end
    o[name] = value
  end
  for _, name in ipairs { "mask", "keys" } do
    for _, selector in ipairs(o[name]) do checked(name, selectors.parse, selector) end
  end
  for _, device in ipairs(o.devices) do checked("devices", devices.find, device) end
  o.pages = pages.parse(o.pages)
  local made = audit.new(t, o)
  local names = {}
  for i, one in ipairs(o.pages) do names[i] = one.name end
  return {
    pages = names,
    visit = function(device) made:visit(device) end,
    look = function(page) made:look(page) end,
    finish = function() made:finish() end,
  }
end

return visual
