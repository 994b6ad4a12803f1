--- What the shop publishes to its web pixels: Shopify.analytics.publish(name, payload). It is the
--- source of the vendors' events, not a vendor: what Shopify itself sends home (monorail) does not
--- count.

local fields = require "pixel.fields"

local shopify = { vendor = "shopify", name = "Shopify.analytics" }

shopify.events = { page_viewed = "page_view", product_viewed = "view_item",
  product_added_to_cart = "add_to_cart", checkout_started = "begin_checkout",
  checkout_completed = "purchase" }

local function from_variant(variant, quantity)
  return { id = fields.text(fields.at(variant, "id")), quantity = quantity,
    sku = fields.text(fields.at(variant, "sku")),
    product = fields.text(fields.at(variant, "product", "id")),
    price = fields.number(fields.at(variant, "price", "amount")) }
end

--- An event as the page published it.
---@param name string
---@param payload any   the event's data
---@return table? event  nil: not one of the standard events
function shopify.event(name, payload)
  if not shopify.events[name] then return nil end
  local data = type(payload) == "table" and (fields.at(payload, "data") or payload) or {}
  local variant, line = fields.at(data, "productVariant"), fields.at(data, "cartLine")
  local checkout = fields.at(data, "checkout")
  local money = fields.at(line, "cost", "totalAmount") or fields.at(checkout, "subtotalPrice")
    or fields.at(checkout, "totalPrice") or fields.at(variant, "price")
  local items = {}
  if variant then items[1] = from_variant(variant, 1) end
  if line then
    items[1] = from_variant(fields.at(line, "merchandise"), fields.number(line.quantity))
  end
  for _, one in ipairs(fields.list(fields.at(checkout, "lineItems"))) do
    items[#items + 1] = from_variant(fields.at(one, "variant"), fields.number(one.quantity))
  end
  local event = { vendor = "shopify", raw_event = name, event = shopify.events[name],
    value = fields.number(fields.at(money, "amount")),
    currency = fields.currency(fields.at(money, "currencyCode")), ids = {},
    event_id = fields.text(fields.at(payload, "id")), from = "page", ok = true }
  fields.set_items(event, items)
  return event
end

return shopify
