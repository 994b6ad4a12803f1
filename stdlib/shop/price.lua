--- The price that a product page shows, against what the shop asks for.

local storefront = require "shop.storefront"

local price = {}

local SCRIPT = sys.resource("shop/price.js")

--- The amounts that the product page shows around its add-to-cart button: { amounts (hundredths),
--- texts, variant (id, if the page tells) }.
---@param page Page  at a product page
---@return table
function price.shown(page)
  return page:eval(SCRIPT)
end

--- The price (cents) of the variant that the page shows; nil: the page does not tell which.
---@param product table  of truth.product
---@param variant string|number|nil
---@return integer?
function price.of_variant(product, variant)
  for _, one in ipairs(product.variants) do
    if variant and tostring(one.id):match("%d+$") == ("%.0f"):format(tonumber(variant) or 0) then
      return one.price
    end
  end
end

-- JSON numbers are floats: an id of fourteen digits must not be written with an exponent.
local function normalized(product)
  local variants = {}
  for i, one in ipairs(product.variants) do
    variants[i] = { id = type(one.id) == "number" and ("%.0f"):format(one.id) or one.id,
      price = one.price }
  end
  return { variants = variants }
end

local function has(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then return true end
  end
  return false
end

local function fits(shown, product)
  local asked = price.of_variant(product, shown.variant)
  if asked then return has(shown.amounts, asked), asked end
  for _, one in ipairs(product.variants) do
    if has(shown.amounts, one.price) then return true, one.price end
  end
  return false, product.variants[1].price
end

--- Reports a page whose price is not what the shop asks for. A page on which no price was found is
--- told of as a note, not as a fault: themes differ.
---@param t table
---@param shown table     of price.shown
---@param product table   of truth.product
---@param found table     shop.findings
---@param source string   "the shop", "the Storefront API"
function price.compare(t, shown, product, found, source)
  if #shown.amounts == 0 then
    t.note("no price was recognized on the product page, so none was compared")
    return
  end
  local fine, asked = fits(shown, normalized(product))
  if fine then return end
  found.bad(("the product page of %s shows a wrong price: %s, but %s asks for %s"):format(
    product.title, table.concat(shown.texts, ", "), source,
    storefront.money(asked, shown.currency)),
    { code = "stale-price", at_hand = true, hint = "the page comes from a cache, or an app "
      .. "rewrites prices: publish the theme again, and look at apps for prices and discounts" })
end

return price
