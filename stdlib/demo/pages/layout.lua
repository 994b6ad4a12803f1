--- What every page of the shop has around its content: head, header, footer, cart notification.
--- Used by the other files in demo/pages.
---
--- A page function takes a view and returns HTML. The view is what the shop knows for one request:
--- { shop, base, path, cart, item_count, carts, products, collections, asset = function(name) →
--- URL, … }.

local html = require "demo.html"
local json = require "json"

local layout = {}

local fill = html.fill

local PAGE = [[
<!doctype html>
<html class="no-js" lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="theme-color" content="#3b3f98">
<title>{title} – {shop_name}</title>
<meta name="description" content="{description}">
<link rel="canonical" href="{canonical}">
<link rel="icon" type="image/png" sizes="48x48" href="/cdn/shop/files/favicon.png?v=1">
<meta property="og:site_name" content="{shop_name}">
<meta property="og:title" content="{title}">
<meta property="og:type" content="{og_type}">
<meta property="og:url" content="{canonical}">
<meta property="og:image" content="{og_image}">
<script>document.documentElement.className = "js";
var Shopify = Shopify || {=shopify};
window.routes = {=routes};
window.cartStrings = {=cart_strings};
window.variantStrings = {=variant_strings};</script>
<link rel="stylesheet" href="{css}">
<script src="{js}" defer="defer"></script>
{=head}</head>
<body class="template-{template}">
<a class="skip-to-content-link button visually-hidden" href="#MainContent">Skip to content</a>
{=header}<main id="MainContent" class="content-for-layout" role="main" tabindex="-1">
{=content}</main>
{=footer}{=extras}</body>
</html>
]]

local HEADER = [[
<div id="shopify-section-announcement-bar" class="shopify-section announcement-bar" role="region"
 aria-label="Announcement">
<p class="announcement-bar__message">Free shipping over $75 · 60-day returns</p></div>
<div id="shopify-section-header" class="shopify-section section-header">
<header class="header page-width">
<details id="Details-menu-drawer-container" class="menu-drawer-container">
<summary class="header__icon header__icon--menu" aria-label="Menu">{=menu_icon}</summary>
<nav id="menu-drawer" class="menu-drawer" aria-label="Mobile menu"><ul
 role="list">{=links}</ul></nav>
</details>
<a href="/" class="header__heading-link">{=logo}<span>{shop_name}</span></a>
<nav class="header__inline-menu" aria-label="Main menu"><ul role="list">{=links}</ul></nav>
<div class="header__icons">
<a href="/search" class="header__icon header__icon--search" aria-label="Search">{=search_icon}</a>
<a href="/cart" class="header__icon header__icon--cart" id="cart-icon-bubble">{=bubble}</a>
</div>
</header>
</div>
]]

local NOTIFICATION = [[
<cart-notification>
<div class="cart-notification-wrapper page-width">
<div id="cart-notification" class="cart-notification" aria-modal="true"
 aria-label="Item added to your cart"
 role="dialog" tabindex="-1">
<div class="cart-notification__header">
<h2 class="cart-notification__heading">{=check_icon} Item added to your cart</h2>
<button type="button" class="cart-notification__close" aria-label="Close">{=close_icon}</button>
</div>
<div id="cart-notification-product" class="cart-notification-product"></div>
<div class="cart-notification__links">
<a href="/cart" id="cart-notification-button"
 class="button button--secondary button--full-width">{=view_cart}</a>
<form action="/cart" method="post" id="cart-notification-form">
<button class="button button--primary button--full-width" name="checkout">Check out</button>
</form>
<button type="button" class="link button-label">Continue shopping</button>
</div>
</div>
</div>
</cart-notification>
]]

local FOOTER = [[
<footer id="shopify-section-footer" class="shopify-section section-footer footer">
<div class="footer__content page-width">
<div class="footer-block"><h2>{shop_name}</h2>
<p>Snow gear from a small town at the foot of the pass. We ride what we sell, and mend what we
 sold.</p></div>
<div class="footer-block"><h2>Shop</h2><ul role="list">{=links}</ul></div>
<div class="footer-block"><h2>Help</h2><ul role="list">
<li><a href="/pages/contact">Contact</a></li>
<li><a href="/policies/shipping-policy">Shipping</a></li>
<li><a href="/policies/refund-policy">Returns</a></li>
<li><a href="/policies/privacy-policy">Privacy</a></li>
<li><a href="/policies/terms-of-service">Terms of service</a></li></ul></div>
</div>
<div class="footer__bottom page-width"><small>© 2024, <a href="/">{shop_name}</a>. A demo store:
 nothing here can be
bought.</small></div>
</footer>
]]

local function icon(path)
  return '<svg class="icon" aria-hidden="true" focusable="false" viewBox="0 0 24 24" fill="none" '
    .. 'stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
    .. path .. "</svg>"
end

layout.icons = {
  menu = icon '<path d="M3 6h18M3 12h18M3 18h18"/>',
  search = icon '<circle cx="11" cy="11" r="7"/><path d="m20 20-4-4"/>',
  cart = icon '<path d="M6 8h12l1 13H5L6 8Z"/><path d="M9 10V6a3 3 0 0 1 6 0v4"/>',
  close = icon '<path d="m6 6 12 12M18 6 6 18"/>',
  check = icon '<path d="m5 12 5 5 9-10"/>',
  minus = icon '<path d="M6 12h12"/>',
  plus = icon '<path d="M6 12h12M12 6v12"/>',
  bin = icon '<path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5"/>',
  lock = icon('<rect x="5" y="11" width="14" height="9" rx="2"/>'
    .. '<path d="M8 11V8a4 4 0 0 1 8 0v3"/>'),
  truck = icon('<path d="M2 6h12v10H2zM14 10h4l4 3v3h-8z"/><circle cx="7" cy="18" r="2"/>'
    .. '<circle cx="18" cy="18" r="2"/>'),
  mend = icon('<path d="M14.5 5.5a4 4 0 0 0-5 5L3 17l4 4 6.500-6.500a4 4 0 0 0 5-5L16 12l-3-1'
    .. '-1-3 2.500-2.500Z"/>'),
  mountain = icon '<path d="m2 20 7-13 4 7 2.500-4L22 20H2Z"/>',
}

local LOGO = '<svg class="header__logo" aria-hidden="true" viewBox="0 0 40 40">'
  .. '<circle cx="27" cy="14" r="7" fill="#ffb28a"/>'
  .. '<path d="M2 34 15 10l8 13 4-6 11 17H2Z" fill="#3b3f98"/>'
  .. '<path d="m15 10 4.400 7.200-3.200-1-2 3.300-2.200-2.400-1.500 2Z" fill="#fff"/></svg>'

--- What the cart icon shows; also the section "cart-icon-bubble".
function layout.bubble(view)
  local count = view.item_count
  return fill('{=icon}<span class="visually-hidden">Cart</span>{?count:[<div '
    .. 'class="cart-count-bubble"><span aria-hidden="true">{count}</span><span '
    .. 'class="visually-hidden">{count} {word}</span></div>]}', {
    icon = layout.icons.cart, count = count > 0 and count, word = count == 1 and "item" or "items",
  })
end

--- The label of the notification's link; also the section "cart-notification-button".
function layout.view_cart(view)
  return view.item_count > 0 and ("View cart (%d)"):format(view.item_count) or "View cart"
end

local function menu(view)
  return html.each('<li><a href="/collections/{handle}">{title}</a></li>', view.collections)
end

--- JSON that may stand inside a script element.
function layout.script_json(value)
  return (json.encode(value):gsub("</", "<\\/"):gsub("<!%-%-", "<\\u0021--"))
end

local function globals(view)
  return {
    shopify = layout.script_json {
      shop = view.shop.domain, locale = "en", country = "US",
      currency = { active = view.shop.currency, rate = "1.0" },
      theme = { name = "Alpenglow", id = 139012341, role = "main", schema_name = "Dawn",
        schema_version = "15.4.1" },
      routes = { root = "/" },
    },
    routes = layout.script_json {
      cart_add_url = "/cart/add", cart_change_url = "/cart/change",
      cart_update_url = "/cart/update", cart_url = "/cart",
    },
    cart_strings = layout.script_json {
      error = "There was an error while updating your cart. Please try again.",
      quantityError = "You can only add [quantity] of this item to your cart.",
    },
    variant_strings = layout.script_json { addToCart = "Add to cart", soldOut = "Sold out",
      unavailable = "Unavailable" },
  }
end

local function notification(view)
  return fill(NOTIFICATION, { check_icon = layout.icons.check, close_icon = layout.icons.close,
    view_cart = layout.view_cart(view) })
end

local function header(view)
  local shown = fill(HEADER, {
    shop_name = view.shop.name, links = menu(view), logo = LOGO, menu_icon = layout.icons.menu,
    search_icon = layout.icons.search, bubble = layout.bubble(view),
  })
  return view.extras.has_drawer and shown or shown .. notification(view)
end

--- A whole page.
---@param view table
---@param page table { template, title, content, description?, head?, og_type?, image?, bare? (no
--- header and footer) }
---@return string
function layout.page(view, page)
  local values = globals(view)
  values.title, values.shop_name, values.template = page.title, view.shop.name, page.template
  values.description = page.description
    or "Snowboards, shells and the small things for a long day on snow."
  values.canonical = view.base .. (page.path or view.path)
  values.og_type = page.og_type or "website"
  values.og_image = view.base .. (page.image or "/cdn/shop/files/hero-wide.png?v=1&width=1206")
  values.css, values.js = view.asset "theme.css", view.asset "theme.js"
  values.head = (page.head or "") .. (page.bare and "" or view.extras.head)
  values.extras = page.bare and "" or view.extras.body
  values.header = page.bare and "" or header(view)
  values.footer = page.bare and "" or fill(FOOTER, { shop_name = view.shop.name,
    links = menu(view) })
  values.content = page.content
  return fill(PAGE, values)
end

return layout
