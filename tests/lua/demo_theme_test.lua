-- What the demo store's script does in a real browser: variant picker, cart notification, cart
-- page. A fault must show there, in a browser, and nowhere else.

local demo = require "demo.store"
local pages = require "browser.page"

local store, context
before_each(function()
  store = assert(demo.start())
  sys.task.spawn(function() store:serve() end)
  context = { store = { url = store:url() }, hosts = {}, browser = { kind = "auto" } }
end)
after_each(function()
  pages.finish(context)
  store:close()
end)

local function open(path)
  local page = pages.open(context)
  page["goto"](page, store:url() .. path)
  return page
end

-- Waits until the element's text is as wanted.
local function shows(page, selector, wanted)
  page:eval(([[new Promise((done) => {
    const look = () => {
      const one = document.querySelector(%q);
      if (one && one.textContent.trim() === %q) return done(true);
      requestAnimationFrame(look);
    };
    look();
  })]]):format(selector, wanted))
end

local function cart(page) return page:eval("fetch('/cart.js').then((r) => r.json())") end

describe("the demo store's theme", function()
  it("adds to the cart, tells so and counts", function()
    local page = open("/products/alpenglow-snowboard")
    expect(page:eval("document.querySelector('.product-variant-id').disabled")):is(false)
    page:click("button[name=add]")
    page:wait_for("#cart-notification.active")
    expect(page:text("#cart-notification")):matches("Item added to your cart")
    expect(page:text("#cart-notification")):matches("Alpenglow All%-Mountain Snowboard")
    expect(page:text("#cart-notification-button")):matches("View cart %(1%)")
    shows(page, "#cart-icon-bubble .cart-count-bubble [aria-hidden]", "1")
    expect(cart(page).item_count):is(1)
    expect(#page:errors()):is(0)
  end)

  it("follows the chosen variant: id, price, picture, stock", function()
    local page = open("/products/spindrift-shell-jacket")
    page:click("label[for$='-1-2']") -- Ember
    local colour = page:eval("document.querySelector('.product__image').src")
    expect(colour):matches("spindrift%-shell%-jacket%-ember")
    page:click("label[for$='-2-4']") -- XL, which is sold out in this colour
    shows(page, "button[name=add] span", "Sold out")
    expect(page:is_enabled("button[name=add]")):is(false)
    page:click("label[for$='-2-2']")
    shows(page, "button[name=add] span", "Add to cart")
    page:click("button[name=add]")
    page:wait_for("#cart-notification.active")
    expect(cart(page).items[1].variant_title):is("Ember / M")
  end)

  it("shows what the shop answers when it refuses", function()
    local page = open("/products/avalanche-pack")
    page:fill("input[name=quantity]", "8")
    page:click("button[name=add]")
    page:wait_for(".product-form__error-message-wrapper:not([hidden])")
    expect(page:text(".product-form__error-message"))
      :is("You can't add more Sidecountry Pack 28 L to the cart.")
    expect(cart(page).item_count):is(0)
  end)

  it("changes quantities on the cart page, and removes", function()
    local page = open("/products/summit-mug")
    page:click("button[name=add]")
    page:wait_for("#cart-notification.active")
    page["goto"](page, store:url() .. "/cart")
    page:click("#CartItem-1 button[name=plus]")
    shows(page, ".totals__total-value", "$38.00 USD")
    expect(cart(page).item_count):is(2)
    page:fill("#Quantity-1", "5000")
    page:press("#Quantity-1", "Tab")
    shows(page, "#Line-item-error-1 .cart-item__error-text",
      "You can't add more Summit Enamel Mug to the cart.")
    expect(page:value("#Quantity-1")):is("2")
    page:click("cart-remove-button")
    page:wait_for("cart-items.is-empty")
    expect(cart(page).item_count):is(0)
  end)

  it("leads from the cart to checkout", function()
    local page = open("/products/summit-mug")
    page:click("button[name=add]")
    page:wait_for("#cart-notification.active")
    page:click("#cart-notification-form button[name=checkout]")
    page:wait_for("#checkout-pay-button")
    expect(page:url()):matches("/checkouts/cn/hWN%w+/en%-us")
    expect(page:text(".order-summary__total")):matches("%$27%.95")
  end)

  it("does nothing on add to cart with atc_broken, but for an error in the console", function()
    store:fault("atc_broken", true)
    local page = open("/products/summit-mug")
    page:click("button[name=add]")
    expect(cart(page).item_count):is(0)
    expect(page:eval("document.querySelector('#cart-notification').className"))
      :is("cart-notification")
    expect(page:errors()[1].text or page:errors()[1].message):matches("reading 'offers'")
    for _, request in ipairs(page:requests()) do
      if request.url:find("/cart/add", 1, true) then error("the script did post") end
    end
  end)
end)
