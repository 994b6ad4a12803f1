local json = require "json"
local shop_module = require "demo.shop"
local url = require "url"

-- A visitor with a cookie jar.
local function visitor(shop)
  local jar = {}
  local self = { jar = jar }
  function self.request(method, address, options)
    options = options or {}
    local parts = assert(url.parse("http://shop.example" .. address))
    local headers = { host = "shop.example" }
    for name, value in pairs(options.headers or {}) do headers[name] = value end
    local pairs_of = {}
    for name, value in pairs(jar) do pairs_of[#pairs_of + 1] = name .. "=" .. value end
    if #pairs_of > 0 then headers.cookie = table.concat(pairs_of, "; ") end
    local out = shop:handle { method = method, path = url.decode(parts.path),
      query = (url.decode_query(parts.query)),
      headers = headers, body = options.body }
    for _, line in ipairs(out.cookies) do
      local name, value = line:match("^([^=]+)=([^;]*)")
      jar[name] = value
    end
    return out
  end
  function self.get(address, headers) return self.request("GET", address, { headers = headers }) end
  function self.post(address, form, headers)
    headers = headers or {}
    headers["content-type"] = "application/x-www-form-urlencoded"
    return self.request("POST", address, { headers = headers, body = url.encode_query(form) })
  end
  function self.post_json(address, value)
    return self.request("POST", address, { headers = { ["content-type"] = "application/json" },
      body = json.encode(value) })
  end
  function self.json(out) return assert(json.decode(out.body)) end
  return self
end

local function variant_id(shop, handle, wanted)
  for _, product in ipairs(shop.products) do
    for _, variant in ipairs(product.variants) do
      if product.handle == handle and (not wanted or variant.title == wanted) then
        return variant.id
      end
    end
  end
end

-- The addresses in a page's href, src and srcset that are the shop's own.
local function addresses(page)
  local list = {}
  local text = page:gsub("<script>.-</script>", "")
  for value in text:gmatch('[%s]href="([^"]*)"') do list[#list + 1] = value end
  for value in text:gmatch('[%s]src="([^"]*)"') do list[#list + 1] = value end
  for set in text:gmatch('srcset="([^"]*)"') do
    for value in set:gmatch("([^%s,]+)[^,]*") do list[#list + 1] = value end
  end
  local own = {}
  for _, value in ipairs(list) do
    value = value:gsub("&amp;", "&"):gsub("#.*$", ""):gsub("^http://shop%.example", "")
    if value:sub(1, 1) == "/" then own[#own + 1] = value end
  end
  return own
end

local shop, me
before_each(function()
  shop = shop_module.new()
  me = visitor(shop)
end)

describe("pages of the demo store", function()
  it("lead only to what exists, and every picture is one", function()
    local seen, queue, pages = {}, { "/", "/search?q=board", "/collections", "/sitemap.xml" }, 0
    me.post("/cart/add", { id = variant_id(shop, "alpenglow-snowboard") })
    queue[#queue + 1] = "/cart"
    while #queue > 0 do
      local address = table.remove(queue)
      if not seen[address] and not address:find("^/cart/change") then
        seen[address] = true
        local out = me.get(address)
        if out.status ~= 200 then error(address .. " answers " .. out.status) end
        local kind = out.headers["content-type"]
        if address:find("^/cdn/shop/files/") then
          expect(kind):is("image/png")
          expect(out.body:sub(1, 8)):is("\137PNG\r\n\26\n")
        elseif kind:find("text/html", 1, true) then
          pages = pages + 1
          if out.body:find("{[%a_]+}") then
            error(address .. " has a hole: " .. out.body:match("{[%a_]+}"))
          end
          for _, found in ipairs(addresses(out.body)) do
            -- Each picture in its smallest size: the others are drawn the same way.
            if not found:find("width=") or found:find("width=165") then
              queue[#queue + 1] = found
            end
          end
        end
      end
    end
    expect(pages > 25):is(true)
  end, { timeout_ms = 120000 })

  it("have the parts that a theme has", function()
    local page = me.get("/products/alpenglow-snowboard").body
    expect(page):matches('<product%-form.-<form.-data%-type="add%-to%-cart%-form"')
    expect(page):matches('<input type="hidden"%s+name="id" value="%d+" disabled%s+class="product')
    expect(page):matches('<button id="ProductSubmitButton%-[%w-]+" type="submit" name="add"%s+class="'
      .. "product%-form__submit")
    expect(page):matches('product%-form__error%-message%-wrapper" role="alert" hidden')
    expect(page):matches('id="cart%-icon%-bubble"')
    expect(page):matches('id="cart%-notification"')
    -- The first form that posts to /cart/add has no add button, as instalment forms have not.
    local first = page:match('<form[^>]-action="/cart/add".-</form>')
    expect(first:find('name="add"', 1, true)):is(nil)
  end)

  it("link each product twice from its card, hidden first", function()
    local page = me.get("/collections/all").body
    local card = page:match('<li class="grid__item.-</li>')
    local count = select(2, card:gsub('href="/products/alpenglow%-snowboard"', ""))
    expect(count):is(2)
    expect(sys.resource("demo/theme.css"))
      :matches("%.card%-%-media %.card__inner %.card__information { display: none; }")
  end)

  it("show what is sold out, reduced or chosen", function()
    local sold_out = me.get("/products/first-chair-splitboard").body
    expect(sold_out):matches('name="add"%s+class="[^"]*" disabled>%s*<span>Sold out</span>')
    expect(me.get("/products/spindrift-shell-jacket").body):matches("%$429%.00</s>")
    local id = variant_id(shop, "alpenglow-snowboard", "156")
    expect(me.get("/products/alpenglow-snowboard?variant="
      .. id).body):matches('value="156"[^>]-checked')
  end)

  it("answer 404 with a page", function()
    for _, address in ipairs { "/products/nope", "/collections/nope", "/nope",
      "/cdn/shop/files/nope.png",
      "/products/nope.js", "/pages/nope", "/assets/nope.js", "/assets/../shop.lua" } do
      expect(me.get(address).status):is(404)
    end
    expect(me.request("DELETE", "/cart").status):is(404)
  end)

  it("carry the headers of a real shop", function()
    local out = me.get("/", { ["accept-encoding"] = "gzip, br" })
    expect(out.headers["powered-by"]):is("Shopify")
    expect(out.headers["content-type"]):is("text/html; charset=utf-8")
    expect(out.headers["content-encoding"]):is("gzip")
    expect(sys.codec.gunzip(out.body)):matches("^<!doctype html>")
    local js = me.get("/assets/theme.js")
    expect(js.headers["content-type"]):is("text/javascript; charset=utf-8")
    expect(js.headers["cache-control"]):matches("immutable")
    expect(me.get("/assets/theme.js", { ["if-none-match"] = js.headers.etag }).status):is(304)
    expect(me.get("/cart.js").headers["cache-control"]):is("no-store")
  end)

  it("never mix text from outside into markup", function()
    local page = me.get("/search?q=" .. url.encode('"><script>alert(1)</script>')).body
    expect(page:find("<script>alert", 1, true)):is(nil)
    expect(page):matches("&lt;script&gt;alert")
  end)
end)

describe("product JSON", function()
  it("has cents at .js and decimal text at .json", function()
    local ajax = me.json(me.get("/products/spindrift-shell-jacket.js"))
    expect(ajax.price):is(34900)
    expect(ajax.compare_at_price):is(42900)
    expect(#ajax.variants):is(8)
    expect(ajax.variants[8].available):is(false)
    expect(ajax.variants[1].options):same { "Glacier", "S" }
    expect(ajax.options[1]):same { name = "Color", position = 1, values = { "Glacier", "Ember" } }
    local rest = me.json(me.get("/products/spindrift-shell-jacket.json")).product
    expect(rest.variants[1].price):is("349.00")
    expect(rest.variants[1].available):is(nil)
    expect(me.json(me.get("/products/hut-flask.js")).variants[1].title):is("Default Title")
  end)

  it("comes in pages", function()
    local all = me.json(me.get("/products.json?limit=250")).products
    expect(#all):is(12)
    local second = me.json(me.get("/products.json?limit=5&page=2")).products
    expect(#second):is(5)
    expect(second[1].id):is(all[6].id)
    expect(me.get("/products.json?page=9").body):is('{"products":[]}')
    expect(all[1].variants[1].available):is(true)
    expect(#me.json(me.get("/collections/snowboards/products.json")).products):is(2)
  end)
end)

describe("the cart", function()
  it("is empty and unkept until something is added", function()
    local cart = me.json(me.get("/cart.js"))
    expect(cart.item_count):is(0)
    expect(me.get("/cart.js").body):matches('"items":%[%]')
    expect(me.jar.cart):is(nil)
    expect(me.get("/cart").body):matches("Your cart is empty")
  end)

  it("takes a form post and renders the sections asked for", function()
    local id = variant_id(shop, "alpenglow-snowboard")
    local out = me.post("/cart/add.js", { id = id, quantity = 2, ["properties[Engraving]"] = "Hi",
      sections = "cart-notification-product,cart-icon-bubble,nope",
        sections_url = "/products/alpenglow-snowboard" })
    expect(out.status):is(200)
    local item = me.json(out)
    expect(item.id):is(id)
    expect(item.quantity):is(2)
    expect(item.line_price):is(97990)
    expect(item.properties):same { Engraving = "Hi" }
    expect(item.sections["cart-notification-product"]):matches('id="cart%-notification%-product%-' ..
      item.key:gsub("%p", "%%%0") .. '"')
    expect(item.sections["cart-icon-bubble"]):matches('class="cart%-count%-bubble"')
    expect(item.sections.nope):is(json.null)
    expect(out.cookies[1]):matches("^cart=hWN[%w]+; path=/; max%-age=1209600; SameSite=Lax$")
    local cart = me.json(me.get("/cart.js"))
    expect(cart.item_count):is(2)
    expect(cart.total_price):is(97990)
    expect(cart.currency):is("USD")
    expect(cart.token):is(me.jar.cart)
    expect(me.get("/").body):matches('class="cart%-count%-bubble"><span aria%-hidden="true">2<')
  end)

  it("takes JSON with several items", function()
    local a, b = variant_id(shop, "summit-mug"), variant_id(shop, "hut-flask")
    local out = me.post_json("/cart/add.js", { items = { { id = a, quantity = 1 }, { id = b } } })
    expect(#me.json(out).items):is(2)
    expect(me.json(me.get("/cart.js")).item_count):is(2)
    me.post_json("/cart/add.js", { id = a })
    local cart = me.json(me.get("/cart.js"))
    expect(#cart.items):is(2)
    expect(cart.items[1].id):is(a)
    expect(cart.items[1].quantity):is(2)
  end)

  it("refuses as Shopify does", function()
    local function refused(id, quantity)
      local out = me.post("/cart/add.js", { id = id, quantity = quantity or 1 })
      return me.json(out), out.status
    end
    local problem, status = refused(variant_id(shop, "alpenglow-snowboard", "160"))
    expect(status):is(422)
    expect(problem.status):is(422)
    expect(problem.message):is("Cart Error")
    expect(problem.description)
      :is("The product 'Alpenglow All-Mountain Snowboard' is already sold out.")
    problem, status = refused(1)
    expect(status):is(404)
    expect(problem.description):is("Cannot find variant")
    problem, status = refused(variant_id(shop, "avalanche-pack"), 8)
    expect(status):is(422)
    expect(problem.description):is("You can't add more Sidecountry Pack 28 L to the cart.")
    expect(select(2, refused(variant_id(shop, "avalanche-pack"), 7))):is(200)
    expect(refused(variant_id(shop, "avalanche-pack"), 1).description):matches("maximum quantity")
    expect(select(2, refused(variant_id(shop, "avalanche-pack"), -1))):is(422)
    expect(me.request("POST", "/cart/add.js", { headers = { ["content-type"] = "application/json" },
      body = "{" }).status)
      :is(400)
  end)

  it("changes, updates and clears", function()
    me.post("/cart/add", { id = variant_id(shop, "summit-mug"), quantity = 3 })
    me.post("/cart/add", { id = variant_id(shop, "hut-flask") })
    local out = me.post_json("/cart/change.js",
      { line = 2, quantity = 1, sections = { "main-cart-items",
      "main-cart-footer" } })
    local cart = me.json(out)
    expect(cart.item_count):is(2)
    expect(cart.sections["main-cart-items"]):matches('<tr class="cart%-item" id="CartItem%-2">')
    expect(cart.sections["main-cart-footer"]):matches("%$61%.00")
    expect(me.post_json("/cart/change.js", { line = 9, quantity = 1 }).status):is(400)
    local over = me.post_json("/cart/change.js", { line = 2, quantity = 5000 })
    expect(over.status):is(422)
    expect(me.json(over).errors):matches("You can't add more")
    me.post("/cart/update.js", { ["updates[]"] = { 2, 0 }, note = "ring twice" })
    cart = me.json(me.get("/cart.js"))
    expect(cart.item_count):is(2)
    expect(#cart.items):is(1)
    expect(cart.note):is("ring twice")
    me.post_json("/cart/update.js",
      { updates = { [tostring(variant_id(shop, "glide-wax-kit"))] = 2 } })
    expect(me.json(me.get("/cart.js")).item_count):is(4)
    expect(me.json(me.post("/cart/clear.js", {})).item_count):is(0)
  end)

  it("works without JavaScript", function()
    local out = me.post("/cart/add", { id = variant_id(shop, "summit-mug") })
    expect(out.status):is(302)
    expect(out.headers.location):is("/cart")
    local page = me.get("/cart").body
    expect(page):matches('<button type="submit" id="checkout"[^>]-name="checkout" form="cart">')
    expect(page):matches('<input class="quantity__input"[^>]-name="updates%[%]" value="1"')
    local remove = page:match('href="(/cart/change%?[^"]+)"'):gsub("&amp;", "&")
    expect(me.get(remove).status):is(302)
    expect(me.json(me.get("/cart.js")).item_count):is(0)
  end)

  it("gives each visitor their own, and forgets the oldest of too many", function()
    me.post("/cart/add", { id = variant_id(shop, "summit-mug") })
    local other = visitor(shop)
    expect(other.json(other.get("/cart.js")).item_count):is(0)
    for _ = 1, 600 do visitor(shop).post("/cart/add", { id = variant_id(shop, "summit-mug") }) end
    local kept = 0
    for _ in pairs(shop.carts.by_token) do kept = kept + 1 end
    expect(kept):is(500)
    expect(me.json(me.get("/cart.js")).item_count):is(0)
  end)
end)

describe("checkout", function()
  local function fill_cart()
    me.post("/cart/add", { id = variant_id(shop, "alpenglow-snowboard") })
  end

  it("begins with two redirects, as at Shopify", function()
    fill_cart()
    local out = me.post("/cart", { ["updates[]"] = "1", checkout = "" })
    expect(out.headers.location):is("/checkout")
    out = me.get("/checkout")
    expect(out.status):is(302)
    expect(out.headers.location)
      :matches("^/checkouts/cn/hWN%w+/en%-us%?_r=%w+&.*skip_shop_pay=true$")
    local page = me.get(out.headers.location)
    expect(page.status):is(200)
    expect(page.body):matches('name="email"')
    expect(page.body):matches('id="checkout%-pay%-button"')
    expect(page.body):matches("Alpenglow All%-Mountain Snowboard")
    expect(page.body):matches("%$489%.95")
  end)

  it("needs something in the cart", function()
    expect(me.get("/checkout").headers.location):is("/cart")
    expect(me.get("/checkouts/cn/hWNnope/en-us").headers.location):is("/cart")
  end)

  it("can be reached by permalink", function()
    local out = me.get(("/cart/%d:2"):format(variant_id(shop, "summit-mug")))
    expect(out.headers.location):matches("^/checkouts/cn/")
    expect(me.json(me.get("/cart.js")).item_count):is(2)
  end)

  it("takes no order and logs the attempt", function()
    fill_cart()
    expect(me.json(me.get("/__orders"))):same { count = 0, orders = {} }
    local out = me.post("/checkouts/cn/" .. me.jar.cart .. "/processing", { number = "4242" })
    expect(out.status):is(403)
    local log = me.json(me.get("/__orders"))
    expect(log.count):is(1)
    expect(log.orders[1].item_count):is(1)
    expect(me.get("/__orders").body:find("4242", 1, true)):is(nil)
    for _ = 1, 150 do me.post("/checkouts/cn/x/processing", {}) end
    log = me.json(me.get("/__orders"))
    expect(log.count):is(151)
    expect(#log.orders):is(100)
  end)
end)

describe("the password page", function()
  local time = 0
  before_each(function()
    time = 1000
    shop = shop_module.new { password = "let me in", now = function() return time end }
    me = visitor(shop)
  end)

  local function try(password)
    return me.post("/password", { form_type = "storefront_password", utf8 = "✓",
      password = password })
  end

  it("is all that a stranger sees", function()
    for _, address in ipairs { "/", "/cart.js", "/products.json", "/products/summit-mug",
      "/checkout" } do
      local out = me.get(address)
      expect(out.status):is(302)
      expect(out.headers.location):is("/password")
    end
    local page = me.get("/password").body
    expect(page):matches('class="[^"]*password%-form"')
    expect(page):matches('id="Password"')
    expect(page):matches('name="commit"')
    expect(me.get("/assets/theme.css").status):is(200)
    expect(me.get("/cdn/shop/files/favicon.png").status):is(200)
  end)

  it("opens with the password and a session cookie", function()
    expect(try("nope").body):matches("Password incorrect, please try again")
    local out = try("let me in")
    expect(out.status):is(302)
    expect(out.headers.location):is("/")
    expect(out.cookies[1]):matches("^_shopify_essential=%x+%.%x+; path=/; SameSite=Lax; HttpOnly$")
    expect(me.get("/").status):is(200)
    expect(me.get("/password").headers.location):is("/")
    me.jar._shopify_essential = me.jar._shopify_essential:gsub("%x$", function(c) return c == "0"
      and "1" or "0" end)
    expect(me.get("/").status):is(302)
  end)

  it("slows down who guesses", function()
    for _ = 1, 10 do expect(try("nope").status):is(200) end
    local out = try("let me in")
    expect(out.status):is(429)
    expect(out.headers["retry-after"]):is("60")
    time = time + 61000
    expect(try("let me in").status):is(302)
  end)
end)

describe("faults", function()
  local function switch(name, on) return me.post_json("/__fault", { name = name, on = on }) end

  it("are listed, switched over HTTP, and unknown names are refused", function()
    local list = me.json(me.get("/__fault")).faults
    for _, one in ipairs(list) do
      expect(one.on):is(false)
      expect(one.about):matches("%w")
    end
    expect(me.json(switch("cart_500", true))):same { name = "cart_500", on = true }
    expect(me.get("/cart.js").status):is(500)
    switch("cart_500", false)
    expect(me.get("/cart.js").status):is(200)
    expect(switch("nope", true).status):is(404)
    expect(function() shop:fault("nope", true) end):raises('there is no fault "nope"')
    expect(function() shop_module.new { faults = { "nope" } } end):raises("atc_broken, cart_500")
  end)

  it("atc_broken: a leftover script stops the form, nothing else changes", function()
    local before = me.get("/products/summit-mug").body
    shop:fault("atc_broken", true)
    local after = me.get("/products/summit-mug").body
    expect(after):is((before:gsub("</head>",
      '<script src="/assets/bundle-boost.js"></script>\n</head>', 1)))
    expect(me.get("/assets/bundle-boost.js").body):matches("stopImmediatePropagation")
    expect(me.post("/cart/add.js", { id = variant_id(shop, "summit-mug") }).status):is(200)
    shop:fault("atc_broken", false)
    expect(me.get("/assets/bundle-boost.js").status):is(404)
  end)

  it("cart_500: cart page and Ajax cart answer 500", function()
    shop:fault("cart_500", true)
    expect(me.get("/cart").status):is(500)
    expect(me.get("/cart.js").status):is(500)
    local out = me.post("/cart/add.js", { id = variant_id(shop, "summit-mug") })
    expect(out.status):is(500)
    expect(me.json(out).status):is(500)
    expect(me.get("/").status):is(200)
  end)

  it("checkout_unreachable: 503 from the cart on", function()
    me.post("/cart/add", { id = variant_id(shop, "summit-mug") })
    shop:fault("checkout_unreachable", true)
    expect(me.get("/cart").status):is(200)
    expect(me.get("/checkout").status):is(503)
    expect(me.get("/checkouts/cn/" .. me.jar.cart .. "/en-us").status):is(503)
  end)

  it("password_page: the shop is closed although it has no password", function()
    shop:fault("password_page", true)
    expect(me.get("/").headers.location):is("/password")
    expect(me.post("/password",
      { form_type = "storefront_password", password = "" }).status):is(200)
    expect(me.get("/__fault").status):is(200)
  end)

  it("slow_hero: only the hero is late", function()
    shop:fault("slow_hero", true)
    expect(me.get("/cdn/shop/files/hero-tall.png?width=165").delay_ms):is(4000)
    expect(me.get("/cdn/shop/files/favicon.png").delay_ms):is(nil)
    expect(me.get("/").delay_ms):is(nil)
  end)

  it("sold_out: nothing can be bought, and it can be undone", function()
    shop:fault("sold_out", true)
    expect(me.json(me.get("/products/summit-mug.js")).available):is(false)
    expect(me.post("/cart/add.js", { id = variant_id(shop, "summit-mug") }).status):is(422)
    shop:fault("sold_out", false)
    expect(me.json(me.get("/products/summit-mug.js")).available):is(true)
  end)
end)
