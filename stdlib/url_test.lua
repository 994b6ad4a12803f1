local url = require "url"

describe("url.parse", function()
  it("splits, lowers scheme and host, knows the usual ports", function()
    expect(url.parse("HTTPS://u:p@Shop.Example:8443/A?b=C#d")):same {
      scheme = "https", userinfo = "u:p", host = "shop.example", port = 8443, path = "/A",
      query = "b=C",
      fragment = "d", origin = "https://shop.example:8443",
    }
    expect(url.parse("http://shop.example")):same {
      scheme = "http", host = "shop.example", port = 80, path = "", origin = "http://shop.example",
    }
    expect(url.parse("http://[::1]:81/").origin):is("http://[::1]:81")
    expect(url.parse("mailto:a@shop.example")):same { scheme = "mailto", path = "a@shop.example" }
    expect(url.parse("http://" .. ("A"):rep(80) .. ".example/").host):is(("a"):rep(80)
      .. ".example")
  end)

  it("refuses what is no absolute URL, saying why", function()
    local parts, message, code = url.parse("shop.example/x")
    expect(parts):is(nil)
    expect(message):is('"shop.example/x" is not a URL: the URL has no scheme such as https://')
    expect(code):is("invalid")
    expect(select(3, url.parse("http://a:99999/"))):is("invalid")
    expect(function() url.parse(5) end):raises("url.parse%(text%): text must be a string")
  end)
end)

describe("url.build", function()
  it("is the opposite of parse", function()
    for _, text in ipairs { "https://u:p@shop.example:8443/A?b=C#d", "http://shop.example",
      "http://[::1]:81/?",
      "mailto:a@shop.example", "http://shop.example/#" } do
      expect(url.build(url.parse(text))):is(text)
    end
    expect(url.build(url.parse("https://shop.example:443/"))):is("https://shop.example/")
  end)
end)

describe("url.join", function()
  it("resolves links as a browser does", function()
    expect(url.join("https://shop.example/a/b", "../cart?x=1")):is("https://shop.example/cart?x=1")
    expect(url.join("https://shop.example/a", " /a b ")):is("https://shop.example/a%20b")
    expect(select(3, url.join("nope", "/a"))):is("invalid")
  end)
end)

describe("queries", function()
  it("are encoded in a fixed order", function()
    expect(url.encode_query { b = 2, a = "x y&z", ["ids[]"] = { 1, 2 }, t = true }):is(
      "a=x%20y%26z&b=2&ids%5B%5D=1&ids%5B%5D=2&t=true")
    expect(url.encode_query { { "b", 1 }, { "a", 2 } }):is("b=1&a=2")
    expect(url.encode_query {}):is("")
    local secret = require("run.secret").new "s3cret"
    expect(function() url.encode_query { key = secret } end):raises("key is a secret")
    expect(function() url.encode_query { key = { secret } } end):raises("key is a secret")
    expect(function() url.encode_query {
      a = error } end):raises("a must be text, a number or a boolean")
  end)

  it("are decoded, forms too", function()
    local values, list = url.decode_query("a=1&b=x+y%2B&a=2&flag&=v&c=%zz&d=e=f")
    expect(values):same { a = "2", b = "x y+", flag = "", [""] = "v", c = "%zz", d = "e=f" }
    expect(#list):is(7)
    expect(list[1]):same { "a", "1" }
    expect(url.decode_query(nil)):same {}
  end)

  it("round-trip any bytes", function()
    local bytes = {}
    for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
    local text = table.concat(bytes)
    expect(url.decode(url.encode(text)) == text):is(true)
    expect(url.decode_query(url.encode_query { [text] = text })[text] == text):is(true)
  end)

  it("are changed in place", function()
    expect(url.with_query("https://shop.example/p?a=1&b=2#x", { a = 3, c = 4 })):is(
      "https://shop.example/p?b=2&a=3&c=4#x")
    expect(url.with_query("https://shop.example/p?a=1", { a = false })):is("https://shop.example/p")
  end)
end)
