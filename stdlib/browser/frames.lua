--- Frames within a page, as pages of their own to act in: same functions, same waiting. For frames
--- that Chromium runs in the page's own process, which are those of the store's site; pixels and
--- payment fields of other sites are out of reach (their requests are not).

local fault = require "fault"
local forms = require "browser.forms"
local limits = require "browser.limits"
local messages = require "browser.messages"
local selectors = require "browser.selector"
local world = require "browser.world"

local frames = {}

local CALL_MS = 5000

-- What stands for the tab while a function works in a frame: the tab with the frame's worlds. The
-- parent may be such a view as well.
local View = {}

local own = {}

function View:__index(key)
  local hidden = rawget(self, own)
  if key == "world" then return hidden.root.worlds[hidden.frame] end
  if key == "main_world" then return hidden.root.mains[hidden.frame] end
  if key == "outward" then return hidden.outward end
  if key == "in_frame" then return true end
  if key == "root" then return hidden.root end
  return hidden.root[key]
end

function View:__newindex(key, value)
  local hidden = rawget(self, own)
  if key == "world" then
    hidden.root.worlds[hidden.frame] = value
  else
    hidden.root[key] = value
  end
end

-- A point of the frame in the coordinates of the page; raises if something lies over it.
local function outward(parent, selector)
  return function(_, what, answer, deadline)
    local at = world.ask(parent, what, "place",
      { parts = selectors.parse(selector), x = answer.x, y = answer.y }, deadline)
    if not at or not at.ok then messages.raise(parent, what, selector, at, deadline:words()) end
    answer.x, answer.y = at.x, at.y
    if parent.outward then parent:outward(what, answer, deadline) end
  end
end

--- The frame that an <iframe> holds now; waits until it is there.
---@param parent browser.Tab   or the view of a frame
---@param selector string      of the <iframe>
---@return browser.Tab view
function frames.enter(parent, selector)
  local what = "frame " .. selector
  local deadline = limits.deadline(parent.timeout)
  local root = parent.root or parent
  local elsewhere = false
  while true do
    local answer = world.ask(parent, what, "state",
      { parts = selectors.parse(selector), state = "attached" }, deadline)
    if not answer or not answer.ok then
      messages.raise(parent, what, selector, answer, deadline:words())
    end
    local object = forms.handle_of(parent, what, selector)
    local node = parent:call("DOM.describeNode", { objectId = object }, CALL_MS)
    node = node and node.node
    local id = node and node.frameId
    if node and not id then
      fault.usage(what, ("it is a <%s>, not a frame"):format(node.localName),
        "name the <iframe> itself")
    end
    if id then root:catch_up() end
    if id and root.worlds[id] then
      return setmetatable({ [own] = { root = root, frame = id,
        outward = outward(parent, selector) } }, View)
    end
    elsewhere = id ~= nil
    local left = deadline:left()
    if left == 0 then
      fault.failure { code = "timeout", details = { selector = selector, url = root.document.url },
        message = ("%s: %s after %s"):format(what, elsewhere
        and "the frame shows a page of another site, which cannot be acted in"
        or "the frame has no page", deadline:words()) }
    end
    root.changed:wait(math.min(left, 100))
  end
end

return frames
