local json = require "json"

describe("json.encode", function()
  it("sorts keys and writes each kind of value", function()
    local value = { b = true, a = { 1, 2.5, "x" }, c = json.null, d = {}, ["ä"] = false }
    expect(json.encode(value)):is('{"a":[1,2.5,"x"],"b":true,"c":null,"d":{},"ä":false}')
    expect(json.encode(nil)):is("null")
    expect(json.encode("a")):is('"a"')
  end)

  it("keeps marked arrays while they are empty", function()
    expect(json.encode { list = json.array {},
      deep = { json.array() } }):is('{"deep":[[]],"list":[]}')
    local list = json.array { "a" }
    list[2] = "b"
    expect(json.encode(list)):is('["a","b"]')
    expect(json.is_array(list)):is(true)
    expect(json.is_array({})):is(false)
  end)

  it("escapes what JSON wants escaped and repairs what is not UTF-8", function()
    expect(json.encode('a"b\\c\n\0\127/é')):is([["a\"b\\c\u000a\u0000\u007f/é"]])
    expect(json.encode("a\255b")):is('"a\239\191\189b"')
    expect(json.encode { ['k"'] = 1 }):is([[{"k\"":1}]])
  end)

  it("keeps every digit of a number", function()
    local numbers = { 0, -0, 1, -1, 0.1, 1 / 3, 123456789012345, 2 ^ 53 - 1, -(2 ^ 53), 1e300,
      5e-324, 1e21,
      1717757696789.25, math.pi }
    for _, number in ipairs(numbers) do
      expect(tonumber(json.encode(number))):is(number)
    end
    expect(json.encode(-0)):is("0")
    expect(json.encode(1e15)):is("1000000000000000")
    expect(json.encode(0.1)):is("0.1")
  end)

  it("refuses what JSON cannot hold and says where it is", function()
    expect(function() json.encode { a = { 1, 0 / 0 } } end):raises("NaN at a%[2%]")
    expect(function() json.encode { a = { b = math.huge } } end):raises("infinity at a%.b")
    expect(function() json.encode { f = error } end):raises("no function at f")
    expect(function() json.encode { 1, 2, x = 3 } end):raises('both list items and the key "x"')
    expect(function() json.encode {
      a = { [1] = 1, [3] = 3 } } end):raises("gap: it has 2 items, but none at 2 at a")
    expect(function() json.encode { [404] = 1 } end):raises("none at 1")
    expect(function() json.encode { [true] = 1 } end):raises("none at 1")
    local named = json.array {}
    named.x = 1
    expect(function() json.encode(named) end):raises('the key "x"')
  end)

  it("ends at a table that contains itself", function()
    local loop = {}
    loop.loop = loop
    expect(function() json.encode(loop) end):raises("contains itself, at loop%.loop")
  end)

  it("is deterministic and reads back as the same value", function()
    local value = { list = { { id = 1 }, { id = 2, tags = { "a", "b" } } }, name = "x",
      price = 12.34 }
    local text = json.encode(value)
    expect(json.decode(text)):same(value)
    expect(json.encode(json.decode(text))):is(text)
  end)
end)

describe("json.pretty", function()
  it("indents by two spaces", function()
    expect(json.pretty { a = { 1, {} },
      b = json.array() }):is('{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}')
  end)
end)

describe("json.decode", function()
  it("reads values", function()
    expect(json.decode('{"a":[1,null,"\\u00e9"]}')):same { a = { 1, json.null, "é" } }
    expect(json.decode("null")):is(json.null)
    expect(json.decode(" false ")):is(false)
    expect(json.decode("12345678901234")):is(12345678901234)
  end)

  it("says what is wrong and how the text begins", function()
    local value, message,
      code = json.decode("<!doctype html>\n<html lang=en><head><title>Password</title>")
    expect(value):is(nil)
    expect(message):matches("^not JSON: ")
    expect(message):matches('it begins with "<!doctype html> <html lang=en><head><tit…"$')
    expect(code):is("invalid")
    expect(select(2, json.decode(" \n"))):is("not JSON: it is empty")
  end)

  it("does not write a secret, not even as an empty object", function()
    expect(function() json.encode { key = require("run.secret").new "s3cret" } end)
      :raises("a secret .* at key")
  end)

  it("refuses what is nearly JSON", function()
    for _, text in ipairs { "{", "[1,]", '{"a":}', "nul", "'a'", "[1] x", "NaN", "Infinity", "0x10",
      '"\\ud800"', "\0" } do
      local value, _, code = json.decode(text)
      expect(value):is(nil)
      expect(code):is("invalid")
    end
  end)

  it("bounds nesting", function()
    expect(json.decode(("["):rep(1000) .. ("]"):rep(1000))):truthy()
    expect(select(3, json.decode(("["):rep(1001) .. ("]"):rep(1001)))):is("invalid")
    expect(select(3, json.decode(("["):rep(1000000)))):is("invalid")
  end)

  it("raises for what is no text", function()
    expect(function() json.decode(nil) end):raises("json.decode%(text%): text must be a string")
  end)
end)
