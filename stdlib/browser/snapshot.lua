--- page:snapshot: what a page shows to a person, element by element (injected/snapshot.js).

local fault = require "fault"
local limits = require "browser.limits"
local selectors = require "browser.selector"
local target = require "browser.target"
local world = require "browser.world"

local snapshot = {}

local SNAPSHOT_MS = 10000
local OPTIONS = { mask = true, keys = true, timeout = true }
local SIGNATURE = "page:snapshot{mask, keys, timeout}"

local function parsed(given, what)
  if type(given) == "string" then given = { given } end
  if type(given) ~= "table" then fault.usage(SIGNATURE, what .. " takes selectors") end
  local lists = {}
  for i, selector in ipairs(given) do lists[i] = selectors.parse(selector) end
  return #lists > 0 and lists or nil
end

--- page:snapshot
---@param tab browser.Tab
---@param options table?  mask: selectors of what is left out; keys: { { kind =, selectors }… }, the
---  first visible match of each is marked with its kind
---@return table  { elements, width, height (of the screen), page_width, page_height }
function snapshot.take(tab, options)
  options = target.check_options(SIGNATURE, options, OPTIONS)
  local keys = {}
  for i, key in ipairs(options.keys or {}) do
    if type(key) ~= "table" or type(key.kind) ~= "string" then
      fault.usage(SIGNATURE, 'keys are written { kind = "buy", "css=…" }')
    end
    keys[i] = { kind = key.kind, lists = parsed({ unpack(key) }, "a key") }
  end
  local deadline = limits.deadline(limits.read(SIGNATURE, options.timeout, SNAPSHOT_MS))
  local answer = world.ask(tab, "snapshot", "snapshot",
    { keys = #keys > 0 and keys or nil, masks = parsed(options.mask or {}, "mask") }, deadline)
  if not answer then
    fault.failure { code = "timeout", message = "snapshot: there is no page to look at" }
  end
  return answer.value
end

return snapshot
