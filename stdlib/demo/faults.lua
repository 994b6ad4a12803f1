--- What can be broken in the demo store. One fault is a name and a table of a few lines:
---
---   about    what it is, in a store owner's words
---   catalog(products)                       changes the catalogue that the shop sells from
---   answer(request, shop) → response | nil  answers in the shop's place
---   page(html, request) → html              alters a page
---   asset(text, name) → text                alters a script or style sheet
---   assets = { [name] = text }              further scripts, as an app would bring them
---   pixels                                  a word that pixels.js acts on
---   banner                                  there is a cookie banner
---   response(response, request)             a last look; `response.delay_ms` makes it late
---
--- Hooks of several faults run in the order of their names. Used by demo/shop.lua; switched by
--- store:fault and POST /__fault.

local layout = require "demo.faults_layout"
local other = require "demo.pages.other"
local pages = require "demo.faults_pages"
local pixels = require "demo.faults_pixels"
local response = require "demo.response"

local faults = {}

-- Puts markup at the end of the head, before the theme's own deferred script runs.
local function into_head(html, markup)
  return (html:gsub("</head>", function() return markup .. "</head>" end, 1))
end

faults.atc_broken = {
  about = "Add to cart does nothing: code that a removed app left in the theme fails before the "
    .. "cart is asked",
  page = function(html)
    return into_head(html, '<script src="/assets/bundle-boost.js"></script>\n')
  end,
  assets = { ["bundle-boost.js"] = [[
/* BundleBoost 2.3: offers a bundle before the product is added. */
document.addEventListener('submit', function (event) {
  if (!event.target.matches('form[data-type="add-to-cart-form"]')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  var offers = window.BundleBoost.offers;
  var offer = offers.find(function (one) { return one.form === event.target.id; });
  if (!offer) event.target.submit();
}, true);
]] },
}

faults.cart_500 = {
  about = "The cart answers with a server error, so nothing can be added or bought",
  answer = function(request)
    if request.path == "/cart" then
      return response.html(other.trouble("Something went wrong",
        "What happened? There was an error on our side. "
        .. "Please try again in a few minutes."), 500)
    end
    if request.path == "/cart.js" or request.path:find("^/cart/add") then
      return response.javascript({ status = 500, message = "Internal Server Error",
        description = "Something went wrong, please try again." }, 500)
    end
  end,
}

faults.checkout_unreachable = {
  about = "Checkout cannot be reached: shoppers who want to pay get an error page",
  answer = function(request)
    if request.path == "/checkout" or request.path:find("^/checkouts/") then
      local out = response.html(other.trouble("We'll be right back",
        "Checkout is not available at the moment. "
        .. "Please try again shortly."), 503)
      out.headers["retry-after"] = "30"
      return out
    end
  end,
}

faults.password_page = {
  about = "The password page is on, so shoppers cannot enter the shop",
  answer = function(request, shop) return shop:password_gate(request) end,
}

faults.slow_hero = {
  about = "The large picture at the top of the home page arrives four seconds late",
  response = function(out, request)
    if request.path:find("^/cdn/shop/files/hero%-") then out.delay_ms = 4000 end
  end,
}

faults.sold_out = {
  about = "Everything is sold out",
  catalog = function(products)
    for _, product in ipairs(products) do
      product.available = false
      for _, variant in ipairs(product.variants) do
        variant.available, variant.stock = false, 0
      end
    end
  end,
}

for _, list in ipairs { layout, pages, pixels } do
  for name, one in pairs(list) do faults[name] = one end
end

return faults
