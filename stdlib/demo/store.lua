--- The demo store as a server: demo/shop.lua behind sys.server. Used by `nano-sre demo`, by the
--- benches and by tests. Trusted code; everything that it keeps is bounded (demo/shop.lua).

local faults = require "demo.faults"
local images = require "demo.images"
local other = require "demo.pages.other"
local pixels = require "demo.pixels"
local response = require "demo.response"
local shop = require "demo.shop"
local url = require "url"

local store = {}

---@class DemoStore
local Store = {}
Store.__index = Store

--- The faults that can be switched on: { { name, about }, … }, by name.
---@return { name: string, about: string }[]
function store.faults()
  local list = {}
  for i, name in ipairs(shop.fault_names()) do
    list[i] = { name = name, about = faults[name].about }
  end
  return list
end

---@class demo.StoreOptions
---@field host string?
---@field port integer?
---@field faults string[]?
---@field password string?
---@field drawer boolean?  the cart opens as a drawer
---@field banner boolean?  visitors see a cookie banner
---@field popup boolean?   a newsletter's pop-up covers the pages until it is closed
---@field pixels boolean?  pages have marketing pixels, and there are stand-ins for their vendors

--- Opens the shop on a port of this machine. It answers while `serve` runs.
---@param options demo.StoreOptions?
---host: "127.0.0.1" if absent; port: 0 (any free one) if absent; password: the shop is closed to
---who does not give it
---@return DemoStore? store  nil if it cannot listen there
---@return string? why
---@return string? code
---@raise usage: an unknown fault
function store.start(options)
  options = options or {}
  local host = options.host or "127.0.0.1"
  local its_shop = shop.new { faults = options.faults, password = options.password,
    drawer = options.drawer, banner = options.banner, popup = options.popup }
  local server, why, code = sys.server.listen { host = host, port = options.port or 0 }
  if not server then return nil, why, code end
  local self = setmetatable({ server = server, host = host, bound = server:port(),
    shop = its_shop, open = true }, Store)
  if options.pixels then
    self.pixels, why, code = pixels.start(host)
    if not self.pixels then
      self:close()
      return nil, why, code
    end
    its_shop.pixels = self.pixels
  end
  return self
end

--- The port that it listens on.
---@return integer
function Store:port() return self.bound end

--- Where the shop is, without a trailing slash: "http://127.0.0.1:8080".
---@return string
function Store:url()
  return url.build { scheme = "http", host = self.host, port = self.bound }
end

--- Switches a fault.
---@param name string
---@param on boolean
---@raise usage: there is no such fault
function Store:fault(name, on) self.shop:fault(name, on) end

local function respond(self, id, out)
  local headers = {}
  for name, value in pairs(out.headers) do headers[name] = value end
  if #out.cookies > 0 then headers["set-cookie"] = out.cookies end
  self.server:respond(id, out.status, headers, out.body) -- a client that has gone is no trouble
end

-- A mistake in a page is a page that says so, not the end of the shop.
local function answer(self, request)
  request.query = (url.decode_query(request.query))
  local ok, out = pcall(self.shop.handle, self.shop, request)
  if not ok then
    out = response.html(other.trouble("The demo store has a mistake", tostring(out)), 500)
  end
  if not out.delay_ms then return respond(self, request.id, out) end
  sys.task.spawn(function()
    sys.clock.sleep(out.delay_ms)
    if self.open then respond(self, request.id, out) end
  end)
end

-- Draws, in the pauses between requests, what a phone's first pages will ask for, so that the
-- first visit does not measure the drawing.
local function draw_ahead(self)
  for _, job in ipairs(images.first_pages) do
    if not self.open then return end
    images.file(job[1], job[2])
    sys.clock.sleep(0)
  end
end

--- Answers requests. Waits; returns once the shop is closed.
function Store:serve()
  sys.task.spawn(draw_ahead, self)
  if self.pixels then sys.task.spawn(self.pixels.serve, self.pixels) end
  while true do
    local request = self.server:accept()
    if not request then return end
    answer(self, request)
  end
end

--- Closes the shop. What is under way is still answered, unless a fault makes it late.
function Store:close()
  if not self.open then return end
  self.open = false
  self.server:close()
  if self.pixels then self.pixels:close() end
end

return store
