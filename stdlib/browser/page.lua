--- A page of the browser as a skill sees it: Playwright's names in snake_case, every action waits on its own.
--- This file is the public face; tab.lua holds what is behind it. docs/browser.md is the manual.
---
--- The runner (run/*) makes pages for `t.page{…}` and ends them:
---
---   local pages = require "browser.page"
---   local page = pages.open(context, opts)      -- raises a fault (engine: no browser; usage: unknown device)
---   pages.list(context)                         -- pages still open, the one that was used last first
---   pages.finish(context)                       -- closes all of them and the browser context; never raises
---
--- `context` is one table per run; it is read by every page of the run, and the pages of a run share one browser
--- context (cookies, so one cart), kept in the context by open():
---
---   context = {
---     store   = { url = "https://shop.example/", password = nil|"…" },  -- url: what relative addresses join
---     hosts   = { "pay.example", "*.shopify.com" },  -- further hosts that page:goto may visit (the manifest's)
---     browser = { kind = "shell"|"chromium"|"auto", path =, endpoint =, headed =, args = },  -- to sys.cdp.connect
---     device  = "Pixel 9"|nil,                       -- of the project or command line; t.page{device=} goes first
---     timeout_ms = 10000|nil,                        -- default limit of one action or wait
---     navigation_timeout_ms = 30000|nil,             -- default limit of goto and load states
---     save    = function(name, bytes) → path | nil, text,  -- keeps an artifact ("cart.png"); nil: nowhere to keep
---     log     = function(level, text) | nil,         -- a line of the run's log ("debug", "info", "warn")
---   }
---   opts = { device = "iPhone 17 Pro"|{…}, fresh = true (an own browser context: another shopper),
---            timeout = ms|"10s", navigation_timeout = ms|"30s" }
---
--- When a step fails: page:evidence(selector|nil) → { url, title, selector, dom, console = {…last 20},
--- requests = {…last 30}, errors = {…}, vitals = {…}, screenshot = path|nil }; limits of about 2 s, never raises. The selector of
--- a failed action is in the fault: fault.details = { selector=, url=, dom=, near={…}, matched=, why= }.
--- Faults raised: failure (the shop: code "timeout", "http-status", "net", "tls", "dns", "page-crash", …), engine (the monitor:
--- "browser", "own-network"), usage (wrong call, selector or host).

local page = {}

return page
