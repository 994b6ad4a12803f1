--- Options: declaration, conversion of texts and values, bounds, messages.

local option = require "run.option"
local secret = require "run.secret"
local words = option.words()

--- The value of one option, or the message of the fault.
local function value(descriptor, given)
  local ok, got = pcall(option.resolve, { x = descriptor }, { x = given })
  if ok then return got.x end
  return nil, got.message
end

local function message(descriptor, given)
  local got, why = value(descriptor, given)
  expect(got):is(nil)
  return why
end

describe("conversion", function()
  it("string", function()
    expect(value(words.string {}, "a")):is("a")
    expect(value(words.string {}, 5)):is("5")
    expect(message(words.string {}, {})):is('option "x": must be a text, not a table')
    expect(message(words.string { pattern = "^%d+$" },
      "a1")):is('option "x": "a1" does not match the pattern ^%d+$')
    expect(message(words.string { min = 2 }, "a")):contains("at least 2 characters long")
    expect(message(words.string { max = 2 }, "abc")):contains("at most 2 characters long")
  end)

  it("number", function()
    expect(value(words.number {}, "12.5")):is(12.5)
    expect(value(words.number {}, 3)):is(3)
    for _, wrong in ipairs { "ten", "", "nan", "inf", "-inf", true } do
      expect(message(words.number {}, wrong)):contains("is not a number")
    end
    expect(message(words.number { min = 1 }, "0")):contains("must be at least 1")
    expect(message(words.number { max = 9 }, 10)):contains("must be at most 9")
  end)

  it("boolean", function()
    for text, wanted in pairs { ["true"] = true, yes = true, ON = true, ["1"] = true,
        ["false"] = false, No = false,
      off = false, ["0"] = false } do
      expect(value(words.boolean {}, text), text):is(wanted)
    end
    expect(value(words.boolean {}, false)):is(false)
    expect(value(words.boolean { default = true }, nil)):is(true)
    expect(message(words.boolean {}, "maybe")):is('option "x": "maybe" is neither true nor false')
  end)

  it("duration: milliseconds", function()
    expect(value(words.duration {}, "1m30s")):is(90000)
    expect(value(words.duration {}, 250)):is(250)
    expect(value(words.duration { default = "2s" }, nil)):is(2000)
    expect(message(words.duration {}, "soon")):contains("is not a duration")
    expect(message(words.duration { max = "1m" }, "61s")):is('option "x": 61s is longer than 1m')
    expect(message(words.duration { min = "1m" }, "1s")):is('option "x": 1s is shorter than 1m')
  end)

  it("enum", function()
    local phone = words.enum { "phone", "desktop", default = "phone" }
    expect(value(phone, "desktop")):is("desktop")
    expect(value(phone, nil)):is("phone")
    expect(message(phone, "tablet")):is('option "x": "tablet" is not one of phone, desktop')
  end)

  it("list", function()
    expect(value(words.list {}, "a, b,,c ")):same { "a", "b", "c" }
    expect(value(words.list {}, { "a" })):same { "a" }
    expect(value(words.list { of = words.number {} }, "1,2")):same { 1, 2 }
    expect(message(words.list { of = words.number { max = 1 } },
      "1,2")):contains("item 2: 2 must be at most 1")
    expect(message(words.list { min = 2 }, "a")):contains("needs at least 2 items, got 1")
    expect(message(words.list { max = 1 }, "a,b")):contains("takes at most 1 items, got 2")
    expect(message(words.list {}, 5)):contains("is not a list")
  end)

  it("url", function()
    expect(value(words.url {}, "https://a.example/x?y")):is("https://a.example/x?y")
    for _, wrong in ipairs { "a.example", "ftp://a.example", "https://", "https://a b", 5 } do
      expect(message(words.url {}, wrong)):contains("is not a URL")
    end
  end)

  it("secret: a handle that does not show its text", function()
    local got = value(words.secret {}, "s3cr3t-one")
    expect(tostring(got)):is("[secret]")
    expect(secret.reveal(got)):is("s3cr3t-one")
    expect(secret.reveal("Bearer " .. got)):is("Bearer s3cr3t-one")
    expect(tostring("Bearer " .. got)):is("[secret]")
    expect(secret.scrub { a = "x s3cr3t-one y", b = { got } }):same { a = "x [secret] y",
      b = { "[secret]" } }
    expect(function() return got.text end):raises("a secret has no field")
    expect(function() got.text = 1 end):raises("read%-only")
    expect(function() return got .. {} end):raises("attempt to concatenate a table")
  end)
end)

describe("resolve", function()
  it("fills defaults and leaves out what is not given", function()
    expect(option.resolve({ a = words.string { default = "d" }, b = words.string {} },
      {})):same { a = "d" }
  end)

  it("lists every problem, sorted, and names the nearest of unknown names", function()
    local ok, fault = pcall(option.resolve,
      { a = words.string { required = true }, count = words.number {} },
      { cuont = 1, count = "x" })
    expect(ok):is(false)
    expect(fault.message):is(
      'option "a" is required; option "count": "x" is not a number; unknown option "cuont"')
    expect(fault.hint):is('did you mean "count"?')
    expect(fault.code):is("option")
  end)
end)

describe("declaration", function()
  for name, case in pairs {
    ["unknown field"] = { function() words.string { defualt = "x" } end,
      'option.string: unknown field "defualt"' },
    ["no table"] = { function() words.string "x" end, "takes a table" },
    ["about"] = { function() words.string { about = 1 } end, "about must be a text" },
    ["required"] = { function() words.string { required = "yes" } end,
      "required must be true or false" },
    ["required with default"] = { function() words.string { required = true, default = "x" } end,
      "never missing" },
    ["default of a wrong kind"] = { function() words.number { default = "x" } end,
      'option.number: default: "x" is not' },
    ["default out of bounds"] = { function() words.number { default = 9, max = 5 } end,
      "default: 9 must be at most 5" },
    ["bounds"] = { function() words.number { min = 5, max = 1 } end, "min is greater than max" },
    ["bound of a wrong kind"] = { function() words.number { min = "1" } end,
      "min must be a number" },
    ["pattern"] = { function() words.string { pattern = "[" } end, "pattern: " },
    ["enum without choices"] = { function() words.enum {} end, "lists no choices" },
    ["enum of numbers"] = { function() words.enum { 1, 2 } end, "the choices must be texts" },
    ["list of what is no option"] = { function() words.list { of = "string" } end,
      "of must be an option" },
    ["list of lists"] = { function() words.list { of = words.list {} } end, "a list of lists" },
    ["duration bounds"] = { function() words.duration { max = "long" } end,
      "max must be a duration" },
    ["unknown kind"] = { function() return words.strin {} end, 'option has no "strin"' },
  } do
    it(name, function()
      local ok, fault = pcall(case[1])
      expect(ok):is(false)
      expect(fault.message):contains(case[2])
      expect(fault.kind):is("usage")
    end)
  end

  it("may be empty", function()
    expect(option.is(words.string())):is(true)
    expect(option.is {}):is(false)
  end)
end)
