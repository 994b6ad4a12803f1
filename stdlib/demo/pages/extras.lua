--- Parts that a shop may have or not: the cart as a drawer, the cookie banner, a pop-up. Switched
--- by the demo store's options. Used by demo/shop.lua, which hands them to demo/pages/layout.lua in
--- the view.

local html = require "demo.html"
local layout = require "demo.pages.layout"

local extras = {}

local fill = html.fill

local LINE = [[
<div class="drawer__line"><img src="/cdn/shop/files/{image}.png?v=1&amp;width=165" alt="{alt}"
 width="64" height="64" loading="lazy"><div><a href="{url}" class="cart-item__name">{title}</a>
<p class="product-option">{quantity} × {price}</p></div></div>
]]

local INNER = [[
<div class="drawer__header"><h2 class="drawer__heading">Your cart</h2>
<button type="button" class="drawer__close" aria-label="Close">{=close}</button></div>
{?empty:[<p class="drawer__empty">Your cart is empty</p>]}
<div class="drawer__contents" id="CartDrawer-CartItems">{=lines}</div>
{?filled:[<div class="drawer__footer"><p class="totals"><span>Estimated total</span>
<strong>{total} {currency}</strong></p>
<form action="/cart" method="post" id="CartDrawer-Form"><button type="submit"
 id="CartDrawer-Checkout" class="cart__checkout-button button button--primary button--full-width"
 name="checkout">Check out</button></form>
<a href="/cart" class="link">View cart</a></div>]}
]]

local function inner(view)
  local lines = html.each(LINE, view.cart.lines, function(line)
    local variant, product = view.find_variant(line.variant_id)
    return { image = variant.image.name, alt = variant.image.alt, title = product.title,
      url = ("/products/%s?variant=%d"):format(product.handle, variant.id),
      quantity = line.quantity, price = html.money(variant.price) }
  end)
  local empty = #view.cart.lines == 0
  return fill(INNER, { close = layout.icons.close, empty = empty, filled = not empty, lines = lines,
    total = html.money(view.carts:total(view.cart)), currency = view.shop.currency })
end

--- The drawer; also the section "cart-drawer".
---@param view table
---@return string
function extras.drawer(view)
  return fill([[
<cart-drawer class="drawer{?empty:[ is-empty]}"><div id="CartDrawer" class="cart-drawer">
<div id="CartDrawer-Overlay" class="cart-drawer__overlay"></div>
<div class="drawer__inner" role="dialog" aria-modal="true" aria-label="Your cart"
 tabindex="-1">{=inner}</div></div></cart-drawer>
]], { empty = #view.cart.lines == 0, inner = inner(view) })
end

--- The cookie banner, which its script shows to who has not answered.
---@return string
function extras.banner()
  return [[
<div id="shopify-pc__banner" class="shopify-pc__banner__dialog" role="alertdialog" hidden
 aria-label="Cookie consent"><div class="shopify-pc__banner__body"><h2>Cookie consent</h2>
<p>We and our partners use cookies to give you the best online experience.
 <a href="/policies/privacy-policy">Privacy policy</a></p></div>
<div class="shopify-pc__banner__btns">
<button type="button" id="shopify-pc__banner__btn-accept">Accept</button>
<button type="button" id="shopify-pc__banner__btn-decline">Decline</button></div></div>
]]
end

--- What a page gets for the options of its shop: markup for the head and for the body.
---@param view table
---@param options table  { drawer, banner, popup }
function extras.add(view, options)
  view.extras = { head = "", body = "", has_drawer = options.drawer }
  local function script(name)
    view.extras.head = view.extras.head
      .. fill('<script src="{url}" defer="defer"></script>\n', { url = view.asset(name) })
  end
  if options.banner then
    script "privacy-banner.js"
    view.extras.body = extras.banner()
  end
  if options.popup then script "newsletter-popup.js" end
  if options.drawer then
    script "cart-drawer.js"
    view.extras.body = view.extras.body .. extras.drawer(view)
  end
end

return extras
