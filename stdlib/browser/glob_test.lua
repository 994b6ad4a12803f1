local glob = require "browser.glob"

local function matches(pattern, address) return glob.compile("test", pattern)(address) end

describe("browser.glob", function()
  it("matches the path when the pattern begins with a slash", function()
    expect(matches("/cart", "https://shop.example/cart")):is(true)
    expect(matches("/cart", "https://shop.example/cart?x=1#y")):is(true)
    expect(matches("/cart", "https://shop.example/cart/add")):is(false)
    expect(matches("/", "https://shop.example")):is(true)
    expect(matches("/", "https://shop.example/x")):is(false)
  end)

  it("stops * at a slash, and ** nowhere", function()
    expect(matches("/cart/add*", "https://shop.example/cart/add.js")):is(true)
    expect(matches("/cart/*", "https://shop.example/cart/add/x")):is(false)
    expect(matches("/cart/**", "https://shop.example/cart/add/x")):is(true)
    expect(matches("**/checkouts/**", "https://shop.example/checkouts/cn/abc")):is(true)
    expect(matches("https://shop.example/*", "https://shop.example/a")):is(true)
  end)

  it("takes everything else as plain text", function()
    expect(matches("/a.b", "https://shop.example/axb")):is(false)
    expect(matches("/a-b+(c)", "https://shop.example/a-b+(c)")):is(true)
    expect(matches("**/%5B[1]", "https://shop.example/%5B[1]")):is(true)
  end)

  it("looks at the query when the pattern has one", function()
    expect(matches("/search?q=*", "https://shop.example/search?q=board")):is(true)
    expect(matches("/search?q=*", "https://shop.example/search")):is(false)
  end)

  it("takes a function, and refuses anything else", function()
    expect(glob.compile("test", function(url) return url == "x" end)("x")):is(true)
    expect(function() glob.compile("page:wait_for_url(pattern)", 7) end)
      :raises("must be a text or a function")
  end)
end)
