--- The page's requests. An event is kept as the text that came and decoded when somebody asks for
--- it, because most requests of a page interest nobody: only their ids are read as they come. The
--- list is bounded.

local network = {}

local KEEP, RAW_MAX, URL_MAX, BODY_MAX, BODY_ASK_MS = 400, 8192, 4096, 65536, 5000

local decode, null = sys.codec.json_decode, sys.codec.null

---@class browser.Exchange  one request and what became of it; a redirect begins a new one
---@field id string         DevTools' id, shared along a chain of redirects
---@field seq integer       grows with each request of the page
---@field ended number?     when it ended, seconds on Chromium's clock
---@field previous browser.Exchange?  what redirected here
---@field sent table?       decoded request, see Exchange:request
---@field got table?        decoded response
---@field failure string?   "net::ERR_…"
---@field bytes number?     over the wire
---@field target browser.Target?  the frame or worker that sent it, if not the page itself
---@field tab browser.Tab
---@field body string?      of the request, where the browser had to be asked for it
---@field asking boolean?   the browser is being asked for it
local Exchange = {}
Exchange.__index = Exchange

---@class browser.Network
---@field tap fun(exchange: browser.Exchange, raw: string): boolean|nil  told of each request as it
---  begins; one for which it returns true outlives the bounds of the list
local Network = {}
Network.__index = Network

---@param tab browser.Tab?  whose requests they are
---@return browser.Network
function network.new(tab)
  return setmetatable({ tab = tab, list = {}, first = 1, last = 0, by_id = {} }, Network)
end

-- Chromium writes the id first; a decoder that reorders would cost a decode, not an error.
local function id_of(raw)
  return raw:match('^{"requestId":"([^"\\]+)"') or decode(raw).requestId
end

local function cut(url)
  return #url > URL_MAX and url:sub(1, URL_MAX) .. "…" or url
end

-- What made the page ask: a script's line, a place in the markup, or something else.
local function initiator_of(given)
  if type(given) ~= "table" then return nil end
  local stack = given.stack
  while stack and not (stack.callFrames and stack.callFrames[1]) do stack = stack.parent end
  local frame = stack and stack.callFrames[1]
  local line = frame and frame.lineNumber or given.lineNumber
  return { type = given.type, url = cut(frame and frame.url or given.url or ""),
    line = line and line + 1, name = frame and frame.functionName ~= "" and frame.functionName
    or nil }
end

local function read_sent(raw)
  local event = decode(raw)
  local request = event.request
  local body = request.postData
  return { url = cut(request.url .. (request.urlFragment or "")), method = request.method,
    headers = request.headers, post_data = body and body:sub(1, BODY_MAX),
    type = (event.type or "Other"):lower(), timestamp = event.timestamp,
    wall_ms = event.wallTime and event.wallTime * 1000, loader = event.loaderId,
    frame = event.frameId, redirect = event.redirectResponse,
    initiator = initiator_of(event.initiator) }
end

local function lowered(headers)
  local out = {}
  for name, value in pairs(headers or {}) do out[name:lower()] = value end
  return out
end

-- Chromium's marks (milliseconds since requestTime, -1 for what did not happen) as durations.
local function phases(timing)
  local function span(from, to)
    return from and to and from >= 0 and to >= from and to - from or nil
  end
  return { dns_ms = span(timing.dnsStart, timing.dnsEnd),
    connect_ms = span(timing.connectStart, timing.connectEnd),
    tls_ms = span(timing.sslStart, timing.sslEnd), send_ms = span(timing.sendStart, timing.sendEnd),
    wait_ms = span(timing.sendEnd, timing.receiveHeadersStart or timing.receiveHeadersEnd),
    began = timing.requestTime, headers_at = timing.receiveHeadersEnd }
end

local function read_got(response, timestamp)
  local timing = response.timing
  if timing == null then timing = nil end
  return { url = cut(response.url), status = response.status, status_text = response.statusText,
    headers = lowered(response.headers), mime = response.mimeType,
    from_cache = response.fromDiskCache or nil, protocol = response.protocol,
    address = response.remoteIPAddress, timestamp = timestamp, phases = timing and phases(timing),
    ttfb_ms = timing and timing.receiveHeadersStart and timing.sendStart
      and timing.receiveHeadersStart - timing.sendStart or nil }
end

local function end_of(raw)
  return tonumber(raw:match('"timestamp":([%d.]+)'))
end

-- The oldest go first.
local function add(self, exchange)
  self.last = self.last + 1
  exchange.seq = self.last
  self.list[self.last] = exchange
  self.by_id[exchange.id] = exchange
  if self.last - self.first < KEEP then return end
  local old = self.list[self.first]
  self.list[self.first] = nil
  self.first = self.first + 1
  if self.by_id[old.id] == old and not old.kept then self.by_id[old.id] = nil end
end

-- A body that the event does not carry (a blob, a large one) is asked for at once: it is gone with
-- the document.
local function ask_body(self, exchange, session)
  exchange.asking = true
  sys.task.spawn(function()
    local answer = self.tab.browser:call("Network.getRequestPostData",
      sys.codec.json_encode { requestId = exchange.id }, session, BODY_ASK_MS)
    local body = answer and decode(answer).postData
    exchange.body, exchange.asking = body and body:sub(1, BODY_MAX), nil
    self.tab.changed:fire()
  end)
end

--- Network.requestWillBeSent
---@param raw string
---@param target browser.Target?  the frame or worker whose session told of it
function Network:on_request(raw, target)
  local id = id_of(raw)
  local previous = self.by_id[id]
  -- The page and a frame in another process may both tell of the request for the frame.
  if previous and not raw:find('"redirectResponse":{', 1, true) then return end
  local exchange = setmetatable({ id = id, previous = previous, raw_sent = raw, tab = self.tab,
    target = target }, Exchange)
  if previous then previous.redirected = exchange end
  if raw:find('"hasPostData":true', 1, true) and not raw:find('"postData":"', 1, true) then
    ask_body(self, exchange, target and target.session or self.tab.session)
  end
  exchange.kept = self.tap and self.tap(exchange, raw) or nil
  if #raw > RAW_MAX then exchange:request() end
  add(self, exchange)
end

--- Where an answer of a host came from, nil: none of those that are kept says it.
---@param host string
---@return string?
function Network:address_of(host)
  for i = self.first, self.last do -- the first ones are the pages themselves
    local exchange = self.list[i]
    local got = exchange and exchange:response()
    local from = got and got.url and got.url:match "^%a+://([^/?#]*)"
    from = from and (from:match "^%[(.-)%]" or from:gsub(":%d*$", ""))
    if from == host and got.address and got.address ~= "" then
      return (got.address:gsub("[%[%]]", ""))
    end
  end
end

--- Network.responseReceived
---@param raw string
function Network:on_response(raw)
  local exchange = self.by_id[id_of(raw)]
  if not exchange then return end
  exchange.raw_got = raw
  if #raw > RAW_MAX then exchange:response() end
end

--- Network.loadingFinished
---@param raw string
function Network:on_finished(raw)
  local exchange = self.by_id[id_of(raw)]
  if not exchange then return end
  exchange.bytes = tonumber(raw:match('"encodedDataLength":(%-?[%d.]+)'))
  exchange.ended = end_of(raw)
end

--- Network.loadingFailed
---@param raw string
function Network:on_failed(raw)
  local exchange = self.by_id[id_of(raw)]
  if not exchange then return end
  local event = decode(raw)
  exchange.failure = event.blockedReason and "blocked: " .. event.blockedReason or event.errorText
  exchange.cancelled = event.canceled or nil
  exchange.ended = event.timestamp
end

--- The newest exchange with that id.
---@return browser.Exchange?
function Network:find(id) return self.by_id[id] end

--- Exchanges that began after seq, oldest first.
---@param seq integer
---@return fun(): browser.Exchange?
function Network:after(seq)
  local at = math.max(seq, self.first - 1)
  return function()
    at = at + 1
    return self.list[at]
  end
end

--- The request: { url, method, headers, post_data, type, loader, frame, initiator }.
function Exchange:request()
  if not self.sent then self.sent, self.raw_sent = read_sent(self.raw_sent), nil end
  return self.sent
end

--- The request's address, most times without decoding the rest.
---@return string
function Exchange:url()
  local raw = self.raw_sent
  local url = raw and raw:match('"request":{"url":"([^"\\]+)"')
  if not url or #url > URL_MAX or raw:find('"urlFragment":"', 1, true) then
    return self:request().url
  end
  return url
end

--- The response, nil while there is none: { url, status, status_text, headers, mime, from_cache,
--- ttfb_ms, … }.
function Exchange:response()
  if self.got then return self.got end
  if self.raw_got then
    local event = decode(self.raw_got)
    self.got, self.raw_got = read_got(event.response, event.timestamp), nil
  elseif self.redirected then
    local following = self.redirected:request()
    if following.redirect then self.got = read_got(following.redirect, following.timestamp) end
  end
  return self.got
end

--- Whether the browser is done with it.
function Exchange:is_over()
  return self.ended ~= nil or self.redirected ~= nil
end

--- Whether the browser redirected it itself, before anything went out: http made https by HSTS. The
--- request that follows is the one that counts.
function Exchange:is_internal()
  if not self.redirected then return false end
  local got = self:response()
  return got ~= nil and got.status == 307 and got.status_text == "Internal Redirect"
end

--- What it sends, nil if nothing or if the browser has not kept it.
---@return string?
function Exchange:post_data() return self:request().post_data or self.body end

--- Where it came from, see Targets:source.
---@return "page"|"iframe"|"worker" from
---@return string? url
function Exchange:source()
  if not self.tab then return "page" end
  return self.tab.targets:source(self:request().frame, self.target)
end

--- Milliseconds from its beginning to its end, nil while it goes on.
---@return number?
function Exchange:duration()
  local ended = self.ended or self.redirected and self.redirected:request().timestamp
  return ended and math.max(0, (ended - self:request().timestamp) * 1000)
end

--- Where the time went: { dns_ms, connect_ms, tls_ms, send_ms, wait_ms, receive_ms, total_ms };
--- what did not happen (a connection was there already) is nil.
---@return table
function Exchange:timing()
  local got, total = self:response(), self:duration()
  local known = got and got.phases
  if not known then return { total_ms = total } end
  local headers = known.began and known.headers_at and known.began + known.headers_at / 1000
  return { dns_ms = known.dns_ms, connect_ms = known.connect_ms, tls_ms = known.tls_ms,
    send_ms = known.send_ms, wait_ms = known.wait_ms, total_ms = total,
    receive_ms = headers and self.ended and math.max(0, (self.ended - headers) * 1000) or nil }
end

--- A plain record for lists: { url, method, type, status, mime, failure, from_cache, began_ms
--- (since 1970), ttfb_ms, duration_ms, bytes, from = "page"|"iframe"|"worker", frame = URL|nil,
--- worker = URL|nil }.
---@param loader string?  of the document of now: Chromium tells no end of what an earlier one began
function Exchange:summary(loader)
  local sent, got = self:request(), self:response()
  local from, where = self:source()
  local left = loader and from == "page" and not self:is_over() and sent.loader ~= loader
    and "the page was left"
  return { url = sent.url, method = sent.method, type = sent.type, status = got and got.status,
    mime = got and got.mime, from_cache = got and got.from_cache, bytes = self.bytes,
    failure = self.failure or left or nil, began_ms = sent.wall_ms, ttfb_ms = got and got.ttfb_ms,
    duration_ms = self:duration(), from = from, frame = from == "iframe" and where or nil,
    worker = from == "worker" and where or nil }
end

--- The records of the last requests, oldest first.
---@param last integer?
---@param loader string?  see Exchange:summary
---@return table[]
function Network:summaries(last, loader)
  local out = {}
  for exchange in self:after(last and self.last - last or 0) do
    out[#out + 1] = exchange:summary(loader)
  end
  return out
end

return network
