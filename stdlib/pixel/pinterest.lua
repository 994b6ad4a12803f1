--- Pinterest tag: GET (or POST) ct.pinterest.com/v3/?tid=…&event=…&ed={…}

local fields = require "pixel.fields"

local pinterest = { vendor = "pinterest", name = "Pinterest tag" }

-- A pagevisit that names a product is a product view, see parse.
pinterest.events = { pagevisit = "page_view", viewcontent = "view_item", addtocart = "add_to_cart",
  initiatecheckout = "begin_checkout", checkout = "purchase" }

--- Whether a request is one of this vendor's.
---@param address table  of url.parse
---@return boolean
function pinterest.fits(address)
  return address.host == "ct.pinterest.com" and (address.path or ""):find("^/v3") ~= nil
end

--- The events of a request.
---@param request table  { query, body }
---@return table[]
function pinterest.parse(request)
  local sent = request.query
  if request.body then
    sent = setmetatable(fields.body(request.body), { __index = request.query })
  end
  local name = fields.text(sent.event)
  if not name or name == "init" then return {} end
  local data, page = fields.json(sent.ed) or {}, fields.json(sent.ad) or {}
  local event = { id = fields.text(sent.tid), raw_event = name, value = fields.number(data.value),
    currency = fields.currency(data.currency), ids = fields.ids(data.product_ids
    or data.product_id), event_id = fields.text(data.event_id), page = fields.text(page.loc) }
  local items = {}
  for _, one in ipairs(fields.list(data.line_items)) do
    if type(one) == "table" then
      items[#items + 1] = { id = fields.text(one.product_id or one.product_variant_id),
        price = fields.number(one.product_price), quantity = fields.number(one.product_quantity) }
    end
  end
  fields.set_items(event, items)
  if name:lower() == "pagevisit" and #event.ids > 0 then event.event = "view_item" end
  return { event }
end

return pinterest
