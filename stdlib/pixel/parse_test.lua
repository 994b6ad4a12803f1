-- Requests as vendors' scripts send them, in the formats that they document.

local parse = require "pixel.parse"
local shopify = require "pixel.shopify"

local function one(request)
  local events = parse.request(request)
  expect(#events):is(1)
  return events[1]
end

describe("Meta", function()
  it("by GET, with content ids, value and event id", function()
    local event = one { status = 200, url = "https://www.facebook.com/tr/?id=1234567890"
      .. "&ev=AddToCart&dl=https%3A%2F%2Fshop.example%2Fproducts%2Fmug&if=false&ts=1700000000000"
      .. "&cd[content_type]=product_group&cd[content_ids]=%5B%227001%22%2C7002%5D"
      .. "&cd[value]=49.90&cd[currency]=EUR&sw=402&sh=874&v=2.9.179&r=stable&eid=sh-77ab" }
    expect({ event.vendor, event.id, event.event, event.raw_event, event.value, event.currency,
      event.event_id, event.page, event.ok, event.from })
      :same { "meta", "1234567890", "add_to_cart", "AddToCart", 49.9, "EUR", "sh-77ab",
        "https://shop.example/products/mug", true, "page" }
    expect(event.ids):same { "7001", "7002" }
  end)

  it("by POST, as form and as multipart, with contents", function()
    local form = one { url = "https://www.facebook.com/tr/", from = "worker",
      body = "id=99&ev=Purchase&cd%5Bcontents%5D=%5B%7B%22id%22%3A%22A-1%22%2C%22quantity%22%3A2"
        .. "%2C%22item_price%22%3A5%7D%5D&cd%5Bvalue%5D=10&cd%5Bcurrency%5D=usd" }
    expect({ form.event, form.currency, form.from }):same { "purchase", "USD", "worker" }
    expect(form.items):same { { id = "A-1", price = 5, quantity = 2 } }
    expect(form.ids):same { "A-1" }
    local parts = one { url = "https://www.facebook.com/tr/", body =
      '------b\r\nContent-Disposition: form-data; name="id"\r\n\r\n99\r\n------b\r\n'
      .. 'Content-Disposition: form-data; name="ev"\r\n\r\nViewContent\r\n------b--\r\n' }
    expect({ parts.id, parts.event, parts.value }):same { "99", "view_item" }
  end)

  it("tells events that are no step of a sale, and leaves other addresses alone", function()
    local event = one { url = "https://www.facebook.com/tr/?id=1&ev=SubscribedButtonClick" }
    expect(event.event):is(nil)
    expect(event.raw_event):is("SubscribedButtonClick")
    for _, url in ipairs { "https://www.facebook.com/privacy_sandbox/pixel/register/trigger/?id=1",
      "https://connect.facebook.net/en_US/fbevents.js",
      "https://facebook.com.evil.example/tr/?ev=x",
      "https://www.facebook.com/tr/?id=1", "not a url" } do
      expect(#parse.request { url = url }):is(0)
    end
  end)
end)

describe("Google Analytics 4", function()
  local COMMON = "v=2&tid=G-ABC123DEF4&gtm=45je4bk0&_p=17&gcs=G111&cid=555.17&dl=https%3A%2F%2F"
    .. "shop.example%2F&_s=1"

  it("by GET", function()
    local event = one { status = 204, url = "https://region1.google-analytics.com/g/collect?"
      .. COMMON .. "&en=view_item&epn.value=12.5&cu=USD&pr1=idSKU_1~nmBlue%20Mug~pr12.50~qt1" }
    expect({ event.vendor, event.id, event.event, event.value, event.currency })
      :same { "ga4", "G-ABC123DEF4", "view_item", 12.5, "USD" }
    expect(event.items):same { { id = "SKU_1", name = "Blue Mug", price = 12.5, quantity = 1 } }
    expect(event.consent):same { ads = true, analytics = true, raw = "G111" }
  end)

  it("by POST with several events, one a line", function()
    local events = parse.request { url = "https://www.google-analytics.com/g/collect?" .. COMMON,
      body = "en=page_view&_et=5\r\n"
        .. "en=add_to_cart&epn.value=20&cu=USD&pr1=id1~pr10~qt2&pr2=id2\r\n" }
    expect(#events):is(2)
    expect({ events[1].event, events[1].value }):same { "page_view" }
    expect(events[2].event):is("add_to_cart")
    expect(events[2].ids):same { "1", "2" }
    expect(events[2].id):is("G-ABC123DEF4")
  end)

  it("by POST with a body that holds no event", function()
    expect(one { url = "https://www.google-analytics.com/g/collect?" .. COMMON .. "&en=scroll",
      body = "_et=17" }.raw_event):is("scroll")
  end)

  it("on the shop's own host, whatever the path, known by its parameters", function()
    local event = one { url = "https://data.shop.example/metrics/x?" .. COMMON
      .. "&en=begin_checkout&gcs=G100" }
    expect({ event.vendor, event.event }):same { "ga4", "begin_checkout" }
    expect(event.consent):same { ads = false, analytics = false, raw = "G100" }
    expect(#parse.request { url = "https://shop.example/search?v=2&q=G-1" }):is(0)
    -- The older Universal Analytics counts nothing any more.
    local old = "https://www.google-analytics.com/collect?v=1&tid=UA-1-1&t=event"
    expect(#parse.request { url = old }):is(0)
  end)
end)

describe("TikTok", function()
  it("by POST", function()
    local event = one { url = "https://analytics.tiktok.com/api/v2/pixel", body = [[{"event":
      "AddToCart","event_id":"e-1","timestamp":"2024-05-01T10:00:00Z","context":{"pixel":{"code":
      "C0DE"},"page":{"url":"https://shop.example/"},"user":{"email":"ab12"}},"properties":{
      "contents":[{"content_id":"7001","price":10,"quantity":2}],"value":20,"currency":"USD"}}]] }
    expect({ event.id, event.event, event.event_id, event.value, event.currency, event.page })
      :same { "C0DE", "add_to_cart", "e-1", 20, "USD", "https://shop.example/" }
    expect(event.items):same { { id = "7001", price = 10, quantity = 2 } }
  end)

  it("several in one, and none in what measures its speed", function()
    local events = parse.request { url = "https://analytics.tiktok.com/api/v2/pixel/act",
      body = '{"batch":[{"event":"Pageview"},{"event":"CompletePayment"},{"x":1},7]}' }
    expect({ #events, events[1].event, events[2].event }):same { 2, "page_view", "purchase" }
    expect(#parse.request { url = "https://analytics.tiktok.com/api/v2/performance", body = "{}" })
      :is(0)
    expect(#parse.request { url = "https://analytics.tiktok.com/api/v2/pixel", body = "{broken" })
      :is(0)
  end)
end)

describe("Pinterest", function()
  it("by GET, with its data as JSON", function()
    local event = one { url = "https://ct.pinterest.com/v3/?tid=26123&event=addtocart&ed=%7B%22"
      .. "value%22%3A%2249.90%22%2C%22currency%22%3A%22EUR%22%2C%22event_id%22%3A%22p1%22%2C%22"
      .. "line_items%22%3A%5B%7B%22product_id%22%3A%22sku-9%22%2C%22product_quantity%22%3A1%7D%5D"
      .. "%7D&ad=%7B%22loc%22%3A%22https%3A%2F%2Fshop.example%2F%22%7D&cb=17" }
    expect({ event.id, event.event, event.value, event.currency, event.event_id, event.page })
      :same { "26123", "add_to_cart", 49.9, "EUR", "p1", "https://shop.example/" }
    expect(event.ids):same { "sku-9" }
  end)

  it("a visit to a product's page is a product view; identifying a user is no event", function()
    local base = "https://ct.pinterest.com/v3/?tid=1&event=pagevisit"
    expect(one { url = base }.event):is("page_view")
    expect(one { url = base .. "&ed=%7B%22product_id%22%3A%225%22%7D" }.event):is("view_item")
    expect(#parse.request { url = "https://ct.pinterest.com/user/?tid=1&pd=%7B%7D" }):is(0)
    expect(#parse.request { url = "https://ct.pinterest.com/v3/?tid=1&event=init" }):is(0)
  end)
end)

describe("Snap", function()
  it("by POST, as JSON, as a form and in the form of its server API", function()
    local json = one { url = "https://tr.snapchat.com/p", body = '{"pid":"p-1","ev":"ADD_CART",'
      .. '"price":49.9,"currency":"EUR","item_ids":["7001"],"client_dedup_id":"d1"}' }
    expect({ json.id, json.event, json.value, json.currency, json.event_id })
      :same { "p-1", "add_to_cart", 49.9, "EUR", "d1" }
    expect(json.ids):same { "7001" }
    local form = one { url = "https://tr.snapchat.com/p",
      body = "pid=p-1&ev=PURCHASE&price=1%2C299.00&currency=USD&item_ids=1%3B2&transaction_id=o9" }
    expect({ form.event, form.value, form.event_id }):same { "purchase", 1299, "o9" }
    local capi = one { url = "https://tr.snapchat.com/v3/p-2/events", body = '{"data":[{'
      .. '"event_name":"VIEW_CONTENT","custom_data":{"value":"5","currency":"USD",'
      .. '"content_ids":["a"]}}]}' }
    expect({ capi.id, capi.event, capi.value }):same { "p-2", "view_item", 5 }
    expect(#parse.request { url = "https://tr.snapchat.com/cm/i?pid=p-1" }):is(0)
  end)
end)

describe("Klaviyo", function()
  local EVENT = [[{"type":"event","attributes":{"properties":{"Items":[{"ProductID":"7001",
    "ItemPrice":10,"Quantity":2}]},"metric":{"data":{"type":"metric","attributes":{"name":
    "Added to Cart"}}},"value":20,"value_currency":"USD","unique_id":"k1"}}]]

  it("one event or many", function()
    local event = one { url = "https://a.klaviyo.com/client/events/?company_id=XyZ1",
      body = '{"data":' .. EVENT .. "}" }
    expect({ event.id, event.event, event.value, event.currency, event.event_id })
      :same { "XyZ1", "add_to_cart", 20, "USD", "k1" }
    expect(event.ids):same { "7001" }
    local many = parse.request {
      url = "https://a.klaviyo.com/client/event-bulk-create?company_id=A",
      body = '{"data":{"type":"event-bulk-create","attributes":{"events":{"data":[' .. EVENT .. ","
        .. EVENT .. "]}}}}" }
    expect(#many):is(2)
  end)

  it("profiles are no events", function()
    expect(#parse.request { url = "https://a.klaviyo.com/client/profiles/?company_id=A",
      body = '{"data":{"type":"profile"}}' }):is(0)
  end)
end)

describe("Shopify", function()
  it("beacons of its own do not count", function()
    for _, url in ipairs { "https://monorail-edge.shopifysvc.com/unstable/produce_batch",
      "https://shop.example/.well-known/shopify/monorail/unstable/produce_batch" } do
      expect(#parse.request { url = url, body = '{"events":[{"schema_id":"trekkie"}]}' }):is(0)
    end
  end)

  it("events that the page publishes are read", function()
    local event = shopify.event("product_added_to_cart", { id = "s1", data = { cartLine = {
      quantity = 2, cost = { totalAmount = { amount = 20, currencyCode = "USD" } },
      merchandise = { id = "7001", sku = "MUG", price = { amount = 10, currencyCode = "USD" },
        product = { id = "55" } } } } })
    expect({ event.event, event.value, event.currency, event.event_id })
      :same { "add_to_cart", 20, "USD", "s1" }
    expect(event.ids):same { "7001" }
    expect(shopify.event("product_viewed", "nonsense").value):is(nil)
    expect(shopify.event("alert_displayed", {})):is(nil)
  end)
end)

describe("a request", function()
  it("that failed says so in its events", function()
    local url = "https://www.facebook.com/tr/?id=1&ev=PageView"
    expect(one({ url = url, status = 500 }).ok):is(false)
    expect(one({ url = url, failure = "net::ERR_CONNECTION_REFUSED" }).ok):is(false)
    expect(one({ url = url }).ok):is(true)
  end)

  it("is told from others at a glance", function()
    expect(parse.may_be_pixel('{"url":"https://www.facebook.com/tr/?id=1"}')):is(true)
    expect(parse.may_be_pixel('{"url":"https://x.example/c?v=2&tid=G-1"}')):is(true)
    expect(parse.may_be_pixel('{"url":"https://shop.example/cart.js"}')):is(false)
  end)

  it("of any bytes raises nothing", function()
    for _, body in ipairs { "%", "[", "{}", "[1]", '{"data":7}', "\0\255", "a=b&=&&", "[[[]]]",
      '{"batch":"x"}', '{"properties":"x","event":"AddToCart"}', '{"custom_data":1,"ev":"x"}' } do
      for _, url in ipairs { "https://www.facebook.com/tr/?id=1&ev=PageView&cd[contents]=%",
        "https://www.google-analytics.com/g/collect?v=2&tid=G-1", "https://tr.snapchat.com/p",
        "https://analytics.tiktok.com/api/v2/pixel", "https://ct.pinterest.com/v3/?event=x&ed=[",
        "https://a.klaviyo.com/client/events/" } do
        parse.request { url = url, body = body }
      end
    end
  end)
end)
