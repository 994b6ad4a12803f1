--- A page of the browser as a skill sees it: Playwright's names in snake_case, every action waits
--- on its own. This file is the public face; tab.lua holds what is behind it. docs/browser.md is
--- the manual.
---
--- The runner (run/*) makes pages for `t.page{…}` and ends them:
---
---   local pages = require "browser.page"
---   local page = pages.open(context, opts)  -- raises a fault (engine: no browser; usage: device)
---   pages.list(context)                     -- those still open, the one that was used last first
---   pages.finish(context)                   -- closes all of them; never raises
---
--- `context` is one table per run; it is read by every page of the run, and the pages of a run
--- share one browser context (cookies, so one cart), kept in the context by open():
---
---   context = {
---     store   = { url = "https://shop.example/" },   -- what relative addresses join
---     hosts   = { "pay.example", "*.shopify.com" },  -- further hosts that page:goto may visit
---     browser = { kind = "shell"|"chromium"|"auto", path =, endpoint =, headed =, args = },
---     device  = "Pixel 9"|nil,                       -- of the project; t.page{device=} goes first
---     timeout_ms = 10000|nil,                        -- default limit of one action or wait
---     navigation_timeout_ms = 30000|nil,             -- default limit of goto and load states
---     folder  = "/scripts",                          -- page:upload takes files from here only
---     privacy = "fill"|"blur"|nil,                   -- personal fields are covered in pictures
---     save    = function(name, bytes) → path | nil, text,  -- keeps an artifact ("cart.png")
---     log     = function(level, text) | nil,         -- a line of the run's log
---     shared  = nil,                                 -- set by open(): browser, context, pages
---   }
---   opts = { device = "iPhone 17 Pro"|{…}, fresh = true (another shopper: own cookies),
---            timeout = ms|"10s", navigation_timeout = ms|"30s", and the fields of emulate.lua }
---
--- When a step fails: page:evidence(selector|nil) → { url, title, selector, dom, console = {…last
--- 20}, requests = {…last 30}, errors = {…}, vitals = {…}, screenshot = path|nil } within about 3
--- s; it never raises. A failed action's fault says what it was about: fault.details = { selector,
--- url, dom, near = {…}, matched, why }. Kinds of faults: failure (the shop: code "timeout",
--- "http-status", "net", "tls", "dns", "page-crash", …), engine (the monitor: "browser",
--- "own-network"), usage (wrong call, selector or host).

local actions = require "browser.actions"
local cookies = require "browser.cookies"
local devices = require "browser.devices"
local dialogs = require "browser.dialogs"
local downloads = require "browser.downloads"
local element = require "browser.element"
local emulate = require "browser.emulate"
local events = require "browser.events"
local evidence = require "browser.evidence"
local exchange = require "browser.exchange"
local face = require "browser.face"
local fault = require "fault"
local frames = require "browser.frames"
local har = require "browser.har"
local hosts = require "browser.hosts"
local limits = require "browser.limits"
local navigation = require "browser.navigation"
local nearest = require "run.nearest"
local popups = require "browser.popups"
local routes = require "browser.routes"
local scripts = require "browser.scripts"
local selectors = require "browser.selector"
local shots = require "browser.shots"
local tabs = require "browser.tab"
local world = require "browser.world"

local page = {}

local TIMEOUT_MS, NAVIGATION_MS, VITALS_MS, CONNECT_MS = 10000, 30000, 5000, 60000

local make_locator, make_frame, make_page

-- `enter` gives what stands for the tab: the tab itself, or the view of a frame as it is by then.
local function locator(enter, selector)
  selectors.parse(selector) -- a mistyped one is told of here, not at its first use
  return make_locator { enter = enter, selector = selector, words = function() return selector end }
end

local function use(tab)
  tab.used = (tab.shared.uses or 0) + 1
  tab.shared.uses = tab.used
end

local function in_frame(enter, wanted)
  return make_frame { enter = function() return frames.enter(enter(), wanted) end,
    words = function() return frames.words(wanted) end }
end

local function all_frames(tab)
  local out = {}
  for i, one in ipairs(frames.list(tab)) do
    out[i] = in_frame(function() return tab end, one)
  end
  return out
end

local function whole_document(tab, name)
  local what = ("%s:%s()"):format(tab.in_frame and "frame" or "page", name)
  local answer = world.ask(tab, what, name, {}, limits.deadline(tab.timeout))
  if not answer then
    fault.failure { code = "timeout", message = what .. ": there is no page to look at" }
  end
  return answer.value
end

local FILTER = { has_text = "has-text", has_not_text = "has-not-text", visible = "visible" }

local function filter(self, options)
  local selector = self.selector
  for _, key in ipairs { "has_text", "has_not_text", "visible" } do
    local value = options[key]
    if type(value) == "string" and value:sub(1, 1) ~= "/" then
      -- A part of the text, whatever it holds.
      value = "/" .. value:gsub("[%^%$%(%)%.%[%]%*%+%?%{%}|/\\]", "\\%0") .. "/i"
    end
    if value ~= nil then
      selector = ("%s >> %s=%s"):format(selector, FILTER[key], tostring(value))
    end
  end
  return locator(self.enter, selector)
end

local locator_methods = {
  locator = function(self, selector)
    return locator(self.enter, self.selector .. " >> " .. tostring(selector))
  end,
  nth = function(self, n)
    return locator(self.enter, ("%s >> nth=%s"):format(self.selector, tostring(n)))
  end,
  first = function(self) return locator(self.enter, self.selector .. " >> nth=0") end,
  last = function(self) return locator(self.enter, self.selector .. " >> nth=-1") end,
  filter = function(self, options)
    return filter(self, actions.check_options(
      "locator:filter{has_text, has_not_text, visible}", options, FILTER))
  end,
  frame = function(self) return in_frame(self.enter, self.selector) end,
}
local frame_methods = {
  locator = function(self, selector) return locator(self.enter, selector) end,
  frame = function(self, wanted) return in_frame(self.enter, frames.check(wanted)) end,
  frames = function(self) return all_frames(self.enter()) end,
  eval = function(self, ...) return actions.eval(self.enter(), ...) end,
  wait_for_function = function(self, ...) return events.wait_for_function(self.enter(), ...) end,
  url = function(self) return self.enter():frame_url() end,
  title = function(self) return whole_document(self.enter(), "title") end,
  content = function(self) return whole_document(self.enter(), "content") end,
}
for name, method in pairs(element) do
  locator_methods[name] = function(self, ...)
    local tab = self.enter()
    use(tab)
    return method(tab, self.selector, ...)
  end
  frame_methods[name] = function(self, ...)
    local tab = self.enter()
    use(tab)
    return method(tab, ...)
  end
end
make_locator = face.maker("locator", locator_methods)
make_frame = face.maker("frame", frame_methods)

local function copy_of(vitals)
  local out = {}
  for name, value in pairs(vitals) do out[name] = value end
  return out
end

local function vitals(tab, options)
  local signature = "page:vitals{timeout, step}"
  options = actions.check_options(signature, options, { timeout = true, step = true })
  local deadline = limits.deadline(limits.read(signature, options.timeout, VITALS_MS))
  local document = tab.document
  local answer = world.ask(tab, "vitals", "vitals_more", { step = options.step == true }, deadline)
  local out = copy_of(answer and answer.vitals or document.vitals or {})
  for name, value in pairs(answer and answer.value or {}) do out[name] = value end
  return out
end

local function visited(tab)
  local out = {}
  for _, document in ipairs(tab.documents) do
    if document.seq > 0 then
      local one = navigation.exchange_of(tab, document)
      local got = one and one:response()
      out[#out + 1] = { url = document.unreachable or document.url, status = got and got.status,
        vitals = document.vitals and copy_of(document.vitals) }
    end
  end
  return out
end

local function response(tab)
  local one = navigation.exchange_of(tab, tab.document)
  return one and exchange.response(tab, one)
end

local function register(tab)
  use(tab)
  local object = make_page { tab = tab, words = function() return tab.document.url end }
  table.insert(tab.shared.pages, { tab = tab, page = object })
  return object
end

-- (tab, …)
local about_page = {
  ["goto"] = navigation.go,
  wait_for_url = navigation.wait_for_url,
  wait_for_load = navigation.wait_for_load,
  wait_for_request = navigation.wait_for_request,
  wait_for_response = navigation.wait_for_response,
  locator = function(tab, selector)
    return locator(function() return tab end, selector)
  end,
  frame = function(tab, wanted)
    return in_frame(function() return tab end, frames.check(wanted))
  end,
  frames = all_frames,
  first_visible = actions.first_visible,
  on_dialog = dialogs.on_dialog,
  wait_for_popup = function(tab, options) return register(popups.wait(tab, options)) end,
  wait_for_download = downloads.wait,
  wait_for_event = function(tab, name, ...)
    local found = events.wait(tab, name, ...)
    return name == "popup" and register(found) or found
  end,
  wait_for_function = events.wait_for_function,
  response_body = events.response_body,
  add_init_script = scripts.add,
  route = routes.route,
  unroute = routes.unroute,
  set_login = routes.set_login,
  har = har.make,
  emulate = emulate.apply,
  cookies = cookies.list,
  set_cookie = cookies.set,
  clear_cookies = cookies.clear,
  storage = cookies.storage,
  set_storage = cookies.set_storage,
  eval = actions.eval,
  url = function(tab) return tab.document.unreachable or tab.document.url end,
  title = function(tab) return whole_document(tab, "title") end,
  content = function(tab) return whole_document(tab, "content") end,
  screenshot = shots.screenshot,
  vitals = vitals,
  visited = visited,
  response = response,
  requests = function(tab, options) return exchange.list(tab:catch_up(), options) end,
  console = function(tab) return tab:catch_up().console:read_lines() end,
  errors = function(tab) return tab:catch_up().console:read_errors() end,
  evidence = evidence.collect,
  device = function(tab) return tab.device.name end,
  is_closed = function(tab) return tab.problem ~= nil end,
  close = function(tab)
    tab:close()
    for i, other in ipairs(tab.shared.pages) do
      if other.tab == tab then return table.remove(tab.shared.pages, i) and nil end
    end
  end,
}

local page_methods = {}
for _, methods in ipairs { element, about_page } do
  for name, method in pairs(methods) do
    page_methods[name] = function(self, ...)
      use(self.tab)
      return method(self.tab, ...)
    end
  end
end
make_page = face.maker("page", page_methods)

-- What to do about a browser that cannot be had.
local function remedy(code, endpoint)
  if endpoint then
    return "the address is webSocketDebuggerUrl in what http://HOST:PORT/json/version answers, and "
      .. "changes whenever that browser starts"
  end
  return code == "not-found" and "install chromium-headless-shell, or run `nano-sre doctor`"
    or "run `nano-sre doctor`"
end

local function connect(context)
  local wanted = context.browser or {}
  local browser, text, code = sys.cdp.connect { kind = wanted.kind or "auto", path = wanted.path,
    endpoint = wanted.endpoint,
    headed = wanted.headed, args = wanted.args, timeout_ms = CONNECT_MS }
  if browser then return browser end
  if code == "invalid" then
    error(fault.new("usage", { code = "option", message = text,
      hint = "take it out of browser_args (--browser-arg)" }), 0)
  end
  fault.engine { code = code == "not-found" and "no-browser" or "browser",
    message = (wanted.endpoint and "" or "the browser did not start: ") .. tostring(text),
    hint = remedy(code, wanted.endpoint) }
end

local function new_browser_context(browser)
  local made, text = browser:context()
  if not made then
    fault.engine { code = "browser", message = "opening a browser context: " .. tostring(text) }
  end
  return made
end

-- The browser and the context that the pages of a run share; made anew when the browser has died in
-- between.
local function shared_state(context)
  local shared = context.shared
  if not shared then
    shared = { pages = {}, contexts = {} }
    context.shared = shared
  end
  for _, open in ipairs(shared.pages) do
    if open.tab.problem and open.tab.problem.code == "browser" then
      shared.browser, shared.context = nil, nil
    end
  end
  shared.browser = shared.browser or connect(context)
  return shared
end

local OPTIONS = { device = true, fresh = true, timeout = true, navigation_timeout = true }
for name in pairs(emulate.FIELDS) do OPTIONS[name] = true end
local SIGNATURE = "t.page{device, fresh, timeout, navigation_timeout, network, cpu, …}"

--- Opens a page for a run.
---@param context table  see above
---@param opts table?    see above
---@return Page
function page.open(context, opts)
  opts = opts or {}
  for key in pairs(opts) do
    if not OPTIONS[key] then
      fault.usage(SIGNATURE, ("unknown option %q"):format(tostring(key)),
        nearest.hint(key, OPTIONS))
    end
  end
  local device = devices.find(opts.device or context.device)
  local timeout = limits.read(SIGNATURE, opts.timeout, context.timeout_ms or TIMEOUT_MS)
  local navigation_timeout = limits.read(SIGNATURE, opts.navigation_timeout,
    context.navigation_timeout_ms or NAVIGATION_MS)
  local shared = shared_state(context)
  local browser_context = not opts.fresh and shared.context
  if not browser_context then
    browser_context = new_browser_context(shared.browser)
    table.insert(shared.contexts, browser_context)
    if not opts.fresh then shared.context = browser_context end
  end
  shared.hosts = shared.hosts or hosts.new(context.store and context.store.url, context.hosts)
  local tab = tabs.open { browser = shared.browser, context = browser_context, device = device,
    hosts = shared.hosts,
    log = context.log or function() end }
  tab.shared, tab.timeout, tab.navigation_timeout = shared, timeout, navigation_timeout
  tab.save = context.save or function() return nil, "there is nowhere to keep it" end
  tab.folder, tab.privacy = context.folder, context.privacy
  local wanted = {}
  for name in pairs(emulate.FIELDS) do wanted[name] = opts[name] end
  if next(wanted) ~= nil then emulate.apply(tab, wanted) end
  return register(tab)
end

--- The pages of a run that are open, the one that was used last first.
---@return Page[]
function page.list(context)
  local open = {}
  for i, one in ipairs(context.shared and context.shared.pages or {}) do open[i] = one end
  table.sort(open, function(a, b) return a.tab.used > b.tab.used end)
  for i, one in ipairs(open) do open[i] = one.page end
  return open
end

--- Ends what a run has opened. Never raises.
function page.finish(context)
  local shared = context.shared
  if not shared then return end
  for _, one in ipairs(shared.pages) do
    one.tab.closing = true
    one.tab.problem = one.tab.problem
      or fault.new("usage", { code = "page-closed", message = "the run has ended" })
    pcall(one.tab.sub.close, one.tab.sub)
    one.tab.targets:close()
  end
  -- A context takes its pages with it: one command instead of two for each page.
  for _, browser_context in ipairs(shared.contexts) do
    pcall(browser_context.close, browser_context)
    browser_context:release()
  end
  for _, one in ipairs(shared.pages) do one.tab.downloads:finish() end
  if context.own_browser and shared.browser then pcall(shared.browser.close, shared.browser) end
  -- A state that holds nothing of the engine's is dropped without a walk through it.
  if shared.browser then shared.browser:release() end
  context.shared = nil
end

return page
