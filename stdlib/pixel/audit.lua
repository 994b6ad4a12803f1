--- What is wrong with the pixel events of a journey. Pure: from events (pixel/parse.lua, each with
--- its `step`), the shop's own truth and what is expected, to rows and problems in a store owner's
--- words. Used by stdlib/pixel.lua.
---
--- Truth: { currency, product = { id, handle, title, variants = {{id, sku, price}…} }, cart = {
--- items = {{product, variant, sku, price, quantity}…}, total, subtotal } }; money in cents, ids as
--- texts.

local parse = require "pixel.parse"
local values = require "pixel.values"

local audit = {}

-- A product is sold in these steps; a vendor that hears of one of them wants to hear of all.
local FUNNEL = { "view_item", "add_to_cart", "begin_checkout" }
local RANK = {}
for i, event in ipairs(parse.EVENTS) do RANK[event] = i end

-- Vendors that build profiles for advertising; analytics may count without consent to that.
local MARKETING = { meta = true, tiktok = true, pinterest = true, snap = true, klaviyo = true }
-- Shopify's own events feed the vendors; none is missed for its own sake.
local COUNTED = { ga4 = true, meta = true, tiktok = true, pinterest = true, snap = true,
  klaviyo = true }

---@class pixel.Problem
---@field severity "fail"|"warn"
---@field vendor string
---@field id string?
---@field event string?   canonical
---@field step string?
---@field message string
---@field hint string?    what to do about it

--- "Meta pixel 1234"
---@param vendor string
---@param id string?
---@return string
function audit.name(vendor, id)
  return (parse.names[vendor] or vendor) .. (id and " " .. id or "")
end

--- What the vendor calls an event: "AddToCart".
---@param vendor string
---@param event string  canonical
---@return string
function audit.word(vendor, event)
  return parse.words[vendor] and parse.words[vendor][event] or event
end

local function key_of(vendor, id) return vendor .. " " .. (id or "") end

local function list_words(list)
  if #list < 2 then return list[1] or "" end
  return table.concat(list, ", ", 1, #list - 1) .. " and " .. list[#list]
end

-- ---- what was seen --------------------------------------------------------------------------

--- The vendors by name, each with the canonical events that it was told of: { vendor, id, events =
--- {name = true} }.
---@param events table[]
---@return table[]
function audit.seen(events)
  local list, by_key = {}, {}
  for _, event in ipairs(events) do
    if COUNTED[event.vendor] then
      local key = key_of(event.vendor, event.id)
      local one = by_key[key]
      if not one then
        one = { vendor = event.vendor, id = event.id, events = {} }
        by_key[key], list[#list + 1] = one, one
      end
      if event.event then one.events[event.event] = true end
    end
  end
  table.sort(list, function(a, b)
    return audit.name(a.vendor, a.id) < audit.name(b.vendor, b.id)
  end)
  return list, by_key
end

-- ---- missing --------------------------------------------------------------------------------

local MISSING_HINT = "look for its code in the theme and under Settings → Customer events: an "
  .. "update of theme or app may have dropped it. If it was taken out on purpose: --update-baseline"
local CONSENT_HINT = "let the pixel wait for the visitor's answer: add it under Settings → "
  .. "Customer events with its permission set, or load it by the consent app, not by the theme"

local function add(self, severity, of, message, event, step, hint)
  table.insert(self.problems, { severity = severity, vendor = of.vendor, id = of.id,
    event = event, step = step, message = message, hint = hint })
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list, function(a, b) return (RANK[a] or 99) < (RANK[b] or 99) end)
  return list
end

local function words_of(vendor, events)
  local words = {}
  for i, event in ipairs(events) do words[i] = audit.word(vendor, event) end
  return list_words(words)
end

-- Events of `wanted` that the journey came to and the vendor did not send.
local function absent(self, wanted, had)
  local list = {}
  for _, event in ipairs(sorted(wanted)) do
    if self.reached[event] and not had[event] then list[#list + 1] = event end
  end
  return list
end

-- Whether the journey came to one of the steps in which somebody was to be told.
local function came_to(self, wanted)
  for event in pairs(wanted) do
    if self.reached[event] then return true end
  end
  return next(wanted) == nil and next(self.reached) ~= nil
end

local function tell_missing(self, severity, of, events, words)
  self.told[key_of(of.vendor, of.id)] = self.told[key_of(of.vendor, of.id)] or {}
  local told, new = self.told[key_of(of.vendor, of.id)], {}
  for _, event in ipairs(events) do
    if not told[event] then new[#new + 1] = event end
    told[event] = true
  end
  if #new == 0 then return end
  add(self, severity, of, words:format(audit.name(of.vendor, of.id), words_of(of.vendor, new)),
    new[1], self.reached[new[1]], MISSING_HINT)
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

-- Options say who is to send what: "meta", or "meta:1234" for one pixel.
local function check_expected(self, vendors, events)
  local wanted = set_of(events or { "page_view", unpack(FUNNEL) })
  for _, word in ipairs(vendors or {}) do
    local vendor, id = word:match("^([^:]+):?(.*)$")
    id = id ~= "" and id or nil
    local found = false
    for _, one in ipairs(self.seen) do
      if one.vendor == vendor and (not id or one.id == id) then
        found = true
        tell_missing(self, "fail", one, absent(self, wanted, one.events), "%s sends no %s")
      end
    end
    if not found and came_to(self, wanted) then
      add(self, "fail", { vendor = vendor, id = id }, ("%s sends nothing at all"):format(
        audit.name(vendor, id)), nil, nil, MISSING_HINT)
    end
  end
  if events and not vendors then
    for _, one in ipairs(self.seen) do
      tell_missing(self, "fail", one, absent(self, wanted, one.events), "%s sends no %s")
    end
  end
end

local function check_learned(self, learned)
  for _, past in ipairs(type(learned) == "table" and learned.vendors or {}) do
    local events = set_of(past.events or {})
    local now = self.by_key[key_of(past.vendor, past.id)]
    if now then
      tell_missing(self, "fail", now, absent(self, events, now.events),
        "%s no longer sends %s, as it did before")
    elseif came_to(self, events) then
      local list = sorted(events)
      add(self, "fail", past, ("%s has disappeared%s"):format(audit.name(past.vendor, past.id),
        #list > 0 and "; before, it sent " .. words_of(past.vendor, list) or ""), nil, nil,
        MISSING_HINT)
    end
  end
end

-- Without a word of anybody's: who hears of one step of the sale should hear of all.
local function check_funnel(self)
  for _, one in ipairs(self.seen) do
    local takes_part = false
    for _, event in ipairs(FUNNEL) do takes_part = takes_part or one.events[event] end
    if takes_part then
      tell_missing(self, "warn", one, absent(self, set_of(FUNNEL), one.events), "%s sends no %s")
    end
  end
end

-- ---- doubled --------------------------------------------------------------------------------

local SOURCES = { page = "the theme's code", iframe = "a custom pixel (iframe)",
  worker = "an app's pixel (worker)" }

local function twice_words(first, second)
  if first.from == second.from then return "" end
  return (": once by %s, once by %s"):format(SOURCES[first.from] or first.from,
    SOURCES[second.from] or second.from)
end

-- The same event of one vendor twice in a step. Vendors drop the second of one event_id.
local function check_doubled(self)
  local first = {}
  for _, event in ipairs(self.events) do
    if event.event and COUNTED[event.vendor] then
      local key = table.concat({ event.vendor, event.id or "", event.event, event.step or "",
        event.page or "", table.concat(event.ids or {}, ",") }, "\n")
      local before = first[key]
      local deduped = before and event.event_id and event.event_id == before.event_id
      if not before then
        first[key] = event
      elseif not deduped and not before.doubled then
        before.doubled = true
        local message = ("%s sends %s twice in the step \"%s\"%s"):format(
          audit.name(event.vendor, event.id), event.raw_event, event.step or "?",
          twice_words(before, event))
        add(self, "warn", event, message, event.event, event.step)
        event.problem = "sent twice"
      end
    end
  end
end

-- ---- consent and delivery -------------------------------------------------------------------

local function check_consent(self, event)
  local consent = event.consent
  local limited = consent and not consent.ads and not consent.analytics
  if event.vendor == "shopify" or limited then return end
  if self.denied and (MARKETING[event.vendor] or event.vendor == "ga4") then
    local said = consent and (" (it says consent %s)"):format(consent.raw) or ""
    add(self, "fail", event, ("%s sends %s although the visitor refused cookies%s"):format(
      audit.name(event.vendor, event.id), event.raw_event, said), event.event, event.step,
      CONSENT_HINT)
    event.problem = "sent without consent"
  elseif not self.denied and self.limited[event.step] and MARKETING[event.vendor] then
    add(self, "warn", event, ("%s sends %s while Google is told that consent is denied (%s)")
      :format(audit.name(event.vendor, event.id), event.raw_event, self.limited[event.step]),
      event.event, event.step)
    event.problem = "consent is denied"
  end
end

-- A beacon that the page took with it when it went was sent all the same.
local GONE = { ["net::ERR_ABORTED"] = true, ["the page was left"] = true }

local function check_delivery(self, event)
  if event.ok or GONE[event.failure or ""] then return end
  local why = event.failure or ("answered %s"):format(tostring(event.status))
  local policy = why:find("csp", 1, true) and ", by the shop's content security policy" or ""
  add(self, "warn", event, ("%s: %s did not arrive (%s%s)"):format(
    audit.name(event.vendor, event.id), event.raw_event, why, policy), event.event, event.step)
  event.problem = "did not arrive"
end

-- One problem of a kind for a vendor is enough to read; the rest stay in the rows.
local function without_repeats(problems)
  local out, seen = {}, {}
  for _, one in ipairs(problems) do
    if not seen[one.message] then
      seen[one.message] = true
      out[#out + 1] = one
    end
  end
  table.sort(out, function(a, b)
    if a.severity ~= b.severity then return a.severity == "fail" end
    return a.at < b.at
  end)
  return out
end

-- As reports read details.pixels (types/report.lua), and more.
local function rows_of(self)
  local rows = {}
  for i, event in ipairs(self.events) do
    rows[i] = { step = event.step, vendor = event.vendor, id = event.id,
      event = event.event or event.raw_event, raw_event = event.raw_event, value = event.value,
      currency = event.currency, ids = event.ids, event_id = event.event_id, from = event.from,
      page = event.step, items = event.ids,
      status = event.status, problem = event.problem,
      consent = event.consent and event.consent.raw }
  end
  for _, one in ipairs(self.problems) do
    if self.told[key_of(one.vendor, one.id)] and one.event
      and self.told[key_of(one.vendor, one.id)][one.event] then
      rows[#rows + 1] = { step = one.step, page = one.step, vendor = one.vendor, id = one.id,
        event = one.event, raw_event = audit.word(one.vendor, one.event), ids = {},
        problem = "missing" }
    end
  end
  return rows
end

---@class pixel.Journey
---@field events table[]             each with `step`; their field `problem` is set
---@field reached table<string, string>  canonical event → step in which it was to be sent
---@field truth table?               of the shop, see above
---@field vendors string[]?          expected: "meta", "meta:1234"
---@field expect string[]?           canonical events that are expected of each
---@field learned table?             of an earlier run, see audit.learn
---@field denied boolean?            the visitor refused cookies

--- Judges a journey.
---@param journey pixel.Journey
---@return table  { rows, problems: pixel.Problem[] (the worst first), seen }
function audit.judge(journey)
  local seen, by_key = audit.seen(journey.events)
  local self = { events = journey.events, reached = journey.reached, denied = journey.denied,
    seen = seen, by_key = by_key, problems = {}, told = {}, limited = {} }
  for _, event in ipairs(self.events) do
    local consent = event.consent
    if consent and not consent.ads and not consent.analytics then
      self.limited[event.step] = "gcs=" .. consent.raw
    end
  end
  if not self.denied then
    check_expected(self, journey.vendors, journey.expect)
    if not journey.vendors then check_learned(self, journey.learned) end
    if not journey.vendors and not journey.expect then check_funnel(self) end
    check_doubled(self)
    values.check(self, journey.truth or {}, function(...) add(self, ...) end, audit)
  end
  for _, event in ipairs(self.events) do
    check_consent(self, event)
    check_delivery(self, event)
  end
  for i, one in ipairs(self.problems) do one.at = i end
  return { rows = rows_of(self), problems = without_repeats(self.problems), seen = seen }
end

--- What the next run is to know: what was seen now and before.
---@param learned table?  as an earlier call gave it
---@param seen table[]    of judge
---@return table          { vendors = { { vendor, id, events = {names} }… } }
function audit.learn(learned, seen)
  local list, by_key = {}, {}
  local function take(vendor, id, events)
    local key = key_of(vendor, id)
    local one = by_key[key]
    if not one then
      one = { vendor = vendor, id = id, set = {} }
      by_key[key], list[#list + 1] = one, one
    end
    for event in pairs(events) do one.set[event] = true end
  end
  for _, past in ipairs(type(learned) == "table" and learned.vendors or {}) do
    take(past.vendor, past.id, set_of(past.events or {}))
  end
  for _, one in ipairs(seen) do take(one.vendor, one.id, one.events) end
  local out = {}
  for i, one in ipairs(list) do
    out[i] = { vendor = one.vendor, id = one.id, events = sorted(one.set) }
  end
  return { vendors = out }
end

return audit
