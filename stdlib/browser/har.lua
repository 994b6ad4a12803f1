--- The page's requests as an HTTP Archive (HAR 1.2), which browsers' developer tools and most
--- performance tools open. Cookies and authorizations are left out: an archive is shown around.

local json = require "json"
local target = require "browser.target"
local time = require "time"

local har = {}

local SECRET = { cookie = true, ["set-cookie"] = true, authorization = true,
  ["proxy-authorization"] = true, ["x-shopify-access-token"] = true }

local function header_list(headers)
  local list = json.array {}
  for name, value in pairs(headers or {}) do
    list[#list + 1] = { name = name, value = SECRET[name:lower()] and "…" or tostring(value) }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function query_list(url)
  local list = json.array {}
  local query = (sys.codec.url_parse(url) or {}).query
  for pair in (query or ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    list[#list + 1] = { name = sys.codec.url_decode(name) or name,
      value = sys.codec.url_decode(value) or value }
  end
  return list
end

local function version(protocol)
  return protocol == "h2" and "HTTP/2" or protocol == "h3" and "HTTP/3"
    or protocol and protocol:upper() or "unknown"
end

local function request_of(sent, got)
  local one = { method = sent.method, url = sent.url, httpVersion = version(got and got.protocol),
    cookies = json.array {}, headers = header_list(sent.headers),
    queryString = query_list(sent.url), headersSize = -1, bodySize = -1 }
  if sent.post_data then
    local kind = ""
    for name, value in pairs(sent.headers or {}) do
      if name:lower() == "content-type" then kind = value end
    end
    one.postData = { mimeType = kind, text = sent.post_data }
    one.bodySize = #sent.post_data
  end
  return one
end

local function response_of(exchange, got)
  if not got then
    return { status = 0, statusText = "", httpVersion = "unknown", cookies = json.array {},
      headers = json.array {}, content = { size = 0, mimeType = "x-unknown" }, redirectURL = "",
      headersSize = -1, bodySize = -1, _error = exchange.failure }
  end
  return { status = got.status, statusText = got.status_text or "",
    httpVersion = version(got.protocol), cookies = json.array {},
    headers = header_list(got.headers),
    content = { size = exchange.bytes or 0, mimeType = got.mime or "" },
    redirectURL = exchange.redirected and exchange.redirected:request().url or "",
    headersSize = -1, bodySize = exchange.bytes or -1, _error = exchange.failure }
end

local function entry_of(exchange, page_id)
  local sent, got, spent = exchange:request(), exchange:response(), exchange:timing()
  local function of(ms) return ms and math.floor(ms * 1000 + 0.5) / 1000 or -1 end
  return { pageref = page_id, startedDateTime = time.iso8601(sent.wall_ms or sys.clock.now()),
    time = spent.total_ms and of(spent.total_ms) or 0, request = request_of(sent, got),
    response = response_of(exchange, got), cache = {},
    timings = { blocked = -1, dns = of(spent.dns_ms), connect = of(spent.connect_ms),
      ssl = of(spent.tls_ms), send = math.max(0, of(spent.send_ms)),
      wait = math.max(0, of(spent.wait_ms)), receive = math.max(0, of(spent.receive_ms)) },
    serverIPAddress = got and got.address or nil, _resourceType = sent.type,
    _initiator = sent.initiator }
end

local function page_of(document, id, first)
  local vitals = document.vitals or {}
  return { startedDateTime = time.iso8601(first and first:request().wall_ms or sys.clock.now()),
    id = id, title = document.url, pageTimings = {
      onContentLoad = vitals.dom_content_loaded_ms or -1, onLoad = vitals.load_ms or -1 } }
end

local OPTIONS = { name = true }

--- page:har: the last 400 requests.
---@param tab browser.Tab
---@param options table?  name: keep it among the run's artifacts
---@return table archive
---@return string? path
function har.make(tab, options)
  options = target.check_options("page:har{name}", options, OPTIONS)
  tab:catch_up()
  local pages, entries, id_of = json.array {}, json.array {}, {}
  for i, document in ipairs(tab.documents) do
    local first = document.seq > 0 and tab.network:find(document.loader)
    if document.seq > 0 then
      id_of[document.loader] = "page_" .. i
      pages[#pages + 1] = page_of(document, "page_" .. i, first or nil)
    end
  end
  for exchange in tab.network:after(0) do
    entries[#entries + 1] = entry_of(exchange, id_of[exchange:request().loader])
  end
  local archive = { log = { version = "1.2", creator = { name = "nano-sre", version = "1" },
    pages = pages, entries = entries } }
  if not options.name then return archive end
  local path, why = tab.save(options.name:gsub("%.har$", "") .. ".har", json.encode(archive))
  if not path then tab.log("warn", "the archive is not kept: " .. tostring(why)) end
  return archive, path
end

return har
