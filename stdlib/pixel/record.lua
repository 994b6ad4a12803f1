--- Keeps the pixel requests of a page while a shopper goes through the shop, by step. Used by
--- stdlib/pixel.lua; the requests of frames and workers come through browser/targets.lua.

local face = require "browser.face"
local fault = require "fault"
local parse = require "pixel.parse"
local shopify = require "pixel.shopify"

local record = {}

local QUIET_MS, UNKNOWN_QUIET_MS = 300, 1500 -- after the last event, when all came / when unknown
local KEEP = 1000
local ADDRESS_PART = 65536 -- of a request's event: its address and body stand in front

---@class pixel.Record
---@field hits table[]  { step, exchange }
local Record = {}
Record.__index = Record

-- What the shop publishes to its pixels, before and after this script came.
local WATCH = [=[() => {
  const analytics = window.Shopify && Shopify.analytics;
  if (!analytics) return [];
  if (!analytics.__seen) {
    const seen = (analytics.replayQueue || []).map(one => [one[0], one[1]]);
    Object.defineProperty(analytics, '__seen', { value: seen });
    const publish = analytics.publish;
    if (typeof publish === 'function') analytics.publish = function (name, payload) {
      if (seen.length < 200) seen.push([name, payload]);
      return publish.apply(this, arguments);
    };
  }
  return analytics.__seen.splice(0).map(one => {
    try { return [one[0], JSON.parse(JSON.stringify(one[1] || null))]; }
    catch (_) { return [one[0], null]; }
  });
}]=]

local function on_request(self, exchange, raw)
  if not parse.may_be_pixel(raw:sub(1, ADDRESS_PART)) or #self.hits >= KEEP then return end
  -- A redirect of a hit is the same hit.
  if exchange.previous and exchange.previous.kept then return true end
  if not parse.vendor(sys.codec.url_parse(exchange:request().url)) then return end
  table.insert(self.hits, { step = self.step, exchange = exchange })
  self.last_at = sys.clock.mono()
  return true
end

--- Begins to keep a page's pixel requests.
---@param page Page
---@param wait_ms number  how long at most to wait for the events of a step
---@return pixel.Record
function record.start(page, wait_ms)
  local hidden = face.hidden(page, "page")
  if not hidden then
    fault.usage("pixel.audit", "takes a page", "local page = t.page()")
  end
  local self = setmetatable({ page = page, tab = hidden.tab, hits = {}, published = {},
    wait_ms = wait_ms, last_at = sys.clock.mono() }, Record)
  self.tab.network.tap = function(exchange, raw) return on_request(self, exchange, raw) end
  return self
end

--- Requests from now on belong to this step.
---@param name string
function Record:begin(name)
  self.step, self.step_from = name, #self.hits
  self.last_at = sys.clock.mono()
end

local function events_of(hit)
  local first = hit.exchange
  if not hit.events then
    hit.events = parse.request { url = first:request().url, body = first:post_data(),
      from = (first:source()) }
    if first.asking then
      local events = hit.events
      hit.events = nil -- the body is still on its way
      return events
    end
  end
  return hit.events
end

local function has_come(self, wanted)
  local open = {}
  for key in pairs(wanted) do open[key] = true end
  for i = self.step_from + 1, #self.hits do
    for _, event in ipairs(events_of(self.hits[i])) do
      if event.event then
        open[event.vendor .. " " .. event.event] = nil
        open[event.vendor .. ":" .. (event.id or "") .. " " .. event.event] = nil
      end
    end
  end
  return next(open) == nil
end

local function take_published(self)
  local ok, list = pcall(self.page.eval, self.page, WATCH)
  for _, one in ipairs(ok and type(list) == "table" and list or {}) do
    local event = type(one) == "table" and shopify.event(one[1], one[2])
    if event and #self.published < KEEP then
      event.step, event.after = self.step, #self.hits
      table.insert(self.published, event)
    end
  end
end

--- Waits until the events of this step have come and no more follow; at most wait_ms. Where it is
--- not known who should send what, a longer silence has to do.
---@param wanted table<string, boolean>?  "meta add_to_cart" or "meta:1234 add_to_cart"
function Record:settle(wanted)
  local known = wanted ~= nil and next(wanted) ~= nil
  local ends = sys.clock.mono() + self.wait_ms
  take_published(self)
  while not self.tab.problem do
    local now = sys.clock.mono()
    local quiet = known and QUIET_MS or UNKNOWN_QUIET_MS
    local silent = now - self.last_at
    local complete = not known or has_come(self, wanted)
    if now >= ends or complete and silent >= quiet then break end
    self.tab.changed:wait(complete and math.max(1, math.min(quiet - silent, ends - now))
      or ends - now)
  end
  take_published(self)
end

local function outcome(exchange)
  local last = exchange
  while last.redirected do last = last.redirected end
  local got = last:response()
  return got and got.status, last.failure
end

--- All events, in the order in which they were sent; what became of each is as it is known now.
---@return table[]
function Record:events()
  local list, next_published = {}, 1
  local function publish_until(count)
    local event = self.published[next_published]
    while event and event.after <= count do
      list[#list + 1] = event
      next_published = next_published + 1
      event = self.published[next_published]
    end
  end
  for i, hit in ipairs(self.hits) do
    publish_until(i - 1)
    local status, failure = outcome(hit.exchange)
    for _, event in ipairs(events_of(hit)) do
      event.step, event.status, event.failure = hit.step, status, failure
      event.ok = not failure and (status or 0) < 400
      list[#list + 1] = event
    end
  end
  publish_until(math.huge)
  return list
end

--- Keeps no more.
function Record:stop() self.tab.network.tap = nil end

return record
