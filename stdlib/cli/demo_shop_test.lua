local demo_shop = require "cli.demo_shop"
local store = require "demo.store"

local SOUND = { hosts = { "www.facebook.com", "ready.pixels.test" }, address = "127.0.0.1:4433",
  spki = "abcDEF012+/=" }

local function with(change)
  local out = {}
  for key, value in pairs(SOUND) do out[key] = value end
  for key, value in pairs(change) do out[key] = value end
  return out
end

describe("cli.demo_shop", function()
  it("leads the browser to the stand-ins", function()
    expect(demo_shop.flags(SOUND)):same {
      "--host-resolver-rules=MAP www.facebook.com 127.0.0.1:4433, MAP ready.pixels.test "
        .. "127.0.0.1:4433", "--ignore-certificate-errors-spki-list=abcDEF012+/=" }
  end)

  it("makes no flag of what is not sound", function()
    for _, bad in ipairs { with { hosts = { "a, MAP * evil.example" } }, with { hosts = {} },
      with { hosts = "x" }, with { address = "10.0.0.1:1" },
      with { address = "127.0.0.1:1, MAP *" },
      with { address = "127.0.0.1" }, with { address = "evil.example:443" },
      with { spki = "a b" }, with { spki = "" }, with { spki = 7 } } do
      expect(demo_shop.flags(bad)):same {}
    end
    expect(demo_shop.flags("x")):same {}
    expect(demo_shop.flags(nil)):same {}
  end)

  it("asks shops of this machine alone, and finds only demo shops with pixels", function()
    expect(demo_shop.browser_args(nil)):same {}
    expect(demo_shop.browser_args("https://shop.example/")):same {}
    for _, pixels in ipairs { true, false } do
      local demo = assert(store.start { pixels = pixels })
      sys.task.spawn(function() demo:serve() end)
      local args = demo_shop.browser_args(demo:url() .. "/collections")
      demo:close()
      expect(#args):is(pixels and 2 or 0)
    end
    local nobody = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
    local port = nobody:port()
    nobody:close()
    expect(demo_shop.browser_args(("http://127.0.0.1:%d/"):format(port))):same {}
  end)
end)
