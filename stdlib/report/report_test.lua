local build = require "report.build"
local json = require "json"

local function sample_results()
  return {
    {
      format = "nano-sre/result", version = 1, skill = "checkout",
      script = "/p/skills/checkout.lua",
      store_url = "https://me:pw@shop.example", status = "FAIL",
      summary = 'Shoppers can\'t buy: the step "add to cart" failed, /cart/add.js answered 500',
      started_at = "2026-01-02T03:04:05.678Z", duration_ms = 5912,
      steps = {
        { name = "home", status = "PASS", duration_ms = 812,
          notes = { "first product: Snowboard | <b>" } },
        { name = "add to cart", status = "FAIL", duration_ms = 5000,
          error = { message = "/cart/add.js answered 500", code = "http-status",
            where = "checkout.lua:12" } },
      },
      metrics = {
        { name = "lcp_ms", value = 2750, unit = "ms", page = "home" },
        { name = "cls", value = 0.0204, page = "home" },
        { name = "items", value = 3 },
      },
      screenshots = { { path = "/out/20260102/checkout/add to cart.png", step = "add to cart",
        kind = "failure" } },
      evidence = { {
        step = "add to cart", url = "https://shop.example/products/x",
        console = { { level = "error", text = "TypeError: \27[31mno\27[0m" } },
        requests = { { method = "POST", url = "/cart/add.js", status = 500 },
          { method = "GET", url = "/", status = 200 } },
      } },
    },
    {
      skill = "broken", script = "/p/skills/broken.lua", status = "ERROR",
      summary = "attempt to index a nil value",
      started_at = "2026-01-02T03:04:05.678Z", duration_ms = 3, steps = {}, metrics = {},
      error = { kind = "script", message = "attempt to index a nil value", where = "broken.lua:3",
        excerpt = "> 3 | local x = nil.y" },
    },
    { skill = "search", status = "PASS", summary = "found]]> & \1\255 <products>", duration_ms = 40,
      steps = { { name = "find", status = "PASS", duration_ms = 40 } } },
    { skill = "later", status = "SKIP", summary = "the shop is closed", duration_ms = 0,
      steps = {} },
  }
end

local function sample_report(fields)
  local results = sample_results()
  for _, result in ipairs(results) do build.normalise(result) end
  local all = {
    version = "0.1.0", command = "nano-sre check", store_url = "https://me:pw@shop.example",
    results = results,
    started_at = "2026-01-02T03:04:05.678Z", finished_at = "2026-01-02T03:04:12.000Z",
    duration_ms = 6400,
    planned = 4, exit_code = 1,
  }
  for key, value in pairs(fields or {}) do all[key] = value end
  return build.report(all)
end

describe("the report table", function()
  it("counts by status", function()
    expect(sample_report().totals):same {
      total = 4, passed = 1, warned = 0, failed = 1, errors = 1, skipped = 1,
    }
  end)

  it("carries no credentials of a URL", function()
    local text = json.encode(sample_report())
    expect(text:find("pw@", 1, true)):is(nil)
    expect(sample_report().store_url):is("https://shop.example")
  end)

  it("keeps empty lists as lists", function()
    local text = json.encode(sample_report { results = { build.normalise { skill = "x",
      status = "PASS" } } })
    expect(text):matches('"steps":%[%]')
    expect(text):matches('"evidence":%[%]')
    expect(text):matches('"problems":%[%]')
    expect(json.encode(sample_report { results = {} })):matches('"results":%[%]')
  end)
end)

describe("json", function()
  it("is versioned and reads back", function()
    local report = json.decode(require("report.json").render(sample_report()))
    expect(report.format):is("nano-sre/report")
    expect(report.version):is(1)
    expect(report.results[1].status):is("FAIL")
    expect(report.exit_code):is(1)
  end)

  it("writes equal reports equally", function()
    local render = require("report.json").render
    expect(render(sample_report())):is(render(sample_report()))
  end)
end)

describe("jsonl", function()
  local jsonl = require "report.jsonl"

  it("writes one object a line", function()
    local text = jsonl.start { skills = {}, version = "0.1.0" }
      .. jsonl.event("checkout", { type = "step.finished", name = "a\nb", status = "PASS",
        duration_ms = 1 })
      .. jsonl.result(sample_report().results[1]) .. jsonl.render(sample_report())
    local types = {}
    for line in text:gmatch("([^\n]*)\n") do types[#types + 1] = json.decode(line).type end
    expect(types):same { "run.started", "step.finished", "result", "run.finished" }
  end)

  it("leaves the run's own result event out", function()
    expect(jsonl.event("x", { type = "result", result = {} })):is(nil)
  end)
end)

describe("junit", function()
  local junit = require "report.junit"

  it("tells failures of the shop from errors of script or monitor", function()
    local xml = junit.render(sample_report(), { hostname = "ci & co" })
    expect(xml):contains('<testsuites name="nano-sre" tests="5" failures="1" errors="1" '
      .. 'skipped="1" time="6.400">')
    expect(xml):contains('<testcase classname="nano-sre.checkout" name="add to cart" '
      .. 'time="5.000">\n      <failure message="/cart/add.js answered 500" type="http-status">')
    expect(xml):matches('<error message="attempt to index a nil value" type="script">')
    expect(xml):matches('<skipped message="the shop is closed"/>')
    expect(xml):matches('timestamp="2026%-01%-02T03:04:05" hostname="ci &amp; co"')
    expect(xml):matches('<property name="metric.lcp_ms.home" value="2750 ms"/>')
    expect(xml):matches('%[%[ATTACHMENT|/out/20260102/checkout/add to cart.png%]%]')
  end)

  it("escapes and drops what XML forbids", function()
    local xml = junit.render(sample_report())
    expect(xml):matches("found%]%]&gt; &amp; \239\191\189 &lt;products&gt;")
    expect(xml:find("[%z\1-\8\11\12\14-\31]")):is(nil)
  end)

  it("names a problem outside of every step after the skill", function()
    local report = sample_report { results = { build.normalise {
      skill = "slow", status = "FAIL", summary = "too slow", duration_ms = 10,
      steps = { { name = "home", status = "PASS", duration_ms = 9 } },
    } } }
    expect(junit.render(report))
      :contains('name="slow" time="0.000">\n      <failure message="too slow"')
  end)

  it("is red when only the monitor had a problem", function()
    local xml = junit.render(sample_report { results = {},
      problems = { { message = "disk is full" } } })
    expect(xml):matches('errors="1"')
    expect(xml):matches('<error message="disk is full"')
  end)

  it("is well-formed for xmllint", function()
    if not sys.files.stat "/usr/bin/xmllint" then return end
    local dir = sys.files.temp_dir "nano-junit"
    sys.files.write(dir .. "/junit.xml",
      junit.render(sample_report { problems = { { message = "a < b" } } }))
    local proc = sys.process.spawn {
      argv = { "xmllint", "--noout", dir .. "/junit.xml" }, stdin = "null", stdout = "null",
      stderr = "null",
    }
    local ended = proc:wait(20000)
    sys.files.remove(dir, { recursive = true })
    expect(ended.code):is(0)
  end)
end)

describe("list", function()
  local list = require "report.list"

  local function render(fields, options) return list.render(sample_report(fields), options) end

  it("gives a failed skill its step, cause, evidence and picture", function()
    local text = render()
    expect(text):matches("✗ FAIL   checkout     5.9 s  Shoppers can't buy")
    expect(text):matches("    step      add to cart %(5.0 s%)\n")
    expect(text):matches("    where     checkout.lua:12\n")
    expect(text):matches("    page      https://shop.example/products/x\n")
    expect(text):matches("    requests  POST /cart/add.js → 500\n")
    expect(text):matches("    picture   /out/20260102/checkout/add to cart.png\n")
    expect(text:find("GET / →", 1, true)):is(nil)
  end)

  it("says of an error that the shop was not judged, where it is and what to do", function()
    local text = render()
    expect(text):contains("    shop      was not judged\n")
    expect(text):matches("    where     broken.lua:3\n")
    expect(text):matches("nil.y")
    expect(text):contains("    do        mend the script, then try it with "
      .. "`nano-sre run /p/skills/broken.lua`")
  end)

  it("gives a skill that is well one line", function()
    local _, count = render():gsub("search", "")
    expect(count):is(1)
  end)

  it("lets no control character of a shop through", function()
    expect(render():find("[%z\1-\9\11-\31\127]")):is(nil)
  end)

  it("ends with totals, and with what a signal left undone", function()
    expect(render()):matches("\n1 passed, 1 failed, 1 error, 1 skipped in 6.4 s\n$")
    expect(render { interrupted = "INT",
      planned = 6 }):matches("stopped by SIGINT with 2 not finished")
  end)

  it("shows metrics when asked", function()
    expect(render():find("LCP", 1, true)):is(nil)
    expect(render(nil, { verbose = true }))
      :contains("home: LCP 2.8 s (needs work), CLS 0.02 (good)\n")
  end)

  it("says that a baseline was updated, and with -v what is usual", function()
    local function result(baselines)
      return { results = { build.normalise {
        skill = "x", status = "PASS", metrics = { { name = "lcp_ms", value = 900, page = "home" } },
        details = { baselines = baselines },
      } } }
    end
    expect(render(result { updated = true, metrics = {} })):contains("is the new normal")
    local usual = { metrics = { { name = "lcp_ms", page = "home", median = 812 } } }
    expect(render(result(usual), { verbose = true }))
      :contains("home: LCP 900 ms (good) usually 812 ms\n")
  end)

  it("shows what a dry run refused", function()
    local report = sample_report { dry_run = true, results = { build.normalise {
      skill = "x", status = "PASS", gate = { effects = 0, reads = 14, refused = 2, denied = 0 },
    } } }
    expect(list.render(report)):matches("0 effects, 14 reads, 2 refused")
  end)
end)

describe("md", function()
  local md = require "report.md"

  local function render(fields)
    return md.render(sample_report(fields),
      { relative = function(path) return (path:gsub("^/out/", "")) end })
  end

  it("says in one sentence how the shop is", function()
    local function sentence(...)
      local results = {}
      for i, status in ipairs { ... } do
        results[i] = build.normalise { skill = "s" .. i, status = status }
      end
      return render { results = results }:match "\n\n([^\n]*%*%*[^\n]*)\n\n## Summary"
    end
    expect(sentence("PASS", "SKIP")):contains "The shop works:"
    expect(sentence("PASS", "WARN")):contains "something to look at:** s2."
    expect(sentence("ERROR", "FAIL", "FAIL")):contains "The shop has a problem:** s2, s3 failed."
    expect(sentence("PASS", "ERROR")):contains "Not everything could be checked."
    expect(sentence("SKIP")):contains "Nothing was checked."
    expect(sentence()):contains "Nothing was checked."
  end)

  it("begins with shop, summary table and totals", function()
    local text = render()
    expect(text):matches("^# Store report: https://shop.example\n")
    expect(text):matches("| checkout | ❌ FAIL | Shoppers can't buy: ")
    expect(text):contains("**Total Skills:** 4 | **Passed:** 1 | **Warnings:** 0 | **Failed:** 1")
    expect(text):matches("%*%*Errors:%*%* 1 | %*%*Skipped:%*%* 1")
  end)

  it("links pictures as seen from the report", function()
    expect(render()):matches("!%[add to cart%]%(20260102/checkout/add%%20to%%20cart.png%)")
  end)

  it("keeps a shop's text from being markup", function()
    local text = render()
    expect(text):matches("first product: Snowboard \\| \\<b\\>")
    expect(text:find("<products>", 1, true)):is(nil)
  end)

  it("lists what to look at, and says when all is well", function()
    expect(render()):matches("## What to look at\n\n%- ❌ %*%*checkout%*%*: ")
    local good = { results = { build.normalise { skill = "x", status = "PASS",
      summary = "fine" } } }
    expect(render(good):find("What to look at", 1, true)):is(nil)
  end)

  it("says that it is not complete after a signal", function()
    expect(render { interrupted = "TERM",
      planned = 9 }):matches("stopped %(SIGTERM%) after 4 of 9 checks")
  end)

  it("lists notes and what the skill found out", function()
    local text = render { results = { build.normalise {
      skill = "x", status = "PASS", notes = { "3 products" },
      details = { pages = { "a", "b" }, total = 2 },
    } } }
    expect(text):contains("- 3 products\n")
    expect(text):contains("- **pages:** \n  - a\n  - b\n- **total:** 2\n")
  end)

  it("judges vitals", function()
    expect(render()):contains("| Page | LCP | CLS | items |")
    expect(render()):contains("| home | 2.8 s 🟡 | 0.02 🟢 |  |\n|  |  |  | 3 |")
  end)

  it("says what is usual", function()
    local text = render { results = { build.normalise {
      skill = "x", status = "PASS", metrics = { { name = "lcp_ms", value = 900, page = "home" } },
      details = { baselines = { metrics = { { name = "lcp_ms", page = "home",
        median = 812.4 } } } },
    } } }
    expect(text):contains("| home | 900 ms 🟢 (usually 812 ms) |")
    expect(text:find("baselines", 1, true)):is(nil)
  end)
end)
