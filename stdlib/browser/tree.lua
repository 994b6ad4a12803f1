--- The frames of a page, those in processes of their own included: where they are, what they show,
--- and which session and contexts answer for them. Kept by tab.lua and targets.lua from the
--- browser's events, read by frames.lua.
---
--- Invariant: a frame's contexts are those of its session. Two sessions tell of a frame that moves
--- from one process to another, in any order: the context that was made last counts, and when it is
--- gone, what the other session has told.

local injected = require "browser.injected"

local tree = {}

local KEEP = 500

local decode = sys.codec.json_decode

---@class browser.FrameRecord
---@field id string
---@field seq integer       grows with each frame
---@field parent string?    id; nil: told of by nobody
---@field url string
---@field name string
---@field session string?   that answers for it; nil: not known yet
---@field world string?     the isolated world of its document, nil between documents
---@field main string?      its own world
---@field number integer?   Chromium's other name for the isolated world
---@field crashed boolean?  the process that showed it
---@field sets table<string, table>  by session: the world, main and number that it told of

---@class browser.Tree
---@field frames table<string, browser.FrameRecord>    by id, all but the main one
---@field contexts table<string, table>               by a context's id: { record, session }
---@field urls table<string, string>                   by id, also of frames that are gone
local Tree = {}
Tree.__index = Tree

---@return browser.Tree
function tree.new()
  return setmetatable({ frames = {}, contexts = {}, count = 0, urls = {}, url_count = 0,
    seen = 0 }, Tree)
end

---@param id string
---@return browser.FrameRecord
function Tree:record(id)
  local record = self.frames[id]
  if record then return record end
  if self.count >= KEEP then self:clear() end
  self.seen = self.seen + 1
  record = { id = id, seq = self.seen, url = "about:blank", name = "", sets = {} }
  self.frames[id], self.count = record, self.count + 1
  return record
end

--- The page shows another document: its frames are gone.
function Tree:clear()
  self.frames, self.contexts, self.count = {}, {}, 0
end

-- What a session has told of a frame holds from now on.
local function show(record, session)
  local set = record.sets[session] or {}
  record.session, record.world, record.main, record.number = session, set.world, set.main,
    set.number
end

-- A session's contexts are gone. Of a frame that has moved, the other session's still hold.
local function forget_set(self, record, session)
  local set = record.sets[session]
  if not set then return end
  record.sets[session] = nil
  for _, field in ipairs { "world", "main" } do
    if set[field] then self.contexts[set[field]] = nil end
  end
  if record.session == session then show(record, next(record.sets) or session) end
end

local function remove(self, record)
  for session in pairs(record.sets) do forget_set(self, record, session) end
  self.frames[record.id], self.count = nil, self.count - 1
end

--- Page.frameAttached
---@param raw string
function Tree:attached(raw)
  local event = decode(raw)
  self:record(event.frameId).parent = event.parentFrameId
end

--- Page.frameNavigated, or a frame of Page.getFrameTree.
---@param frame table
function Tree:navigated(frame)
  local record = self:record(frame.id)
  record.url, record.name = frame.url .. (frame.urlFragment or ""), frame.name or ""
  record.parent = frame.parentId or record.parent
  if not self.urls[frame.id] then
    if self.url_count >= KEEP then self.urls, self.url_count = {}, 0 end
    self.url_count = self.url_count + 1
  end
  self.urls[frame.id] = record.url
end

--- What Page.getFrameTree tells of frames that were there before anybody listened.
---@param found table   frameTree
---@param main string   id of the main frame, which is not kept here
function Tree:take(found, main)
  if found.frame.id ~= main then self:navigated(found.frame) end
  for _, child in ipairs(found.childFrames or {}) do self:take(child, main) end
end

--- Page.navigatedWithinDocument
---@param event table
function Tree:stepped(event)
  local record = self.frames[event.frameId]
  if record then record.url = event.url end
end

--- Page.frameDetached. A frame that moves to another process stays.
---@param raw string
function Tree:detached(raw)
  local event = decode(raw)
  local record = self.frames[event.frameId]
  if record and event.reason ~= "swap" then remove(self, record) end
end

--- Runtime.executionContextCreated
---@param context table
---@param session string  that told of it
function Tree:context_made(context, session)
  local record = self:record(context.auxData.frameId)
  local set = record.sets[session] or {}
  record.sets[session], record.crashed = set, nil
  local field = context.auxData.isDefault and "main" or "world"
  if set[field] then self.contexts[set[field]] = nil end
  set[field] = context.uniqueId
  self.contexts[context.uniqueId] = { record = record, session = session }
  if field == "world" then set.number = context.id end
  show(record, session)
end

--- The isolated world of a frame turned out to be gone (nil), or was made.
---@param id string
---@param value string?
function Tree:set_world(id, value)
  local record = self.frames[id]
  if not record then return end
  local set = record.sets[record.session]
  record.world = value
  if set then set.world = value end
end

--- What a new context is: a document's own, our isolated one in it, or nil: somebody else's.
---@param raw string  of Runtime.executionContextCreated
---@return "main"|"world"|nil
function tree.kind_of(raw)
  if raw:find('"name":"' .. injected.WORLD .. '"', 1, true) then return "world" end
  return raw:find('"isDefault":true', 1, true) and "main" or nil
end

--- Runtime.executionContextDestroyed
---@param raw string
function Tree:context_gone(raw)
  local id = raw:match('"executionContextUniqueId":"([^"]+)"')
  local known = id and self.contexts[id]
  if not known then return end
  self.contexts[id] = nil
  local record, session = known.record, known.session
  local set = record.sets[session]
  for _, field in ipairs { "world", "main" } do
    if set[field] == id then set[field] = nil end
  end
  if not set.world and not set.main then
    forget_set(self, record, session)
  elseif record.session == session then
    show(record, session)
  end
end

--- Runtime.executionContextsCleared
---@param session string
function Tree:contexts_cleared(session)
  for _, record in pairs(self.frames) do
    forget_set(self, record, session)
  end
end

--- A session has ended: its frame may go on in another process, those within are gone.
---@param session string
---@param frame string  id of its outermost frame
function Tree:session_ended(session, frame)
  for id, record in pairs(self.frames) do
    local mine = record.session == session
    forget_set(self, record, session)
    if mine and id ~= frame and record.session == session then
      remove(self, record)
    elseif record.session == session then
      record.session = nil
    end
  end
end

--- All frames, in the order in which they came; each is followed by those within it.
---@param main string  id of the main frame
---@return browser.FrameRecord[]
function Tree:list(main)
  local out = {}
  local function below(parent)
    local children = {}
    for _, record in pairs(self.frames) do
      if record.parent == parent then children[#children + 1] = record end
    end
    table.sort(children, function(a, b) return a.seq < b.seq end)
    for _, record in ipairs(children) do
      out[#out + 1] = record
      below(record.id)
    end
  end
  below(main)
  return out
end

return tree
