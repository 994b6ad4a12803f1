-- What a page is told reaches its frames of other sites, which run in processes of their own, and
-- its workers; and what happens in them is the page's.

local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local ARGS = { "--site-per-process", "--host-resolver-rules=MAP *.test 127.0.0.1" }

local FRAME = [[<h2>Frame</h2><script>window.early = window.marked;
const worker = new Worker('/worker.js');
window.told = new Promise(done => { worker.onmessage = e => done(e.data); });
</script><script src="/app.js"></script>
<button id="ask" onclick="this.textContent = confirm('Sure?')">Ask</button>
<button id="open" onclick="window.open('/two')">Open</button>
<a id="get" download href="/data">Data</a>
<form><input type="file" id="file"></form>
<div id="from" draggable="true" style="width:40px;height:40px;background:#aaa"
  ondragstart="event.dataTransfer.setData('text/plain', 'parcel')">From</div>
<div id="to" style="width:40px;height:40px;background:#ccc" ondragover="event.preventDefault()"
  ondrop="event.preventDefault();
    this.textContent = event.dataTransfer.getData('text/plain')">To</div>
<input id="keys" onkeydown="this.dataset.key = event.key" onmouseover="this.dataset.over = 1">]]

local WORKER = [[(async () => postMessage({
  agent: navigator.userAgent, language: navigator.language,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone, text: (1234.5).toLocaleString(),
  answer: await fetch('/api').then(r => r.text(), e => 'failed') }))();]]

local function script(text)
  return { body = text, headers = { ["content-type"] = "text/javascript" } }
end

describe("frames of other sites and workers", function()
  local site, page, context, frame
  local function url(host, path) return ("http://%s.test:%d%s"):format(host, site.port, path) end

  before_each(function()
    site = web.site {
      ["/"] = function() return ('<iframe id="f" width="380" height="500" src="%s"></iframe>')
        :format(url("pay", "/frame")) end,
      ["/frame"] = FRAME, ["/worker.js"] = script(WORKER),
      ["/app.js"] = script "window.app = 'real'",
      ["/api"] = function(request) return { body = request.headers["x-probe"] or "none" } end,
      ["/two"] = "<h1>Two</h1>",
      ["/data"] = { body = ("x"):rep(5000), headers = { ["content-type"] = "text/csv",
        ["content-disposition"] = 'attachment; filename="orders.csv"' } },
    }
    page, context = web.page({ url = url("shop", "") }, { browser = { args = ARGS },
      folder = "stdlib/browser" })
    frame = page:frame("#f")
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  local function sent(path, name)
    for i = #site.seen, 1, -1 do
      if site.seen[i].path == path then return site.seen[i].headers[name] end
    end
  end

  it("are really apart: other processes", function()
    page:goto("/")
    frame:eval("told")
    local kinds = {}
    local answer = assert(context.shared.browser:call("Target.getTargets", "{}"))
    for _, target in ipairs(sys.codec.json_decode(answer).targetInfos) do
      kinds[target.type .. " " .. target.url] = true
    end
    expect(kinds["iframe " .. url("pay", "/frame")]):is(true)
    expect(kinds["worker " .. url("pay", "/worker.js")]):is(true)
  end)

  it("are the page's device, in its place, with its language and headers", function()
    page:emulate { locale = "de-DE", timezone = "Asia/Tokyo", headers = { ["X-Probe"] = "yes" },
      reduced_motion = true, geolocation = { latitude = 52.5, longitude = 13.4 } }
    page:goto("/")
    local here = frame:eval([[({ agent: navigator.userAgent, touch: navigator.maxTouchPoints,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone, text: (1234.5).toLocaleString(),
      language: navigator.language, still: matchMedia('(prefers-reduced-motion: reduce)').matches,
    })]])
    expect(here.agent):contains("iPhone")
    here.agent = nil
    expect(here):same { touch = 5, zone = "Asia/Tokyo", text = "1.234,5", language = "de-DE",
      still = true }
    local worker = frame:eval("told")
    expect(worker.agent):contains("iPhone")
    worker.agent = nil
    expect(worker):same { zone = "Asia/Tokyo", text = "1.234,5", language = "de-DE",
      answer = "yes" }
    expect(sent("/frame", "x-probe")):is("yes")
    expect(sent("/worker.js", "x-probe")):is("yes")
    expect(sent("/app.js", "accept-language")):matches("^de%-DE,de")
    page:emulate { headers = { ["X-Probe"] = "later" }, offline = false }
    expect(frame:eval("fetch('/api').then(r => r.text())")):is("later")
  end)

  it("are offline when the page is", function()
    page:goto("/")
    frame:wait_for("h2")
    page:emulate { offline = true }
    expect(frame:eval("fetch('/api').then(() => 'answer', () => 'none')")):is("none")
    page:emulate { offline = false }
    expect(frame:eval("fetch('/api').then(() => 'answer', () => 'none')")):is("answer")
  end)

  it("get the page's answers", function()
    page:route("/api", { body = "ours" })
    page:goto("/")
    expect(frame:eval("told").answer):is("ours")
    page:route("/app.js", { abort = true })
    page:route("/api", function(request) return { body = request.method .. " " .. request.url } end)
    page:goto("/")
    expect(frame:eval("typeof app")):is("undefined")
    expect(frame:eval("fetch('/api').then(r => r.text())")):is("GET " .. url("pay", "/api"))
    page:unroute()
    expect(frame:eval("fetch('/api').then(r => r.text())")):is("none")
  end)

  it("run the page's scripts before their own", function()
    page:add_init_script("window.marked = 1; window.marked += 1;")
    page:add_init_script("(by) => { window.marked += by }", 40)
    page:goto("/")
    expect(frame:eval("early")):is(42)
    expect(page:eval("marked")):is(42)
    expect(web.fault("usage", page.add_init_script, page, "window.x = (").message)
      :contains("SyntaxError")
    web.fault("usage", page.add_init_script, page, "")
  end)

  it("open dialogs and pages and download for the page", function()
    page:goto("/")
    page:on_dialog("accept")
    frame:click("#ask")
    expect(frame:text("#ask")):is("true")
    frame:click("#open")
    expect(page:wait_for_popup():text("h1")):is("Two")
    frame:click("#get")
    expect(page:wait_for_download()):same { name = "orders.csv", url = url("pay", "/data"),
      size = 5000 }
    -- What the frame's session said of downloads does not go with the frame.
    page:eval("document.querySelector('#f').replaceWith(Object.assign(document.createElement('a'), "
      .. "{ href: '/data', download: '', textContent: 'Data' }))")
    page:click("text=Data")
    expect(page:wait_for_download().url):is(url("shop", "/data"))
  end)

  it("are dragged, pressed, hovered and uploaded in", function()
    page:goto("/")
    frame:drag("#from", "#to")
    expect(frame:text("#to")):is("parcel")
    frame:press("#keys", "Enter")
    expect(frame:attribute("#keys", "data-key")):is("Enter")
    frame:hover("#keys")
    expect(frame:attribute("#keys", "data-over")):is("1")
    frame:upload("#file", "reach_test.lua")
    expect(frame:eval("document.querySelector('#file').files[0].name")):is("reach_test.lua")
  end)

  it("are in the page's archive, with bodies", function()
    page:goto("/")
    frame:eval("told")
    expect(page:wait_for_response("**/api"):text()):is("none")
    local found = {}
    for _, entry in ipairs(page:har().log.entries) do found[entry.request.url] = true end
    for _, path in ipairs { "/frame", "/app.js", "/worker.js", "/api" } do
      expect(found[url("pay", path)], path):is(true)
    end
  end)

  it("of a page that another one opened are acted in as well", function()
    page:goto("/")
    page:eval("void window.open('/')")
    local two = page:wait_for_popup()
    two:frame("#f"):click("#keys")
    expect(two:frame("#f"):text("h2")):is("Frame")
  end)
end)
