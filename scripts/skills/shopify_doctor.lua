-- api: 1
--
-- A check-up of the shop: what is broken on its pages, in its links and pictures, in what search
-- engines read, and, with an Admin API token, in its theme and catalogue.

local shop = require "shop"

return skill "shopify_doctor" {
  about    = "No errors in pages, no broken links, pictures or scripts; structured data is true",
  every    = "6h",
  timeout  = "4m",
  severity = "P2",
  tags     = { "health", "seo" },
  needs    = { "browser", "http", "http:*.myshopify.com" },
  options  = {
    token     = option.secret { about = "Admin API access token; default: the project's" },
    admin_url = option.url { about = "where the Admin API is; default: the shop's myshopify.com" },
    product   = option.string { about = "handle of the product to look at; default: the first" },
    links     = option.number { about = "how many links are followed", default = 40, max = 500 },
    ignore    = option.list { about = "paths not to follow: /blogs/*", default = {} },
  },

  run = function(t, o)
    local found = shop.findings(t)
    local views = found.step("pages", function()
      return shop.look_around(t, t.page(), found, o.product)
    end)
    if not views then return found.conclude() end

    found.step("texts", function() shop.check_liquid(views, found) end)
    found.step("pictures", function()
      shop.check_images(views, found)
      shop.follow_images(t, views, found)
    end)
    found.step("scripts", function() shop.check_scripts(views, found) end)
    found.step("encryption", function() shop.check_insecure(views, found) end)
    found.step("structured data", function() shop.check_structured(t, views, found) end)
    found.step("links", function()
      local followed, left = shop.follow_links(t, views, found, { max = o.links,
        ignore = o.ignore })
      t.measure("links", followed)
      if left > 0 then t.note(("%d more links were not followed"):format(left)) end
    end)

    local office = found.step("back office", function()
      return shop.check_back_office(t, views, found, { token = o.token, url = o.admin_url })
    end)
    found.conclude(("%d pages and their links are in order; %s"):format(#views,
      office and office.words or "the back office was not looked at"))
  end,
}
