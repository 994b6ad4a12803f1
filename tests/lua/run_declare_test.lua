--- What a script declares: the fields of a skill, its needs and options, and how `inspect` tells of
--- them.

local scripts = require "test.scripts"

local function inspect(source, options)
  options = options or {}
  options.mode = "inspect"
  return scripts.run(source, options)
end

--- The error of a script that cannot be loaded.
local function refused(source, options)
  local answer = inspect(source, options)
  expect(answer.manifest, "manifest of " .. source):is(nil)
  return answer.error
end

local function field(text)
  return ('return skill "x" {\n  %s,\n  run = function() end,\n}'):format(text)
end

describe("inspect", function()
  it("tells everything that is declared, and runs nothing", function()
    local manifest, outcome = inspect([[
-- Checks the checkout.
-- api: 1
print("loading")
return skill "checkout" {
  about = "A shopper buys", every = "30m", timeout = "90s", alias = "shopper", severity = "P1",
  needs = { "http:api.example.com", "browser", "browser" }, tags = { "shop", "mobile" },
  options = {
    product = option.string { about = "handle", required = true, max = 40 },
    device = option.enum { "phone", "desktop", default = "phone" },
    token = option.secret { default = "s3cr3t-token" },
    pages = option.list { of = option.url { about = "a page" }, min = 1 },
    pause = option.duration { default = "2s", max = "1m" },
  },
  run = function() print("running") end,
}]])
    manifest = manifest.manifest
    expect(outcome.log):same { "loading" }
    expect(manifest.name):is("checkout")
    expect(manifest.about):is("A shopper buys")
    expect(manifest.every_ms):is(1800000)
    expect(manifest.timeout_ms):is(90000)
    expect(manifest.aliases):same { "shopper" }
    expect(manifest.severity):is("P1")
    expect(manifest.tags):same { "shop", "mobile" }
    expect(manifest.api):is(1)
    expect(manifest.needs):same { "browser", "http:api.example.com" }
    expect(manifest.capabilities):same { "browser", "http" }
    expect(manifest.hosts):same { "api.example.com" }
    expect(manifest.script):is("/project/checkout.lua")
    expect(manifest.files):same {}
    expect(manifest.options):same {
      { name = "device", type = "enum", choices = { "phone", "desktop" }, default = "phone",
        required = false },
      { name = "pages", type = "list", min = 1, required = false,
        of = { type = "url", about = "a page" } },
      { name = "pause", type = "duration", default = "2s", max = "1m", required = false },
      { name = "product", type = "string", about = "handle", max = 40, required = true },
      { name = "token", type = "secret", default = "[secret]", required = false },
    }
  end)

  it("a skill that declares only what it must", function()
    local manifest = inspect('return skill "x" { run = function() end }').manifest
    expect(manifest.options):same {}
    expect(manifest.needs):same {}
    expect(manifest.every_ms):is(nil)
  end)

  it("gives the error of a broken file with line, excerpt and hint", function()
    local e = refused("\nreturn skill 'x' {\n  run = function() end,\n  evry = '5m',\n}")
    expect(e.kind):is("script")
    expect(e.message):is('skill "x": unknown field "evry"')
    expect(e.hint):is('did you mean "every"?')
    expect(e.where):is("checkout.lua:4")
    expect(e.excerpt):is("  3 |   run = function() end,\n> 4 |   evry = '5m',\n  5 | }")
  end)
end)

describe("the fields of a skill", function()
  for text, message in pairs {
    ['every = "soon"'] = "every: soon is not a duration",
    ["every = 30"] = "every: 30 is not a duration",
    ['every = "0"'] = "every: 0 is not a duration",
    ['timeout = {}'] = "is not a duration",
    ["about = 5"] = "about must be a text",
    ['severity = "P5"'] = "severity: P5 is none of P0, P1, P2, P3",
    ['alias = { "two words" }'] = 'alias: "two words" is not a word',
    ["tags = 5"] = "tags must be a list of texts",
    ['needs = "browser"'] = "needs: must be a list of texts",
    ['needs = { browser = true }'] = "needs: must be a list of texts",
    ['needs = { "browsr" }'] = 'needs: unknown need "browsr"',
    ['needs = { "browser:x" }'] = "only http takes a host",
    ['needs = { "http:https://x.example/" }'] = "is not a host",
    ['needs = { "http:*" }'] = "is not a host",
    ["options = 1"] = "options must be a table",
    ['options = { "a" }'] = 'options: "1" is not a name',
    ["options = { a = 1 }"] = "options: a is not an option",
    ["options = { a = option.string }"] = "options: a is not an option",
    ["run = 5"] = "run must be a function",
  } do
    it(text, function()
      local source = text:find("^run") and ('return skill "x" {\n  %s\n}'):format(text)
      or field(text)
      local e = refused(source)
      expect(e.message):contains(message)
      expect(e.message):matches('^skill "x": ')
      expect(e.where):is("checkout.lua:2")
    end)
  end

  it("name the nearest need", function()
    expect(refused(field 'needs = { "browsr" }').hint):is('did you mean "browser"?')
  end)

  it("a name", function()
    for _, name in ipairs { '""', '"two words"', '"-x"', "5", "{}",
        ('"%s"'):format(("x"):rep(65)) } do
      expect(refused(("return skill(%s) { run = function() end }"):format(name)).message):contains(
        "is not a name")
    end
    for _, name in ipairs { "x", "shopify_shopper", "a.b-c_9" } do
      expect(inspect(('return skill "%s" { run = function() end }'):format(name)).manifest.name):is(
        name)
    end
  end)

  it("run is the one that must be there", function()
    expect(refused('\nreturn skill "x" {}')):same { kind = "script", code = "skill",
      where = "checkout.lua:2",
      message = 'skill "x": has no run function', hint = "run = function(t, o) … end",
      excerpt = '  1 | \n> 2 | return skill "x" {}' }
  end)
end)

describe("what a file returns", function()
  for source, message in pairs {
    [""] = "checkout.lua returns nothing",
    ['skill "x" { run = function() end }'] = "checkout.lua returns nothing",
    ['return skill "x"'] = "checkout.lua returns a function, not a skill",
    ["return { name = 'x', run = function() end }"] = "checkout.lua returns a table, not a skill",
    ["return 5"] = "checkout.lua returns a number, not a skill",
  } do
    it(source, function()
      local e = refused(source)
      expect(e.message):is(message)
      expect(e.hint):contains('return skill "checkout" { … }')
    end)
  end
end)

describe("the api line", function()
  it("is checked", function()
    expect(refused("-- api: 2\n" .. field "about = 'x'").message):contains("asks for api 2")
    expect(refused("-- api: 2\n" .. field "about = 'x'").hint):contains("newer nano-sre")
    expect(refused("-- api: one\n" .. field "about = 'x'").message):contains("asks for api one")
  end)

  it("may be missing, and counts only at the top", function()
    expect(inspect(field "about = 'x'").manifest.api):is(1)
    expect(inspect(field "about = 'x'" .. "\n-- api: 9").manifest.api):is(1)
  end)
end)

describe("the text of a file", function()
  it("may begin with a byte order mark or #!", function()
    expect(inspect("\239\187\191" .. field "about = 'x'").manifest.name):is("x")
    expect(inspect("#!/usr/bin/env nano-sre\n" .. field "about = 'x'").manifest.name):is("x")
  end)

  it("may have the line ends of Windows", function()
    local e = refused("local a = 1\r\nlocal b = = 2\r\n")
    expect(e.where):is("checkout.lua:2")
    expect(e.excerpt):lacks("\r")
  end)

  for text, hint in pairs {
    ["if a != b then end"] = "~=", ["x += 1"] = "x = x + 1", ["i++"] = "x = x + 1",
    ["if a && b then end"] = "&& is and",
    ["if a || b then end"] = "|| is or", ["// comment"] = "--",
    ["local f = x => x"] = "function(x)", ["let x = 1"] = "local", ["const x = 1"] = "local",
  } do
    it("with a habit of another language: " .. text, function()
      expect(refused(text).hint):contains(hint)
    end)
  end
end)
