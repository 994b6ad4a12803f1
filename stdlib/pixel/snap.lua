--- Snap pixel: POST tr.snapchat.com/p (or GET), fields or JSON; its server API's form when a page
--- sends that: tr.snapchat.com/v3/<id>/events.

local fields = require "pixel.fields"

local snap = { vendor = "snap", name = "Snap pixel" }

snap.events = { PAGE_VIEW = "page_view", VIEW_CONTENT = "view_item", ADD_CART = "add_to_cart",
  START_CHECKOUT = "begin_checkout", PURCHASE = "purchase" }

--- Whether a request is one of this vendor's.
---@param address table  of url.parse
---@return boolean
function snap.fits(address)
  local path = address.path or ""
  return address.host == "tr.snapchat.com"
    and (path:find("^/p/?$") or path:find("^/v3/[%w-]+/events")) ~= nil
end

local function first(sent, ...)
  for i = 1, select("#", ...) do
    local value = sent[(select(i, ...))]
    if value ~= nil and value ~= "" then return value end
  end
end

local function event_of(sent, query, id)
  local data = type(sent.custom_data) == "table" and sent.custom_data or sent
  local name = fields.text(first(sent, "ev", "event_type", "event_name") or query.ev)
  if not name then return nil end
  local event = { id = id or fields.text(sent.pid or query.pid), raw_event = name,
    value = fields.number(first(data, "price", "e_pr", "value") or query.price),
    currency = fields.currency(first(data, "currency", "e_cur") or query.currency),
    ids = fields.ids(first(data, "item_ids", "e_iids", "content_ids") or query.item_ids),
    event_id = fields.text(first(sent, "client_dedup_id", "cdid", "event_id", "transaction_id")),
    page = fields.text(first(sent, "pl", "page_url", "event_source_url") or query.pl) }
  fields.set_items(event, {})
  return event
end

--- The events of a request.
---@param request table  { address, query, body }
---@return table[]
function snap.parse(request)
  local body, events = fields.body(request.body), {}
  local id = request.address.path:match("^/v3/([%w-]+)/events")
  local list = fields.list(body.data or body.req or body)
  if #list == 0 then list = { {} } end
  for _, sent in ipairs(list) do
    if type(sent) == "table" then
      events[#events + 1] = event_of(sent, request.query, id)
    end
  end
  return events
end

return snap
