--- Ways out of a run's sandbox, each tried in a real run state. A test that passes has seen the
--- attempt fail, and, where the script is not meant to survive it, that the run still ends in a
--- result.

local scripts = require "test.scripts"

local answer, broken = scripts.answer, scripts.broken

--- A project folder with files; removed after the test.
local folders = {}
local function project(files)
  local root = assert(sys.files.temp_dir("nano-sre-sandbox-"))
  folders[#folders + 1] = root
  for name, text in pairs(files) do
    local path = root .. "/" .. name
    assert(sys.files.make_dirs(path:match("^(.*)/")))
    assert(sys.files.write(path, text))
  end
  return { script = root .. "/checkout.lua", project = root }, root
end

after_each(function()
  for _, root in ipairs(folders) do sys.files.remove(root, { recursive = true }) end
  folders = {}
end)

describe("names that do not exist", function()
  for _, name in ipairs { "io", "package", "debug", "ffi", "jit", "load", "loadstring", "dofile",
      "loadfile", "setfenv",
    "getfenv", "newproxy", "sys", "gcinfo", "module", "arg", "describe" } do
    it(name, function()
      expect(broken(("local x = %s"):format(name))):contains(('"%s" is not defined'):format(name))
      expect(answer(('return tostring(rawget(_G, %q))'):format(name))):is("nil")
    end)
  end

  it("os has nothing but the time", function()
    expect(answer([[local words = {}
      for k in pairs(os) do words[#words + 1] = k end
      return table.concat(words, " ")]])):is("clock date time")
    expect(broken("os.execute('true')")):contains("attempt to call field 'execute' (a nil value)")
  end)

  it("string.dump, as a function and as a method", function()
    expect(answer("return tostring(string.dump)")):is("nil")
    expect(answer("return tostring(('').dump)")):is("nil")
    expect(broken("return ('x'):dump()")):contains("dump")
  end)

  it("coroutine.running would give away the scheduler's own coroutine", function()
    expect(answer("return tostring(coroutine.running)")):is("nil")
  end)
end)

describe("code from outside", function()
  it("a script that is bytecode", function()
    local result = scripts.run(string.dump(function() return 1 end))
    expect(result.status):is("ERROR")
    expect(result.error.message):contains("bytecode")
  end)

  it("a required file that is bytecode", function()
    local job = project { ["lib.lua"] = string.dump(function() return 1 end) }
    expect(broken('require "lib"', "script", job)):contains("bytecode")
  end)

  for _, name in ipairs { "ffi", "io", "os", "debug", "jit", "jit.util", "package", "string.buffer",
      "table.new", "sys",
    "run.session", "run.secret", "browser.page", "fault", "test.main", "service.runs" } do
    it("require " .. name, function()
      local job = project {}
      expect(broken(("require %q"):format(name), "script", job)):contains("no module of this name")
    end)
  end

  for _, name in ipairs { "", "..", "../evil", "lib..evil", "/etc/passwd", "lib/evil", ".evil",
      "evil.", "a\0b", "évil" } do
    it(("require with the path %q"):format(name), function()
      local job = project { ["evil.lua"] = "return 1", ["lib/evil.lua"] = "return 1" }
      expect(broken(("require(%q)"):format(name), "script", job)):contains("is not a module's name")
    end)
  end

  it("require of a symbolic link that leaves the project", function()
    local _, outside = project { ["secret.lua"] = "return 'out'" }
    local job, root = project {}
    local made = sys.process.spawn { argv = { "ln", "-s", outside .. "/secret.lua", root
      .. "/secret.lua" } }
    expect(made:wait().code):is(0)
    expect(broken('require "secret"', "script", job)):contains("outside of the project")
  end)

  it("require of the project's settings, which may hold passwords", function()
    local job, root = project { ["nano-sre.lua"] = "return { store = { password = 'hunter22' } }" }
    expect(broken('require "nano-sre"', "script", job)):contains("settings")
    local made = sys.process.spawn { argv = { "ln", "-s", "nano-sre.lua", root .. "/other.lua" } }
    expect(made:wait().code):is(0)
    expect(broken('require "other"', "script", job)):contains("settings")
  end)

  it("require of something that is no name", function()
    expect(broken("require({})")):contains("takes a name")
    local named = "setmetatable({}, { __tostring = function() return 'json' end })"
    expect(broken("require(" .. named .. ")")):contains("takes a name")
  end)
end)

describe("metatables", function()
  it("of texts", function()
    expect(answer("return tostring(getmetatable(''))")):is("false")
    expect(broken("getmetatable('').__index.upper = function() end")):contains("attempt to index")
    expect(broken("setmetatable('', {})")):contains("table expected")
    expect(broken("('').upper = 1")):contains("attempt to index")
  end)

  it("of numbers with a C type, which LuaJIT makes without ffi", function()
    expect(answer("return tostring(getmetatable(1LL)) .. tostring(1LL + 1)")):is("false2LL")
    expect(broken("return (1LL).x")):truthy()
  end)

  it("of what is ours", function()
    for _, name in ipairs { "_G", "string", "t", "t.store", "o", "t.expect(1)", "option",
      "require 'json'" } do
      expect(answer(("return tostring(getmetatable(%s))"):format(name)), name):is("false")
    end
  end)

  it("cannot be replaced on what is ours", function()
    for _, name in ipairs { "_G", "string", "t", "t.store", "o", "t.expect(1)", "option",
        "require 'json'" } do
      expect(broken(("setmetatable(%s, {})"):format(name))):contains("read-only")
    end
  end)

  it("of a fault lead nowhere", function()
    expect(answer([[local ok, e = pcall(t.fail, "sold out")
      return tostring(getmetatable(e)) .. tostring(pcall(setmetatable, e, {}))
        .. tostring(rawget(e, "__index")) .. tostring(e.__index) .. tostring(e.__tostring)]]))
      :is("falsefalsenilnilnil")
  end)

  it("of a cookie jar give no methods away", function()
    local result = scripts.run([=[return skill "t" { needs = { "http" }, run = function()
      local jar = require("http").jar()
      return type(jar.__index) .. type(jar.set) .. tostring(pcall(jar.set, {}, {}))
    end }]=])
    expect(result.summary):is("nilfunctionfalse")
  end)

  it("with a finalizer are refused", function()
    expect(broken("setmetatable({}, { __gc = function() end })")):contains("finalizers")
  end)

  it("with a finalizer that is added later are never called", function()
    expect(answer([[local called, meta = "no", {}
      setmetatable({}, meta)
      meta.__gc = function() called = "yes" end
      for i = 1, 20000 do local _ = { i, {} } end
      return called]])):is("no")
  end)

  it("of the script's own work as in Lua", function()
    expect(answer([[local meta = { __index = { x = "1" }, __call = function() return "2" end }
      local v = setmetatable({}, meta)
      return v.x .. v() .. tostring(getmetatable(v) == meta)
        .. tostring(getmetatable(setmetatable({}, { __metatable = "mine" })))]])):is("12truemine")
  end)
end)

describe("changing what is ours", function()
  for _, change in ipairs {
    "string.upper = nil", "string.new = 1", "math.pi = 3", "table.insert = nil", "os.time = nil",
    "bit.band = nil",
    "coroutine.create = nil", "t.step = nil", "t.store.url = 'http://evil.example'", "o.x = 1",
    "option.string = nil",
    "(require 'json').encode = nil", "(require 'json').null = nil", "t.expect(1).is = nil",
    "t.http.get = 1",
    "print = nil", "pairs = nil", "_G.string = nil", "_G.x = 1", "x = 1", "function f() end",
    "rawset(string, 'x', 1)", "rawset(_G, 'x', 1)", "rawset(t, 'step', nil)",
    "rawset(t.store, 'url', '')",
    "table.insert(string, 1)", "table.insert(t, 1)", "table.remove(_G)", "table.sort(string)",
    "table.move({1}, 1, 1, 1, t)",
  } do
    it(change, function()
      local message = broken(change, "script", { options = {} })
      local new = change == "x = 1" or change == "_G.x = 1" or change:find("^function")
      expect(message):matches(change:find("t.http") and "needs http" or new and "new global"
        or "read%-only")
    end)
  end
end)

describe("an error of ours that the script has caught", function()
  it("cannot be changed, and is told as it was", function()
    local result = scripts.body([=[local _, e = pcall(t.fail, "sold out")
      for _, field in ipairs { "kind", "where", "message", "code", "hint", "details" } do
        assert(not pcall(function() e[field] = print end))
        assert(not pcall(rawset, e, field, print))
      end
      error(e, 0)]=])
    expect(result.status):is("FAIL")
    expect(result.summary):is("sold out")
    expect(result.failure.code):is("fail")
  end)

  it("shows its fields", function()
    expect(answer([=[local _, e = pcall(t.fail, "sold out")
      local words = {}
      for name, value in pairs(e) do words[#words + 1] = name .. "=" .. value end
      return table.concat(words, " ") .. " " .. rawget(e, "message") .. " " .. type(next(e))]=]))
      :is("code=fail kind=failure message=sold out where=checkout.lua:1 sold out string")
  end)

  it("and whose details the script fills with nonsense", function()
    local result = scripts.body([=[local _, e = pcall(function() t.expect(1):is(2) end)
      e.details.actual = print
      e.details[e.details] = e.details
      error(e, 0)]=])
    expect(result.status):is("FAIL")
  end)
end)

describe("seeing what is ours", function()
  it("pairs, ipairs and next give no table that can be written", function()
    expect(answer([[local _, a, b = pairs(string)
      local _, c, d = ipairs(string)
      local k, v = next(string)
      local words = { tostring(a), tostring(b), tostring(c), tostring(d), type(k), type(v) }
      return table.concat(words, " ")]]))
      :is("nil nil nil nil string function")
  end)

  it("addresses", function()
    local text = answer([[return table.concat({ tostring({}), tostring(print), tostring(t),
      ("%s"):format({}), tostring(coroutine.create(print)), tostring(t.step) }, " ")]])
    for hex in text:gmatch("0x(%x+)") do expect(#hex):is(4) end
    expect(text):does_not_match("builtin")
    expect(broken([[return ("%p"):format({})]])):contains("%p is not available")
    expect(broken([[return ("%%%-5p"):format({})]])):contains("%p is not available")
    expect(answer([[return ("100%%p")]])):is("100%%p")
  end)

  it("the order of pairs does not tell the state's seed", function()
    local body = [[local words = {}
      local set = { 10, 20, z = 1, a = 2, [-5] = 3, [true] = 4, m = 5, [1.5] = 6 }
      for k in pairs(set) do words[#words + 1] = tostring(k) end
      return table.concat(words, " ")]]
    for _ = 1, 3 do expect(answer(body)):is("-5 1 1.5 2 a m z true") end
  end)

  it("methods of an expectation or a secret", function()
    expect(broken("return t.expect(1).__index")):truthy()
    expect(answer("return tostring(next(t.expect(1))) .. tostring(t.store.password)",
      { store = { url = "https://shop.example", password = "hunter22" } })):is("nil[secret]")
  end)
end)
