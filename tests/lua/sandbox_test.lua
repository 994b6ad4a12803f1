--- Ways out of a run's sandbox, each tried in a real run state. A test that passes has seen the attempt fail, and, where
--- the script is not meant to survive it, that the run still ends in a result.

local scripts = require "test.scripts"

--- The text that a run function returns, shown as the result's summary.
local function answer(body, options)
  local result = scripts.body(body, options)
  if result.status ~= "PASS" then error(("%s: %s"):format(result.status, result.summary), 2) end
  return result.summary
end

--- Runs body, which must end the run as ERROR of that kind; returns the result.
local function ended(body, kind, options)
  local result = scripts.body(body, options)
  expect(result.status, "status of " .. body):is("ERROR")
  expect(result.error.kind, "kind of " .. result.error.message):is(kind or "script")
  return result
end

--- The same; returns the error's message.
local function broken(body, kind, options)
  return ended(body, kind, options).error.message
end

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
  for _, name in ipairs { "io", "package", "debug", "ffi", "jit", "load", "loadstring", "dofile", "loadfile", "setfenv",
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

  for _, name in ipairs { "ffi", "io", "os", "debug", "jit", "jit.util", "package", "string.buffer", "table.new", "sys",
    "run.session", "run.secret", "browser.page", "fault", "test.main", "service.runs" } do
    it("require " .. name, function()
      local job = project {}
      expect(broken(("require %q"):format(name), "script", job)):contains("no module of this name")
    end)
  end

  for _, name in ipairs { "", "..", "../evil", "lib..evil", "/etc/passwd", "lib/evil", ".evil", "evil.", "a\0b", "évil" } do
    it(("require with the path %q"):format(name), function()
      local job = project { ["evil.lua"] = "return 1", ["lib/evil.lua"] = "return 1" }
      expect(broken(("require(%q)"):format(name), "script", job)):contains("is not a module's name")
    end)
  end

  it("require of a symbolic link that leaves the project", function()
    local _, outside = project { ["secret.lua"] = "return 'out'" }
    local job, root = project {}
    local made = sys.process.spawn { argv = { "ln", "-s", outside .. "/secret.lua", root .. "/secret.lua" } }
    expect(made:wait().code):is(0)
    expect(broken('require "secret"', "script", job)):contains("outside of the project")
  end)

  it("require of something that is no name", function()
    expect(broken("require({})")):contains("takes a name")
    expect(broken("require(setmetatable({}, { __tostring = function() return 'json' end }))")):contains("takes a name")
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
    expect(answer([[return tostring(getmetatable(_G)) .. tostring(getmetatable(string)) .. tostring(getmetatable(t))
      .. tostring(getmetatable(t.store)) .. tostring(getmetatable(o)) .. tostring(getmetatable(t.expect(1)))
      .. tostring(getmetatable(option)) .. tostring(getmetatable(require "json"))]])):is(("false"):rep(8))
  end)

  it("cannot be replaced on what is ours", function()
    for _, name in ipairs { "_G", "string", "t", "t.store", "o", "t.expect(1)", "option", "require 'json'" } do
      expect(broken(("setmetatable(%s, {})"):format(name))):contains("read-only")
    end
  end)

  it("of a fault lead nowhere", function()
    expect(answer([[local ok, e = pcall(t.fail, "sold out")
      return tostring(getmetatable(e)) .. tostring(pcall(setmetatable, e, {})) .. tostring(rawget(e, "__index"))
        .. tostring(e.__index) .. tostring(e.__tostring)]])):is("falsefalsenilnilnil")
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
    "string.upper = nil", "string.new = 1", "math.pi = 3", "table.insert = nil", "os.time = nil", "bit.band = nil",
    "coroutine.create = nil", "t.step = nil", "t.store.url = 'http://evil.example'", "o.x = 1", "option.string = nil",
    "(require 'json').encode = nil", "(require 'json').null = nil", "t.expect(1).is = nil", "t.http.get = 1",
    "print = nil", "pairs = nil", "_G.string = nil", "_G.x = 1", "x = 1", "function f() end",
    "rawset(string, 'x', 1)", "rawset(_G, 'x', 1)", "rawset(t, 'step', nil)", "rawset(t.store, 'url', '')",
    "table.insert(string, 1)", "table.insert(t, 1)", "table.remove(_G)", "table.sort(string)", "table.move({1}, 1, 1, 1, t)",
  } do
    it(change, function()
      local message = broken(change, "script", { options = {} })
      local new = change == "x = 1" or change == "_G.x = 1" or change:find("^function")
      expect(message):matches(change:find("t.http") and "needs http" or new and "new global" or "read%-only")
    end)
  end
end)

describe("seeing what is ours", function()
  it("pairs, ipairs and next give no table that can be written", function()
    expect(answer([[local _, a, b = pairs(string)
      local _, c, d = ipairs(string)
      local k, v = next(string)
      return table.concat({ tostring(a), tostring(b), tostring(c), tostring(d), type(k), type(v) }, " ")]]))
      :is("nil nil nil nil string function")
  end)

  it("addresses", function()
    local text = answer([[return table.concat({ tostring({}), tostring(print), tostring(t), ("%s"):format({}),
      tostring(coroutine.create(print)), tostring(t.step) }, " ")]])
    for hex in text:gmatch("0x(%x+)") do expect(#hex):is(4) end
    expect(text):does_not_match("builtin")
    expect(broken([[return ("%p"):format({})]])):contains("%p is not available")
    expect(broken([[return ("%%%-5p"):format({})]])):contains("%p is not available")
    expect(answer([[return ("100%%p")]])):is("100%%p")
  end)

  it("the order of pairs does not tell the state's seed", function()
    local body = [[local words, set = {}, { 10, 20, z = 1, a = 2, [-5] = 3, [true] = 4, m = 5, [1.5] = 6 }
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

describe("swallowing the end", function()
  it("an endless loop", function()
    local result = ended("\nwhile true do end", "timeout")
    expect(result.error.message):contains("without waiting")
    expect(result.error.where):is("checkout.lua:2")
  end)

  it("an endless loop inside pcall inside an endless loop", function()
    broken("while true do pcall(function() while true do end end) end", "timeout")
  end)

  it("an endless loop as the message handler of xpcall", function()
    broken("xpcall(error, function() while true do end end)", "timeout")
    broken("while true do xpcall(function() while true do end end, function() while true do end end) end", "timeout")
  end)

  it("an endless loop inside coroutines", function()
    broken("coroutine.wrap(function() while true do end end)()", "timeout")
    broken([[local function nest(n) if n == 0 then while true do end end
      pcall(coroutine.wrap(function() nest(n - 1) end)) while true do end end
      nest(20)]], "timeout")
  end)

  it("an endless loop in a callback of gsub, sort, tostring, pairs' metamethods", function()
    broken([[("x"):gsub("x", function() while true do end end)]], "timeout")
    broken([[table.sort({ 1, 2, 3 }, function() while true do end end)]], "timeout")
    broken([[tostring(setmetatable({}, { __tostring = function() while true do end end }))]], "timeout")
    broken([[local _ = setmetatable({}, { __index = function() while true do end end }).x]], "timeout")
  end)

  it("the time limit with pcall", function()
    local result = ended("t.step('a', function()\nwhile true do pcall(t.sleep, '1h') end end)", "timeout",
      { timeout_ms = 50 })
    expect(result.error.message):contains('timed out after 50ms in step "a"')
    expect(result.error.where):is("checkout.lua:2")
    expect(result.steps[1].status):is("ERROR")
  end)

  it("the time limit by waiting in small bits", function()
    broken("while true do pcall(t.sleep, '1ms') end", "timeout", { timeout_ms = 50 })
  end)

  it("all memory", function()
    local result = ended([[
      local all = {}
      while true do all[#all + 1] = ("x"):rep(1000) .. #all end]], "memory")
    expect(result.error.message):contains("more memory")
    expect(result.error.where):is("checkout.lua:2")
  end)

  it("all memory with pcall: the run goes on, with what it has", function()
    expect(answer([[local ok = pcall(function()
        local all = {}
        while true do all[#all + 1] = ("x"):rep(1000) .. #all end
      end)
      return "survived " .. tostring(ok)]])):is("survived false")
  end)

  it("all memory again and again", function()
    local result = scripts.body([[while true do
      pcall(function() local all = {} while true do all[#all + 1] = ("x"):rep(100000) .. #all end end) end]])
    expect(result.status):is("ERROR")
  end)

  it("one enormous text", function()
    broken("return #(('x'):rep(1e9))", "memory")
    broken("return #table.concat({ ('x'):rep(1e7), ('y'):rep(1e7), ('z'):rep(1e7) })", "memory")
  end)

  it("recursion without end", function()
    local result = ended("\nlocal function f() return 1 + f() end f()")
    expect(result.error.message):contains("stack overflow")
    expect(result.error.where):is("checkout.lua:2")
    broken("local function f() pcall(f) return 1 + f() end f()", "timeout")
    broken("local function f() xpcall(f, f) return 1 + f() end f()", "timeout")
    broken("local s = setmetatable({}, {}) getmetatable(s).__index = function(v, k) return v[k] end return s.x")
  end)
end)

describe("the stack of the process, of which LuaJIT keeps no account", function()
  local roomy = { start = { memory_cap = 64 * 1024 * 1024 } }

  for name, body in pairs {
    gsub = [[local function f() ("x"):gsub("x", f) end f()]],
    ["gsub with a table"] = [[local v = setmetatable({}, {})
      getmetatable(v).__index = function() return (("x"):gsub("x", v)) end
      return (("x"):gsub("x", v))]],
    sort = [[local function f() table.sort({ 3, 2, 1 }, f) end f()]],
    ["sort with __lt"] = [[local meta = {}
      function meta.__lt() table.sort { setmetatable({}, meta), setmetatable({}, meta) } return false end
      meta.__lt()]],
    ["coroutine.wrap"] = [[local function f() coroutine.wrap(f)() end f()]],
    ["coroutine.resume"] = [[local function f() assert(coroutine.resume(coroutine.create(f))) end f()]],
    tostring = [[local v = setmetatable({}, {}) getmetatable(v).__tostring = function() return tostring(v) .. "" end
      tostring(v)]],
    format = [[local v = setmetatable({}, {}) getmetatable(v).__tostring = function() return ("%s!"):format(v) end
      tostring(v)]],
    foreach = [[local function f() table.foreach({ 1 }, f) end f()]],
    comparison = [[local v = setmetatable({}, {}) getmetatable(v).__lt = function(a, b) return (a < b) == 1 end
      return tostring(v < v)]],
    concatenation = [[local v = setmetatable({}, {}) getmetatable(v).__concat = function(a, b) return (a .. b) .. "" end
      return v .. "x"]],
  } do
    it(name .. " that calls itself without end", function()
      expect(broken(body, "script", roomy)):contains("stack overflow")
    end)
  end

  it("the count is right after errors and yields", function()
    expect(answer([[
      for _ = 1, 500 do
        pcall(string.gsub, "x", "x", error)
        pcall(table.sort, { 2, 1 }, error)
        coroutine.wrap(coroutine.yield)(1)
        coroutine.resume(coroutine.create(error))
      end
      return "fine"]])):is("fine")
  end)

  it("steps in steps without end", function()
    expect(broken("local function f() t.step('x', f) end f()")):contains("nested too deeply")
  end)
end)

describe("errors that are no texts", function()
  it("with a __tostring that fails, loops, waits, or is no text", function()
    local raise = "error(setmetatable({}, { __tostring = function() %s end }))"
    expect(broken(raise:format("error('no')"))):contains("__tostring fails")
    expect(broken(raise:format("return {}"))):contains("__tostring fails")
    expect(broken(raise:format("t.sleep('1ms') return 'x'"))):is("x")
    expect(broken(raise:format("return 'good'"))):is("good")
    broken(raise:format("while true do end"), "timeout")
    broken(raise:format("return ('x'):rep(1e9)"))
  end)

  it("with an __index that fails or loops", function()
    expect(broken("error(setmetatable({}, { __index = function() while true do end end }))")):contains("table")
    expect(broken("error(setmetatable({}, { __index = error, __eq = error, __concat = error }))")):contains("table")
  end)

  it("nil, booleans, functions, coroutines", function()
    expect(broken("error()")):contains("error(nil)")
    expect(broken("error(false)")):contains("boolean")
    expect(broken("error(print)")):contains("function")
    expect(broken("error(coroutine.create(print))")):contains("thread")
  end)

  it("with a message of their own", function()
    expect(broken("error({ message = 'the price is wrong' })")):is("the price is wrong")
    expect(broken("error(('x'):rep(1e6))")):has_length(4004)
  end)

  it("forged faults are not ours", function()
    expect(broken("error({ kind = 'failure', message = 'fake', code = 'x' })")):is("fake")
    expect(broken("error({ kind = 'skip', message = 'fake' })")):is("fake")
  end)
end)

describe("waiting where it is impossible", function()
  local function impossible(body)
    expect(broken(body)):contains("waits")
  end

  it("in a coroutine of the script", function()
    impossible("coroutine.wrap(function() t.sleep('1ms') end)()")
    expect(answer([[local ok, why = coroutine.resume(coroutine.create(function() t.sleep("1ms") end))
      return tostring(ok)]])):is("false")
  end)

  it("in a callback of gsub or sort", function()
    expect(broken([[("x"):gsub("x", function() t.sleep("1ms") end)]])):truthy()
    expect(broken([[table.sort({ 3, 1, 2 }, function(a, b) t.sleep("1ms") return a < b end)]])):truthy()
  end)

  it("by yielding to the scheduler", function()
    expect(broken("coroutine.yield()")):contains("no coroutine of this script")
    expect(broken("pcall(coroutine.yield, 1) coroutine.yield()")):contains("no coroutine of this script")
    expect(broken("xpcall(function() error(1) end, coroutine.yield) coroutine.yield()")):truthy()
  end)

  it("generators work", function()
    expect(answer([[local function count(n)
        return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
      end
      local sum = 0
      for i in count(4) do sum = sum + i end
      local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
      local _, first = coroutine.resume(co, 1)
      local _, second = coroutine.resume(co, 21)
      return sum .. " " .. first .. " " .. second .. " " .. coroutine.status(co)]])):is("10 2 42 dead")
    expect(broken("coroutine.resume(1)")):contains("a coroutine of this script expected")
  end)

  it("while the file loads", function()
    for text, message in pairs {
      ["coroutine.yield()"] = "no coroutine of this script",
      ["while true do end"] = "without waiting",
      ["local t = {} while true do t[#t + 1] = ('x'):rep(9999) .. #t end"] = "memory",
      ["local function f() return 1 + f() end f()"] = "stack overflow",
      ["error({})"] = "the error raised is a table",
    } do
      local result = scripts.run("\n" .. text)
      expect(result.status, text):is("ERROR")
      expect(result.error.message, text):contains(message)
      expect(result.error.where, text):is("checkout.lua:2")
    end
  end)
end)

describe("chance and time", function()
  it("random numbers come through the gate", function()
    local result = ended("math.randomseed(1) local a = math.random() error('x')")
    local quiet = ended("error('x')")
    expect(result.gate.chances):is(quiet.gate.chances + 1)
    expect(answer([[for _ = 1, 50 do local n = math.random(3, 5) assert(n >= 3 and n <= 5 and n % 1 == 0) end
      return tostring(math.random(1) == 1)]])):is("true")
    expect(broken("math.random(2, 1)")):contains("interval is empty")
  end)

  it("dates are UTC on every machine", function()
    expect(answer([[return os.date("%Y-%m-%d %H:%M:%S", 86399) .. os.time { year = 1970, month = 1, day = 2, hour = 0 }
      .. os.date("!*t", 0).year .. type(os.time()) .. type(os.clock())]])):is("1970-01-01 23:59:59864001970numbernumber")
    expect(broken("os.date('%Q')")):contains("unknown conversion")
    expect(broken("os.time { year = 2000 }")):contains("'month' missing")
  end)

  it("only the amount of memory is told", function()
    expect(answer("return type(collectgarbage('count'))")):is("number")
    expect(broken("collectgarbage()")):contains('only "count"')
    expect(broken("collectgarbage('stop')")):contains('only "count"')
  end)
end)

describe("capabilities", function()
  it("are refused without a need, whatever the state was granted", function()
    expect(broken("t.page()")):contains("needs a browser")
    expect(broken("t.http.get('http://127.0.0.1/')")):contains("needs http")
    expect(broken("require 'http'")):contains("needs http")
  end)

  it("a log without end is cut off", function()
    local _, outcome = scripts.body("for i = 1, 5000 do print(i) end")
    expect(#outcome.log):is(2000)
    expect(outcome.log[2000]):contains("dropped")
    _, outcome = scripts.body("print(('x'):rep(1e6))")
    expect(#outcome.log[1]):below(10000)
  end)
end)
