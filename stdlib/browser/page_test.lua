local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()
local face = require "browser.face"
local pages = require "browser.page"

describe("a page", function()
  local site

  before_all(function()
    site = web.site {
      ["/"] = [[<h1 style="font-size:50px">Welcome</h1><p id="below">text</p>
        <button id="boom" onclick="console.error('bad', 7, null); broken()">boom</button>
        <button id="no" onclick="Promise.reject(new Error('refused'))">no</button>
        <button id="push" onclick="requestAnimationFrame(() =>
          document.body.style.paddingTop = '300px')">push</button>
        <script src="/gone.js"></script>]],
      ["/two"] = "<h1>Two</h1>",
    }
  end)
  after_all(function() site:close() end)

  it("is a phone unless told otherwise", function()
    local page, context = web.page(site)
    page:goto("/")
    expect(page:device()):is("iPhone 17 Pro")
    expect(page:eval("[innerWidth, innerHeight, devicePixelRatio, navigator.maxTouchPoints]"))
      :same { 402, 874, 3, 5 }
    expect(page:eval("navigator.platform + ' ' + navigator.userAgent")):matches("^iPhone .*Safari")
    local sent = site.seen[1].headers
    expect(sent["user-agent"]):contains("iPhone; CPU iPhone OS")
    expect(sent["sec-ch-ua"]):is(nil)
    web.finish(context)
  end)

  it("can be another device, with matching client hints", function()
    local page, context = web.page(site, { device = "Pixel 9" })
    page:goto("/")
    expect(page:eval("navigator.userAgent")):contains("Android 10; K")
    expect(page:eval("navigator.userAgentData.mobile")):is(true)
    local desk = pages.open(context, { device = { like = "Desktop", width = 1280, height = 720 } })
    desk:goto("/")
    expect(desk:eval("[innerWidth, innerHeight, navigator.maxTouchPoints]")):same { 1280, 720, 0 }
    expect(desk:eval("navigator.userAgentData.mobile")):is(false)
    expect(desk:eval("navigator.userAgent")):lacks("Headless")
    web.finish(context)
  end)

  it("runs JavaScript and gives plain data back", function()
    local page, context = web.page(site)
    page:goto("/")
    expect(page:eval("1 + 1;")):is(2)
    expect(page:eval("await Promise.resolve('x') // a comment")):is("x")
    expect(page:eval("({ a: [1, 2], b: { c: true } })")):same { a = { 1, 2 }, b = { c = true } }
    expect(page:eval("o => o.list.length", { list = { 1, 2, 3 } })):is(3)
    expect(page:eval("async () => (await fetch('/two')).status")):is(200)
    expect(page:eval("null")):is(nil)
    expect(page:eval("undefined")):is(nil)
    expect(page:eval("1 / 0")):is(math.huge)
    local raised = web.fault("failure", page.eval, page, "() => { throw new TypeError('odd') }")
    expect(raised.message):contains("TypeError: odd")
    expect(web.fault("usage", page.eval, page, "let a = 1; a").message):contains("SyntaxError")
    expect(web.fault("failure", page.eval, page, "JSON.parse('{')").code):is("js")
    raised = web.fault("failure", page.eval, page, "new Promise(() => {})", nil, { timeout = 20 })
    expect(raised.message):contains("no result for 20 ms")
    web.finish(context)
  end)

  it("hears console and exceptions", function()
    local page, context = web.page(site)
    page:goto("/")
    page:eval([[() => {
      window.told = new Promise(done => addEventListener('unhandledrejection', done));
    }]])
    page:click("#boom")
    page:click("#no")
    -- Chromium reports a rejection behind the page's own handlers.
    page:eval("() => told.then(() => new Promise(done => setTimeout(done)))")
    local lines, errors = page:console(), page:errors()
    expect(lines[1].text):is("bad 7 null")
    expect(lines[1].type):is("error")
    expect(errors[1].message):is("ReferenceError: broken is not defined")
    expect(errors[1].url):is(site.url .. "/")
    expect(errors[2].message):is("Error: refused")
    expect(errors[2].unhandled_rejection):is(true)
    web.finish(context)
  end)

  it("measures vitals, also of pages that it has left", function()
    local page, context = web.page(site)
    page:goto("/")
    local vitals = page:vitals()
    expect(vitals.url):is(site.url .. "/")
    expect(vitals.lcp_element):contains("<h1>")
    expect(vitals.lcp_ms):at_least(vitals.fcp_ms)
    expect(vitals.load_ms):at_least(vitals.ttfb_ms)
    expect(vitals.cls):is(0)
    page:eval([[() => new Promise(seen => {
      new PerformanceObserver(list => seen()).observe({ type: 'layout-shift' });
      document.querySelector('h1').style.marginTop = '200px';
    })]])
    expect(page:vitals().cls):above(0)
    page:goto("/two")
    local visited = page:visited()
    expect(visited[1].url):is(site.url .. "/")
    expect(visited[1].status):is(200)
    expect(visited[1].vitals.cls):above(0)
    expect(visited[2].url):is(site.url .. "/two")
    web.finish(context)
  end)

  it("measures what a step costs: interactions, long tasks, what moved", function()
    local page, context = web.page(site)
    page:goto("/")
    page:eval([[() => {
      const busy = ms => { const end = performance.now() + ms; while (performance.now() < end); };
      push.onclick = () => busy(180);
      push.className = 'shop-button';
    }]])
    expect(page:vitals().inp_ms):is(nil)
    page:vitals { step = true }
    page:click("#push")
    local step = page:vitals { step = true }
    expect(step.inp_ms):at_least(180)
    expect(step.inp_element):is("#push")
    expect(step.long_tasks):at_least(1)
    expect(step.tbt_ms):at_least(130)
    expect(step.longest_task_ms):at_least(180)
    expect(page:vitals { step = true }.inp_ms):is(nil)
    expect(page:vitals().inp_ms):at_least(180)
    page:eval([[() => new Promise(seen => {
      new PerformanceObserver(list => setTimeout(seen)).observe({ type: 'layout-shift' });
      setTimeout(() => { document.querySelector('h1').style.paddingTop = '200px'; }, 600);
    })]])
    local moved = page:vitals { step = true }
    expect(moved.cls):above(0)
    local by_selector = {}
    for _, one in ipairs(moved.cls_sources) do by_selector[one.selector] = one end
    expect(by_selector["#below"].to_y - by_selector["#below"].from_y):above(100)
    web.finish(context)
  end)

  it("lists its requests", function()
    local page, context = web.page(site)
    page:goto("/")
    local by_path = {}
    for _, one in ipairs(page:requests()) do by_path[one.url:sub(#site.url + 1)] = one end
    expect(by_path["/"].status):is(200)
    expect(by_path["/"].type):is("document")
    expect(by_path["/gone.js"].status):is(404)
    expect(by_path["/gone.js"].type):is("script")
    expect(by_path["/"].bytes):above(100)
    expect(by_path["/"].duration_ms):above(0)
    local gone = page:requests { url = "/gone.*" }
    expect(#gone):is(1)
    expect(gone[1].status):is(404)
    expect(#page:requests { url = function(url) return url == site.url .. "/" end }):is(1)
    web.finish(context)
  end)

  it("takes pictures and keeps them where the run says", function()
    local page, context = web.page(site)
    page:goto("/")
    local png, path = page:screenshot { name = "home" }
    expect(png:sub(1, 8)):is("\137PNG\r\n\26\n")
    -- Width and height of the picture are in its header: the screen's pixels.
    local function number(at)
      local a, b, c, d = png:byte(at, at + 3)
      return ((a * 256 + b) * 256 + c) * 256 + d
    end
    expect({ number(17), number(21) }):same { 402 * 3, 874 * 3 }
    expect(path):is("/artifacts/home.png")
    expect(context.kept["home.png"]):is(png)
    page:screenshot { path = "../../etc/home" }
    expect(context.kept["home.png"]):is_a("string")
    web.finish(context)
  end)

  it("gives the whole document", function()
    local page, context = web.page(site)
    page:goto("/two")
    expect(page:content()):matches("^<!DOCTYPE html>.*<h1>Two</h1>")
    expect(page:title()):is("Test")
    web.finish(context)
  end)

  it("shares cookies with the other pages of its run, unless it is fresh", function()
    local page, context = web.page(site)
    page:goto("/")
    page:eval("document.cookie = 'cart=7'")
    local second, fresh = pages.open(context), pages.open(context, { fresh = true })
    second:goto("/two")
    fresh:goto("/two")
    expect(second:eval("document.cookie")):is("cart=7")
    expect(fresh:eval("document.cookie")):is("")
    expect(rawequal(pages.list(context)[1], fresh)):is(true)
    page:title()
    expect(rawequal(pages.list(context)[1], page)):is(true)
    second:close()
    expect(#pages.list(context)):is(2)
    expect(second:is_closed()):is(true)
    expect(web.fault("usage", second.title, second).code):is("page-closed")
    web.finish(context)
    expect(#pages.list(context)):is(0)
  end)

  it("hides what is behind it from the script", function()
    local page, context = web.page(site)
    expect(next(page)):is(nil)
    expect(getmetatable(page)):is(false)
    expect(web.fault("usage", function() page.click = nil end).message):contains("read-only")
    expect(web.fault("usage", function() return page.clik end).hint):contains("click")
    expect(web.fault("usage", page.title, {}).message):contains("with a colon")
    expect(web.fault("usage", page.title, page:locator("h1")).message):contains("on a page")
    web.finish(context)
  end)

  it("is not opened for a device or option that does not exist", function()
    local context = web.context(site)
    expect(web.fault("usage", pages.open, context, { device = "iPhone 17 Por" }).hint)
      :contains("iPhone 17 Pro")
    expect(web.fault("usage", pages.open, context, { devise = "x" }).hint):contains("device")
    local raised = web.fault("usage", pages.open, context, { device = { width = 0 } })
    expect(raised.message):contains("from 1 to 10000")
    local missing = web.context(site, { browser = { kind = "shell", path = "/nowhere/chrome" } })
    expect(web.fault("engine", pages.open, missing).message):contains("the browser did not start")
  end)
end)

describe("a page that breaks", function()
  local site

  before_all(function()
    site = web.site { ["/"] = [[<h1>Welcome</h1><form><input type="password" value="hunter22">
      <button id="spin" onclick="for (;;);">spin</button></form>
      <script>console.log('begun')</script>]] }
  end)
  after_all(function() site:close() end)

  it("leaves evidence", function()
    local page, context = web.page(site)
    page:goto("/")
    local seen = page:evidence("#spin")
    expect(seen.url):is(site.url .. "/")
    expect(seen.title):is("Test")
    expect(seen.selector):is("#spin")
    expect(seen.dom):contains("<button id=\"spin\"")
    expect(seen.dom):lacks("hunter22")
    expect(seen.console[1].text):is("begun")
    expect(seen.requests[1].status):is(200)
    expect(seen.screenshot):is("/artifacts/failure.png")
    expect(seen.vitals.load_ms):above(0)
    expect(page:evidence().dom):contains("<h1>Welcome</h1>")
    expect(page:evidence("a[").url):is(site.url .. "/")
    web.finish(context)
  end)

  it("is told of when its tab crashes, also to who waits", function()
    local page, context = web.page(site)
    page:goto("/")
    local tab = face.hidden(page, "page").tab
    local waiter = sys.task.spawn(function()
      return web.fault("failure", page.wait_for, page, "#never")
    end)
    tab:post("Page.navigate", { url = "chrome://crash" })
    local _, raised = waiter:join()
    expect(raised.code):is("page-crash")
    expect(web.fault("failure", page.title, page).code):is("page-crash")
    expect(page:evidence().url):is(site.url .. "/")
    web.finish(context)
  end)

  it("is the monitor's trouble when the browser dies, and the next page has a new one", function()
    local page, context = web.page(site)
    page:goto("/")
    local tab = face.hidden(page, "page").tab
    local waiter = sys.task.spawn(function()
      return web.fault("engine", page.wait_for, page, "#never")
    end)
    tab.browser:post("Browser.crash")
    local _, raised = waiter:join()
    expect(raised.code):is("browser")
    expect(page:evidence().url):is(site.url .. "/")
    local second = pages.open(context)
    second:goto("/")
    expect(second:text("h1")):is("Welcome")
    web.finish(context)
  end)
end)
