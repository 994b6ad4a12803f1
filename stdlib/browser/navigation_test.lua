local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local function redirect(where) return { status = 302, headers = { location = where } } end

describe("page:goto", function()
  local site, page, context

  before_all(function()
    site = web.site {
      ["/"] = "<h1>Home</h1>", ["/two"] = "<h1>Two</h1>", ["/moved"] = redirect "/two",
      ["/round"] = redirect "/about", ["/about"] = redirect "/round",
      ["/broken"] = { status = 500, body = "<h1>Oops</h1>" }, ["/broken-empty"] = { status = 500 },
      ["/nothing"] = { status = 204 }, ["/silent"] = { hang = true },
      ["/file"] = { headers = { ["content-type"] = "application/octet-stream" }, body = "\1\2" },
      ["/picture"] = { headers = { ["content-type"] = "image/png" }, body = "\137PNG" },
      ["/data"] = { headers = { ["content-type"] = "application/json" }, body = '{"a":1}' },
      ["/half"] = '<h1>Half</h1><img src="/silent">',
      ["/script"] = "<script>location.replace('/two')</script>",
      ["/big"] = "<h1>Big</h1>" .. ("<p>" .. ("some words "):rep(100) .. "</p>"):rep(4000),
    }
    page, context = web.page(site)
  end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  local function failure(path, options)
    return web.fault("failure", page["goto"], page, path, options)
  end

  it("opens pages, whole addresses and redirects", function()
    local response = page:goto("/")
    expect(response.status):is(200)
    expect(response.ok):is(true)
    expect(response.headers["content-type"]):matches("^text/html")
    expect(page:url()):is(site.url .. "/")
    expect(page:goto(site.url .. "/two").url):is(site.url .. "/two")
    response = page:goto("/moved")
    expect(page:url()):is(site.url .. "/two")
    expect(response.request.redirected_from.url):is(site.url .. "/moved")
    expect(response.request.redirected_from.response.status):is(302)
  end)

  it("stays on the document of a #fragment", function()
    page:goto("/")
    page:eval("window.kept = 1")
    expect(page:goto("/#there")):is(nil)
    expect(page:url()):matches("#there$")
    expect(page:eval("window.kept")):is(1)
  end)

  it("ends where a script sends the visitor", function()
    page:goto("/script")
    page:wait_for_url("/two")
    expect(page:text("h1")):is("Two")
  end)

  it("takes an error status for a failure, unless told otherwise", function()
    local raised = failure("/broken")
    expect(raised.code):is("http-status")
    expect(raised.message):is("/broken answered 500 Internal Server Error")
    expect(failure("/broken-empty").message):matches("answered 500")
    expect(failure("/missing").message):is("/missing answered 404 Not Found")
    expect(page:goto("/broken", { allow_status = true }).status):is(500)
    expect(page:goto("/broken", { allow_status = { 500 } }).status):is(500)
    expect(failure("/broken", { allow_status = { 404 } }).code):is("http-status")
    expect(page:response().status):is(500)
  end)

  it("says what is no page", function()
    expect(failure("/file").message)
      :is("/file is a download (application/octet-stream), not a page")
    expect(failure("/picture").message):is("/picture is image/png, not a page")
    expect(failure("/nothing").message):matches("^/nothing answered 204")
    expect(page:goto("/data").mime):is("application/json")
  end)

  it("shows the way of an endless redirect", function()
    local message = failure("/round").message
    expect(message):contains("redirects without end")
    expect(message):contains(site.url .. "/round → " .. site.url .. "/about")
  end)

  it("loads a page of several megabytes", function()
    expect(page:goto("/big").status):is(200)
    expect(page:text("h1")):is("Big")
  end)

  it("says what a page is waiting for when it takes too long", function()
    expect(failure("/silent", { timeout = 50 }).message)
      :is("/silent: the server did not answer for 50 ms")
    -- The picture never comes: whatever the limit is, it is reached.
    expect(failure("/half", { timeout = 500 }).message):contains("still waiting for " .. site.url)
    page:goto("/half", { wait_until = "domcontentloaded" })
    expect(page:text("h1")):is("Half")
  end)

  it("tells a shop that is down from a monitor that is misused", function()
    local gone = web.site {}
    gone:close()
    context.shared.hosts.plain["localhost"] = true
    local raised = failure(("http://localhost:%d/"):format(gone.port))
    expect(raised.code):is("net")
    expect(raised.message):contains("the connection was refused")
    web.fault("usage", page["goto"], page, "https://elsewhere.example/")
    web.fault("usage", page["goto"], page, "file:///etc/passwd")
    expect(web.fault("usage", page["goto"], page, "/", { wait_until = "loaded" }).hint)
      :contains("load")
    expect(web.fault("engine", page["goto"], page, "http://127.0.0.1:1/").code):is("config")
  end)

  it("lets the store redirect to another host, which then is the store's", function()
    local other = ("http://localhost:%d/two"):format(site.port)
    site.pages["/away"] = redirect(other)
    local stranger, its_context = web.page(site)
    web.fault("usage", stranger["goto"], stranger, other)
    expect(stranger:goto("/away").url):is(other)
    expect(stranger:goto(other).status):is(200)
    web.finish(its_context)
  end)
end)

describe("after an action", function()
  local site, page, context

  before_all(function()
    site = web.site {
      ["/"] = [[<a id="link" href="/two">two</a> <a id="dead" href="/cut">dead</a>
        <a id="call" href="tel:123">call</a> <a id="none" href="/nothing">none</a>
        <a id="slow" href="/silent">slow</a>
        <form action="/sent" method="post"><input name="a" value="1"><button>send</button></form>
        <button id="later" onclick="fetch('/data').then(() => location = '/two')">later</button>
        <button id="ask" onclick="fetch('/data?x=1', { method: 'POST', body: 'a=b' })">ask</button>
        <button id="talk" onclick="alert('hello'); document.title = 'went on'">talk</button>]],
      ["/two"] = "<h1>Two</h1>",
      ["/sent"] = function(request) return "<h1>Got " .. request.body .. "</h1>" end,
      ["/data"] = { headers = { ["content-type"] = "application/json" }, body = '{"a":[1,null]}' },
      ["/nothing"] = { status = 204 }, ["/silent"] = { hang = true },
    }
    page, context = web.page(site)
  end)
  before_each(function() page:goto("/") end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  it("the page that a link or form leads to is there", function()
    page:click("#link")
    expect(page:text("h1")):is("Two")
    page:goto("/")
    page:click("form button")
    expect(page:text("h1")):is("Got a=1")
    expect(page:response().request.method):is("POST")
    expect(page:response().request.post_data):is("a=1")
  end)

  it("links that lead nowhere are no failure", function()
    page:click("#call")
    page:click("#none")
    expect(page:url()):is(site.url .. "/")
  end)

  it("a link to a server that does not answer is one", function()
    local impatient, other = web.page(site, { navigation_timeout_ms = 200, timeout_ms = 0 })
    impatient:goto("/", { timeout = "10s" })
    local raised = web.fault("failure", impatient.click, impatient, "#slow")
    expect(raised.message):is("click #slow: /silent did not answer for 200 ms")
    web.finish(other)
  end)

  it("a page that a script opens later can be waited for", function()
    page:click("#later")
    page:wait_for_url("**/two")
    expect(page:text("h1")):is("Two")
    page:goto("/")
    page:click("#later")
    page:wait_for_url(function(url) return url:find("two", 1, true) end)
    local raised = web.fault("failure", page.wait_for_url, page, "/three", { timeout = 0 })
    expect(raised.message):contains("it is at " .. site.url .. "/two")
  end)

  it("its requests can be waited for, even when they came first", function()
    page:click("#ask")
    local response = page:wait_for_response("/data")
    expect(response.request.method):is("POST")
    expect(response.request.post_data):is("a=b")
    expect(response:json()):same { a = { 1, require("json").null } }
    expect(response:text()):is('{"a":[1,null]}')
    expect(page:wait_for_request("/data?x=1").url):is(site.url .. "/data?x=1")
    local seen = page:wait_for_response(function(one) return one.status == 200 end)
    expect(seen.url):is(site.url .. "/data?x=1")
    local raised = web.fault("failure", page.wait_for_response, page, "/cart/add*", { timeout = 0 })
    expect(raised.message):contains("the page sent POST /data")
  end)

  it("earlier requests do not count", function()
    page:click("#ask")
    page:wait_for_response("/data")
    page:click("#talk")
    web.fault("failure", page.wait_for_request, page, "/data", { timeout = 0 })
  end)

  it("dialogs are put away, and told of", function()
    page:click("#talk")
    expect(page:title()):is("went on")
    local lines = page:console()
    expect(lines[#lines].text):is("alert: hello")
  end)

  it("load states can be waited for", function()
    page:click("#link")
    page:wait_for_load()
    page:wait_for_load("networkidle")
    web.fault("usage", page.wait_for_load, page, "idle")
  end)
end)
