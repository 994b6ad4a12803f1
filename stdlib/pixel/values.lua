--- Value, currency and ids of pixel events against the shop's own numbers, and against each other
--- where the shop tells none. Pure; part of pixel/audit.lua.

local parse = require "pixel.parse"

local values = {}

-- What each vendor needs to report a sale or a product; Klaviyo takes whatever it is given.
local NEEDS = {
  meta = { value = true, currency = true, ids = "content ids" },
  ga4 = { value = true, currency = true, ids = "items" },
  tiktok = { value = true, currency = true, ids = "content ids" },
  pinterest = { value = true, currency = true, ids = "product ids" },
  snap = { value = true, currency = true, ids = "item ids" },
}
local ABOUT_GOODS = { view_item = true, add_to_cart = true, begin_checkout = true,
  purchase = true }

local TAXES_AND_SHIPPING = 1.35 -- a checkout's value may hold both
local TOLERANCE = 0.011         -- of money: half a cent of rounding, twice

local function money(amount, currency)
  return ("%.2f%s"):format(amount, currency and " " .. currency or "")
end

-- The amounts that may stand in an event: { exact…, or a range }.
local function amounts(event, truth)
  local list = {}
  if event.event == "view_item" or event.event == "add_to_cart" then
    for _, variant in ipairs(truth.product and truth.product.variants or {}) do
      list[#list + 1] = variant.price / 100
    end
  end
  local cart = truth.cart
  if cart and event.event ~= "view_item" then
    for _, item in ipairs(cart.items) do
      list[#list + 1] = item.price * item.quantity / 100
      list[#list + 1] = item.price / 100
    end
    list[#list + 1] = cart.total / 100
    if cart.subtotal then list[#list + 1] = cart.subtotal / 100 end
  end
  return list
end

local function is_near(value, amount, event)
  if math.abs(value - amount) <= TOLERANCE then return true end
  return event.event == "begin_checkout" and value > amount and value <= amount
    * TAXES_AND_SHIPPING + 30
end

-- Which amount people should read: what a shopper would call the price.
local function telling(event, truth)
  if truth.cart and event.event ~= "view_item" then
    return truth.cart.total / 100, "the cart says"
  end
  local variants = truth.product and truth.product.variants or {}
  local chosen = variants[1]
  for _, variant in ipairs(variants) do
    if truth.product.variant and variant.id == truth.product.variant then chosen = variant end
  end
  return chosen and chosen.price / 100, "the shop says"
end

local function value_problem(event, truth)
  local needs = NEEDS[event.vendor]
  if not event.value then return needs and needs.value and "has no value" or nil end
  local list = amounts(event, truth)
  local wanted, who = telling(event, truth)
  if event.value == 0 then
    for _, amount in ipairs(list) do
      if amount == 0 then return nil end
    end
    return "has value 0" .. (wanted and (", %s %s"):format(who, money(wanted, truth.currency))
      or "")
  end
  if #list == 0 or event.currency and truth.currency and event.currency ~= truth.currency then
    return nil
  end
  for _, amount in ipairs(list) do
    if is_near(event.value, amount, event) then return nil end
  end
  for _, amount in ipairs(list) do
    if amount > 0 and is_near(event.value, amount * 100, {}) then
      return ("has value %s, %s %s: cents were sent as whole units"):format(money(event.value),
        who, money(wanted, truth.currency))
    end
  end
  return ("has value %s, %s %s"):format(money(event.value, event.currency), who,
    money(wanted, truth.currency))
end

local function currency_problem(event, truth)
  local needs = NEEDS[event.vendor]
  if not event.currency then
    return needs and needs.currency and event.value and "has no currency" or nil
  end
  if truth.currency and event.currency ~= truth.currency then
    return ("says %s, the shop sells in %s"):format(event.currency, truth.currency)
  end
end

-- All ways in which feeds name what the shop sells.
local function known_ids(event, truth)
  local known, any = {}, false
  local function take(...)
    for i = 1, select("#", ...) do
      local id = (select(i, ...))
      if id then known[id], any = true, true end
    end
  end
  if truth.product and (event.event == "view_item" or event.event == "add_to_cart") then
    take(truth.product.id, truth.product.handle)
    for _, variant in ipairs(truth.product.variants or {}) do take(variant.id, variant.sku) end
  end
  if truth.cart and event.event ~= "view_item" then
    for _, item in ipairs(truth.cart.items) do
      take(item.product, item.variant, item.sku, item.handle)
    end
  end
  return any and known or nil
end

-- shopify_US_<product>_<variant> and gid://shopify/Product/<product> are common too.
local function is_known(id, known)
  if known[id] then return true end
  for part in id:gmatch("%d%d%d%d+") do
    if known[part] then return true end
  end
  return false
end

local function ids_problem(event, truth)
  local needs = NEEDS[event.vendor]
  if #event.ids == 0 then return needs and "has no " .. needs.ids or nil end
  local known = known_ids(event, truth)
  if not known then return nil end
  for _, id in ipairs(event.ids) do
    if not is_known(id, known) then
      return ("names %s, which is not %s"):format(id, event.event == "view_item"
        and "the product on the page" or "in the cart")
    end
  end
end

-- Vendors that say different things of one event, where the shop's own word is not known.
local function check_each_other(self, tell, audit)
  local first = {}
  for _, event in ipairs(self.events) do
    if event.event and ABOUT_GOODS[event.event] and NEEDS[event.vendor] and event.value then
      local other = first[event.event .. "\n" .. (event.step or "")]
      if not other then
        first[event.event .. "\n" .. (event.step or "")] = event
      elseif other.vendor ~= event.vendor and other.currency == event.currency
        and math.abs(other.value - event.value) > TOLERANCE then
        tell("warn", event, ("%s and %s differ about %s: %s and %s"):format(
          audit.name(other.vendor, other.id), audit.name(event.vendor, event.id), event.event,
          money(other.value, other.currency), money(event.value, event.currency)), event.event,
          event.step)
        event.problem = "differs from " .. parse.names[other.vendor]
      end
    end
  end
end

--- Adds the problems of value, currency and ids.
---@param self table   of audit.judge
---@param truth table  see audit.lua
---@param tell fun(severity: string, of: table, message: string, event: string?, step: string?)
---@param audit table  the module, for its words
function values.check(self, truth, tell, audit)
  for _, event in ipairs(self.events) do
    if event.event and ABOUT_GOODS[event.event] then
      local found = {}
      found[#found + 1] = value_problem(event, truth)
      found[#found + 1] = currency_problem(event, truth)
      found[#found + 1] = ids_problem(event, truth)
      if #found > 0 then
        event.problem = table.concat(found, "; ")
        tell("warn", event, ("%s: %s %s"):format(audit.name(event.vendor, event.id),
          event.raw_event, event.problem), event.event, event.step)
      end
    end
  end
  if not truth.product and not truth.cart then check_each_other(self, tell, audit) end
end

return values
