-- The demo store's cart, in Shopify's Ajax API and without JavaScript, and its checkout.

local lib = assert(sys.load_trusted(sys.files.read "tests/lua/demo_visitor.lua",
  "tests/lua/demo_visitor.lua"))()
local json = require "json"
local shop_module = require "demo.shop"

local variant_id, visitor = lib.variant_id, lib.visitor

local shop, me
before_each(function()
  shop = shop_module.new()
  me = visitor(shop)
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
    expect(item.sections["cart-notification-product"]
      :find('id="cart-notification-product-' .. item.key .. '"', 1, true)):truthy()
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
