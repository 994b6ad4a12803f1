--- What belongs to a page but has a session of its own: frames of other sites, which Chromium runs
--- in other processes, and workers. Pixel code lives there. Their requests, console lines and
--- exceptions go to the page's own lists, marked with where they came from. Made by tab.open.
---
--- Invariant: a new target stands still until its events are subscribed to, so nothing that it does
--- is missed; then it is let go without waiting for an answer.

local targets = {}

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

local KEEP = 100   -- frames and workers that are listened to at once
local FRAMES_KEEP = 500

-- One rule for the page and for each of its targets, because an iframe may have workers.
local ATTACH = encode { autoAttach = true, waitForDebuggerOnStart = true, flatten = true,
  filter = { { type = "iframe" }, { type = "worker" }, { type = "shared_worker" },
    { type = "service_worker" } } }

local KINDS = { iframe = "iframe", worker = "worker", shared_worker = "worker",
  service_worker = "worker" }

---@class browser.Target
---@field session string
---@field kind "iframe"|"worker"
---@field url string     a frame's changes as it goes to other pages
---@field id string      of an iframe: the frame's id

---@class browser.Targets
---@field tab browser.Tab
---@field list table<string, browser.Target>   by session
---@field frames table<string, string>         URLs of the page's frames by id, not the main one
local Targets = {}
Targets.__index = Targets

---@param tab browser.Tab
---@return browser.Targets
function targets.new(tab)
  return setmetatable({ tab = tab, list = {}, count = 0, frames = {}, frame_count = 0 }, Targets)
end

--- The command that makes Chromium tell of frames and workers; it goes out with those that set a
--- page up.
---@return string method
---@return table params
function targets.command() return "Target.setAutoAttach", decode(ATTACH) end

local on = {}

on["Network.requestWillBeSent"] = function(self, raw, target)
  self.tab.network:on_request(raw, target)
end
on["Network.responseReceived"] = function(self, raw) self.tab.network:on_response(raw) end
on["Network.loadingFinished"] = function(self, raw) self.tab.network:on_finished(raw) end
on["Network.loadingFailed"] = function(self, raw) self.tab.network:on_failed(raw) end
on["Runtime.consoleAPICalled"] = function(self, raw) self.tab.console:on_line(raw) end
on["Runtime.exceptionThrown"] = function(self, raw) self.tab.console:on_error(raw) end
on["Target.attachedToTarget"] = function(self, raw) self:attached(raw) end
on["Page.frameNavigated"] = function(self, raw, target)
  local frame = decode(raw).frame
  if frame.id == target.id then target.url = frame.url end
  self:frame(frame)
end
on["Page.frameDetached"] = function(self, raw) self:frame_left(raw) end

local EVENTS = {}
for name in pairs(on) do EVENTS[#EVENTS + 1] = name end
table.sort(EVENTS)

local function pump(self, target, sub)
  while true do
    local batch, text, code = sub:next()
    if batch then
      for i = 1, #batch, 2 do on[batch[i]](self, batch[i + 1], target) end
      self.tab.changed:fire()
    elseif code == "too-large" then
      self.tab.log("warn", ("events of %s were lost: %s"):format(target.url, text))
    else
      return -- it has gone, the page with it or not
    end
  end
end

local function listen(self, target, sub)
  local ok, why = pcall(pump, self, target, sub)
  pcall(sub.close, sub)
  self.list[target.session] = nil
  self.count = self.count - 1
  if not ok and not self.closed then
    self.tab.log("warn", ("reading events of %s: %s"):format(target.url, tostring(why)))
  end
end

--- Target.attachedToTarget, of the page or of one of its targets.
---@param raw string
function Targets:attached(raw)
  local event = decode(raw)
  local info, session, browser = event.targetInfo, event.sessionId, self.tab.browser
  local kind = KINDS[info.type]
  local function post(method, params) browser:post(method, params, session) end
  if kind and self.count < KEEP and not self.closed then
    local target = { session = session, kind = kind, url = info.url, id = info.targetId }
    local sub = browser:subscribe(session, EVENTS)
    self.list[session], self.count = target, self.count + 1
    target.sub = sub
    post("Network.enable", self.tab.NETWORK)
    post("Runtime.enable")
    if kind == "iframe" then post("Page.enable") end
    post("Target.setAutoAttach", ATTACH)
    sys.task.spawn(listen, self, target, sub)
  end
  post("Runtime.runIfWaitingForDebugger")
end

--- Page.frameNavigated of a frame that is not the main one.
---@param frame table
function Targets:frame(frame)
  if self.frame_count >= FRAMES_KEEP then self.frames, self.frame_count = {}, 0 end
  if not self.frames[frame.id] then self.frame_count = self.frame_count + 1 end
  self.frames[frame.id] = frame.url
end

--- Page.frameDetached. A frame that moves to another process stays.
---@param raw string
function Targets:frame_left(raw)
  local event = decode(raw)
  if event.reason == "swap" or not self.frames[event.frameId] then return end
  self.frames[event.frameId] = nil
  self.frame_count = self.frame_count - 1
end

--- Where a request came from.
---@param frame string?            id of the frame that the browser names
---@param target browser.Target?   the session that told of it; nil: the page's own
---@return "page"|"iframe"|"worker" from
---@return string? url             of the frame or worker
function Targets:source(frame, target)
  if target and target.kind == "worker" then return "worker", target.url end
  if frame and frame ~= self.tab.frame and frame ~= "" then
    return "iframe", self.frames[frame] or target and target.url
  end
  if target then return target.kind, target.url end
  return "page"
end

--- The page is closed: nobody listens any longer.
function Targets:close()
  self.closed = true
  for _, target in pairs(self.list) do pcall(target.sub.close, target.sub) end
end

return targets
