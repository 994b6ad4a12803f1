-- sys.cdp with the real browser: what bindings and waits do.
-- (io's own tests are tests/unit/test_browser*.c and test_cdp_*.c.)

local decode, encode = sys.codec.json_decode, sys.codec.json_encode

local function ask(browser, method, params, session)
  return decode(assert(browser:call(method, params and encode(params), session, 20000)))
end

--- A page of its own: its session and target id.
local function open(browser, context)
  local target = ask(browser, "Target.createTarget",
    { url = "about:blank", browserContextId = context and context:id() }).targetId
  local attached = ask(browser, "Target.attachToTarget", { targetId = target, flatten = true })
  return attached.sessionId, target
end

local function evaluate(expression)
  return encode { expression = expression, returnByValue = true, awaitPromise = true }
end

local FOREVER = evaluate "new Promise(() => 0)"

describe("sys.cdp", function()
  local browser
  before_each(function() browser = assert(sys.cdp.connect { kind = "auto" }) end)
  after_each(function() if browser then browser:close() end end)

  it("says which browser it is, and shares one", function()
    local info = browser:info()
    expect(info.product):matches("Chrome/%d+")
    expect(info.path):matches("^/")
    expect(info.launch_ms > 0):truthy()
    local other = assert(sys.cdp.connect { kind = "auto" })
    expect(other:info().pid):is(info.pid)
    other:close()
  end)

  it("answers calls, and says why it refused one", function()
    local session = open(browser)
    expect(ask(browser, "Runtime.evaluate", { expression = "6*7" }, session).result.value):is(42)
    local none, text, code = browser:call("Runtime.evaluat", "{}", session, 5000)
    expect(none):is(nil)
    expect(code):is("cdp")
    expect(text):matches("Runtime.evaluat' wasn't found")
    local bad, why = browser:call("Runtime.evaluate", '{"expression":7}', session)
    expect(bad):is(nil)
    expect(why):matches("string value expected")
  end)

  it("pipelines tickets, each good for one wait", function()
    local session = open(browser)
    local late = evaluate "new Promise(r => setTimeout(() => r(1), 30))"
    local first = browser:send("Runtime.evaluate", late, session)
    local second = browser:send("Runtime.evaluate", evaluate "2", session)
    local peeked = browser:peek_send("Runtime.evaluate", evaluate "3", session)
    expect(decode(assert(browser:wait(second))).result.value):is(2)
    expect(decode(assert(browser:wait(peeked, 5000))).result.value):is(3)
    expect(decode(assert(browser:wait(first, 5000))).result.value):is(1)
    expect(function() browser:wait(first) end):raises("no such ticket")
  end)

  it("gives up a call at its time limit, and goes on", function()
    local session = open(browser)
    local none, text, code = browser:call("Runtime.evaluate", FOREVER, session, 30)
    expect(none):is(nil)
    expect(code):is("timeout")
    expect(text):matches("timed out after 30 ms")
    local ticket = browser:send("Runtime.evaluate", FOREVER, session)
    expect((select(3, browser:wait(ticket, 10)))):is("timeout")
    expect(function() browser:wait(ticket) end):raises("no such ticket")
    expect(decode(assert(browser:peek(evaluate "4", session, 5000))).result.value):is(4)
  end)

  it("asks objects of the page", function()
    local session = open(browser)
    local object = ask(browser, "Runtime.evaluate", { expression = "({ n: 5 })" }, session).result
    local params = encode { objectId = object.objectId, returnByValue = true,
      functionDeclaration = "function() { return this.n }" }
    expect(decode(assert(browser:peek_call(params, session, 5000))).result.value):is(5)
  end)

  it("brings events in order, also those that came before they were asked for", function()
    local session = open(browser)
    local sub = browser:subscribe(session, { "Runtime.consoleAPICalled" })
    ask(browser, "Runtime.enable", {}, session)
    expect((select(3, sub:next(20)))):is("timeout")
    local burst = "for (let i = 0; i < 200; i++) console.log(i)"
    ask(browser, "Runtime.evaluate", { expression = burst }, session)
    local seen = 0
    while seen < 200 do
      local batch = assert(sub:next(5000))
      for i = 1, #batch, 2 do
        expect(batch[i]):is("Runtime.consoleAPICalled")
        expect(decode(batch[i + 1]).args[1].value):is(seen)
        seen = seen + 1
      end
    end
    sub:close()
    expect((select(3, sub:next()))):is("closed")
  end)

  it("wakes who waits for an event when it comes, and when the subscription is closed", function()
    local session = open(browser)
    local sub = browser:subscribe(session, { "Runtime.consoleAPICalled" })
    local waiter = sys.task.spawn(function() return (assert(sub:next())) end)
    ask(browser, "Runtime.enable", {}, session)
    browser:post("Runtime.evaluate", '{"expression":"console.log(1)"}', session)
    local ok, batch = waiter:join(5000)
    expect(ok):is(true)
    expect(#batch):is(2)
    local last = sys.task.spawn(function() return select(3, sub:next()) end)
    sys.clock.sleep(0)
    expect(function() sub:next() end):raises("another task is waiting")
    sub:close()
    expect((select(2, last:join(5000)))):is("closed")
  end)

  it("ends the waits of a page that goes", function()
    local session, target = open(browser)
    local sub = browser:subscribe(session, { "Page.frameNavigated" })
    local ticket = browser:send("Runtime.evaluate", FOREVER, session)
    ask(browser, "Target.closeTarget", { targetId = target })
    expect((browser:wait(ticket, 5000))):is(nil)
    expect((select(3, sub:next(5000)))):is("closed")
  end)

  it("keeps contexts apart, and ends them with their handles", function()
    local one, two = assert(browser:context()), assert(browser:context())
    expect(one:id() ~= two:id()):truthy()
    local function contexts()
      return #ask(browser, "Target.getBrowserContexts").browserContextIds
    end
    expect(contexts()):is(2)
    expect((one:close())):is(true)
    expect((one:close())):is(true)
    expect(one:id()):is("")
    expect(contexts()):is(1)
    two = nil
    collectgarbage()
    collectgarbage()
    expect(contexts()):is(0)
  end)

  it("takes everything of a client along when it closes", function()
    local keeper = assert(sys.cdp.connect { kind = "auto" })
    local context = assert(browser:context())
    local session = open(browser, context)
    local sub = browser:subscribe(session, { "Page.loadEventFired" })
    local waiter = sys.task.spawn(function() return select(3, sub:next()) end)
    sys.clock.sleep(0)
    browser:close()
    expect((select(2, waiter:join(5000)))):is("closed")
    expect(#ask(keeper, "Target.getBrowserContexts").browserContextIds):is(0)
    expect(function() browser:call("Browser.getVersion") end):raises("handle was closed")
    browser:close() -- again: nothing
    browser = keeper
  end)

  it("survives a task that is killed while it waits", function()
    local session = open(browser)
    local task = sys.task.spawn(function()
      return browser:call("Runtime.evaluate", FOREVER, session)
    end)
    local making = sys.task.spawn(function() return browser:context() end)
    sys.clock.sleep(0)
    task:kill("enough")
    making:kill("enough")
    task:join()
    making:join()
    expect(ask(browser, "Runtime.evaluate", { expression = "1" }, session).result.value):is(1)
    -- The context whose maker was killed is disposed of when the browser has told its id.
    repeat
      local left = ask(browser, "Target.getBrowserContexts").browserContextIds
    until #left == 0
  end)

  it("says so when the browser dies, and starts another", function()
    local session, pid = open(browser), browser:info().pid
    local context = assert(browser:context())
    local sub = browser:subscribe(session, { "Page.loadEventFired" })
    local waiter = sys.task.spawn(function() return select(2, sub:next()) end)
    local ticket = browser:send("Runtime.evaluate", FOREVER, session)
    sys.process.spawn({ argv = { "kill", "-9", tostring(pid) }, stdout = "null" }):wait()
    local none, text, code = browser:wait(ticket, 10000)
    expect(none):is(nil)
    expect(code):is("exited")
    expect(text):matches("was killed by signal 9")
    expect((select(2, waiter:join(5000)))):matches("was killed by signal 9")
    expect((select(3, browser:call("Browser.getVersion")))):is("exited")
    expect((select(3, browser:context()))):is("exited")
    expect((select(3, context:close()))):is("exited")
    local fresh = assert(sys.cdp.connect { kind = "auto" })
    expect(fresh:info().pid ~= pid):truthy()
    fresh:close()
  end)

  it("refuses wrong use with the signature", function()
    expect(function() sys.cdp.connect() end):raises("table expected")
    expect(function() sys.cdp.connect { kind = "firefox" } end):raises('kind must be "auto"')
    expect(function() sys.cdp.connect { args = { 1 } } end):raises("args must be a list of strings")
    expect(function() browser:call("Page.navigate", "{") end):raises("must be a JSON object")
    expect(function() browser:call('x"', "{}") end):raises("method must be a name")
    expect(function() browser:send("A.b", "{}", "a b") end):raises("session is not an id")
    expect(function() browser:peek_send("Page.close", "{}") end):raises("must be Runtime.evaluate")
    expect(function() browser:subscribe("", {}) end):raises("between 1 and 64")
    local function close() browser:call("Browser.close") end
    expect(function() coroutine.wrap(close)() end):raises("it can't be made here")
    expect(browser:call("Browser.getVersion", nil, nil, 5000)):truthy() -- it was never sent
  end)

  it("says why there is no browser", function()
    local none, text, code = sys.cdp.connect { path = "/bin/false" }
    expect(none):is(nil)
    expect(code):is("exited")
    expect(text):matches("exited with code 1 while it was starting")
    expect((select(3, sys.cdp.connect { path = "/no/browser" }))):is("not-found")
    local nobody = "ws://127.0.0.1:1/devtools/browser/x"
    expect((select(3, sys.cdp.connect { endpoint = nobody }))):is("refused")
  end)
end)
