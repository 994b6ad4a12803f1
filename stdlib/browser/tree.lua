--- The frames of a page, those in processes of their own included: where they are, what they show,
--- and which session and contexts answer for them. Kept by tab.lua and targets.lua from the
--- browser's events, read by frames.lua.
---
--- Invariant: a frame's contexts are those of its session. Two sessions tell of a frame that moves
--- from one process to another, in any order: the context that was made last counts.

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

---@class browser.Tree
---@field frames table<string, browser.FrameRecord>    by id, all but the main one
---@field contexts table<string, browser.FrameRecord>  by a context's id
---@field urls table<string, string>                   by id, also of frames that are gone
local Tree = {}
Tree.__index = Tree

---@return browser.Tree
function tree.new()
  return setmetatable({ frames = {}, contexts = {}, count = 0, urls = {}, seen = 0 }, Tree)
end

---@param id string
---@return browser.FrameRecord
function Tree:record(id)
  local record = self.frames[id]
  if record then return record end
  if self.count >= KEEP then self:clear() end
  self.seen = self.seen + 1
  record = { id = id, seq = self.seen, url = "about:blank", name = "" }
  self.frames[id], self.count = record, self.count + 1
  return record
end

--- The page shows another document: its frames are gone.
function Tree:clear()
  self.frames, self.contexts, self.count = {}, {}, 0
end

local function forget_contexts(self, record)
  for _, field in ipairs { "world", "main" } do
    if record[field] then self.contexts[record[field]], record[field] = nil, nil end
  end
end

local function remove(self, record)
  forget_contexts(self, record)
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
  if self.seen % KEEP == 0 then self.urls = {} end -- bounded
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
  if record.session ~= session then
    forget_contexts(self, record)
    record.session = session
  end
  record.crashed = nil
  local field = context.auxData.isDefault and "main" or "world"
  if record[field] then self.contexts[record[field]] = nil end
  record[field], self.contexts[context.uniqueId] = context.uniqueId, record
  if field == "world" then record.number = context.id end
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
  local record = id and self.contexts[id]
  if not record then return end
  self.contexts[id] = nil
  if record.world == id then record.world = nil end
  if record.main == id then record.main = nil end
end

--- Runtime.executionContextsCleared
---@param session string
function Tree:contexts_cleared(session)
  for _, record in pairs(self.frames) do
    if record.session == session then forget_contexts(self, record) end
  end
end

--- A session has ended: its frame may go on in another process, those within are gone.
---@param session string
---@param frame string  id of its outermost frame
function Tree:session_ended(session, frame)
  for id, record in pairs(self.frames) do
    if record.session == session then
      if id == frame then
        forget_contexts(self, record)
        record.session = nil
      else
        remove(self, record)
      end
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
