--- The cart page, and the pieces of it and of the header that the shop renders on their own
--- (Shopify's "sections").

local extras = require "demo.pages.extras"
local html = require "demo.html"
local layout = require "demo.pages.layout"

local cart_pages = {}

local fill = html.fill

local ROW = [[
<tr class="cart-item" id="CartItem-{index}">
<td class="cart-item__media"><a href="{url}" class="cart-item__link" aria-hidden="true"
 tabindex="-1"></a><img
 src="/cdn/shop/files/{image}.png?v=1&amp;width=360" class="cart-item__image" alt="{alt}"
 loading="lazy" width="150"
 height="150"></td>
<td class="cart-item__details"><p class="caption">{vendor}</p><a href="{url}"
 class="cart-item__name">{title}</a>
<div class="product-option">{price}</div>{=options}</td>
<td class="cart-item__quantity">
<div class="cart-item__quantity-wrapper">
<label class="visually-hidden" for="Quantity-{index}">Quantity</label>
<quantity-input class="quantity cart-quantity">
<button class="quantity__button" name="minus" type="button"
 aria-label="Decrease quantity for {title}">{=minus}</button>
<input class="quantity__input" data-quantity-variant-id="{variant_id}" type="number"
 name="updates[]" value="{quantity}"
 min="0" step="1" aria-label="Quantity for {title}" id="Quantity-{index}" data-index="{index}">
<button class="quantity__button" name="plus" type="button"
 aria-label="Increase quantity for {title}">{=plus}</button>
</quantity-input>
<cart-remove-button id="Remove-{index}" data-index="{index}"><a
 href="/cart/change?id={key}&amp;quantity=0"
 class="button button--tertiary" aria-label="Remove {title}">{=bin}</a></cart-remove-button></div>
<div class="cart-item__error" id="Line-item-error-{index}" role="alert"><small
 class="cart-item__error-text"></small></div>
</td>
<td class="cart-item__totals"><span class="price price--end">{total}</span></td>
</tr>
]]

local function rows(view)
  return html.each(ROW, view.cart.lines, function(line, index)
    local variant, product = view.find_variant(line.variant_id)
    local options = {}
    for i, option in ipairs(product.options) do
      options[i] = fill('<div class="product-option"><dt>{name}: </dt><dd>{value}</dd></div>',
        { name = option.name, value = variant.options[i] })
    end
    return {
      index = index, url = ("/products/%s?variant=%d"):format(product.handle, variant.id),
      image = variant.image.name,
      alt = variant.image.alt, vendor = product.vendor, title = product.title,
      price = html.money(variant.price),
      options = #options > 0 and "<dl>" .. table.concat(options) .. "</dl>" or "",
      variant_id = variant.id,
      quantity = line.quantity, key = line.key, total = html.money(variant.price * line.quantity),
      minus = layout.icons.minus, plus = layout.icons.plus, bin = layout.icons.bin,
    }
  end)
end

local function items(view)
  if #view.cart.lines == 0 then return "" end
  return fill([[
<table class="cart-items"><caption class="visually-hidden">Your cart</caption>
<thead><tr><th colspan="2" scope="col">Product</th><th scope="col">Quantity</th>
<th scope="col" class="right">Total</th></tr></thead>
<tbody>{=rows}</tbody></table>
]], { rows = rows(view) })
end

local function footer(view)
  if #view.cart.lines == 0 then return "" end
  return fill([[
<div class="totals"><h2 class="totals__total">Estimated total</h2>
<p class="totals__total-value">{total} {currency}</p></div>
<small class="tax-note caption">Taxes included. Discounts and shipping calculated at
 checkout.</small>
<div class="cart__ctas"><button type="submit" id="checkout"
 class="cart__checkout-button button button--primary"
 name="checkout" form="cart">Check out</button></div>
<div id="cart-errors" role="alert"></div>
]], { total = html.money(view.carts:total(view.cart)), currency = view.shop.currency })
end

local CONTENT = [[
<cart-items class="{?empty:[is-empty]}"><div class="page-width">
<div class="title-wrapper"><h1 class="title title--primary">Your cart</h1>
<a href="/collections/all" class="underlined-link">Continue shopping</a></div>
<div class="cart__warnings"><h2 class="cart__empty-text">Your cart is empty</h2>
<a href="/collections/all" class="button button--primary">Continue shopping</a></div>
<form action="/cart" class="cart__contents" method="post" id="cart">
<div class="cart__items" id="main-cart-items" data-id="main-cart-items"><div
 class="js-contents">{=items}</div></div>
<p class="visually-hidden" id="cart-live-region-text" aria-live="polite" role="status"></p>
</form>
<div class="cart__footer-wrapper" id="main-cart-footer" data-id="main-cart-footer"><div
 class="cart__footer"><div class="cart__blocks js-contents">{=footer}</div></div></div>
</div></cart-items>
]]

--- The cart page.
---@param view table
---@return string
function cart_pages.page(view)
  return layout.page(view, {
    template = "cart", title = "Your cart", path = "/cart",
    content = fill(CONTENT, { empty = #view.cart.lines == 0, items = items(view),
      footer = footer(view) }),
  })
end

local function added_product(view)
  local line = view.cart.lines[1]
  if not line then return "" end
  local variant, product = view.find_variant(line.variant_id)
  return fill([[<div id="cart-notification-product-{key}" class="cart-item"><div
 class="cart-notification-product__image"><img
 src="/cdn/shop/files/{image}.png?v=1&amp;width=165" alt="{alt}" width="70" height="70"></div>
<div><h3 class="cart-notification-product__name">{title}</h3>{=options}</div></div>]], {
    key = line.key, image = variant.image.name, alt = variant.image.alt, title = product.title,
    options = #product.options == 0 and ""
      or fill('<p class="product-option">{title}</p>', { title = variant.title }),
  })
end

local SECTIONS = {
  ["cart-drawer"] = extras.drawer,
  ["cart-icon-bubble"] = layout.bubble,
  ["cart-notification-button"] = layout.view_cart,
  ["cart-notification-product"] = added_product,
  ["main-cart-items"] = function(view)
    return '<div class="js-contents">' .. items(view) .. "</div>"
  end,
  ["main-cart-footer"] = function(view)
    return '<div class="js-contents">' .. footer(view) .. "</div>"
  end,
  ["cart-live-region-text"] = function(view)
    return ("New subtotal: %s"):format(html.money(view.carts:total(view.cart)))
  end,
}

--- A section by its id, in its wrapper; nil if the theme has none of that name.
---@param view table
---@param id string
---@return string?
function cart_pages.section(view, id)
  local render = SECTIONS[id]
  if not render then return nil end
  return ('<div id="shopify-section-%s" class="shopify-section">%s</div>'):format(id, render(view))
end

return cart_pages
