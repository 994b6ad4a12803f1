-- What is waited for and looked at: functions, events, bodies, timing, archives.

local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local HOME = [[<script>
function ask() { return fetch('/api', { headers: { Authorization: 'Bearer hidden' } }); }
</script>
<button id="go"
  onclick="ask().then(() => { document.title = 'answered'; console.log('done', 7); })">Go</button>
<button id="bad" onclick="throw new Error('broken')">Bad</button>
<a id="on" href="/two">on</a>]]

describe("events of a page", function()
  local site, page, context
  before_each(function()
    site = web.site {
      ["/"] = HOME, ["/two"] = "<script>requestAnimationFrame(() => { window.late = 3; })</script>",
      ["/api"] = { body = '{"items":2}', headers = { ["content-type"] = "application/json",
        ["set-cookie"] = "secret=1" } },
      ["/large"] = { body = ("x"):rep(5 * 1024 * 1024 + 1) },
      ["/bytes"] = { body = "\0\1\255", headers = { ["content-type"] = "image/png" } },
    }
    page, context = web.page(site)
    page:goto("/")
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  it("functions are waited for, also over a navigation", function()
    page:click("#go")
    expect(page:wait_for_function("document.title === 'answered'")):is(true)
    expect(page:wait_for_function("n => n > 1 && { n }", 2)):same { n = 2 }
    page:click("#on")
    expect(page:wait_for_function("window.late")):is(3)
    local raised = web.fault("failure", page.wait_for_function, page, "0", nil, { timeout = 50 })
    expect(raised.message):contains("0 was not true in 50 ms")
    expect(web.fault("failure", page.wait_for_function, page, "none.there").message)
      :contains("ReferenceError")
  end)

  it("are waited for by name", function()
    page:click("#go")
    expect(page:wait_for_event("console").text):is("done 7")
    expect(page:wait_for_event("requestfinished").url):is(site.url .. "/api")
    page:click("#bad")
    expect(page:wait_for_event("pageerror").message):is("Error: broken")
    expect(page:wait_for_event("console", function(line) return line.type == "error" end).text)
      :contains("broken")
    page:click("#on")
    page:wait_for_event("load")
    page:wait_for_load("networkidle")
    expect(web.fault("failure", page.wait_for_event, page, "dialog", { timeout = 20 }).message)
      :contains("no event dialog in 20 ms")
    expect(web.fault("usage", page.wait_for_event, page, "consol").hint):contains("console")
  end)

  it("bodies are read up to a bound", function()
    page:click("#go")
    expect(page:response_body("/api")):is('{"items":2}')
    page:eval("fetch('/bytes').then(r => r.arrayBuffer()).then(b => b.byteLength)")
    expect(page:wait_for_response("/bytes"):body()):is("\0\1\255")
    page:eval("fetch('/large').then(r => r.text()).then(t => t.length)")
    local large = page:wait_for_response("/large")
    local raised = web.fault("failure", large.body, large)
    expect(raised.code == "too-large" or raised.code == "no-body"):is(true)
  end)

  it("requests tell of their time and of who asked for them", function()
    page:click("#go")
    local request = page:wait_for_event("requestfinished")
    local timing = request.timing
    expect(timing.total_ms):above(0)
    expect(timing.wait_ms):above(0)
    expect(timing.receive_ms):at_least(0)
    expect(request.initiator.type):is("script")
    expect(request.initiator.url):is(site.url .. "/")
    expect(request.initiator.name):is("ask")
    expect(request.initiator.line):is(2)
  end)

  it("are kept as an archive, without secrets", function()
    page:click("#go")
    page:wait_for_event("requestfinished")
    local archive, path = page:har { name = "journey" }
    expect(path):is("/artifacts/journey.har")
    expect(context.kept["journey.har"]):lacks("Bearer hidden")
    expect(context.kept["journey.har"]):lacks("secret=1")
    local log = require("json").decode(context.kept["journey.har"]).log
    expect(log.version):is("1.2")
    expect(#log.pages):is(1)
    local api
    for _, entry in ipairs(log.entries) do
      if entry.request.url:find("/api$") then api = entry end
    end
    expect(api.response.status):is(200)
    expect(api.pageref):is(log.pages[1].id)
    expect(api.startedDateTime):matches("^%d%d%d%d%-%d%d%-%d%dT")
    expect(api.time):above(0)
    expect(api._initiator.type):is("script")
    expect(archive.log.entries[1].request.method):is("GET")
  end)
end)
