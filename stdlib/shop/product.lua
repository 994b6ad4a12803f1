--- Finding a product that can be bought, on any theme.

local fault = require "fault"
local popups = require "shop.popups"
local storefront = require "shop.storefront"

local product = {}

local TRIES = 5 -- products that are looked at before the shop counts as sold out
local LINKS = 'a[href*="/products/"] >> visible=true'

-- The shop's own word on a product; a shop without this address (headless) gives nothing.
local READ = [[async handle => {
  const root = (window.Shopify && Shopify.routes && Shopify.routes.root) || '/';
  const how = { headers: { Accept: 'application/json' } };
  const answer = await fetch(root + 'products/' + handle + '.js', how);
  const one = answer.ok && await answer.json().catch(() => null);
  if (!one || !one.variants) return { status: answer.status };
  const free = one.variants.find(variant => variant.available) || {};
  return { title: one.title, available: !!one.available, variant: free.id, price: free.price };
}]]

local function handle_of(href)
  return href:match("/products/([^/?#]+)")
end

--- The visible links to products on the page, each product once: { handle, href }. A card often has
--- two links to its product, and the first may be hidden.
---@param page Page
---@return table[]
function product.links(page)
  local found, seen = {}, {}
  for _, href in ipairs(page:attributes(LINKS, "href")) do
    local handle = handle_of(href)
    if handle and not seen[handle] then
      seen[handle] = true
      found[#found + 1] = { handle = handle, href = href }
    end
  end
  return found
end

--- What the shop says about the product: { handle, title (nil: unknown), available (nil: unknown),
--- variant, price (cents) }.
---@param page Page
---@param handle string
---@return table
function product.read(page, handle)
  local one = page:eval(READ, handle)
  one.handle = handle
  return one
end

-- A shop that does not tell has the name on its page.
local function named(page, one)
  if not one.title then
    local heading = page:texts("h1 >> visible=true")[1]
    one.title = heading and heading ~= "" and heading or page:title()
  end
  return one
end

local function arrive(page, handle)
  page:wait_for_url(function(url) return handle_of(url) == handle end)
  storefront.check_answer(page)
end

local function open_link(page, link)
  popups.click(page, ('a[href="%s"] >> visible=true'):format(link.href))
  arrive(page, link.handle)
end

-- The shop is asked before a page is opened, so that a shopper's way (and what pixels hear of it)
-- leads over one product.
local function first_that_can_be_bought(t, page)
  local links = product.links(page)
  if #links == 0 then
    storefront.open(t, page, "/collections/all")
    links = product.links(page)
  end
  if #links == 0 then fault.failure(storefront.no_product()) end
  local sold_out = {}
  for i = 1, math.min(TRIES, #links) do
    local one = product.read(page, links[i].handle)
    if one.available ~= false then
      open_link(page, links[i])
      return named(page, one), sold_out
    end
    sold_out[#sold_out + 1] = one.title
  end
  fault.failure { code = "sold-out",
    message = ("sold out: %s"):format(table.concat(sold_out, ", ")),
    hint = "restock, or let products be sold without stock; if it is meant to be, name one that "
      .. "can be bought: -o product=HANDLE" }
end

--- Opens the page of a product: the one that is named, or the first linked one that is not sold
--- out.
---@param t table
---@param page Page        at the home page, unless handle is given
---@param handle string?
---@return table product   { handle, title, available, variant, price (cents) }
function product.open(t, page, handle)
  local one, skipped
  if handle then
    storefront.open(t, page, "/products/" .. handle)
    one = named(page, product.read(page, handle))
    if one.available == false then
      fault.failure { code = "sold-out", message = ("%s is sold out"):format(one.title),
        hint = "restock it, or name another: -o product=HANDLE" }
    end
  else
    one, skipped = first_that_can_be_bought(t, page)
    for _, title in ipairs(skipped) do t.note("sold out, skipped: " .. title) end
  end
  return one
end

return product
