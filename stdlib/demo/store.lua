--- The demo store as a server: demo/shop.lua behind sys.server. Used by `nano-sre demo` and by tests.

local faults = require "demo.faults"
local shop = require "demo.shop"
local url = require "url"

local store = {}

---@class DemoStore
local Store = {}
Store.__index = Store

--- The faults that can be switched on: { { name, about }, … }, by name.
function store.faults()
  local list = {}
  for i, name in ipairs(shop.fault_names()) do list[i] = { name = name, about = faults[name].about } end
  return list
end

--- Opens the shop on a port of this machine.
---@param options {host: string?, port: integer?, faults: string[]?, password: string?}?
---@return DemoStore? store
---@return string? why
function store.start(options)
  options = options or {}
  local server, why = sys.server.listen { host = options.host or "127.0.0.1", port = options.port or 0 }
  if not server then return nil, why end
  return setmetatable({ server = server, host = options.host or "127.0.0.1", bound = server:port(),
    shop = shop.new { faults = options.faults, password = options.password } }, Store)
end

function Store:port() return self.bound end

--- Where the shop is, without a trailing slash.
function Store:url() return ("http://%s:%d"):format(self.host, self.bound) end

--- Switches a fault. Raises a usage fault for an unknown one.
function Store:fault(name, on) self.shop:fault(name, on) end

local function answer(self, request)
  request.query = url.decode_query(request.query)
  local out = self.shop:handle(request)
  if out.delay_ms then sys.clock.sleep(out.delay_ms) end
  local headers = {}
  for name, value in pairs(out.headers) do headers[name] = value end
  if #out.cookies > 0 then headers["set-cookie"] = out.cookies end
  self.server:respond(request.id, out.status, headers, out.body)
end

--- Answers requests until close. Waits.
function Store:serve()
  while true do
    local request = self.server:accept()
    if not request then return end
    sys.task.spawn(answer, self, request)
  end
end

function Store:close() self.server:close() end

return store
