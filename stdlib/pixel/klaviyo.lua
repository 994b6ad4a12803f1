--- Klaviyo: POST a.klaviyo.com/client/events/?company_id=…, JSON:API, one event or many. Profiles
--- (/client/profiles/) are no events.

local fields = require "pixel.fields"

local klaviyo = { vendor = "klaviyo", name = "Klaviyo" }

klaviyo.events = { ["Active on Site"] = "page_view", ["Viewed Page"] = "page_view",
  ["Viewed Product"] = "view_item", ["Added to Cart"] = "add_to_cart",
  ["Started Checkout"] = "begin_checkout", ["Checkout Started"] = "begin_checkout",
  ["Placed Order"] = "purchase" }

--- Whether a request is one of this vendor's.
---@param address table  of url.parse
---@return boolean
function klaviyo.fits(address)
  return (address.host == "a.klaviyo.com" or address.host == "a-client.klaviyo.com")
    and (address.path or ""):find("^/client/event") ~= nil
end

local function event_of(attributes, company)
  local name = fields.text(fields.at(attributes, "metric", "data", "attributes", "name"))
  if not name then return nil end
  local properties = fields.at(attributes, "properties")
  properties = type(properties) == "table" and properties or {}
  local event = { id = company, raw_event = name,
    value = fields.number(attributes.value or properties["$value"] or properties.Price),
    currency = fields.currency(attributes.value_currency or properties.Currency),
    ids = fields.ids(properties.ProductID or properties.VariantID),
    event_id = fields.text(attributes.unique_id or properties["$event_id"]),
    page = fields.text(properties.URL or properties["$current_url"]) }
  local items = {}
  for _, one in ipairs(fields.list(properties.Items)) do
    if type(one) == "table" then
      items[#items + 1] = { id = fields.text(one.ProductID or one.SKU),
        price = fields.number(one.ItemPrice), quantity = fields.number(one.Quantity) }
    end
  end
  fields.set_items(event, items)
  return event
end

--- The events of a request.
---@param request table  { query, body }
---@return table[]
function klaviyo.parse(request)
  local body, events = fields.body(request.body), {}
  local company = fields.text(request.query.company_id)
  local function add(data)
    events[#events + 1] = event_of(fields.at(data, "attributes") or {}, company)
  end
  local bulk = fields.at(body, "data", "attributes", "events", "data")
    or fields.at(body, "data", "attributes", "events-bulk", "data")
  if bulk then
    for _, one in ipairs(fields.list(bulk)) do add(one) end
  else
    add(fields.at(body, "data") or {})
  end
  return events
end

return klaviyo
