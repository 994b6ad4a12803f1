local hosts = require "browser.hosts"

describe("browser.hosts", function()
  it("joins relative addresses to the store's", function()
    local policy = hosts.new("https://shop.example/en/")
    expect((policy:resolve("goto", "/cart"))):is("https://shop.example/cart")
    expect((policy:resolve("goto", "cart"))):is("https://shop.example/en/cart")
    expect((policy:resolve("goto", "https://SHOP.example/x"))):matches("example/x$")
  end)

  it("refuses other hosts, and says how to allow them", function()
    local policy = hosts.new("https://shop.example/")
    local function refused(url, pattern)
      expect(function() policy:resolve("goto", url) end):raises(pattern)
    end
    refused("https://evil.example/", "evil.example is not a host of the store")
    refused("https://evil.example/", 'add "http:evil.example" to needs')
    refused("https://shop.example.evil.example/", "not a host")
    refused("//evil.example/x", "not a host")
    refused("https://shop.example@evil.example/", "password")
  end)

  it("takes only http and https", function()
    local policy = hosts.new("https://shop.example/")
    for _, url in ipairs { "file:///etc/passwd", "javascript:alert(1)", "chrome://version",
      "data:text/html,x", "about:blank" } do
      expect(function() policy:resolve("goto", url) end):raises("not an http or https address")
    end
  end)

  it("allows the manifest's hosts, with everything below *.", function()
    local policy = hosts.new("https://shop.example/", { "pay.example", "*.cdn.example" })
    expect(policy:allows("PAY.example")):is(true)
    expect(policy:allows("a.cdn.example")):is(true)
    expect(policy:allows("cdn.example")):is(false)
    expect(policy:allows("xcdn.example")):is(false)
  end)

  it("learns where the store redirects to", function()
    local policy = hosts.new("http://shop.example/")
    policy:learn("https://www.shop.example/")
    expect(policy:allows("www.shop.example")):is(true)
    policy:learn("chrome-error://chromewebdata/")
    expect(policy:allows("chromewebdata")):is(false)
  end)

  it("names pages as people do", function()
    local policy = hosts.new("https://shop.example/")
    expect(policy:words("https://shop.example/")):is("home page")
    expect(policy:words("https://shop.example/cart?x=1")):is("/cart")
    expect(policy:words("https://pay.example/a")):is("pay.example/a")
  end)

  it("has no store when none is configured", function()
    expect(function() hosts.new(nil):resolve("goto", "/cart") end):raises("no store is configured")
  end)
end)
