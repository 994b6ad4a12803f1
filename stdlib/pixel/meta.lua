--- Meta (Facebook) pixel: GET or POST www.facebook.com/tr/?id=…&ev=…

local fields = require "pixel.fields"

local meta = { vendor = "meta", name = "Meta pixel" }

meta.events = { PageView = "page_view", ViewContent = "view_item", AddToCart = "add_to_cart",
  InitiateCheckout = "begin_checkout", Purchase = "purchase" }

--- Whether a request is one of this vendor's.
---@param address table  of url.parse
---@return boolean
function meta.fits(address)
  return (address.host == "www.facebook.com" or address.host == "facebook.com")
    and (address.path or ""):find("^/tr/?$") ~= nil
end

local function items_of(contents)
  local items = {}
  for _, one in ipairs(fields.json(contents) or {}) do
    if type(one) == "table" then
      items[#items + 1] = { id = fields.text(one.id), price = fields.number(one.item_price),
        quantity = fields.number(one.quantity) }
    end
  end
  return items
end

--- The events of a request.
---@param request table  { address, query, body }
---@return table[]
function meta.parse(request)
  local sent = request.query
  if request.body then
    sent = setmetatable(fields.body(request.body), { __index = request.query })
  end
  if not sent.ev then return {} end
  local event = { id = fields.text(sent.id), raw_event = sent.ev,
    value = fields.number(sent["cd[value]"]), currency = fields.currency(sent["cd[currency]"]),
    ids = fields.ids(sent["cd[content_ids]"]), event_id = fields.text(sent.eid),
    page = fields.text(sent.dl) }
  fields.set_items(event, items_of(sent["cd[contents]"]))
  return { event }
end

return meta
