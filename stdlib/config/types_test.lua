local types = require "config.types"

local function url(raw) return (types.parse({ type = "url" }, raw)) end

describe("arguments", function()
  local setting = { type = "arguments" }

  it("are whole texts that begin with --", function()
    local rules = "--host-resolver-rules=MAP a 127.0.0.1, MAP b 127.0.0.1"
    expect(types.parse(setting, { "--no-sandbox", rules })):same { "--no-sandbox", rules }
    expect(types.parse(setting, rules)):same { rules }
    expect(types.show(setting, { "--a", "--b=c" })):is("--a --b=c")
  end)

  it("are nothing else", function()
    for _, raw in ipairs { "no-sandbox", { "--fine", "-x" }, { "--" }, 7, { [2] = "--a" } } do
      local value, expected = types.parse(setting, raw)
      expect(value):is(nil)
      expect(expected):contains("list of")
    end
  end)
end)

describe("a shop's URL", function()
  local cases = {
    ["https://shop.example"] = "https://shop.example",
    ["https://Shop.Example/"] = "https://shop.example",
    ["HTTPS://shop.example:443/en/?a=b#c"] = "https://shop.example/en",
    ["http://shop.example:80"] = "http://shop.example",
    ["http://127.0.0.1:8123/"] = "http://127.0.0.1:8123",
    ["127.0.0.1:8123"] = "http://127.0.0.1:8123",
    ["localhost:8123"] = "http://localhost:8123",
    ["my-shop.myshopify.com"] = "https://my-shop.myshopify.com",
    ["https://me:pw@staging.example/"] = "https://me:pw@staging.example",
    ["http://[::1]:80/x"] = "http://[::1]/x",
  }
  for raw, expected in pairs(cases) do
    it(raw, function() expect(url(raw)):is(expected) end)
  end

  for _, raw in ipairs {
    "", "not a url", "https://", "ftp://shop.example", "https://shop.example\n",
    "file:///etc/passwd", "/checkout", "x y",
    "javascript://shop.example",
  } do
    it("refuses " .. ("%q"):format(raw), function() expect(url(raw)):is(nil) end)
  end
end)

describe("settings", function()
  it("reads lists as a table, as JSON and with commas", function()
    local setting = { type = "list" }
    expect(types.parse(setting, { "a", "b" })):same { "a", "b" }
    expect(types.parse(setting, '["-y", "@shopify/dev-mcp@latest"]')):same { "-y",
      "@shopify/dev-mcp@latest" }
    expect(types.parse(setting, "a, b")):same { "a", "b" }
    expect(types.parse(setting, '["a", 1]')):is(nil)
    expect(types.parse(setting, '["a"')):is(nil)
    expect(types.parse(setting, { a = "b" })):is(nil)
  end)

  it("reads a bare number of minutes only where it always was one", function()
    expect((types.parse({ type = "minutes" }, "30"))):is(1800000)
    expect((types.parse({ type = "minutes" }, "90s"))):is(90000)
    expect((types.parse({ type = "duration" }, "90"))):is(nil)
    expect((types.parse({ type = "duration" }, "0s"))):is(nil)
  end)

  it("never shows a secret", function()
    expect(types.show({ type = "string", secret = true }, "geheim")):is("••••")
    expect(types.show({ type = "url" }, "https://me:pw@shop.example")):is("https://shop.example")
  end)
end)
