-- Pixels of a page in a real Chromium, against stand-ins for the vendors.

local demo_pixels = require "demo.pixels"
local demo_shop = require "cli.demo_shop"
local pixel = require "pixel"
local record = require "pixel.record"
local truth = require "pixel.truth"

local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local META = "https://www.facebook.com/tr/?id=7&ev="

describe("recording", function()
  local site, vendors, page, context
  before_all(function()
    vendors = assert(demo_pixels.start("127.0.0.1"))
    sys.task.spawn(vendors.serve, vendors)
  end)
  after_all(function() vendors:close() end)
  before_each(function()
    site = web.site {
      ["/"] = "<h1>Home</h1>", ["/two"] = "<h1>Two</h1>",
      ["/cart.js"] = { body = '{"total_price":1000,"currency":"EUR","items":[{"product_id":11,'
        .. '"variant_id":22,"sku":"S","price":500,"quantity":2}]}' },
      ["/products/mug.js"] = { body = '{"id":11,"title":"Mug","variants":[{"id":22,"sku":null,'
        .. '"price":500}]}' },
    }
    page, context = web.page(site, { browser = { args = demo_shop.flags(vendors:describe()) } })
    page:goto("/")
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  it("counts a hit that the browser itself makes https once", function()
    local kept, before = record.start(page, 5000), vendors:log().count
    kept:begin("home")
    page:eval("void (new Image().src = 'http://www.facebook.com/tr/?id=7&ev=PageView')")
    kept:settle { ["meta page_view"] = true }
    local events = kept:events()
    expect(#events):is(1)
    expect({ events[1].event, events[1].status, events[1].step, events[1].ok })
      :same { "page_view", 200, "home", true }
    expect(vendors:log().count):is(before + 1)
    local seen = 0
    for _, one in ipairs(page:requests()) do
      if one.url:find("facebook", 1, true) then seen = seen + 1 end
    end
    expect(seen):is(1)
  end)

  it("waits for the event that a step wants, and keeps apart what belongs to which", function()
    local kept = record.start(page, 10000)
    kept:begin("one")
    page:eval(("setTimeout(() => { new Image().src = '%sPageView' }, 500), 0"):format(META))
    kept:settle { ["meta:7 page_view"] = true }
    expect(#kept:events()):is(1)
    kept:begin("two")
    page:goto("/two")
    page:eval(("navigator.sendBeacon('https://tr.snapchat.com/p', new Blob([JSON.stringify({"
      .. "pid: 'p', ev: 'ADD_CART' })])), void (new Image().src = '%sAddToCart')"):format(META))
    kept:settle { ["meta add_to_cart"] = true, ["snap add_to_cart"] = true }
    kept:stop()
    page:eval(("void (new Image().src = '%sPurchase')"):format(META))
    local words = {}
    for i, event in ipairs(kept:events()) do
      words[i] = event.step .. " " .. event.vendor .. " " .. event.event
    end
    table.sort(words)
    expect(words):same { "one meta page_view", "two meta add_to_cart", "two snap add_to_cart" }
  end)

  it("outlives the bounds of the page's list of requests", function()
    local kept = record.start(page, 10000)
    kept:begin("busy")
    page:eval(("fetch('%sViewContent', { mode: 'no-cors' }).catch(() => 0).then(async () => {"
      .. "for (let i = 0; i < 450; i++) await fetch('/two').catch(() => 0) })"):format(META))
    expect(#page:requests() <= 400):is(true)
    local events = kept:events()
    expect(#events):is(1)
    expect(events[1].status):is(200)
  end)

  it("hears what the shop publishes", function()
    page:eval([=[void (window.Shopify = { analytics: { replayQueue: [['page_viewed', {}]],
      publish(name, payload) { return true } } })]=])
    local kept = record.start(page, 1000)
    kept:begin("home")
    kept:settle()
    page:eval("Shopify.analytics.publish('product_viewed', "
      .. "{ data: { productVariant: { id: 22 } } })")
    kept:settle()
    local events = kept:events()
    expect({ #events, events[1].event, events[2].event, events[2].ids[1] })
      :same { 2, "page_view", "view_item", "22" }
  end)

  it("is compared with the shop's own word", function()
    expect(truth.read(page, { handle = "mug", variant = 22 })):same {
      currency = "EUR",
      product = { id = "11", title = "Mug", handle = "mug", variant = "22",
        variants = { { id = "22", price = 500 } } },
      cart = { total = 1000, currency = "EUR", items = { { product = "11", variant = "22",
        sku = "S", price = 500, quantity = 2 } } },
    }
    expect(truth.read(page, { handle = "gone" }).product):is(nil)
  end)

  it("refuses what it cannot know", function()
    local t = {}
    web.fault("usage", pixel.audit, t, page, { vendor = { "meta" } })
    web.fault("usage", pixel.audit, t, page, { vendors = { "mets" } })
    web.fault("usage", pixel.audit, t, page, { events = { "add_to_basket" } })
    web.fault("usage", pixel.audit, t, page, { wait = "soon" })
    web.fault("usage", pixel.audit, t, {})
  end)
end)
