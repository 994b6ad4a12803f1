--- What the shop itself says of a product and of the cart: /products/<handle>.js and /cart.js. The
--- form is that of pixel/audit.lua. Used by stdlib/pixel.lua.

local fields = require "pixel.fields"

local truth = {}

local READ = [[async handle => {
  const root = (window.Shopify && Shopify.routes && Shopify.routes.root) || '/';
  const how = { headers: { Accept: 'application/json' }, cache: 'no-store' };
  const ask = async path => {
    const answer = await fetch(root + path, how).catch(() => null);
    return answer && answer.ok ? answer.json().catch(() => null) : null;
  };
  const product = handle ? await ask('products/' + handle + '.js') : null;
  const cart = await ask('cart.js');
  const of = one => ({ id: one.id, sku: one.sku, price: one.price });
  return {
    product: product && product.variants && { id: product.id, title: product.title,
      variants: product.variants.slice(0, 250).map(of) },
    cart: cart && cart.items && { total: cart.total_price, subtotal: cart.items_subtotal_price,
      currency: cart.currency, items: cart.items.slice(0, 100).map(one => ({
        product: one.product_id, variant: one.variant_id, sku: one.sku, handle: one.handle,
        price: one.final_price === undefined ? one.price : one.final_price,
        quantity: one.quantity })) },
  };
}]]

local function texts(record, ...)
  for i = 1, select("#", ...) do
    local name = (select(i, ...))
    record[name] = fields.text(record[name])
  end
  return record
end

--- Asks the shop.
---@param page Page
---@param product table?  of shop.open_product
---@return table truth    parts that the shop does not tell are absent
function truth.read(page, product)
  local found = page:eval(READ, product and product.handle) or {}
  local out = {}
  if type(found.product) == "table" then
    out.product = texts(found.product, "id")
    out.product.handle = product.handle
    out.product.variant = fields.text(product.variant)
    for _, variant in ipairs(out.product.variants) do texts(variant, "id", "sku") end
  end
  if type(found.cart) == "table" then
    out.currency = fields.currency(found.cart.currency)
    out.cart = #found.cart.items > 0 and found.cart or nil
    for _, item in ipairs(found.cart.items) do
      texts(item, "product", "variant", "sku", "handle")
    end
  end
  return out
end

return truth
