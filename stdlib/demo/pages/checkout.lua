--- The checkout page: all that a shopper fills in before paying. It takes no order (demo/shop.lua
--- refuses and logs an attempt), so nothing typed here is kept.

local html = require "demo.html"
local layout = require "demo.pages.layout"

local fill = html.fill

local FIELD = [[
<div class="field checkout__field{?half:[ checkout__field--half]}"><input class="field__input"
 type="{type}" id="{id}"
 name="{name}" placeholder="{label}" autocomplete="{auto}"
{?required:[ required aria-required="true"]}><label
 class="field__label" for="{id}">{label}</label></div>
]]

local function fields(list)
  return html.each(FIELD, list, function(f)
    return { id = f[1], name = f[2], label = f[3], auto = f[4], type = f.type or "text",
      half = f.half,
      required = not f.optional }
  end)
end

local CONTACT = fields { { "email", "email", "Email", "shipping email", type = "email" } }
local DELIVERY = fields {
  { "TextField0", "firstName", "First name", "shipping given-name", half = true },
  { "TextField1", "lastName", "Last name", "shipping family-name", half = true },
  { "shipping-address1", "address1", "Address", "shipping address-line1" },
  { "TextField2", "address2", "Apartment, suite, etc. (optional)", "shipping address-line2",
    optional = true },
  { "TextField3", "city", "City", "shipping address-level2", half = true },
  { "TextField4", "postalCode", "ZIP code", "shipping postal-code", half = true },
  { "TextField5", "phone", "Phone (optional)", "shipping tel", type = "tel", optional = true },
}
local PAYMENT = fields {
  { "number", "number", "Card number", "cc-number", type = "tel" },
  { "expiry", "expiry", "Expiration date (MM / YY)", "cc-exp", type = "tel", half = true },
  { "verification_value", "verification_value", "Security code", "cc-csc", type = "tel",
    half = true },
  { "name", "name", "Name on card", "cc-name" },
}

local LINE = [[
<div class="order-summary__line" role="row"><div class="order-summary__picture"><img
 src="/cdn/shop/files/{image}.png?v=1&amp;width=165" alt="{alt}" width="64" height="64"><span
 class="order-summary__count">{quantity}</span></div>
<div class="order-summary__name"><p>{title}</p><small>{variant}</small></div><p
 class="order-summary__price">{total}</p></div>
]]

local CONTENT = [[
<div class="checkout"><header class="checkout__banner"><a href="/"
 class="checkout__shop">{shop_name}</a>
<a href="/cart" class="header__icon" aria-label="Cart">{=cart_icon}</a></header>
<aside class="checkout__summary" aria-label="Order summary"><div class="checkout__inner">
<details open><summary><span>Order summary</span><strong>{total}</strong></summary>
<div role="table" aria-label="Shopping cart">{=lines}</div></details>
<dl class="order-summary__totals"><div><dt>Subtotal</dt><dd>{subtotal}</dd></div>
<div><dt>Shipping</dt><dd>{shipping}</dd></div>
<div class="order-summary__total"><dt>Total</dt><dd><small>{currency}</small> <strong
 data-checkout-payment-due-target="{cents}">{total}</strong></dd></div></dl>
</div></aside>
<form class="checkout__form" method="post" action="/checkouts/cn/{token}/processing"
 id="checkout-form" novalidate>
<div class="checkout__inner">
<section aria-label="Contact"><h2>Contact</h2>{=contact}
<label class="checkout__check"><input type="checkbox" name="marketing_opt_in"> Email me with news
 and offers</label></section>
<section aria-label="Delivery"><h2>Delivery</h2>
<div class="field checkout__field"><select class="field__input" id="Select0" name="countryCode"
 autocomplete="shipping country"><option value="US" selected>United States</option><option
 value="CA">Canada</option>
<option value="DE">Germany</option></select><label class="field__label"
 for="Select0">Country/Region</label></div>
{=delivery}</section>
<section aria-label="Shipping method"><h2>Shipping method</h2><label
 class="checkout__choice"><input type="radio"
 name="shipping_method" value="standard" checked><span>Standard, 3 to 5
 days</span><strong>{shipping}</strong></label></section>
<section aria-label="Payment"><h2>Payment</h2><p class="caption">All transactions are secure and
 encrypted.</p>
<div class="checkout__card"><p class="checkout__card-title">{=lock} Credit
 card</p>{=payment}</div></section>
<button type="submit" class="button button--primary button--full-width checkout__pay"
 id="checkout-pay-button">Pay
now</button>
<footer class="checkout__footer"><a href="/policies/refund-policy">Refund policy</a> <a
 href="/policies/privacy-policy">Privacy policy</a> <a href="/policies/terms-of-service">Terms of
 service</a></footer>
</div></form></div>
]]

--- The checkout of a cart.
---@param view table
---@return string
return function(view)
  local subtotal = view.carts:total(view.cart)
  local shipping = subtotal >= 7500 and 0 or 895
  local lines = html.each(LINE, view.cart.lines, function(line)
    local variant, product = view.find_variant(line.variant_id)
    return { image = variant.image.name, alt = variant.image.alt, quantity = line.quantity,
      title = product.title,
      variant = #product.options > 0 and variant.title or "",
      total = html.money(variant.price * line.quantity) }
  end)
  return layout.page(view, {
    template = "checkout", title = "Checkout", bare = true,
    content = fill(CONTENT, {
      shop_name = view.shop.name, cart_icon = layout.icons.cart, lock = layout.icons.lock,
      lines = lines,
      subtotal = html.money(subtotal), shipping = shipping == 0 and "FREE" or html.money(shipping),
      total = html.money(subtotal + shipping), cents = subtotal + shipping,
      currency = view.shop.currency,
      token = view.cart.token, contact = CONTACT, delivery = DELIVERY, payment = PAYMENT,
    }),
  })
end
