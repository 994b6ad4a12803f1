-- The demo store's pixel code as the shop hands it out, and the stand-ins for the vendors.

local http = require "http"
local store = require "demo.store"

local function config_of(page)
  return sys.codec.json_decode((page:match(
    '<script type="application/json" id="demo%-pixels">(.-)</script>')))
end

describe("the demo store's pixels", function()
  local demo
  before_each(function()
    demo = assert(store.start { pixels = true })
    sys.task.spawn(function() demo:serve() end)
  end)
  after_each(function() demo:close() end)

  local function get(path) return assert(http.get(demo:url() .. path)) end

  it("are on every page, and not there at all unless they are asked for", function()
    for _, path in ipairs { "/", "/products/summit-mug", "/cart" } do
      local config = config_of(get(path).body)
      expect(config.ids.meta):is("1234567890")
      expect(next(config.faults)):is(nil)
    end
    expect(get("/").body):matches('src="/cdn/shop/t/4/assets/pixels%.js%?v=%x+"')
    local plain = assert(store.start {})
    sys.task.spawn(function() plain:serve() end)
    local page = assert(http.get(plain:url() .. "/")).body
    plain:close()
    expect(page):lacks("pixels")
  end)

  it("are told of their faults, and of no others", function()
    demo:fault("pixel_doubled", true)
    demo:fault("slow_hero", true)
    expect(config_of(get("/").body).faults):same { doubled = true }
  end)

  it("have sandboxes, and Shopify's own beacons are taken", function()
    expect(get("/web-pixels/custom/sandbox").body):contains("ct.pinterest.com")
    expect(get("/web-pixels/app/worker.js").headers["content-type"]):contains("javascript")
    local beacon = assert(http.post(demo:url()
      .. "/.well-known/shopify/monorail/unstable/produce_batch", { json = { events = {} } }))
    expect(beacon.status):is(200)
  end)

  it("talk to stand-ins over TLS, which keep what came", function()
    local told = get("/__demo.json"):json().pixels
    expect(told.spki):matches("^[%w+/]+=$")
    -- Nobody who was not told of the certificate talks to them.
    local refused = sys.http.request { method = "GET", url = "https://" .. told.address .. "/" }
    expect(refused):is(nil)
    expect(get("/__pixels"):json()):same { count = 0, hits = {} }
  end)
end)
