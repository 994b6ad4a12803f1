local audit = require "pixel.audit"

local STEPS = { page_view = "page view", view_item = "product view", add_to_cart = "add to cart",
  begin_checkout = "begin checkout" }

local function truth()
  return { currency = "USD",
    product = { id = "5501", handle = "mug", variant = "7001",
      variants = { { id = "7001", sku = "MUG-1", price = 1250 } } },
    cart = { total = 2500, subtotal = 2500, items = { { product = "5501", variant = "7001",
      sku = "MUG-1", price = 1250, quantity = 2 } } } }
end

local RAW = { meta = { page_view = "PageView", view_item = "ViewContent", add_to_cart = "AddToCart",
  begin_checkout = "InitiateCheckout" } }

local function event(vendor, name, more)
  local made = { vendor = vendor, id = vendor == "meta" and "1234" or "id", event = name,
    raw_event = RAW[vendor] and RAW[vendor][name] or name, step = STEPS[name], ids = {},
    ok = true, from = "page" }
  if name ~= "page_view" then
    made.value = name == "view_item" and 12.5 or 25
    made.currency, made.ids = "USD", { "7001" }
  end
  for key, value in pairs(more or {}) do made[key] = value end
  if made.value == "none" then made.value = nil end
  if made.currency == "none" then made.currency = nil end
  return made
end

-- All four steps of the vendors, without those named, with others in their place.
local function journey(options)
  local events = {}
  for _, name in ipairs { "page_view", "view_item", "add_to_cart", "begin_checkout" } do
    for _, vendor in ipairs(options.of or { "meta", "ga4" }) do
      local key = vendor .. " " .. name
      local change = options.change and options.change[key]
      if change ~= false then events[#events + 1] = event(vendor, name, change) end
    end
  end
  for _, one in ipairs(options.more or {}) do events[#events + 1] = one end
  local given = { events = events, reached = options.reached or STEPS,
    truth = options.truth or truth() }
  for _, key in ipairs { "vendors", "expect", "learned", "denied" } do given[key] = options[key] end
  return audit.judge(given)
end

local function messages(options)
  local out = {}
  for i, one in ipairs(journey(options).problems) do out[i] = one.severity .. " " .. one.message end
  return out
end

describe("a healthy journey", function()
  it("has no problems, whatever ids a vendor uses", function()
    expect(messages {}):same {}
    for _, id in ipairs { "5501", "MUG-1", "shopify_US_5501_7001", "gid://shopify/Product/5501" } do
      expect(messages { change = { ["meta add_to_cart"] = { ids = { id } } } }):same {}
    end
    expect(messages { of = {} }):same {}
  end)

  it("may value a checkout with taxes and shipping, and an addition by one piece", function()
    expect(messages { change = { ["meta begin_checkout"] = { value = 33.95 },
      ["ga4 add_to_cart"] = { value = 12.5 } } }):same {}
  end)

  it("is a row for each event", function()
    local rows = journey({}).rows
    expect(#rows):is(8)
    expect(rows[3].vendor .. " " .. rows[3].event .. " " .. rows[3].step)
      :is("meta view_item product view")
  end)
end)

describe("a missing event", function()
  it("is told without a word from anybody, when the vendor hears of the rest", function()
    local found = journey { change = { ["meta add_to_cart"] = false } }
    expect(found.problems[1].message):is("Meta pixel 1234 sends no AddToCart")
    expect(found.problems[1].severity):is("warn")
    local last = found.rows[#found.rows]
    expect({ last.event, last.problem, last.step }):same { "add_to_cart", "missing", "add to cart" }
  end)

  it("is no problem of a vendor that only counts visits, nor where nobody came", function()
    expect(messages { change = { ["ga4 view_item"] = false, ["ga4 add_to_cart"] = false,
      ["ga4 begin_checkout"] = false } }):same {}
    expect(messages { reached = { page_view = "page view", view_item = "product view" },
      change = { ["meta add_to_cart"] = false, ["meta begin_checkout"] = false } }):same {}
  end)

  it("fails when options or an earlier run say that it has to come", function()
    expect(messages { change = { ["meta add_to_cart"] = false, ["meta begin_checkout"] = false },
      vendors = { "meta" } })
      :same { "fail Meta pixel 1234 sends no AddToCart and InitiateCheckout" }
    expect(messages { vendors = { "tiktok", "meta:99" } }):same { "fail TikTok pixel sends nothing "
      .. "at all", "fail Meta pixel 99 sends nothing at all" }
    expect(messages { change = { ["meta page_view"] = false }, expect = { "page_view" } })
      :same { "fail Meta pixel 1234 sends no PageView" }
    local learned = audit.learn(nil, journey({}).seen)
    expect(messages { change = { ["ga4 page_view"] = false }, learned = learned })
      :same { "fail Google Analytics id no longer sends page_view, as it did before" }
    expect(messages({ of = { "ga4" }, learned = learned })[1]):matches(
      "^fail Meta pixel 1234 has disappeared; before, it sent PageView, ViewContent")
  end)

  it("stays learned although it does not come", function()
    local learned = audit.learn(nil, journey({}).seen)
    local later = audit.learn(learned, journey({ of = { "ga4" } }).seen)
    expect(#later.vendors):is(2)
    expect(later.vendors[1].events):same { "page_view", "view_item", "add_to_cart",
      "begin_checkout" }
  end)
end)

describe("an event sent twice", function()
  local function again(more) return { event("meta", "add_to_cart", more) } end

  it("is told with who sends it", function()
    expect(messages { more = again { from = "iframe" } }):same { 'warn Meta pixel 1234 sends '
      .. 'AddToCart twice in the step "add to cart": once by the theme\'s code, once by a custom '
      .. "pixel (iframe)" }
    expect(#messages { more = { again()[1], again()[1] } }):is(1)
  end)

  it("is none when the vendor drops it by its event id, or when it is about something else",
    function()
    local change = { ["meta add_to_cart"] = { event_id = "e" } }
    expect(messages { change = change, more = again { event_id = "e" } }):same {}
    expect(#messages { change = change, more = again { event_id = "f" } }):is(1)
    expect(messages { more = again { step = "another" } }):same {}
    expect(messages { more = again { ids = { "5501" } } }):same {}
    expect(messages { more = { event("meta", "page_view", { page = "/b" }) } }):same {}
  end)
end)

describe("values", function()
  local function about(change, of)
    return messages { change = { [of or "meta add_to_cart"] = change } }
  end

  it("absent, zero, in cents or wrong", function()
    expect(about { value = "none" }):same { "warn Meta pixel 1234: AddToCart has no value" }
    expect(about { value = 0 }):same { "warn Meta pixel 1234: AddToCart has value 0, the cart "
      .. "says 25.00 USD" }
    expect(about { value = 2500 }):same { "warn Meta pixel 1234: AddToCart has value 2500.00, the "
      .. "cart says 25.00 USD: cents were sent as whole units" }
    expect(about({ value = 10 }, "ga4 view_item")):same { "warn Google Analytics id: view_item has "
      .. "value 10.00 USD, the shop says 12.50 USD" }
  end)

  it("without a currency or in another one", function()
    expect(about { currency = "none" }):same { "warn Meta pixel 1234: AddToCart has no currency" }
    expect(about { currency = "EUR" }):same { "warn Meta pixel 1234: AddToCart says EUR, the shop "
      .. "sells in USD" }
  end)

  it("of no product, or of another one", function()
    expect(about({ ids = {} }, "ga4 add_to_cart")):same { "warn Google Analytics id: add_to_cart "
      .. "has no items" }
    expect(about { ids = { "9999" } }):same { "warn Meta pixel 1234: AddToCart names 9999, which "
      .. "is not in the cart" }
  end)

  it("that Klaviyo may leave out", function()
    expect(messages { of = { "klaviyo" }, change = { ["klaviyo add_to_cart"] = { value = "none",
      currency = "none", ids = {} } } }):same {}
  end)

  it("differ between vendors, where the shop tells nothing", function()
    expect(messages { truth = {}, change = { ["ga4 add_to_cart"] = { value = 20 } } })
      :same { "warn Meta pixel 1234 and Google Analytics id differ about add_to_cart: 25.00 USD "
        .. "and 20.00 USD" }
    expect(messages { truth = {} }):same {}
  end)
end)

describe("consent", function()
  it("refused: nobody may send but Google's empty pings", function()
    local limited = { ads = false, analytics = false, raw = "G100" }
    local list = messages { denied = true, change = { ["ga4 page_view"] = { consent = limited },
      ["ga4 view_item"] = false, ["ga4 begin_checkout"] = false,
      ["ga4 add_to_cart"] = { consent = { ads = false, analytics = true, raw = "G101" } } } }
    expect(list[1]):is("fail Meta pixel 1234 sends PageView although the visitor refused cookies")
    expect(list[4]):matches("^fail Google Analytics id sends add_to_cart .*it says consent G101")
    expect(#list):is(5)
    expect(messages { denied = true, of = {} }):same {}
  end)

  it("denied to Google while others are told", function()
    local limited = { consent = { ads = false, analytics = false, raw = "G100" } }
    expect(messages { change = { ["ga4 page_view"] = limited } }):same { "warn Meta pixel 1234 "
      .. "sends PageView while Google is told that consent is denied (gcs=G100)" }
  end)
end)

describe("beacons", function()
  it("that failed are told, not those that a page took with it", function()
    expect(messages { change = { ["meta page_view"] = { ok = false, status = 500 } } })
      :same { "warn Meta pixel 1234: PageView did not arrive (answered 500)" }
    local function failing(why)
      return messages { change = { ["meta page_view"] = { ok = false, failure = why } } }
    end
    expect(failing("blocked: csp")[1]):matches("content security policy")
    expect(failing "net::ERR_ABORTED"):same {}
  end)
end)

describe("a journey that was cut short", function()
  local learned = { vendors = { { vendor = "klaviyo", id = "K", events = { "add_to_cart" } } } }

  it("tells of nobody who was to be told later", function()
    expect(messages { of = {}, reached = {}, learned = learned }):same {}
    expect(messages { of = {}, reached = {}, vendors = { "meta" } }):same {}
    expect(messages { of = {}, reached = { page_view = "page view" }, learned = learned }):same {}
    local all = messages { of = {}, learned = learned }
    expect(#all):is(1)
    expect(all[1]):contains("has disappeared")
  end)
end)
