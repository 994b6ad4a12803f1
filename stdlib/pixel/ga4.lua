--- Google Analytics 4: …/g/collect?v=2&tid=G-…, GET, or POST with one event a line. A server-side
--- tag manager takes the same on the shop's own host and under any path, so the parameters decide.

local fields = require "pixel.fields"

local ga4 = { vendor = "ga4", name = "Google Analytics" }

ga4.events = { page_view = "page_view", view_item = "view_item", add_to_cart = "add_to_cart",
  begin_checkout = "begin_checkout", purchase = "purchase" }

--- Whether a request is one of this vendor's.
---@param address table  of url.parse
---@return boolean
function ga4.fits(address)
  local query = "&" .. (address.query or "")
  return query:find("&v=2", 1, true) ~= nil and query:find("&tid=G%-%w") ~= nil
end

--- gcs=G1xy: x storage for advertising, y for analytics.
---@param text string?
---@return table? consent  { ads, analytics, raw }
local function consent_of(text)
  local ads, analytics = (text or ""):match("^G1([01%-])([01%-])$")
  if not ads then return nil end
  return { ads = ads ~= "0", analytics = analytics ~= "0", raw = text }
end

-- "idSKU1~nmMug~pr12.00~qt2": two letters, then the value.
local function item_of(text)
  local item = {}
  for part in text:gmatch("[^~]+") do
    local key, value = part:sub(1, 2), part:sub(3)
    if key == "id" then item.id = fields.text(value)
    elseif key == "nm" then item.name = value
    elseif key == "pr" then item.price = fields.number(value)
    elseif key == "qt" then item.quantity = fields.number(value) end
  end
  return item
end

local ITEMS_MAX = 200 -- as Google takes

local function event_of(sent)
  local event = { id = sent.tid, raw_event = sent.en, value = fields.number(sent["epn.value"]
    or sent["ep.value"]), currency = fields.currency(sent.cu or sent["ep.currency"]), ids = {},
    event_id = fields.text(sent["ep.transaction_id"]), consent = consent_of(sent.gcs),
    page = fields.text(sent.dl) }
  local items = {}
  for i = 1, ITEMS_MAX do
    local text = sent["pr" .. i]
    if not text then break end
    items[i] = item_of(text)
    event.ids[#event.ids + 1] = items[i].id or items[i].name
  end
  fields.set_items(event, items)
  return event
end

--- The events of a request.
---@param request table  { query, body }
---@return table[]
function ga4.parse(request)
  local events = {}
  for line in (request.body or ""):gmatch("[^\r\n]+") do
    local sent = setmetatable(fields.query(line), { __index = request.query })
    if sent.en then events[#events + 1] = event_of(sent) end
  end
  if #events == 0 and request.query.en then events[1] = event_of(request.query) end
  return events
end

return ga4
