-- The shop module on themes that are not Dawn, and on shops that misbehave. What it does on a
-- Dawn-like shop is tested with the checkout skill.

local shop = require "shop"
local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local function json(value, status)
  return { status = status, headers = { ["content-type"] = "application/json" },
    body = sys.codec.json_encode(value) }
end

-- A theme of its own making: links in spans, a plain form, a link to the checkout.
local function make_site()
  local cart = { item_count = 0, total_price = 0, currency = "EUR", items = {} }
  local site
  site = web.site {
    ["/"] = [[<a href="/pages/about">About</a><a href="/products/old">Old</a>
      <a href="/collections/all/products/new?variant=2" hidden>New</a>
      <a href="/collections/all/products/new?variant=2"><span>New</span></a>]],
    ["/products/old"] = [[<h1>Old</h1>
      <form action="/cart/add"><button disabled>Sold out</button></form>]],
    ["/collections/all/products/new"] = [[<h1>New</h1><form action="/cart/add" method="post">
      <input type="hidden" name="id" value="2">
      <input type="submit" value="Put into basket"></form>]],
    ["/products/old.js"] = json { title = "Old", available = false,
      variants = { { id = 1, available = false } } },
    ["/products/new.js"] = json { title = "New", available = true,
      variants = { { id = 2, available = true, price = 1999 } } },
    ["/cart/add"] = function()
      cart.item_count, cart.total_price = 1, 1999
      cart.items = { { product_title = "New" } }
      return { status = 302, headers = { location = "/cart" } }
    end,
    ["/cart"] = "<h1>Cart</h1><a href='/checkout'>Pay</a>",
    ["/cart.js"] = function() return json(cart) end,
    ["/checkout"] = { status = 302, headers = { location = "/checkouts/cn/abc" } },
    ["/checkouts/cn/abc"] = '<form><label>E-Mail <input name="email"></label></form>',
  }
  site.cart = cart
  return site
end

local function make_t()
  local t = { store = {}, notes = {}, measured = {} }
  t.note = function(text) table.insert(t.notes, text) end
  t.measure = function(name, value, more) t.measured[more.page .. " " .. name] = value end
  return t
end

describe("shop", function()
  local site, page, context, t

  before_each(function()
    site, t = make_site(), make_t()
    page, context = web.page(site)
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  it("shops on a theme of plain forms, past a product that is sold out", function()
    shop.open(t, page, "/")
    shop.measure(t, page, "home")
    local product = shop.open_product(t, page)
    expect(product.title):is("New")
    expect(product.price):is(1999)
    expect(t.notes):same { "sold out, skipped: Old" }
    local cart = shop.add_to_cart(page, product)
    expect(cart.item_count):is(1)
    expect(shop.open_cart(t, page).titles):same { "New" }
    shop.open_checkout(page)
    expect(page:url()):matches("/checkouts/cn/abc$")
    expect(t.measured["home load_ms"]):above(0)
  end)

  it("buys the product that it is told to", function()
    site.pages["/products/new"] = site.pages["/collections/all/products/new"]
    expect(shop.open_product(t, page, "new").title):is("New")
    local raised = web.fault("failure", shop.open_product, t, page, "old")
    expect(raised.message):is("Old is sold out")
    raised = web.fault("failure", shop.open_product, t, page, "none")
    expect(raised.message):is("/products/none answered 404 Not Found")
  end)

  it("says that there is no product, or none in stock", function()
    site.pages["/"] = "<h1>Empty</h1>"
    site.pages["/collections/all"] = "<h1>Nothing</h1>"
    shop.open(t, page, "/")
    expect(web.fault("failure", shop.open_product, t, page).code):is("no-product")
    site.pages["/"] = '<a href="/products/old">Old</a>'
    shop.open(t, page, "/")
    expect(web.fault("failure", shop.open_product, t, page).message):is("sold out: Old")
  end)

  local function add_on(html, add)
    site.pages["/products/new"] = html
    site.pages["/cart/add"] = add or site.pages["/cart/add"]
    shop.open_product(t, page, "new")
    return web.fault("failure", shop.add_to_cart, page).message
  end

  it("names what is there instead of an add button", function()
    expect(add_on '<main><button>Notify me</button></main>')
      :is('no add-to-cart button is to be seen on /products/new. On the page are: '
        .. 'button "Notify me"')
  end)

  local SCRIPTED = [[<form action="/cart/add" onsubmit="event.preventDefault(); %s">
    <button name="add">Add</button></form>]]

  it("says what the shop answered", function()
    local ask = SCRIPTED:format("fetch('/cart/add', { method: 'POST' })")
    expect(add_on(ask, json({}, 500))):is("the product could not be added: "
      .. "/cart/add answered 500")
    expect(add_on(ask, json({ description = "All 3 are in your cart." }, 422)))
      :is('the page offers the product, but the shop refuses it: "All 3 are in your cart."')
    expect(add_on(ask, { status = 200 })):contains("its cart still holds 0 items")
    site.pages["/cart.js"] = { status = 503 }
    expect(add_on(ask, { status = 200 })):is("/cart.js answered 503")
  end)

  it("says that nothing was asked, and shows the script's error", function()
    expect(add_on(SCRIPTED:format("drawer.open()")))
      :is("the button was clicked but no request to /cart/add was sent (console: "
        .. "ReferenceError: drawer is not defined)")
  end)

  it("says where checkout failed", function()
    site.cart.item_count = 1
    local function failure()
      shop.open_cart(t, page)
      return web.fault("failure", shop.open_checkout, page).message
    end
    site.pages["/checkouts/cn/abc"] = { status = 503, body = "<h1>Later</h1>" }
    expect(failure()):is("/checkouts/cn/abc answered 503")
    site.pages["/cart"] = "<main><h1>Cart</h1><button>Back</button></main>"
    expect(failure())
      :is('no checkout button is to be seen on /cart. On the page are: button "Back"')
    site.cart.item_count = 0
    expect(web.fault("failure", shop.open_cart, t, page).message):contains("the cart is empty")
  end)

  it("goes through the password page, or says that the shop is closed", function()
    site.pages["/"] = function(request)
      if (request.headers.cookie or ""):find("in=1", 1, true) then return "<h1>Open</h1>" end
      return { status = 302, headers = { location = "/password" } }
    end
    site.pages["/password"] = function(request)
      if request.method == "GET" then return "<h1>Soon</h1>" end
      local right = request.body:find("password=let+me%26in", 1, true)
      local cookie = right and "in=1" or "no=1"
      return { status = 302, headers = { location = "/", ["set-cookie"] = cookie } }
    end
    expect(web.fault("failure", shop.open, t, page, "/").message):contains("the password page")
    t.store.password = require("run.secret").new("wrong")
    expect(web.fault("failure", shop.open, t, page, "/").message):contains("does not accept")
    t.store.password = require("run.secret").new("let me&in")
    shop.open(t, page, "/")
    expect(page:text("h1")):is("Open")
  end)

  local POPUP = [[<div style="position:fixed;inset:0;background:#fff" id="news">%s</div>]]

  it("closes what pops up over what it clicks", function()
    for _, close in ipairs { [[<button aria-label="Close" onclick="news.remove()">x</button>]],
      [[<p>10 %%</p><a role="button" onclick="news.remove()">No thanks</a>]],
      [[<svg class="modal-close" width="20" height="20" onclick="news.remove()"></svg>]],
      [[<p>Spin!<script>onkeydown = e => e.key == 'Escape' && news.remove()</script>]] } do
      site.pages["/"] = POPUP:format(close) .. '<button onclick="document.title=\'ok\'">Go</button>'
      shop.open(t, page, "/")
      shop.click(page, "role=button[name=/^Go$/]")
      expect(page:title()):is("ok")
    end
  end)

  it("leaves the drawer alone in which a shopper buys, and checks out from there", function()
    site.cart.item_count = 1
    site.pages["/"] = [[<div class="side-cart" style="position:fixed;inset:0" role="dialog">
      <button aria-label="Close" onclick="this.parentNode.remove()">x</button>
      <form action="/checkout"><button name="checkout">Pay</button></form></div>]]
    shop.open(t, page, "/")
    expect(shop.close_popups(page)):is(0)
    expect(shop.open_cart(t, page).place):is("drawer")
    shop.open_checkout(page)
    expect(page:url()):matches("/checkouts/cn/abc$")
  end)

  it("names what covers a button and can't be closed", function()
    site.pages["/"] = POPUP:format "Down for an hour" .. '<button>Go</button>'
    shop.open(t, page, "/")
    local raised = web.fault("failure", shop.click, page, "role=button[name=/^Go$/]")
    expect(raised.message):contains('is covered by <div id="news"')
  end)

  it("writes amounts as shops do", function()
    expect(shop.money(48995, "USD")):is("$489.95")
    expect(shop.money(100, "CHF")):is("1.00 CHF")
    expect(shop.money(5)):is("0.05")
  end)
end)
