--- What is behind a page: its session with the browser, the documents that it has shown, and the
--- one task that reads its events. Everything that waits for the page waits for tab.changed and
--- looks again. Made by page.open; user code never gets hold of a tab, because its handles would
--- get around the gate's classes and the allowed hosts.

local console = require "browser.console"
local devices = require "browser.devices"
local dialogs = require "browser.dialogs"
local downloads = require "browser.downloads"
local fault = require "fault"
local injected = require "browser.injected"
local network = require "browser.network"
local routes = require "browser.routes"
local sync = require "sync"
local targets = require "browser.targets"
local tree = require "browser.tree"

local tab = {}

local SETUP_MS, CLOSE_MS = 20000, 3000

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

---@class browser.Document
---@field loader string          DevTools' id of the navigation that made it
---@field url string
---@field unreachable string?    the address that failed, when this is Chromium's own error page
---@field mime string?
---@field seq integer            grows with each document of the page
---@field events table<string, boolean>  "DOMContentLoaded", "load", "networkIdle", …
---@field vitals table?          as they were seen last

---@class browser.Tab
---@field browser userdata       sys.cdp
---@field session string
---@field target string
---@field frame string           id of the main frame
---@field document browser.Document
---@field documents browser.Document[]  all of them, the oldest first, bounded
---@field world string?          the isolated world of the document, nil between documents
---@field number integer?        Chromium's other name for it
---@field tree browser.Tree       the frames of the document
---@field opened integer          pop-ups so far
---@field navigating table?      { url, loader }: a document is on its way
---@field requested number?      a navigation was asked for then, and has not begun
---@field changed sync.Signal
---@field network browser.Network
---@field targets browser.Targets
---@field console browser.Console
---@field problem Fault?         why the page is no more
---@field steps integer        changes of the address within a document
---@field mark integer           the newest request when the last action began
---@field console_mark integer   the newest console line then
---@field hosts browser.Hosts
local Tab = {}
Tab.__index = Tab

-- Parameters of Network.enable, for the page and for what belongs to it.
Tab.NETWORK = encode { maxTotalBufferSize = 16000000, maxResourceBufferSize = 5300000,
  maxPostDataSize = 65536 }

local DOCUMENTS_KEEP = 50

local function new_document(self, loader, url)
  local document = { loader = loader, url = url, seq = self.document and self.document.seq + 1 or 0,
    events = {} }
  self.document = document
  table.insert(self.documents, document)
  if #self.documents > DOCUMENTS_KEEP then table.remove(self.documents, 1) end
  local early = self.early
  if early and early.loader == loader then document.events = early.events end
  self.early = nil
  return document
end

local on = {}

on["Page.frameNavigated"] = function(self, raw)
  local frame = decode(raw).frame
  if frame.parentId then return self.tree:navigated(frame) end
  self.frame = frame.id
  self.tree:clear()
  local document = new_document(self, frame.loaderId, frame.url .. (frame.urlFragment or ""))
  document.mime, document.unreachable = frame.mimeType, frame.unreachableUrl
  self.navigating, self.requested = nil, nil
end

on["Page.navigatedWithinDocument"] = function(self, raw)
  local event = decode(raw)
  if event.frameId ~= self.frame then return self.tree:stepped(event) end
  self.document.url = event.url
  self.steps = self.steps + 1
  self.navigating, self.requested = nil, nil
end

on["Page.lifecycleEvent"] = function(self, raw)
  local frame, loader, name = raw:match('^{"frameId":"(%w+)","loaderId":"(%w+)","name":"(%a+)"')
  if not frame then
    local event = decode(raw)
    frame, loader, name = event.frameId, event.loaderId, event.name
  end
  if frame ~= self.frame then return end
  if loader == self.document.loader then
    self.document.events[name] = true
  else -- told before the document itself
    if not self.early or self.early.loader ~= loader then
      self.early = { loader = loader, events = {} }
    end
    self.early.events[name] = true
  end
end

on["Page.frameRequestedNavigation"] = function(self, raw) self:asked_to_go(raw) end

on["Page.frameStartedNavigating"] = function(self, raw)
  local event = decode(raw)
  if event.frameId ~= self.frame then return end
  self.requested = nil
  self.navigating = { url = event.url, loader = event.loaderId }
end

-- Also what is left of a navigation that brings no document: a download, 204, one that was called
-- off.
on["Page.frameStoppedLoading"] = function(self, raw)
  if decode(raw).frameId == self.frame then self.navigating, self.requested = nil, nil end
end

on["Page.javascriptDialogOpening"] = function(self, raw) self.dialogs:opened(decode(raw)) end
on["Page.javascriptDialogClosed"] = function(self) self.dialogs:closed() end
on["Browser.downloadWillBegin"] = function(self, raw) self.downloads:began(raw) end
on["Browser.downloadProgress"] = function(self, raw) self.downloads:progress(raw) end
on["Page.windowOpen"] = function(self) self.opened = self.opened + 1 end
on["Fetch.requestPaused"] = function(self, raw)
  self.routes:paused(decode(raw), self.session)
end
on["Fetch.authRequired"] = function(self, raw)
  self.routes:challenged(decode(raw), self.session)
end
on["Input.dragIntercepted"] = function(self, raw) self.dragged = decode(raw).data end

on["Runtime.executionContextCreated"] = function(self, raw)
  local kind = tree.kind_of(raw)
  -- The page's own is always known.
  if not kind or kind == "main" and raw:find(self.frame, 1, true) then return end
  local context = decode(raw).context
  if context.auxData.frameId ~= self.frame then
    self.tree:context_made(context, self.session)
  else
    self.world, self.number = context.uniqueId, context.id
  end
end

on["Runtime.executionContextDestroyed"] = function(self, raw)
  if self.world and raw:find(self.world, 1, true) then self.world = nil end
  self.tree:context_gone(raw)
end

on["Runtime.executionContextsCleared"] = function(self)
  self.world = nil
  self.tree:contexts_cleared(self.session)
end

on["Runtime.consoleAPICalled"] = function(self, raw) self.console:on_line(raw) end
on["Runtime.exceptionThrown"] = function(self, raw) self.console:on_error(raw) end
on["Network.requestWillBeSent"] = function(self, raw) self.network:on_request(raw) end
on["Page.frameAttached"] = function(self, raw) self.tree:attached(raw) end
on["Page.frameDetached"] = function(self, raw) self.tree:detached(raw) end
on["Target.attachedToTarget"] = function(self, raw) self.targets:attached(raw, self.session) end
on["Network.responseReceived"] = function(self, raw) self.network:on_response(raw) end
on["Network.loadingFinished"] = function(self, raw) self.network:on_finished(raw) end
on["Network.loadingFailed"] = function(self, raw) self.network:on_failed(raw) end

-- Chromium leaves questions to a crashed tab open for ever: closing it ends them.
on["Inspector.targetCrashed"] = function(self)
  self:fail(fault.new("failure", { code = "page-crash",
    message = ("the page crashed the browser's tab; URL %s"):format(self.document.url),
    hint = "the page used up the browser's memory, or met a bug of Chromium" }))
  self.browser:post("Target.closeTarget", encode { targetId = self.target })
end

local EVENTS = {}
for name in pairs(on) do EVENTS[#EVENTS + 1] = name end
table.sort(EVENTS)

--- The page is no more; what waits for it is told.
---@param problem Fault
function Tab:fail(problem)
  self.problem = self.problem or problem
  self.world = nil
  self.changed:fire()
end

local function pump(self)
  local sub = self.sub
  while not self.closing do
    local batch, text, code = sub:next()
    if batch then
      for i = 1, #batch, 2 do on[batch[i]](self, batch[i + 1]) end
      self.changed:fire()
    elseif code == "too-large" then
      self.log("warn", "events of the page were lost: " .. text)
    elseif code == "exited" then
      return self:fail(fault.new("engine", { code = "browser", message = text }))
    else
      return self:fail(fault.new("failure",
        { code = "page-closed", message = ("the page was closed; URL %s")
        :format(self.document.url) }))
    end
  end
end

-- An error in here would otherwise leave the script waiting for events that nobody reads.
local function guarded_pump(self)
  local ok, why = pcall(pump, self)
  if not ok then
    self:fail(fault.new("engine", { code = "browser",
      message = "reading the page's events: " .. tostring(why) }))
  end
end

--- Page.frameRequestedNavigation, which the frame's session tells of that asks for it.
---@param raw string
function Tab:asked_to_go(raw)
  local event = decode(raw)
  if event.frameId == self.frame and event.disposition == "currentTab" then
    self.requested = sys.clock.mono()
  end
end

--- A command to the page's session; waits for its answer.
---@return table? result
---@return string? text
---@return string? code
function Tab:call(method, params, timeout_ms)
  local answer, text, code = self.browser:call(method, params and encode(params), self.session,
    timeout_ms)
  if not answer then return nil, text, code end
  return decode(answer)
end

--- A command whose answer nobody wants.
function Tab:post(method, params)
  self.browser:post(method, params and encode(params), self.session)
end

--- Lets the events be read that came before the last answer: an answer wakes its task first.
---@return browser.Tab self
function Tab:catch_up()
  sys.clock.sleep(0)
  return self
end

--- Begins an action: what is waited for afterwards may have happened since.
function Tab:begin()
  self.mark, self.console_mark = self.network.last, self.console.count
end

--- Whether another document is on its way.
function Tab:is_leaving()
  return self.navigating ~= nil or self.requested ~= nil
end

local function engine_fault(what, text, code)
  fault.engine { code = code == "not-found" and "no-browser" or "browser",
    message = what .. ": " .. tostring(text),
    hint = code == "not-found" and "install chromium-headless-shell, or run `nano-sre doctor`"
    or nil }
end

local function browser_call(browser, method, params)
  local answer, text, code = browser:call(method, params and encode(params), nil, SETUP_MS)
  if not answer then engine_fault("opening a page", text, code) end
  return decode(answer)
end

-- Two frames drawn: a page that is opened in the same breath as its context shows everything 30 ms
-- later.
local SETTLED = "new Promise(d=>{setTimeout(d,500);"
  .. "requestAnimationFrame(()=>requestAnimationFrame(d))})"

--- All commands that set a page up go out together and are waited for once. Chromium must have
--- answered them before the first navigation, or the new document is not seen.
local function set_up(self, device)
  local download = self.downloads:command()
  local commands = {
    { "Page.enable" },
    { "Page.setLifecycleEventsEnabled", '{"enabled":true}' },
    { "Runtime.enable" },
    { "Network.enable", Tab.NETWORK },
    { targets.command() },
    { "Page.addScriptToEvaluateOnNewDocument", injected.command() },
    { "Emulation.setFocusEmulationEnabled", '{"enabled":true}' },
    { download[1], encode(download[2]) },
  }
  for _, command in ipairs(devices.commands(device, self.browser:info().product)) do
    local params = encode(command[2])
    commands[#commands + 1] = { command[1], params }
    self.targets:tell(command[1], command[1], params)
  end
  local tickets = {}
  for i, command in ipairs(commands) do
    tickets[i] = self.browser:send(command[1], command[2], self.session)
  end
  local settled = self.browser:peek_send("Runtime.evaluate",
    encode { expression = SETTLED, awaitPromise = true }, self.session)
  for i, ticket in ipairs(tickets) do
    local answer, text, code = self.browser:wait(ticket, SETUP_MS)
    if not answer then
      engine_fault("setting the page up (" .. commands[i][1] .. ")", text, code)
    end
  end
  local answer, text, code = self.browser:wait(settled, SETUP_MS)
  -- A pop-up's document may be replaced meanwhile.
  if not answer and code ~= "cdp" then engine_fault("setting the page up", text, code) end
end

---@class browser.TabOptions
---@field browser userdata   of sys.cdp.connect
---@field context userdata   of browser:context()
---@field device browser.Device
---@field hosts browser.Hosts
---@field log fun(level: string, text: string)

local function attach(options, target)
  local browser = options.browser
  local session = browser_call(browser, "Target.attachToTarget",
    { targetId = target, flatten = true }).sessionId
  local self = setmetatable({ browser = browser, context = options.context, hosts = options.hosts,
    log = options.log,
    device = options.device, target = target, frame = target, session = session,
    changed = sync.signal(), tree = tree.new(), opened = 0,
    console = console.new(), documents = {}, mark = 0, console_mark = 0, steps = 0 }, Tab)
  self.network, self.targets = network.new(self), targets.new(self)
  self.dialogs, self.downloads = dialogs.new(self), downloads.new(self)
  self.routes = routes.new(self)
  new_document(self, "", "about:blank")
  self.sub = browser:subscribe(session, EVENTS)
  self.pump = sys.task.spawn(guarded_pump, self)
  set_up(self, options.device)
  return self
end

--- Opens a blank page in a browser context.
---@param options browser.TabOptions
---@return browser.Tab
function tab.open(options)
  return attach(options, browser_call(options.browser, "Target.createTarget", { url = "about:blank",
    browserContextId = options.context:id() }).targetId)
end

--- Takes over a page that another one opened. Its first request began before anybody looked.
---@param options browser.TabOptions
---@param target string  DevTools' id
---@return browser.Tab
function tab.adopt(options, target)
  local self = attach(options, target)
  local found = self:call("Page.getFrameTree", nil, SETUP_MS)
  local frame = found and found.frameTree.frame
  self:catch_up()
  -- Unless its document has come since, which then has told of itself.
  if frame and self.document.seq == 0 and frame.url ~= "" and frame.url ~= "about:blank" then
    local early = self.early
    new_document(self, frame.loaderId, frame.url .. (frame.urlFragment or "")).mime = frame.mimeType
    if early and early.loader ~= frame.loaderId then self.early = early end
    self.changed:fire()
  end
  if found then self.tree:take(found.frameTree, self.frame) end
  return self
end

--- Closes the page. Waits a little for the browser; never raises.
function Tab:close()
  if self.closing then return end
  self.closing = true
  if not self.problem then
    self.problem = fault.new("usage",
      { code = "page-closed", message = "the page has been closed by page:close()" })
    self.browser:call("Target.closeTarget", encode { targetId = self.target }, nil, CLOSE_MS)
  end
  self.sub:close()
  self.downloads:finish()
  self.targets:close()
  self.changed:fire()
end

return tab
