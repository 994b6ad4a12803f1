--- Stand-ins for the hosts of marketing vendors, so that the demo store's pixels have somebody to
--- talk to: a TLS listener that answers for all of them and keeps what came. A browser is led here
--- by two flags (see flags); without them the shop's pixel code does nothing (pixels.js). Used by
--- demo/store.lua.

local html = require "demo.html"
local json = require "json"
local layout = require "demo.pages.layout"
local response = require "demo.response"

local pixels = {}

local READY = "ready.pixels.test"
local HOSTS = { "www.facebook.com", "www.google-analytics.com", "analytics.tiktok.com",
  "ct.pinterest.com", "tr.snapchat.com", "a.klaviyo.com", READY }
local IDS = { meta = "1234567890", ga4 = "G-ALPENGLOW1", tiktok = "CDEMO0ALPENGLOW0001",
  pinterest = "2612345678901", snap = "5d1f3c52-0000-4000-8000-a1be9910e000", klaviyo = "ALPGLW" }
local HITS_MAX, BODY_MAX = 500, 4096

-- A transparent picture of one pixel.
local GIF = "GIF89a\1\0\1\0\128\0\0\0\0\0\255\255\255!\249\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"

---@class DemoPixels
local Pixels = {}
Pixels.__index = Pixels

-- The listener takes its certificate from files, which nobody needs once it listens.
local function listen(host, made)
  local folder, why, code = sys.files.temp_dir("nano-sre-cert-")
  if not folder then return nil, why, code end
  local cert, key = folder .. "/cert.pem", folder .. "/key.pem"
  local server
  local written = sys.files.write(cert, made.cert) and sys.files.write(key, made.key)
  if written then
    server, why, code = sys.server.listen { host = host, port = 0, tls_cert = cert, tls_key = key }
  end
  sys.files.remove(folder, { recursive = true })
  if not server then return nil, why or "the certificate can't be written", code end
  return server
end

--- Opens the stand-ins on a port of this machine.
---@param host string
---@return DemoPixels? pixels
---@return string? why
---@return string? code
function pixels.start(host)
  local made, why, code = sys.server.self_signed(HOSTS)
  if not made then return nil, why, code end
  local server
  server, why, code = listen(host, made)
  if not server then return nil, why, code end
  return setmetatable({ server = server, host = host, port = server:port(), spki = made.spki,
    hits = {}, count = 0 }, Pixels)
end

-- What a browser wants to hear before it lets a page of another origin send.
local function cors(request)
  return { ["access-control-allow-origin"] = request.headers.origin or "*",
    ["access-control-allow-credentials"] = "true",
    ["access-control-allow-headers"] = request.headers["access-control-request-headers"]
      or "content-type",
    ["access-control-allow-methods"] = "GET, POST", ["cache-control"] = "no-store",
    ["content-type"] = "text/plain" }
end

local function answer(self, request)
  local headers = cors(request)
  local host = (request.headers.host or request.headers[":authority"] or ""):gsub(":%d+$", "")
  if request.method == "OPTIONS" or host == READY then
    return self.server:respond(request.id, 204, headers, "")
  end
  self.count = self.count + 1
  table.insert(self.hits, { host = host, method = request.method, path = request.path,
    query = request.query, body = request.body:sub(1, BODY_MAX), at = sys.clock.now() })
  if #self.hits > HITS_MAX then table.remove(self.hits, 1) end
  if host == "www.facebook.com" or host == "ct.pinterest.com" then
    headers["content-type"] = "image/gif"
    return self.server:respond(request.id, 200, headers, GIF)
  end
  self.server:respond(request.id, host == "a.klaviyo.com" and 202 or 204, headers, "")
end

--- Answers until it is closed. Waits.
function Pixels:serve()
  while true do
    local request = self.server:accept()
    if not request then return end
    answer(self, request)
  end
end

--- Closes the listener.
function Pixels:close() self.server:close() end

--- What leads a browser here: { hosts, address = "127.0.0.1:port", spki }.
---@return table
function Pixels:describe()
  return { hosts = json.array { unpack(HOSTS) },
    address = ("%s:%d"):format(self.host, self.port), spki = self.spki }
end

--- What came: { count, hits = { { host, method, path, query, body, at }… } }, the oldest first.
---@return table
function Pixels:log() return { count = self.count, hits = json.array { unpack(self.hits) } } end

local HEAD = [[
<script type="application/json" id="demo-pixels">{=config}</script>
<script src="{js}" defer="defer"></script>
]]

--- A page with the shop's pixel code.
---@param page string     HTML
---@param faults table    the faults that are on
---@param js string       URL of the script
---@return string
function pixels.into(page, faults, js)
  local broken = {}
  for _, one in ipairs(faults) do
    if one.pixels then broken[one.pixels] = true end
  end
  local head = html.fill(HEAD, { js = js, config = layout.script_json { ids = IDS, faults = broken,
    ready = READY } })
  return (page:gsub("</head>", function() return head .. "</head>" end, 1))
end

--- The addresses of the sandboxes and of Shopify's own beacons; nil for any other.
---@param request table
---@return DemoResponse?
function pixels.answer(request)
  if request.path == "/web-pixels/custom/sandbox" then
    return response.html(sys.resource "demo/pixel_frame.html")
  elseif request.path == "/web-pixels/app/worker.js" then
    return response.new(200, "text/javascript; charset=utf-8",
      sys.resource "demo/pixel_worker.js", "no-cache")
  elseif request.path == "/.well-known/shopify/monorail/unstable/produce_batch" then
    return response.json { result = json.array {} }
  end
end

return pixels
