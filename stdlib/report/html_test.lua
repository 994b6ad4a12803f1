local build = require "report.build"
local html = require "report.html"
local tags = require "report.html.tags"
local timing = require "report.html.timing"

local HOSTILE = '</script></style></title>--><script>document.title="owned"</script>'
  .. '<img src="http://evil.example/x.png" onerror="alert(1)">\1\255\'"&'

local function result(fields)
  local made = { skill = "checkout", status = "PASS", summary = "fine", duration_ms = 1000,
    started_at = "2026-01-02T03:04:05.678Z" }
  for key, value in pairs(fields or {}) do made[key] = value end
  return build.normalise(made)
end

local function render(results, fields, options)
  local all = { version = "0.1.0", command = "nano-sre audit", store_url = "https://shop.example",
    results = results, finished_at = "2026-01-02T03:04:12.000Z", duration_ms = 6400,
    planned = #results, exit_code = 0 }
  for key, value in pairs(fields or {}) do all[key] = value end
  return html.render(build.report(all), options)
end

-- What a reader sees of it.
local function text_of(page)
  local text = page:gsub("^.-</head>", ""):gsub("<script>.-</script>", ""):gsub("<[^>]*>", " ")
  text = text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&#39;", "'")
  return (text:gsub("&amp;", "&"):gsub("%s+", " "))
end

local function failed(fields)
  local made = {
    status = "FAIL", summary = "add to cart: /cart/add answered 500", duration_ms = 2000,
    steps = {
      { name = "home", status = "PASS", start_ms = 500, duration_ms = 500 },
      { name = "add to cart", status = "FAIL", start_ms = 1000, duration_ms = 1000,
        error = { message = "/cart/add answered 500", where = "checkout.lua:36" } },
    },
    failure = { message = "/cart/add answered 500", where = "checkout.lua:36", step = "add to cart",
      excerpt = "  35 | a()\n> 36 | b()\n  37 | c()", hint = "look at `the log`" },
    evidence = { { step = "add to cart", url = "https://shop.example/p", title = "P",
      selector = "#add", dom = "<form>\n  <button>", console = { { level = "error",
        text = "TypeError: no" } },
      requests = {
        { method = "GET", url = "https://shop.example/", status = 200, start_ms = 510,
          duration_ms = 100, ttfb_ms = 60, bytes = 5120, type = "document" },
        { method = "POST", url = "https://shop.example/cart/add", status = 500, start_ms = 1500,
          duration_ms = 250 },
        { method = "GET", url = "https://cdn.example/x.js", failure = "net::ERR_FAILED",
          start_ms = 1600 },
      } } },
  }
  for key, value in pairs(fields or {}) do made[key] = value end
  return result(made)
end

describe("tags", function()
  local h = tags.h

  it("escapes every text and attribute, and nothing that it made itself", function()
    expect(h("p.a.b", { title = 'x"><script>', hidden = true, open = false }, "a < b & 'c'", nil,
      false, { h("b", nil, "!"), 3 }).html)
      :is('<p class="a b" hidden title="x&quot;&gt;&lt;script&gt;">'
        .. "a &lt; b &amp; &#39;c&#39;<b>!</b>3</p>")
    expect(h("p", nil, { html = "<script>" }).html):is("<p></p>")
  end)

  it("drops control characters, mends UTF-8 and cuts what is too long between characters",
    function()
      expect(tags.escape("a\0\1\27[31m\255b")):is("a[31m\239\191\189b")
      local long = tags.escape(("ä"):rep(20000))
      expect(#long < 20100):is(true)
      expect(long:find("\239\191\189", 1, true)):is(nil)
    end)

  it("makes only addresses of the web clickable", function()
    expect(tags.link("https://a.example/?x=1&y").html)
      :contains('href="https://a.example/?x=1&amp;y"')
    for _, url in ipairs { "javascript:alert(1)", "data:text/html,x", " https://a", "//a",
      "file:///etc/passwd" } do
      expect(tags.link(url).html:find("href", 1, true), url):is(nil)
    end
  end)

  it("keeps a bar within its track", function()
    expect(tags.percent(0.1234567)):is("12.35%")
    expect(tags.percent(-1)):is("0%")
    expect(tags.percent(1e300)):is("100%")
    expect(tags.percent(0 / 0)):is("0%")
  end)
end)

describe("the step timeline", function()
  it("draws steps to scale, inner ones indented", function()
    expect(timing.steps(result { duration_ms = 1000, steps = {
      { name = "cart", status = "PASS", start_ms = 250, duration_ms = 500, notes = { "n <1>" } },
      { name = "add", status = "FAIL", start_ms = 500, duration_ms = 100, depth = 1,
        error = { message = "no" } },
    } }).html):is('<div class="timeline"><div class="scale" aria-hidden="true">'
      .. '<span style="left:0%">0 ms</span><span style="left:50%">500 ms</span></div>'
      .. '<ol class="steps"><li class="step PASS"><span class="name" style="padding-left:0px">'
      .. '<i class="mark" title="PASS">✓</i>cart</span><span class="track">'
      .. '<span class="bar" style="left:25%;width:50%"></span></span>'
      .. '<span class="time">500 ms</span><div class="remarks"><p>n &lt;1&gt;</p></div></li>'
      .. '<li class="step FAIL"><span class="name" style="padding-left:16px">'
      .. '<i class="mark" title="FAIL">✗</i>add</span><span class="track">'
      .. '<span class="bar" style="left:50%;width:10%"></span></span>'
      .. '<span class="time">100 ms</span><div class="remarks"><p class="wrong">no</p></div></li>'
      .. "</ol></div>")
  end)

  it("puts steps of older results one after the other", function()
    local markup = timing.steps(result { duration_ms = 400, steps = {
      { name = "a", status = "PASS", duration_ms = 100 },
      { name = "b", status = "PASS", duration_ms = 300 },
      { name = "c", status = "PASS", duration_ms = 100, depth = 1 },
    } }).html
    local bars = {}
    for bar in markup:gmatch('class="bar" style="([^"]*)"') do bars[#bars + 1] = bar end
    expect(bars):same { "left:0%;width:25%", "left:25%;width:75%", "left:25%;width:25%" }
  end)
end)

describe("the waterfall", function()
  it("shows the failed step's requests and folds those before it", function()
    local page = render { failed() }
    local of_step = page:match("Requests of this step.-<details>")
    expect(of_step):contains "<b>POST</b> /cart/add"
    expect(of_step):contains "cdn.example/x.js"
    expect(of_step):contains ">ERR_FAILED<"
    expect(of_step):contains 'left:0%;width:50%' -- 1500 to 1750, of 1500 to 2000
    expect(of_step:find("5 kB", 1, true)):is(nil)
    expect(page):contains "1 before it"
  end)

  it("shows the last ones when none tells when it began", function()
    local one = failed()
    for _, request in ipairs(one.evidence[1].requests) do request.start_ms = nil end
    expect(render { one }):contains "Last requests"
  end)
end)

describe("the report", function()
  it("says first how the shop is, then what to do", function()
    local text = text_of(render({ failed(), result { skill = "search" } }, { store_name = "Alps" }))
    expect(text):matches("Alps .*2 January 2026, 03:04 UTC .*took 6.4 s"
      .. ".*The shop has a problem: checkout failed%. .*1 passed .*1 failed"
      .. ".*What to look at .*checkout .*add to cart: /cart/add answered 500 .*look at the log"
      .. ".*The checks")
  end)

  it("explains a failure: page, script, console, requests, source", function()
    local text = text_of(render { failed() })
    for _, part in ipairs { "https://shop.example/p", "#add", "checkout.lua:36", "> 36 | b()",
      "error: TypeError: no", "POST /cart/add", "<form> <button>" } do
      expect(text):contains(part)
    end
  end)

  it("opens what is worth a look and folds what is well", function()
    local page = render { failed(), result { skill = "search" } }
    expect(page):matches('<details class="skill FAIL" id="skill%-1" open>')
    expect(page):matches('<details class="skill PASS" id="skill%-2">')
  end)

  it("says that an ERROR is not the shop's", function()
    local text = text_of(render { result { status = "ERROR", summary = "x", error = {
      kind = "script", message = "attempt to index", where = "a.lua:3", traceback = "a.lua:3" } } })
    expect(text):contains "Not everything could be checked."
    expect(text):contains "The script is broken; the shop was not judged."
    expect(text):contains "mend the script"
  end)

  it("judges vitals by their published thresholds", function()
    local function class_of(name, value)
      return render({ result { metrics = { { name = name, value = value, page = "home" } } } })
        :match('<div class="vital (%w+)">')
    end
    local limits = { lcp_ms = { 2500, 4000 }, cls = { 0.1, 0.25 }, inp_ms = { 200, 500 },
      ttfb_ms = { 800, 1800 }, fcp_ms = { 1800, 3000 } }
    for name, limit in pairs(limits) do
      expect(class_of(name, limit[1]), name):is "good"
      expect(class_of(name, limit[1] * 1.01), name):is "fair"
      expect(class_of(name, limit[2]), name):is "fair"
      expect(class_of(name, limit[2] * 1.01), name):is "poor"
    end
    expect(class_of("load_ms", 1)):is(nil)
  end)

  it("shows what is usual, and other measurements", function()
    local text = text_of(render { result {
      metrics = { { name = "lcp_ms", value = 900, page = "home" }, { name = "items", value = 3 },
        { name = "cls", value = 0 / 0 }, { name = "odd", value = "<b>" } },
      details = { baselines = { metrics = { { name = "lcp_ms", page = "home", median = 812 } } } },
    } })
    expect(text):contains "good up to 2.5 s, poor above 4.0 s usually 812 ms"
    expect(text):contains "Other measurements (3)"
  end)

  it("has a table of tracking pixels", function()
    local page = render { result { status = "WARN", details = { pixels = {
      { vendor = "Meta", event = "AddToCart", id = "e1", value = 489.95, currency = "USD",
        items = { { id = "sku-1", quantity = 2 } } },
      { vendor = "GA4", event = "view_item", items = 1, problem = "value is <missing>" },
    }, note = "x" } } }
    expect(text_of(page)):contains "1 of 2 events are wrong or missing"
    expect(text_of(page)):contains "Meta AddToCart e1 489.95 USD sku-1 × 2 ✓ fine"
    expect(page):contains '<tr class="wrong"><td><b>GA4</b></td>'
    expect(page):contains "value is &lt;missing&gt;"
    expect(text_of(page):find("vendor", 1, true)):is(nil)
  end)

  it("lists pixels of an unknown shape as what the check found", function()
    expect(text_of(render { result { details = { pixels = { seen = 3 }, visual = "no" } } }))
      :contains "What the check found pixels: seen: 3 visual: no"
  end)

  it("says that it is not complete after a signal", function()
    expect(text_of(render({ result() }, { interrupted = "TERM", planned = 9 })))
      :contains "stopped (SIGTERM) after 1 of 9 checks"
  end)
end)

describe("hostile text", function()
  local function everywhere()
    local h = HOSTILE
    return render({ failed {
      skill = h, summary = h, notes = { h }, warnings = { { message = h, step = h } },
      steps = { { name = h, status = "FAIL", duration_ms = 1, notes = { h },
        error = { message = h, where = h } } },
      failure = { message = h .. h, where = h, step = h, excerpt = h, hint = h .. "`" .. h .. "`" },
      evidence = { { step = h, url = "https://shop.example/" .. h, title = h, selector = h, dom = h,
        console = { { level = h, text = h, url = h, line = h }, h }, errors = { { text = h } },
        requests = { { method = h, url = h, status = h, type = h, failure = h, bytes = h,
          start_ms = h, duration_ms = h, ttfb_ms = h }, h } } },
      metrics = { { name = h, value = h, unit = h, page = h }, { name = "cls", value = 1,
        page = h } },
      screenshots = { { path = h, step = h, kind = h } },
      details = { [h] = { [h] = h }, pixels = { { vendor = h, event = h, id = h, value = h,
        currency = h, items = { h, { id = h } }, page = h, problem = h } },
        visual = { { page = h, device = h, ratio = h, baseline = h, current = h, diff = h,
          boxes = { { x = h, y = h, width = h, height = h }, h }, elements = { h, { element = h,
            change = h, before = h, after = { x = h } } } } } },
    } }, { store_name = h, store_url = "https://shop.example/" .. h, command = h,
      problems = { { message = h, hint = h } } })
  end

  it("stays text, wherever it stands", function()
    local page = everywhere()
    expect(select(2, page:gsub("<script", ""))):is(1)
    expect(page:find('<img src="http', 1, true)):is(nil)
    expect(page:find("[%z\1-\8\11\12\14-\31\127]")):is(nil)
    expect(select(2, page:gsub("</style>", ""))):is(1)
  end)

  it("is well-formed for xmllint", function()
    if not sys.files.stat "/usr/bin/xmllint" then return end
    local dir = sys.files.temp_dir "nano-html"
    sys.files.write(dir .. "/report.html", everywhere())
    local proc = sys.process.spawn { argv = { "xmllint", "--html", "--noout",
      dir .. "/report.html" }, stdin = "null", stdout = "null", stderr = "pipe" }
    local said = {}
    repeat
      local chunk = assert(proc:read("stderr", 20000))
      said[#said + 1] = chunk
    until chunk == ""
    proc:wait(20000)
    sys.files.remove(dir, { recursive = true })
    for problem in table.concat(said):gmatch("error : ([^\n]*)") do
      -- Its parser is older than HTML 5.
      expect(problem):matches("^Tag %w+ invalid$")
    end
  end)

  it("asks the network for nothing and runs no script but its own", function()
    local page = everywhere()
    local hash = sys.codec.base64(sys.codec.unhex(sys.codec.sha256(
      page:match("<script>(.*)</script>"))))
    expect(page):contains("default-src &#39;none&#39;; img-src data:;")
    expect(page):contains("script-src &#39;sha256-" .. hash .. "&#39;")
    expect(page:find("<link", 1, true)):is(nil)
    expect(page:find("@import", 1, true)):is(nil)
    expect(page:find("url%(")):is(nil)
  end)
end)

it("knows every field that an editor completes", function()
  local made_of = { ["nano.PixelEvent"] = "findings", ["nano.VisualChange"] = "visual",
    ["nano.ElementChange"] = "visual" }
  local class
  for line in sys.files.read("stdlib/types/report.lua"):gmatch "[^\n]+" do
    class = line:match "^%-%-%-@class (%S+)" or class
    local field = line:match "^%-%-%-@field (%w+)"
    if field then
      local source = sys.files.read(("stdlib/report/html/%s.lua"):format(made_of[class]))
      expect(source):matches("%." .. field .. "%f[^%w_]")
    end
  end
end)

it("stays small whatever a run left behind", function()
  local requests, console, steps, details = {}, {}, {}, {}
  local long = ("<x>"):rep(50000)
  for i = 1, 5000 do
    requests[i] = { url = long, start_ms = i }
    steps[i] = { name = "step " .. i, status = "FAIL", duration_ms = 1,
      error = { message = "no" } }
    details["k" .. i] = { long }
    console[i] = long
  end
  local page = render { failed { steps = steps, details = details, notes = console,
    evidence = { { step = "step 5000", requests = requests, console = console, dom = long } } } }
  expect(#page < 10e6):is(true)
end)
