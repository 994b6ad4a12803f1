--- Ways to go on after the end: a script that swallows time-outs, eats all memory or stack, raises
--- hostile errors, or waits where nothing can. Each ends its own run, with a result.

local scripts = require "test.scripts"

local answer, broken, ended = scripts.answer, scripts.broken, scripts.ended

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
    broken([[local function loop() while true do end end
      while true do xpcall(loop, loop) end]], "timeout")
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
    broken([[tostring(setmetatable({}, { __tostring = function() while true do end end }))]],
      "timeout")
    broken([[local _ = setmetatable({}, { __index = function() while true do end end }).x]],
      "timeout")
  end)

  it("the time limit with pcall", function()
    local result = ended("t.step('a', function()\nwhile true do pcall(t.sleep, '1h') end end)",
      "timeout",
      { timeout_ms = 50 })
    expect(result.error.message):contains('timed out after 50ms in step "a"')
    expect(result.error.where):is("checkout.lua:2")
    expect(result.steps[1].status):is("ERROR")
  end)

  it("the time limit by waiting longer than there is time", function()
    broken("t.sleep(1e300)", "timeout", { timeout_ms = 50 })
  end)

  it("the time limit by waiting in small bits", function()
    broken("while true do pcall(t.sleep, '1ms') end", "timeout", { timeout_ms = 50 })
  end)

  it("all memory", function()
    local result = ended([[
      local all = {}
      while true do all[#all + 1] = ("x"):rep(100000) .. #all end]], "memory")
    expect(result.error.message):contains("more memory")
    expect(result.error.where):is("checkout.lua:2")
  end)

  it("all memory with pcall: the run goes on, with what it has", function()
    expect(answer([[local ok = pcall(function()
        local all = {}
        while true do all[#all + 1] = ("x"):rep(100000) .. #all end
      end)
      return "survived " .. tostring(ok)]])):is("survived false")
  end)

  it("all memory again and again", function()
    local result = scripts.body([[while true do
      pcall(function()
        local all = {}
        while true do all[#all + 1] = ("x"):rep(100000) .. #all end
      end) end]])
    expect(result.status):is("ERROR")
  end)

  it("one enormous text", function()
    expect(ended("\nreturn #(('x'):rep(1e9))", "memory").error.where):is("checkout.lua:2")
    broken("return #table.concat({ ('x'):rep(1e7), ('y'):rep(1e7), ('z'):rep(1e7) })", "memory")
  end)

  it("recursion without end", function()
    local result = ended("\nlocal function f() return 1 + f() end f()")
    expect(result.error.message):contains("stack overflow")
    expect(result.error.where):is("checkout.lua:2")
    broken([[local s = setmetatable({}, {})
      getmetatable(s).__index = function(v, k) return v[k] end
      return s.x]])
  end)

  it("the overflow of a recursion without end", function()
    -- Where the watchdog comes by is chance: near the end of the stack, or not.
    for _ = 1, 4 do
      broken("local function f() pcall(f) return 1 + f() end f()", "timeout")
      broken("local function f() xpcall(f, f) return 1 + f() end f()", "timeout")
    end
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
      function meta.__lt()
        table.sort { setmetatable({}, meta), setmetatable({}, meta) }
        return false
      end
      meta.__lt()]],
    ["coroutine.wrap"] = [[local function f() coroutine.wrap(f)() end f()]],
    ["coroutine.resume"] = [[local function f()
        assert(coroutine.resume(coroutine.create(f)))
      end
      f()]],
    tostring = [[local v = setmetatable({}, {})
      getmetatable(v).__tostring = function() return tostring(v) .. "" end
      tostring(v)]],
    format = [[local v = setmetatable({}, {})
      getmetatable(v).__tostring = function() return ("%s!"):format(v) end
      tostring(v)]],
    foreach = [[local function f() table.foreach({ 1 }, f) end f()]],
    comparison = [[local v = setmetatable({}, {})
      getmetatable(v).__lt = function(a, b) return (a < b) == 1 end
      return tostring(v < v)]],
    concatenation = [[local v = setmetatable({}, {})
      getmetatable(v).__concat = function(a, b) return (a .. b) .. "" end
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
    for _, meta in ipairs { "__index = function() while true do end end",
      "__index = error, __eq = error, __concat = error" } do
      local body = ("error(setmetatable({}, { %s }))"):format(meta)
      expect(broken(body)):contains("the error raised is a table")
    end
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
    expect(answer([[local co = coroutine.create(function() t.sleep("1ms") end)
      local ok = coroutine.resume(co)
      return tostring(ok)]])):is("false")
  end)

  it("in a callback of gsub or sort", function()
    impossible([[("x"):gsub("x", function() t.sleep("1ms") end)]])
    impossible([[table.sort({ 3, 1, 2 }, function(a, b) t.sleep("1ms") return a < b end)]])
  end)

  it("by yielding to the scheduler", function()
    expect(broken("coroutine.yield()")):contains("no coroutine of this script")
    expect(broken("pcall(coroutine.yield, 1) coroutine.yield()")):contains(
      "no coroutine of this script")
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
      return table.concat({ sum, first, second, coroutine.status(co) }, " ")]]))
      :is("10 2 42 dead")
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
    expect(answer([[for _ = 1, 50 do
        local n = math.random(3, 5)
        assert(n >= 3 and n <= 5 and n % 1 == 0)
      end
      return tostring(math.random(1) == 1)]])):is("true")
    expect(broken("math.random(2, 1)")):contains("interval is empty")
  end)

  it("dates are UTC on every machine", function()
    expect(answer([[local words = { os.date("%Y-%m-%d %H:%M:%S", 86399), os.date("!*t", 0).year,
        os.time { year = 1970, month = 1, day = 2, hour = 0 }, type(os.time()), type(os.clock()) }
      return table.concat(words, " ")]])):is("1970-01-01 23:59:59 1970 86400 number number")
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
