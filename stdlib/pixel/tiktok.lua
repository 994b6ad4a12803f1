--- TikTok pixel: POST analytics.tiktok.com/api/v2/pixel (also …/track, …/act), JSON.

local fields = require "pixel.fields"

local tiktok = { vendor = "tiktok", name = "TikTok pixel" }

tiktok.events = { Pageview = "page_view", PageView = "page_view", ViewContent = "view_item",
  AddToCart = "add_to_cart", InitiateCheckout = "begin_checkout", CompletePayment = "purchase",
  PlaceAnOrder = "purchase", Purchase = "purchase" }

--- Whether a request is one of this vendor's.
---@param address table  of url.parse
---@return boolean
function tiktok.fits(address)
  local host, path = address.host or "", address.path or ""
  return host:find("^analytics[%w-]*%.tiktok%.com$") ~= nil and path:find("^/api/v%d+/") ~= nil
    and (path:find("/pixel/?$") or path:find("/track/?$") or path:find("/act/?$")) ~= nil
end

local function event_of(sent)
  local name = fields.text(sent.event)
  if not name then return nil end
  local properties = fields.at(sent, "properties")
  properties = type(properties) == "table" and properties or {}
  local event = { id = fields.text(fields.at(sent, "context", "pixel", "code")), raw_event = name,
    value = fields.number(properties.value), currency = fields.currency(properties.currency),
    ids = fields.ids(properties.content_ids or properties.content_id),
    event_id = fields.text(sent.event_id),
    page = fields.text(fields.at(sent, "context", "page", "url")) }
  local items = {}
  for _, one in ipairs(fields.list(properties.contents)) do
    if type(one) == "table" then
      items[#items + 1] = { id = fields.text(one.content_id or one.id),
        price = fields.number(one.price), quantity = fields.number(one.quantity) }
    end
  end
  fields.set_items(event, items)
  return event
end

--- The events of a request.
---@param request table  { body }
---@return table[]
function tiktok.parse(request)
  local body, events = fields.body(request.body), {}
  for _, sent in ipairs(fields.list(body.batch or body)) do
    if type(sent) == "table" then events[#events + 1] = event_of(sent) end
  end
  return events
end

return tiktok
