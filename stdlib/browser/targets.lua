--- What belongs to a page but has a session of its own: frames of other sites, which Chromium runs
--- in other processes, and workers. Pixel code lives there, and payment fields. Their requests,
--- console lines and exceptions go to the page's own lists, marked with where they came from; what
--- the page is told to be (a device, offline, …) they are told as well. Made by tab.open.
---
--- Invariant: a new target stands still until its events are subscribed to, so nothing that it does
--- is missed; then it is let go without waiting for an answer.

local injected = require "browser.injected"
local tree = require "browser.tree"

local targets = {}

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

local KEEP = 100 -- frames and workers that are listened to at once
local TREE_MS = 5000

-- One rule for the page and for each of its targets, because an iframe may have workers.
local ATTACH = encode { autoAttach = true, waitForDebuggerOnStart = true, flatten = true,
  filter = { { type = "iframe" }, { type = "worker" }, { type = "shared_worker" },
    { type = "service_worker" } } }

local KINDS = { iframe = "iframe", worker = "worker", shared_worker = "worker",
  service_worker = "worker" }

-- Chromium refuses the rest: a screen belongs to the page, and a worker has no face. Requests of a
-- worker are held in the session of what it belongs to.
local PAGE_ONLY = { ["Emulation.setDeviceMetricsOverride"] = true }
local WORKERS_TOO = { ["Emulation.setUserAgentOverride"] = true,
  ["Emulation.setTimezoneOverride"] = true, ["Emulation.setLocaleOverride"] = true,
  ["Network.setExtraHTTPHeaders"] = true }

local function reaches(method, kind)
  return WORKERS_TOO[method] or kind == "iframe" and not PAGE_ONLY[method]
end

---@class browser.Target
---@field session string
---@field via string      the session of what it is in
---@field kind "iframe"|"worker"
---@field url string     a frame's changes as it goes to other pages
---@field id string      of an iframe: the frame's id
---@field acted boolean?  it has what acting in it needs

---@class browser.Targets
---@field tab browser.Tab
---@field list table<string, browser.Target>   by session
---@field told table[]                         { slot, method, params }: what new ones are told
local Targets = {}
Targets.__index = Targets

---@param tab browser.Tab
---@return browser.Targets
function targets.new(tab)
  return setmetatable({ tab = tab, list = {}, count = 0, told = {} }, Targets)
end

--- The command that makes Chromium tell of frames and workers; it goes out with those that set a
--- page up.
---@return string method
---@return string params  JSON
function targets.command() return "Target.setAutoAttach", ATTACH end

local function take_tree(self, target)
  local answer = self.tab.browser:call("Page.getFrameTree", "{}", target.session, TREE_MS)
  if answer then self.tab.tree:take(decode(answer).frameTree, self.tab.frame) end
end

local on = {}

on["Network.requestWillBeSent"] = function(self, raw, target)
  self.tab.network:on_request(raw, target)
end
on["Network.responseReceived"] = function(self, raw) self.tab.network:on_response(raw) end
on["Network.loadingFinished"] = function(self, raw) self.tab.network:on_finished(raw) end
on["Network.loadingFailed"] = function(self, raw) self.tab.network:on_failed(raw) end
on["Runtime.consoleAPICalled"] = function(self, raw) self.tab.console:on_line(raw) end
on["Runtime.exceptionThrown"] = function(self, raw) self.tab.console:on_error(raw) end
on["Target.attachedToTarget"] = function(self, raw, target) self:attached(raw, target.session) end
on["Page.frameAttached"] = function(self, raw) self.tab.tree:attached(raw) end
on["Page.frameNavigated"] = function(self, raw, target)
  local frame = decode(raw).frame
  if frame.id == target.id then target.url = frame.url end
  self.tab.tree:navigated(frame)
end
on["Page.navigatedWithinDocument"] = function(self, raw) self.tab.tree:stepped(decode(raw)) end
on["Page.frameDetached"] = function(self, raw) self.tab.tree:detached(raw) end
on["Page.frameRequestedNavigation"] = function(self, raw) self.tab:asked_to_go(raw) end
on["Page.windowOpen"] = function(self) self.tab.opened = self.tab.opened + 1 end
on["Browser.downloadWillBegin"] = function(self, raw) self.tab.downloads:began(raw) end
on["Browser.downloadProgress"] = function(self, raw) self.tab.downloads:progress(raw) end
on["Runtime.executionContextCreated"] = function(self, raw, target)
  if target.kind == "worker" or not tree.kind_of(raw) then return end
  local crashed = self.tab.tree:record(target.id).crashed
  self.tab.tree:context_made(decode(raw).context, target.session)
  -- The first document after a crash is not told of.
  if crashed then sys.task.spawn(take_tree, self, target) end
end
on["Runtime.executionContextDestroyed"] = function(self, raw) self.tab.tree:context_gone(raw) end
on["Runtime.executionContextsCleared"] = function(self, _, target)
  self.tab.tree:contexts_cleared(target.session)
end
on["Fetch.requestPaused"] = function(self, raw, target)
  self.tab.routes:paused(decode(raw), target.session)
end
on["Fetch.authRequired"] = function(self, raw, target)
  self.tab.routes:challenged(decode(raw), target.session)
end
-- What waits for an answer from it would wait for ever.
on["Inspector.targetCrashed"] = function(self, _, target)
  if target.kind == "iframe" then self.tab.tree:record(target.id).crashed = true end
  self.tab.tree:contexts_cleared(target.session)
  self.tab.browser:post("Target.detachFromTarget", encode { sessionId = target.session },
    target.via)
end

local EVENTS = {}
for name in pairs(on) do EVENTS[#EVENTS + 1] = name end
table.sort(EVENTS)

local function pump(self, target, sub)
  -- It was there before it was told of.
  if target.kind == "iframe" and target.url ~= "" then take_tree(self, target) end
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
  self.tab.tree:session_ended(target.session, target.id)
  -- A session takes with it what it said about downloads, and that was about all of the context.
  if target.acted and not self.closed then self.tab:post(unpack(self.tab.downloads:command())) end
  self.tab.changed:fire()
  if not ok and not self.closed then
    self.tab.log("warn", ("reading events of %s: %s"):format(target.url, tostring(why)))
  end
end

--- Target.attachedToTarget, of the page or of one of its targets.
---@param raw string
---@param via string  the session that told of it
function Targets:attached(raw, via)
  local event = decode(raw)
  local info, session, browser = event.targetInfo, event.sessionId, self.tab.browser
  local kind = KINDS[info.type]
  local function post(method, params) browser:post(method, params, session) end
  if kind and self.count < KEEP and not self.closed then
    local target = { session = session, kind = kind, url = info.url, id = info.targetId,
      via = via }
    local sub = browser:subscribe(session, EVENTS)
    self.list[session], self.count = target, self.count + 1
    target.sub = sub
    post("Network.enable", self.tab.NETWORK)
    post("Runtime.enable")
    if kind == "iframe" then post("Page.enable") end
    post("Target.setAutoAttach", ATTACH)
    for _, one in ipairs(self.told) do
      if reaches(one.method, kind) then post(one.method, one.params) end
    end
    sys.task.spawn(listen, self, target, sub)
  end
  post("Runtime.runIfWaitingForDebugger")
end

--- Tells frames and workers what the page was told, now and as they come. What one of them refuses
--- (a locale that its process has already) is left at that.
---@param slot string     what it is about: what was told about it before no longer holds
---@param method string
---@param params string?  JSON
function Targets:tell(slot, method, params)
  for i = #self.told, 1, -1 do
    if self.told[i].slot == slot then table.remove(self.told, i) end
  end
  table.insert(self.told, { slot = slot, method = method, params = params })
  for session, target in pairs(self.list) do
    if reaches(method, target.kind) then self.tab.browser:post(method, params, session) end
  end
end

--- Makes sure that a session has what acting in its frames needs. Does not wait: the frames'
--- contexts are told of as they come.
---@param session string
function Targets:act_in(session)
  local target, browser = self.list[session], self.tab.browser
  if not target or target.acted then return end
  target.acted = true
  browser:post("Page.addScriptToEvaluateOnNewDocument", injected.command(), session)
  local download = self.tab.downloads:command()
  browser:post(download[1], encode(download[2]), session)
end

--- Where a request came from.
---@param frame string?            id of the frame that the browser names
---@param target browser.Target?   the session that told of it; nil: the page's own
---@return "page"|"iframe"|"worker" from
---@return string? url             of the frame or worker
function Targets:source(frame, target)
  if target and target.kind == "worker" then return "worker", target.url end
  if frame and frame ~= self.tab.frame and frame ~= "" then
    return "iframe", self.tab.tree.urls[frame] or target and target.url
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
