--- `require` of scripts: the public modules, and files beside the script.

local json = require "json"
local scripts = require "test.scripts"

local root

before_each(function() root = assert(sys.files.temp_dir("nano-sre-require-")) end)
after_each(function() sys.files.remove(root, { recursive = true }) end)

local function run(files, source, options)
  for name, text in pairs(files) do
    local path = root .. "/" .. name
    assert(sys.files.make_dirs(path:match("^(.*)/")))
    assert(sys.files.write(path, text))
  end
  options = options or {}
  options.script, options.project = root .. "/checkout.lua", root
  return scripts.run(source, options)
end

--- The summary of a run whose function returns this expression.
local function value(files, expression, needs)
  local result = run(files,
    ('return skill "x" { needs = { %s }, run = function(t) return tostring(%s) end }')
    :format(needs or "", expression))
  if result.status ~= "PASS" then error(result.summary, 2) end
  return result.summary
end

local function problem(files, expression)
  local result = run(files,
    ('return skill "x" { run = function(t)\nreturn tostring(%s) end }'):format(expression))
  expect(result.status):is("ERROR")
  return result.error
end

describe("files beside the script", function()
  it("are found by dots, and loaded once", function()
    expect(value({
      ["lib/cart.lua"] = [[local n = 0
        return { count = function() n = n + 1 return n end, name = ... }]],
    }, 'require("lib.cart").count() .. require "lib.cart".count() .. require "lib.cart".name')):is(
    "12lib.cart")
    expect(value({ ["helper.lua"] = "return 'top'" }, 'require "helper"')):is("top")
    expect(value({ ["none.lua"] = "local x = 1" }, 'require "none"')):is("true")
    expect(value({ ["no.lua"] = "return false" }, 'require "no"')):is("false")
  end)

  it("have the sandbox, require and skill words of the script", function()
    expect(value({
      ["lib/a.lua"] = 'local b = require "lib.b" return b .. type(skill) .. type(option.string)',
      ["lib/b.lua"] = "return 'b' .. tostring(rawget(_G, 'io'))",
    }, 'require "lib.a"')):is("bnilfunctionfunction")
  end)

  it("that are missing: the nearest is named", function()
    local e = problem({ ["lib/cart.lua"] = "" }, 'require "lib.crat"')
    expect(e.message):is('require "lib.crat": there is no module of this name and no file '
      .. "lib/crat.lua beside the script")
    expect(e.hint):is('did you mean "lib.cart"?')
    expect(e.where):is("checkout.lua:2")
    expect(problem({}, 'require "jsn"').hint):is('did you mean "json"?')
  end)

  it("that are broken: the line is theirs", function()
    local e = problem({ ["lib/bad.lua"] = "local a = 1\nlocal b = = 2\n" }, 'require "lib.bad"')
    expect(e.where):is("lib/bad.lua:2")
    expect(e.message):contains('require "lib.bad": unexpected symbol')
    expect(e.excerpt):contains("> 2 | local b = = 2")
    e = problem({ ["lib/bad.lua"] = "local a\n\na.b = 1" }, 'require "lib.bad"')
    expect(e.where):is("lib/bad.lua:3")
    expect(e.message):contains("attempt to index local 'a'")
    e = problem({ ["lib/bad.lua"] = "\nglobal = 1" }, 'require "lib.bad"')
    expect(e.where):is("lib/bad.lua:2")
  end)

  it("cannot wait while they load", function()
    local result = run({ ["lib/slow.lua"] = "return function(t)\n t.sleep('1ms') return 'x' end" },
      'return skill "x" { run = function(t) return require("lib.slow")(t) end }')
    expect(result.summary):is("x")
    result = run({ ["lib/eager.lua"] = "later()" },
      'return skill "x" { run = function(t) require "lib.eager" end }')
    expect(result.status):is("ERROR")
    local net = "local http = require 'http'\nlocal res = http.get('http://127.0.0.1:1/')"
    result = run({ ["lib/net.lua"] = net }, [[local net = require "lib.net"
      return skill "x" { needs = { "http" }, run = function(t) end }]])
    expect(result.error.message):is("a file cannot wait while it loads")
    expect(result.error.where):is("lib/net.lua:2")
    expect(result.error.hint):is("move the call into the run function")
  end)

  it("that require each other in a circle", function()
    local files = { ["a.lua"] = 'return require "b"', ["b.lua"] = 'return require "c"',
      ["c.lua"] = 'return require "a"' }
    expect(problem(files, 'require "a"').message):is(
      'require "a": files require each other in a circle: a → b → c → a')
  end)

  it("may be tried again after an error", function()
    expect(value({ ["odd.lua"] = "error('odd')" },
      '(pcall(require, "odd")) or (select(2, pcall(require, "odd")))'))
      :is("odd.lua:1: odd")
  end)

  it("are listed by inspect", function()
    local answer = run({ ["lib/a.lua"] = 'require "lib.b"', ["lib/b.lua"] = "" },
      'require "lib.a"\nreturn skill "x" { run = function() end }', { mode = "inspect" })
    expect(answer.manifest.files):same { "lib/a.lua", "lib/b.lua" }
  end)

  it("are found by a worker that inspects, as by one that runs", function()
    assert(sys.files.make_dirs(root .. "/lib"))
    assert(sys.files.write(root .. "/lib/a.lua", "return 'a'"))
    local pool = require("service.runs").open {}
    local manifest, e = pool:inspect { script = root .. "/checkout.lua", project = root,
      source = 'return skill(require "lib.a") { run = function() end }' }
    pool:close()
    expect(e):is(nil)
    expect(manifest.name):is("a")
  end)

  it("are no bigger than a megabyte", function()
    expect(problem({ ["big.lua"] = "-- " .. ("x"):rep(1100000) },
      'require "big"').message):contains("require \"big\"")
  end)
end)

describe("public modules", function()
  it("are there, and read-only", function()
    expect(value({}, 'require("json").encode { 1, require("json").array {} }')):is("[1,[]]")
    expect(value({}, 'require("time").parse_duration("2s")')):is("2000")
    expect(value({}, 'require("url").parse("https://a.example/b").host')):is("a.example")
    expect(value({}, 'require("crypto").hex("A")')):is("41")
    expect(value({}, 'type(require("expect")(1):is(1))')):is("table")
    expect(problem({}, 'require("json").encod({})').hint):is('did you mean "encode"?')
  end)

  it("give data that the script may change", function()
    expect(value({}, [[(function()
      local list = require("json").array { 1 }
      table.insert(list, 2)
      local data = require("json").decode('{"a":[1]}')
      table.insert(data.a, 2) rawset(data, "b", 1) setmetatable(data, {})
      return #list + #data.a
    end)()]])):is("4")
  end)

  it("that need a capability: at once, or when the manifest is known", function()
    local e = problem({}, 'require "http"')
    expect(e.message):is('require "http": the script does not declare that it needs http')
    expect(e.hint):is('add "http" to needs')
    local result = run({},
      '\nlocal http = require "http"\nreturn skill "x" { run = function() end }')
    expect(result.error.message):is(e.message)
    expect(result.error.where):is("checkout.lua:2")
    expect(value({}, 'type(require("http").get)', '"http"')):is("function")
    result = run({}, [[local http = require "http"
      return skill "x" { needs = { "http" }, run = function() end }]])
    expect(result.status):is("PASS")
  end)

  it("win over files of the same name", function()
    expect(value({ ["json.lua"] = "return {}" }, 'type(require("json").encode)')):is("function")
  end)

  it("the list of them is the list of files that exist", function()
    for name in pairs(require "run.public") do
      expect(sys.resource((name:gsub("%.", "/")) .. ".lua"), name):truthy()
      expect(json.encode(name)):truthy()
    end
  end)
end)
