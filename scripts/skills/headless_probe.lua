-- api: 1
--
-- What lies between the shop's pages and its APIs: refused requests, pages that server and browser
-- draw differently, prices that are not the shop's, scripts that fail.

local shop = require "shop"

return skill "headless_probe" {
  about    = "The pages' data is right: no refused API calls, hydration errors or stale prices",
  every    = "1h",
  timeout  = "2m",
  severity = "P1",
  tags     = { "headless", "api" },
  needs    = { "browser", "http" },
  options  = {
    product = option.string { about = "handle of the product to look at; default: the first" },
    token   = option.secret { about = "Storefront API access token: prices are asked there too" },
    ignore  = option.list { about = "texts of console errors that do not matter", default = {} },
  },

  run = function(t, o)
    local found, page = shop.findings(t), t.page()
    local views, product = {}, nil

    found.step("pages", function()
      views[1] = shop.look(t, page, "/", "home page")
      product = shop.product_path(t, page, views, o.product)
      views[2] = shop.look(t, page, product, "product page")
    end)
    if #views == 0 then return found.conclude() end

    found.step("hydration", function() shop.check_hydration(views, found) end)
    found.step("console", function() shop.check_console(views, found, o.ignore) end)
    found.step("rate limits", function() shop.check_rate_limits(t, views, found) end)
    found.step("price", function()
      if views[2] then shop.check_price(t, page, views[2], found, o.token) end
    end)

    found.conclude(("%s shows the price that the shop asks for, and nothing was refused"):format(
      product or "the shop"))
  end,
}
