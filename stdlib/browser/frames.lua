--- Frames within a page, as pages of their own to act in: same functions, same waiting. Chromium
--- runs a frame of the page's own site in the page's process and one of another site (payment
--- fields, pixels) in another, with a session of its own; here that makes no difference.

local fault = require "fault"
local forms = require "browser.forms"
local glob = require "browser.glob"
local limits = require "browser.limits"
local messages = require "browser.messages"
local nearest = require "run.nearest"
local selectors = require "browser.selector"
local world = require "browser.world"

local frames = {}

local CALL_MS, LOOK_MS = 5000, 100
local SIGNATURE = "page:frame(selector or {url, name})"

-- What stands for the tab while a function works in a frame: the tab with the frame's session and
-- contexts, `page` being the tab. Everything else, and what is written, is the tab's.
local View = {}

local own = {}

local methods = {}

local function record_of(hidden) return hidden.page.tree.frames[hidden.id] or {} end

local getters = {
  page = function(hidden) return hidden.page end,
  frame = function(hidden) return hidden.id end,
  in_frame = function() return true end,
  session = function(hidden) return record_of(hidden).session or hidden.page.session end,
  world = function(hidden)
    local record = record_of(hidden)
    -- Most frames of other sites are pixels that nobody acts in: they get the scripts when asked.
    if record.session and not record.world then hidden.page.targets:act_in(record.session) end
    return record.world
  end,
  main_world = function(hidden) return record_of(hidden).main end,
  number = function(hidden) return record_of(hidden).number end,
  problem = function(hidden)
    local record = record_of(hidden)
    return record.crashed and fault.new("failure", { code = "page-crash",
      message = ("the frame %s crashed its process; URL %s"):format(record.url,
      hidden.page.document.url) }) or hidden.page.problem
  end,
}

function View:__index(key)
  local hidden = rawget(self, own)
  local getter = getters[key]
  if getter then return getter(hidden) end
  return methods[key] or hidden.page[key]
end

function View:__newindex(key, value)
  local hidden = rawget(self, own)
  if key == "world" then
    hidden.page.tree:set_world(hidden.id, value)
  else
    hidden.page[key] = value
  end
end

--- Commands without an answer are about the page.
function methods:post(...) return self.page:post(...) end

--- Where the frame is now.
function methods:frame_url() return record_of(rawget(self, own)).url or "about:blank" end

local function view_of(page, id, parent, words)
  return setmetatable({ [own] = { page = page, id = id, parent = parent, words = words } }, View)
end

-- The <iframe> of a frame, as a handle in our world of the document around it.
local function owner_of(parent, id)
  local found = parent:call("DOM.getFrameOwner", { frameId = id }, CALL_MS)
  local node = found and parent.number and parent:call("DOM.resolveNode",
    { backendNodeId = found.backendNodeId, executionContextId = parent.number }, CALL_MS)
  return node and node.object.objectId
end

--- A point of the frame in the coordinates of the page; raises if something lies over it.
---@param what string
---@param answer table    { x, y }, changed in place
---@param deadline browser.Deadline
function methods:outward(what, answer, deadline)
  local hidden = rawget(self, own)
  local parent, at = hidden.parent, nil
  local owner = owner_of(parent, hidden.id)
  if owner then
    at = world.ask_of(parent, owner, "place", { x = answer.x, y = answer.y,
      parts = selectors.parse(hidden.words) })
  end
  if not at or not at.ok then
    messages.raise(parent, what, hidden.words, at or { why = "missing" }, deadline:words())
  end
  answer.x, answer.y = at.x, at.y
  if parent.in_frame then parent:outward(what, answer, deadline) end
end

-- The id of the frame that an <iframe> holds, which waits until there is one; nil: not in time.
local function held_by(parent, what, selector, deadline)
  local answer = world.ask(parent, what, "state",
    { parts = selectors.parse(selector), state = "attached" }, deadline)
  if not answer or not answer.ok then
    messages.raise(parent, what, selector, answer, deadline:words())
  end
  local object = forms.handle_of(parent, what, selector)
  local node = parent:call("DOM.describeNode", { objectId = object }, CALL_MS)
  node = node and node.node
  if node and not node.frameId then
    fault.usage(what, ("it is a <%s>, not a frame"):format(node.localName),
      "name the <iframe> itself")
  end
  return node and node.frameId
end

-- The first frame that fits; none in time: nil.
local function fitting(page, within, wanted)
  for _, record in ipairs(page.tree:list(within)) do
    if (not wanted.name or record.name == wanted.name) and
      (not wanted.test or wanted.test(record.url)) then
      return record.id
    end
  end
end

-- The view of a frame that is known by its id, with those around it.
local function view_by_id(page, id)
  local record = page.tree.frames[id]
  local parent = record and record.parent
  if not parent or parent == page.frame then return view_of(page, id, page, "iframe") end
  return view_of(page, id, view_by_id(page, parent), "iframe")
end

--- How a frame is named in messages.
---@param wanted string|table
---@return string
function frames.words(wanted)
  if type(wanted) == "string" then return wanted end
  if wanted.id then return wanted.url end
  return (wanted.name and ("named %q"):format(wanted.name) or "")
    .. (wanted.name and wanted.url and " " or "")
    .. (wanted.url and "at " .. glob.words(wanted.url) or "")
end

local FIELDS = { url = true, name = true }

--- What a script asked for: a selector of the <iframe>, or which frame it is. Raises for anything
--- else.
---@param wanted any
---@return string|table
function frames.check(wanted)
  if type(wanted) ~= "table" then
    selectors.parse(wanted)
    return wanted
  end
  for key in pairs(wanted) do
    if not FIELDS[key] then
      fault.usage(SIGNATURE, ("unknown field %q"):format(tostring(key)),
        nearest.hint(key, FIELDS))
    end
  end
  if not wanted.url and type(wanted.name) ~= "string" then
    fault.usage(SIGNATURE, "which frame?", 'write page:frame { url = "**/pay/*" } or { name = … }')
  end
  return { url = wanted.url, name = wanted.name,
    test = wanted.url and glob.compile(SIGNATURE, wanted.url) }
end

local function not_there(parent, what, id, wanted, deadline)
  local page, seen = parent.page or parent, {}
  for _, record in ipairs(page.tree:list(parent.frame)) do seen[#seen + 1] = record.url end
  local words = id and "the frame has no page"
    or #seen == 0 and "the page has no frames"
    or "there is no such frame; there are " .. table.concat(seen, ", ", 1, math.min(#seen, 8))
  fault.failure { code = "timeout", details = { url = page.document.url,
    selector = type(wanted) == "string" and wanted or nil },
    message = ("%s: %s after %s. URL %s"):format(what, words, deadline:words(),
    page.document.url) }
end

--- The frame that an <iframe> holds now, or the one that fits; waits until it is there.
---@param parent browser.Tab     or the view of a frame
---@param wanted string|table    of frames.check; { id } for one of frames.list
---@return browser.Tab view
function frames.enter(parent, wanted)
  local what = "frame " .. frames.words(wanted)
  local deadline = limits.deadline(parent.timeout)
  local page = parent.page or parent
  while true do
    local id
    if type(wanted) == "string" then
      id = held_by(parent, what, wanted, deadline)
    else
      id = wanted.id or fitting(page, parent.frame, wanted)
    end
    page:catch_up()
    local view = id and (type(wanted) == "string" and view_of(page, id, parent, wanted)
      or view_by_id(page, id))
    if view and view.world then return view end
    world.check_alive(page)
    local left = deadline:left()
    if left == 0 then
      if view then world.check_alive(view) end -- not before: it may be on its way to a new page
      not_there(parent, what, id, wanted, deadline)
    end
    page.changed:wait(math.min(left, LOOK_MS))
  end
end

--- The frames that there are now, as frames.enter takes them.
---@param parent browser.Tab
---@return table[]
function frames.list(parent)
  local page, out = (parent.page or parent):catch_up(), {}
  for i, record in ipairs(page.tree:list(parent.frame)) do
    out[i] = { id = record.id, url = record.url }
  end
  return out
end

return frames
