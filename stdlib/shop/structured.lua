--- Structured data of a product page: the JSON-LD that search engines show prices and stock from,
--- held against what the shop says. Pure but for its findings.

local json = require "json"
local storefront = require "shop.storefront"

local structured = {}

local function is_type(node, wanted)
  local kind = node["@type"]
  if type(kind) == "table" then
    for _, one in ipairs(kind) do
      if one == wanted then return true end
    end
  end
  return kind == wanted
end

local function each_node(value, visit, depth)
  if type(value) ~= "table" or depth > 4 then return end
  if value["@type"] then visit(value) end
  if value["@graph"] then each_node(value["@graph"], visit, depth + 1) end
  for _, one in ipairs(value) do each_node(one, visit, depth + 1) end
end

local function as_list(value)
  if type(value) ~= "table" or value == json.null then return {} end
  return value[1] ~= nil and value or { value }
end

local function add_offers(out, product)
  for _, offer in ipairs(as_list(product.offers)) do
    if type(offer) == "table" then out[#out + 1] = offer end
  end
  for _, variant in ipairs(as_list(product.hasVariant)) do
    if type(variant) == "table" then add_offers(out, variant) end
  end
  return out
end

--- The products of a page's JSON-LD blocks.
---@param blocks string[]
---@return table[] products
---@return string? problem  of a block that is no JSON
function structured.products(blocks)
  local found, problem = {}, nil
  for _, text in ipairs(blocks) do
    local value, why = json.decode(text)
    if value == nil and why then problem = problem or why end
    each_node(value, function(node)
      if is_type(node, "Product") or is_type(node, "ProductGroup") then found[#found + 1] = node end
    end, 0)
  end
  return found, problem
end

local function cents_of(value)
  local number = tonumber(value)
  return number and math.floor(number * 100 + 0.5)
end

local function text_of(value)
  return type(value) == "string" and value:find("%S") and value or nil
end

local function price_fits(offer, truth)
  local low = cents_of(offer.price) or cents_of(offer.lowPrice)
  local high = cents_of(offer.price) or cents_of(offer.highPrice) or low
  for _, variant in ipairs(truth.variants) do
    if variant.price >= low and variant.price <= high then return true end
  end
  return false
end

local function check_offer(offer, truth, say)
  local price = cents_of(offer.price) or cents_of(offer.lowPrice)
  if not price then
    say(offer.price == nil and "has no price" or ("has the price %q, which is no number")
      :format(tostring(offer.price)))
  elseif truth and not price_fits(offer, truth) then
    say(("says %s, but the shop asks for %s"):format(storefront.money(price, offer.priceCurrency),
      storefront.money(truth.variants[1].price, offer.priceCurrency)))
  end
  if not (text_of(offer.priceCurrency) and #offer.priceCurrency == 3) then
    say("has no currency (priceCurrency)")
  end
  local stock = text_of(offer.availability)
  if not stock and not is_type(offer,
    "AggregateOffer") then say("does not say whether it can be bought") end
  return stock and stock:match("([%a]+)$")
end

--- Checks the product page's structured data.
---@param view table?    of the product page
---@param truth table?   { variants = { { price (cents), available } }, available } of the shop's
---own /products/<handle>.js; nil: not compared
---@param found table    shop.findings
function structured.check(view, truth, found)
  if not view then return end
  local about = "the structured data of the product page "
  local function say(text)
    found.poor(about .. text, { code = "structured-data", url = view.url,
      hint = "search engines show price and stock from it" })
  end
  local products, problem = structured.products(view.structured)
  if problem then say("is no valid JSON: " .. problem) end
  if #products == 0 then
    if not problem then say("names no product") end
    return
  end
  local product = products[1]
  if not text_of(product.name) then say("has no product name") end
  local offers, in_stock = add_offers({}, product), false
  if #offers == 0 then return say("has no offer, so no price is shown in search results") end
  for _, offer in ipairs(offers) do
    in_stock = check_offer(offer, truth, say) == "InStock" or in_stock
  end
  if truth and in_stock and not truth.available then
    say("says InStock, but the shop is sold out of it")
  end
end

return structured
