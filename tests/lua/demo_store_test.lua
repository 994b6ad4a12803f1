-- The demo store over real HTTP.

local demo = require "demo.store"
local http = require "http"
local json = require "json"

local store
local function open(options)
  store = assert(demo.start(options))
  sys.task.spawn(function() store:serve() end)
end
after_each(function()
  if store then store:close() end
  store = nil
end)

local function get(path, more)
  local options = { url = store:url() .. path }
  for name, value in pairs(more or {}) do options[name] = value end
  return assert(http.request(options))
end

-- A multipart body as a browser's FormData makes it.
local function multipart(fields)
  local out = {}
  for _, field in ipairs(fields) do
    out[#out + 1] = '--edge\r\nContent-Disposition: form-data; name="' .. field[1] .. '"\r\n\r\n'
      .. field[2] .. "\r\n"
  end
  return table.concat(out) .. "--edge--\r\n", "multipart/form-data; boundary=edge"
end

describe("the demo store", function()
  it("takes a shopper from the home page to checkout", function()
    open()
    local jar = assert(http.jar())
    local home = get("/", { jar = jar })
    expect(home.status):is(200)
    expect(home.body):matches("Ride the last light")
    local handle = home.body:match('href="/products/([%w-]+)"')
    local product = get("/products/" .. handle .. ".js", { jar = jar }):json()
    local body, kind = multipart { { "form_type", "product" }, { "utf8", "✓" },
      { "id", tostring(product.variants[1].id) }, { "quantity", "1" },
      { "sections", "cart-icon-bubble" } }
    local added = get("/cart/add.js", { method = "POST", body = body, jar = jar,
      headers = { ["content-type"] = kind, ["x-requested-with"] = "XMLHttpRequest" } })
    expect(added.status):is(200)
    expect(added:json().sections["cart-icon-bubble"]):matches("cart%-count%-bubble")
    expect(get("/cart.js", { jar = jar }):json().item_count):is(1)
    local checkout = get("/cart", { method = "POST", jar = jar,
      form = { ["updates[]"] = "1", checkout = "" } })
    expect(checkout.status):is(200)
    expect(checkout.url):matches("/checkouts/cn/hWN%w+/en%-us")
    expect(checkout.body:find(product.title, 1, true)):truthy()
    expect(get("/__orders"):json().count):is(0)
  end)

  it("speaks HTTP as a shop does", function()
    open()
    local plain = get("/", { headers = { ["accept-encoding"] = false } })
    local packed = get("/", { keep_encoded = true, headers = { ["accept-encoding"] = "gzip" } })
    expect(packed.headers["content-encoding"]):is("gzip")
    -- Not byte for byte: the port in canonical addresses is the same, nothing else may differ.
    expect(sys.codec.gunzip(packed.body)):is(plain.body)
    local head = get("/", { method = "HEAD" })
    expect(head.status):is(200)
    expect(head.body):is("")
    local asset = plain.body:match('href="(/cdn/shop/t/4/assets/theme%.css%?v=%x+)"')
    local css = get(asset)
    expect(css.headers["content-type"]):is("text/css; charset=utf-8")
    local again = get(asset, { headers = { ["if-none-match"] = css.headers.etag } })
    expect(again.status):is(304)
    local picture = get("/cdn/shop/files/summit-mug.png?v=1&width=165")
    expect(picture.headers["content-type"]):is("image/png")
    expect(picture.body:sub(1, 8)):is("\137PNG\r\n\26\n")
    expect(get("/no/such/page").status):is(404)
    expect(get("/products/alpenglow%2Dsnowboard").status):is(200)
  end)

  it("serves many visitors at once, each with a cart of their own", function()
    open()
    local id = get("/products/summit-mug.js"):json().variants[1].id
    local tasks = {}
    for i = 1, 20 do
      tasks[i] = sys.task.spawn(function()
        local jar = assert(http.jar())
        get("/cart/add.js", { method = "POST", jar = jar, json = { id = id, quantity = i } })
        return get("/cart.js", { jar = jar }):json().item_count
      end)
    end
    for i, task in ipairs(tasks) do
      local ok, count = task:join()
      expect(ok):is(true)
      expect(count):is(i)
    end
  end)

  it("has faults that are switched while it runs", function()
    open { faults = { "cart_500" } }
    expect(get("/cart").status):is(500)
    local off = get("/__fault", { method = "POST", json = { name = "cart_500", on = false } })
    expect(off:json()):same { name = "cart_500", on = false }
    expect(get("/cart").status):is(200)
    store:fault("checkout_unreachable", true)
    expect(get("/checkout").status):is(503)
    expect(function() store:fault("nope", true) end):raises('no fault "nope"')
    expect(function() demo.start { faults = { "nope" } } end):raises('no fault "nope"')
  end)

  it("answers others while one answer is late", function()
    open { faults = { "slow_hero" } }
    local _, _, code = http.get(store:url() .. "/cdn/shop/files/hero-tall.png?width=165",
      { timeout = 200 })
    expect(code):is("timeout")
    expect(get("/cart.js").status):is(200)
  end)

  it("asks for its password", function()
    open { password = "snow" }
    expect(get("/").url):matches("/password$")
    local jar = assert(http.jar())
    local inside = get("/password", { method = "POST", jar = jar,
      form = { form_type = "storefront_password", utf8 = "✓", password = "snow" } })
    expect(inside.url):is(store:url() .. "/")
    expect(inside.body):matches("Ride the last light")
    expect(get("/cart.js", { jar = jar }):json().item_count):is(0)
  end)

  it("outlives a mistake in a page", function()
    open()
    local handle = store.shop.handle
    store.shop.handle = function() error("a page that throws") end
    local broken = get("/")
    expect(broken.status):is(500)
    expect(broken.body):matches("a page that throws")
    store.shop.handle = handle
    expect(get("/").status):is(200)
  end)

  it("says why it cannot listen, and is gone once closed", function()
    open()
    local second, why = demo.start { port = store:port() }
    expect(second):is(nil)
    expect(why):matches("%S")
    local url = store:url()
    store:close()
    store:close()
    local _, _, code = http.get(url)
    expect(code):is("refused")
  end)

  it("lists what can go wrong with it", function()
    local names = {}
    for i, one in ipairs(demo.faults()) do
      names[i] = one.name
      expect(one.about):matches("^%u")
    end
    for _, name in ipairs { "atc_broken", "cart_500", "checkout_unreachable" } do
      expect(json.encode(names)):matches('"' .. name .. '"')
    end
  end)
end)
