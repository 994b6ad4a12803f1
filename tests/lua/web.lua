--- What the browser's tests share: a web server of a few pages, and a page of a real Chromium at
--- it. A test file gets it with: local web =
--- assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local fault = require "fault"
local pages = require "browser.page"

local web = {}

local HEAD = '<!doctype html><meta name="viewport" content="width=device-width,initial-scale=1">'
  .. "<title>Test</title>"

---@class TestSite
---@field url string
---@field seen table[]  the requests that came: { method, path, body }
local Site = {}
Site.__index = Site

local function answer_of(page, request)
  if type(page) == "function" then page = page(request) end
  if type(page) == "string" then page = { body = HEAD .. page } end
  return page or { status = 404, body = HEAD .. "<h1>Not found</h1>" }
end

local function serve(self)
  while true do
    local request = self.server:accept()
    if not request then return end
    self.seen[#self.seen + 1] = request
    local answer = answer_of(self.pages[request.path], request)
    if not answer.hang then
      local headers = { ["content-type"] = "text/html; charset=utf-8" }
      for name, value in pairs(answer.headers or {}) do headers[name] = value end
      self.server:respond(request.id, answer.status or 200, headers, answer.body or "")
    end
  end
end

--- Serves pages by path: HTML (the head is added), { status, headers, body, hang }, or a function
--- of the request that gives one of these.
---@param by_path table<string, any>
---@return TestSite
function web.site(by_path)
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  local self = setmetatable({ server = server, pages = by_path, seen = {},
    port = server:port(), url = ("http://127.0.0.1:%d"):format(server:port()) }, Site)
  self.task = sys.task.spawn(serve, self)
  return self
end

function Site:close() self.server:close() end

--- The paths that were asked for, with their methods.
function Site:paths()
  local out = {}
  for i, request in ipairs(self.seen) do out[i] = request.method .. " " .. request.path end
  return out
end

--- What a run would give the pages of a site; short limits, because what a test waits for is there.
---@param site TestSite?
---@param more table?
---@return table
function web.context(site, more)
  local context = { store = { url = site and site.url }, kept = {}, logged = {},
    timeout_ms = 5000, navigation_timeout_ms = 10000 }
  context.save = function(name, bytes)
    context.kept[name] = bytes
    return "/artifacts/" .. name
  end
  context.log = function(level, text) table.insert(context.logged, level .. " " .. text) end
  for key, value in pairs(more or {}) do context[key] = value end
  return context
end

--- A page of the browser at the site; with its context, for web.finish.
function web.page(site, more, options)
  local context = web.context(site, more)
  return pages.open(context, options), context
end

web.finish = pages.finish

--- Calls fn, which must raise a fault of that kind, and returns it.
---@param kind string
---@param fn function
---@return Fault
function web.fault(kind, fn, ...)
  local ok, raised = pcall(fn, ...)
  if ok then error("nothing was raised", 2) end
  if not fault.is(raised) then error(raised, 2) end
  if raised.kind ~= kind then
    error(("a %s was raised, not a %s: %s"):format(raised.kind, kind, tostring(raised)), 2)
  end
  return raised
end

return web
