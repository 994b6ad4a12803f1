-- The demo store's password page and its faults.

local lib = assert(sys.load_trusted(sys.files.read "tests/lua/demo_visitor.lua",
  "tests/lua/demo_visitor.lua"))()
local shop_module = require "demo.shop"

local variant_id, visitor = lib.variant_id, lib.visitor

local shop, me
before_each(function()
  shop = shop_module.new()
  me = visitor(shop)
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
    expect(function() shop_module.new { faults = { "nope" } } end)
      :raises("atc_broken, broken_image, button_covered")
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
