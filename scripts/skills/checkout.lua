-- api: 1
--
-- A phone shopper: home → product → add to cart → cart → the first page of the checkout. It never
-- buys.

local shop = require "shop"

return skill "checkout" {
  about    = "A phone shopper finds a product, adds it to the cart and reaches checkout",
  alias    = { "shopify_shopper" },
  every    = "30m",
  timeout  = "90s",
  severity = "P0",
  tags     = { "shopper", "revenue" },
  needs    = { "browser" },
  options  = {
    product = option.string { about = "handle of the product; default: the first in stock" },
    device  = option.string { about = "the shopper's device; default: the project's, or a phone" },
  },

  run = function(t, o)
    local page = t.page { device = o.device }
    local product, cart

    t.step("home", function()
      shop.open(t, page, "/")
      shop.measure(t, page, "home")
      shop.answer_cookies(page, "decline", { wait = 0 })
    end)

    t.step("product", function()
      product = shop.open_product(t, page, o.product)
      shop.measure(t, page, "product")
    end)

    t.step("add to cart", function()
      shop.add_to_cart(page, product)
      shop.measure_taps(t, page, "add to cart")
    end)

    t.step("cart", function()
      cart = shop.open_cart(t, page)
      if cart.place == "page" then shop.measure(t, page, "cart") end
    end)

    t.step("checkout", function()
      shop.open_checkout(page)
      shop.measure(t, page, "checkout")
    end)

    t.detail("product", product)
    t.detail("cart", cart)
    t.summary(("A shopper (%s) put %s into the cart and reached checkout (%s)"):format(
      page:device(), product.title, shop.money(cart.total_price, cart.currency)))
  end,
}
