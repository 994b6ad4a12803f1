-- api: 1
--
-- A shopper goes from the home page to checkout while all marketing pixels are listened to: who is
-- told of which step, how often, with which value and products, and whether that is what the shop
-- itself says. Where there is a cookie banner, a second visitor refuses it. What was seen is
-- learned, so that a later run tells what has disappeared.

local pixel = require "pixel"
local shop = require "shop"

return skill "pixel_auditor" {
  about    = "Marketing pixels hear of every step of a sale, once, with the right value",
  every    = "6h",
  timeout  = "150s",
  severity = "P1",
  tags     = { "pixels", "marketing" },
  needs    = { "browser" },
  parents  = { "checkout" },
  options  = {
    product = option.string { about = "handle of the product; default: the first in stock" },
    device  = option.string { about = "the shopper's device; default: the project's, or a phone" },
    consent = option.enum { "accept", "decline", "ignore", default = "accept",
      about = "the answer to a cookie banner; after accept, a second visitor refuses" },
    vendors = option.list { about = "who must send: meta, ga4, tiktok, pinterest, snap, klaviyo; "
      .. "meta:ID for one of many" },
    events  = option.list { about = "what each must send: page_view, view_item, add_to_cart, "
      .. "begin_checkout; default: what it sent before" },
    wait    = option.duration { default = "5s", about = "longest wait for the events of a step" },
  },

  run = function(t, o)
    local page = t.page { device = o.device }
    local audit = pixel.audit(t, page, { wait = o.wait, vendors = o.vendors, events = o.events,
      learned = t.learned })
    local product, banner

    audit:step("page view", "page_view", function()
      shop.open(t, page, "/")
      banner = o.consent ~= "ignore" and shop.answer_cookies(page, o.consent)
    end)

    audit:step("product view", "view_item", function()
      product = shop.open_product(t, page, o.product)
    end)

    audit:step("add to cart", "add_to_cart", function()
      shop.add_to_cart(page, product)
      audit:compare_with(product)
    end)

    audit:step("begin checkout", "begin_checkout", function()
      shop.open_cart(t, page)
      shop.open_checkout(page)
    end)

    -- Without a banner there is nothing to refuse, and nobody did.
    audit:finish { refusal = banner and o.consent == "accept", product = product,
      denied = banner and o.consent == "decline" }
  end,
}
