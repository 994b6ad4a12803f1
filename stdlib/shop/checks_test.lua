-- What the check-up skills look for, on made-up pages.

local apps = require "shop.apps"
local checks = require "shop.checks"
local findings = require "shop.findings"
local messages = require "shop.messages"
local price = require "shop.price"
local structured = require "shop.structured"
local throttle = require "shop.throttle"
local json = require "json"

local t, found

before_each(function()
  t = { warned = {}, notes = {}, details = {} }
  t.warn = function(text) table.insert(t.warned, text) end
  t.note = function(text) table.insert(t.notes, text) end
  t.step = function(_, fn) return fn() end
  t.detail = function(name, value) t.details[name] = value end
  t.summary = function(text) t.said = text end
  found = findings.new(t)
end)

local function all()
  local out = {}
  for i, one in ipairs(found.list) do out[i] = one.message end
  return table.concat(out, "\n")
end

describe("findings", function()
  it("go on after something bad, and name all of it at the end", function()
    found.step("one", function() found.bad("first") end)
    found.step("two", function() found.bad("second"); found.bad("second") end)
    found.step("three", function() found.poor("third") end)
    expect(function() found.conclude("fine") end):raises("first; second")
    expect(t.warned):same { "third" }
    expect(#t.details.findings):is(3)
    expect(t.said):is(nil)
  end)

  it("say the sentence when there is nothing, and let other errors through", function()
    expect(found.step("one", function() return 7 end)):is(7)
    found.conclude("fine")
    expect(t.said):is("fine")
    expect(function() found.step("two", function() error("a bug") end) end):raises("a bug")
  end)
end)

local function view(fields)
  local out = { name = "product page", url = "https://shop.example/products/x", liquid = {},
    links = {}, images = {}, insecure = {}, structured = {}, requests = {}, console = {} }
  for key, value in pairs(fields) do out[key] = value end
  return out
end

describe("pages", function()
  it("with errors of the theme", function()
    checks.liquid({ view { liquid = { { text = "Liquid error (line 3): x" },
      { text = "translation missing: en.cart" }, { text = "{{ product.title }}" } } } }, found)
    expect(all()):contains("a Liquid error"):contains("a missing translation")
      :contains("raw Liquid code")
  end)

  it("with broken pictures and scripts, each once, with whose they are", function()
    local requests = {
      { type = "image", url = "https://shop.example/cdn/a.png?width=1", status = 404 },
      { type = "image", url = "https://shop.example/cdn/b.png", status = 200 },
      { type = "script", url = "https://cdn.shopify.com/extensions/0191/stars-9/assets/a.js",
        status = 404 },
      { type = "script", url = "https://static.klaviyo.com/k.js", failure = "net::ERR_FAILED" },
    }
    local pages = { view { requests = requests }, view { requests = requests,
      images = { { url = "https://shop.example/cdn/a.png?width=2", broken = true, alt = "A" } } } }
    checks.images(pages, found)
    checks.scripts(pages, found)
    expect(#found.list):is(3)
    expect(all()):contains("shop.example/cdn/a.png (404)"):contains("the app stars")
      :contains("Klaviyo")
  end)

  it("with parts that are not encrypted", function()
    checks.insecure({ view { insecure = { { tag = "script", url = "http://a.example/x.js" } } } },
      found)
    expect(t.warned[1]):contains("<script> without encryption: a.example/x.js")
  end)

  it("know the owner of a file by its address", function()
    expect(apps.owner("https://x.example/apps/reviews/a.js")):is("the app behind /apps/reviews")
    expect(apps.owner("https://connect.facebook.net/a.js")):is("Meta pixel")
    expect(apps.owner("https://shop.example/x.js", "shop.example")):is("the shop")
    expect(apps.owner("https://shop.example/cdn/shop/t/4/assets/x.js")):contains("the theme")
    expect(apps.owner("https://other.example/x.js", "shop.example")):is("other.example")
  end)
end)

describe("structured data", function()
  local truth = { available = true, variants = { { price = 1999, available = true } } }
  local function check(product, says)
    structured.check(view { structured = { json.encode(product) } }, says or truth, found)
    return all()
  end
  local function product(offer, more)
    local out = { ["@type"] = "Product", name = "X", offers = offer }
    for key, value in pairs(more or {}) do out[key] = value end
    return out
  end
  local function offer(more)
    local out = { ["@type"] = "Offer", price = "19.99", priceCurrency = "USD",
      availability = "https://schema.org/InStock" }
    for key, value in pairs(more or {}) do out[key] = value end
    return out
  end

  it("that is right, in its many forms", function()
    check(product(offer()))
    check(product { offer(), offer { price = 19.99 } })
    check({ ["@graph"] = { { ["@type"] = "WebSite" }, product(offer()) } })
    check({ ["@type"] = "ProductGroup", name = "X", hasVariant = { product(offer()) } })
    check(product { ["@type"] = "AggregateOffer", lowPrice = 10, highPrice = "30",
      priceCurrency = "USD" })
    expect(all()):is("")
  end)

  it("with another price, another stock, or parts missing", function()
    expect(check(product(offer { price =
      "9.99" }))):contains("says $9.99, but the shop asks for $19.99")
    expect(check(product(offer()), { available = false, variants = truth.variants }))
      :contains("says InStock, but the shop is sold out of it")
    expect(check(product(offer { price = "from 9" }))):contains("which is no number")
    expect(check(product { ["@type"] = "Offer", price = 19.99 })):contains("has no currency")
      :contains("does not say whether it can be bought")
    expect(check({ ["@type"] = "Product", name = "X" })):contains("has no offer")
    expect(check({ ["@type"] = "WebSite" })):contains("names no product")
    structured.check(view { structured = { "{ broken" } }, truth, found)
    expect(all()):contains("is no valid JSON")
  end)
end)

describe("console lines", function()
  it("of hydration errors are known by framework", function()
    for text, framework in pairs {
      ["Error: Minified React error #418; visit https://react.dev/errors/418"] = "React",
      ['Warning: Text content did not match. Server: "a" Client: "b"'] = "React",
      ["[Vue warn]: Hydration node mismatch:"] = "Vue",
      ["https://svelte.dev/e/hydration_mismatch"] = "Svelte",
    } do
      expect(messages.hydration(text), text):is(framework)
    end
    expect(messages.hydration("Minified React error #31")):is(nil)
    expect(messages.hydration("hydration drinks are on sale")):is(nil)
  end)

  it("that are noise, or ignored, are no finding", function()
    messages.check_errors({ view { console = {
      { type = "error", text = "ResizeObserver loop completed with undelivered notifications." },
      { type = "error", text = "Hydration failed because" },
      { type = "error", text = "Known Trouble of ours" }, { type = "log", text = "TypeError" },
    } } }, found, { "known trouble" })
    expect(all()):is("")
    messages.check_errors({ view { console = { { type = "error", text = "TypeError: x is null",
      url = "https://cdn.example/a/app.js?v=1" } } } }, found)
    expect(all()):is("a script fails on the product page: TypeError: x is null (app.js)")
  end)
end)

describe("prices", function()
  local product = { title = "X", variants = { { id = 44310000000001, price = 1999 },
    { id = 44310000000002, price = 2999 } } }
  local function compare(amounts, variant)
    price.compare(t, { amounts = amounts, texts = { "$1" }, variant = variant, currency = "USD" },
      product, found, "the shop")
    return all()
  end

  it("fit when the chosen variant's is among those shown", function()
    compare({ 1999 }, "44310000000001")
    compare({ 3999, 2999 }, 44310000000002)
    compare({ 2999 })
    expect(compare({})):is("")
    expect(t.notes[1]):contains("no price was recognized")
  end)

  it("do not fit when another variant's is shown", function()
    expect(compare({ 2999 },
      "44310000000001")):contains("shows a wrong price: $1, but the shop asks "
      .. "for $19.99")
  end)
end)

describe("limits", function()
  it("are told when they are refused or near", function()
    throttle.check_answer("/a", 200, { ["x-shopify-shop-api-call-limit"] = "10/40" }, found)
    expect(all()):is("")
    throttle.check_answer("/a", 200, { ["x-shopify-shop-api-call-limit"] = "39/40" }, found)
    expect(all()):contains("39 of 40 calls")
    throttle.check_answer("/b", 200, { ["ratelimit-remaining"] = "1", ["ratelimit-limit"] = "100" },
      found)
    expect(all()):contains("99 of 100 calls")
    throttle.check_answer("/c", 430, { ["retry-after"] = "7" }, found)
    expect(all()):contains("/c answered 430"):contains("to wait 7 s")
  end)
end)
