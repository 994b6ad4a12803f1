--- From a request that a page sent to the pixel events in it. Pure; used by pixel/record.lua.
---
--- An event: { vendor = "meta", id, event = canonical name|nil, raw_event, value, currency, ids =
--- {…}, items = {{id, price, quantity}…}, event_id, consent = {ads, analytics, raw}|nil, page, url,
--- ok, status, failure, from = "page"|"iframe"|"worker" }

local fields = require "pixel.fields"

local parse = {}

local VENDORS = {
  require "pixel.meta", require "pixel.tiktok", require "pixel.pinterest", require "pixel.snap",
  require "pixel.klaviyo", require "pixel.ga4",
}

--- Names of vendors for people, by their short name.
---@type table<string, string>
parse.names = { shopify = require("pixel.shopify").name }
--- The vendors' own names of the canonical events: parse.words.meta.add_to_cart is "AddToCart".
---@type table<string, table<string, string>>
parse.words = {}

-- Where several of a vendor's names mean the same, the one in use today.
local USUAL = { PageView = true, Pageview = true, CompletePayment = true, ["Active on Site"] = true,
  ["Started Checkout"] = true }

for _, vendor in ipairs { require "pixel.shopify", unpack(VENDORS) } do
  parse.names[vendor.vendor] = vendor.name
  local words = {}
  for raw, canonical in pairs(vendor.events) do
    if not words[canonical] or USUAL[raw] then words[canonical] = raw end
  end
  parse.words[vendor.vendor] = words
end

--- The steps of a sale, in order.
parse.EVENTS = { "page_view", "view_item", "add_to_cart", "begin_checkout", "purchase" }

local HINTS = { "facebook.com/tr", "tid=G-", ".tiktok.com/", "ct.pinterest.com/",
  "tr.snapchat.com/", "klaviyo.com/client/" }

--- A quick look whether a text that holds a request's address may hold a pixel's.
---@param text string
---@return boolean
function parse.may_be_pixel(text)
  for _, hint in ipairs(HINTS) do
    if text:find(hint, 1, true) then return true end
  end
  return false
end

--- Whose request it is; nil when it is no vendor's.
---@param address table?  of url.parse
---@return table? vendor
function parse.vendor(address)
  for _, vendor in ipairs(address and VENDORS or {}) do
    if vendor.fits(address) then return vendor end
  end
end

--- The events in a request.
---@param request table  { url, method, body?, status?, failure?, from? }
---@return table[] events  none when it is no pixel's
function parse.request(request)
  local address = sys.codec.url_parse(request.url)
  local vendor = parse.vendor(address)
  if not vendor then return {} end
  local events = vendor.parse { address = address, query = fields.query(address.query),
    body = request.body ~= "" and request.body or nil }
  local failed = request.failure ~= nil or (request.status or 0) >= 400
  for _, event in ipairs(events) do
    event.vendor = vendor.vendor
    event.event = event.event or vendor.events[event.raw_event]
    event.url, event.status, event.failure = request.url, request.status, request.failure
    event.ok, event.from = not failed, request.from or "page"
  end
  return events
end

return parse
