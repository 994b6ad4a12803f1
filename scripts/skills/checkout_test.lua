-- What the checkout skill can be told, at the demo store. That it passes on a healthy shop and
-- names each fault is tests/e2e/checkout_test.lua.

local demo_store = require "demo.store"
local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

describe("checkout", function()
  local folder, store

  before_all(function()
    folder = lib.folder()
    store = assert(demo_store.start { password = "letmein" })
    sys.task.spawn(store.serve, store)
  end)
  after_all(function()
    store:close()
    folder:remove()
  end)

  local function run(...)
    local arguments = { "run", "checkout", "--url", store:url(), ... }
    local results = folder:report(arguments, { STORE_PASSWORD = "letmein" })
    return results.checkout
  end

  it("buys the product that is named", function()
    local result = run("-o", "product=whiteout-goggles")
    expect(result.summary):contains("Whiteout Goggles")
    expect(result.status):is("PASS")
    expect(result.details.product.handle):is("whiteout-goggles")
    expect(result.details.cart.item_count):is(1)
  end)

  it("says that there is no such product", function()
    local result = run("-o", "product=flying-carpet")
    expect(result.status):is("FAIL")
    expect(result.summary):is("product: /products/flying-carpet answered 404 Not Found")
  end)

  it("shops with the device that is named", function()
    local result = run("-o", "device=Desktop 1440x900")
    expect(result.status):is("PASS")
    expect(result.summary):contains("(Desktop 1440x900)")
    expect(run("-o", "device=iPhone 99").status):is("ERROR")
  end)

  it("has the vitals of every page, load and LCP for the baseline", function()
    local pages = {}
    for _, metric in ipairs(run().metrics) do
      if metric.baseline then
        pages[metric.page] = (pages[metric.page] or "") .. metric.name .. " "
      end
    end
    local both = "lcp_ms load_ms "
    expect(pages):same { home = both, product = both, cart = both, checkout = both }
  end)

  it("stops before its first effect in a dry run", function()
    local result = run("--dry-run")
    expect(result.status):is("SKIP")
    expect(result.gate.effects):is(0)
    expect(result.gate.refused):at_least(1)
    expect(result.gate.reads):at_least(10)
  end)

  it("says that everything is sold out", function()
    store:fault("sold_out", true)
    local result = run()
    store:fault("sold_out", false)
    expect(result.status):is("FAIL")
    expect(result.summary):matches("^product: sold out: Alpenglow")
  end)

  it("goes through the password page, and never orders", function()
    store:fault("password_page", true)
    local result = run()
    store:fault("password_page", false)
    expect(result.summary):contains("reached checkout")
    expect(result.status):is("PASS")
    expect(store.shop.orders):same {}
  end)
end)
