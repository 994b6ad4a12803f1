-- The pixel auditor at the demo store, in a real Chromium, as a user runs it. What it says of each
-- fault is in faults_test.lua.

local http = require "http"

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local LONG = { timeout_ms = 120000 } -- several runs of a whole journey

describe("pixel_auditor at the demo store", function()
  local folder, demo
  before_each(function()
    folder, demo = lib.folder(), nil
  end)
  after_each(function()
    if demo then demo.stop() end
    folder:remove()
  end)

  local function run(...)
    local results, ended = folder:report { "run", "pixel_auditor", "--url", demo.url, ... }
    local result = results.pixel_auditor
    if result.status == "ERROR" then error(result.summary) end
    return result, ended
  end

  local function row(result, vendor, event)
    for _, one in ipairs(result.details.pixels) do
      if one.vendor == vendor and one.event == event then return one end
    end
    error(("no %s of %s"):format(event, vendor), 2)
  end

  it("passes on the healthy store, and hears theme, iframe and worker", function()
    demo = folder:demo("--cookie-banner")
    local result, ended = run()
    if result.status ~= "PASS" then error(result.summary) end
    expect(ended.code):is(0)
    for vendor, from in pairs { meta = "page", ga4 = "page", tiktok = "page", pinterest = "iframe",
      klaviyo = "worker", snap = "worker" } do
      for _, event in ipairs { "page_view", "view_item", "add_to_cart", "begin_checkout" } do
        local one = row(result, vendor, event)
        expect(one.from):is(from)
        expect(one.problem):is(nil)
        expect(one.status < 300):is(true)
        if event ~= "page_view" then
          expect(one.value):is(489.95)
          expect(one.currency):is("USD")
          expect(#one.ids):is(1)
        end
      end
    end
    expect(row(result, "shopify", "add_to_cart").value):is(489.95)
    for _, one in ipairs(result.details.pixels) do
      expect(one.step == "cookies refused" and one.vendor ~= "shopify"):is(false)
    end
    -- What the page sent is what the vendors got, once each.
    local log = assert(http.get(demo.url .. "/__pixels")):json()
    local seen = 0
    for _, hit in ipairs(log.hits) do
      if hit.host == "www.facebook.com" and hit.query:find("ev=AddToCart", 1, true) then
        seen = seen + 1
      end
    end
    expect(seen):is(1)
    local orders = assert(http.get(demo.url .. "/__orders")):json()
    expect(orders.count):is(0)
  end)

  it("learns at its first run what a later one finds missing", function()
    demo = folder:demo()
    expect(run().status):is("PASS")
    demo.fault("pixel_missing", true)
    local result = run()
    expect(result.status):is("FAIL")
    expect(result.summary):contains("Meta pixel 1234567890 no longer sends AddToCart")
    -- It is not forgotten by being told once, but by a new baseline.
    expect(run().status):is("FAIL")
    run("--update-baseline")
    result = run()
    expect(result.status):is("WARN")
    expect(result.summary):contains("Meta pixel 1234567890 sends no AddToCart")
  end, LONG)

  it("takes who must send what from its options", function()
    demo = folder:demo()
    local result = run("-o", "vendors=meta,ga4:G-OTHER1", "-o", "events=add_to_cart")
    expect(result.status):is("FAIL")
    expect(result.summary):is("Google Analytics G-OTHER1 sends nothing at all")
    local wrong = folder:report { "run", "pixel_auditor", "--url", demo.url, "-o", "vendors=mets" }
    expect(wrong.pixel_auditor.status):is("ERROR")
    expect(wrong.pixel_auditor.summary):contains('there is no vendor "mets"')
  end, LONG)

  it("holds a visitor's refusal for the whole journey when it is told to", function()
    demo = folder:demo("consent_ignored")
    local result = run("-o", "consent=decline")
    expect(result.status):is("FAIL")
    expect(result.summary):contains("although the visitor refused cookies")
    demo.stop()
    demo = folder:demo("--cookie-banner")
    local refused = run("-o", "consent=decline")
    expect(refused.status):is("PASS")
    expect(refused.summary):contains("no pixel sent anything that it may not")
    -- A shop without a banner: nobody refused, so pixels may send.
    demo.stop()
    demo = folder:demo()
    expect(run("-o", "consent=decline").status):is("PASS")
  end, LONG)

  it("judges nothing that it could not hear, because the shop itself failed", function()
    demo = folder:demo("checkout_unreachable", "slow_hero")
    local result, ended = run()
    expect(result.status):is("SKIP")
    expect(ended.code):is(0)
    expect(result.summary):contains("pixels were heard only for a part of the sale")
      :contains('the shop itself failed at "begin checkout" (/checkout answered 503')
    expect(#result.details.pixels):above(0)
    -- What is wrong before that is told all the same.
    demo.fault("pixel_doubled", true)
    expect(run().summary):contains("Meta pixel 1234567890 sends AddToCart twice")
  end, LONG)

  it("does not miss pixels of a shop that nobody can enter, and forgets none", function()
    demo = folder:demo()
    expect(run().status):is("PASS")
    demo.fault("password_page", true)
    local result = run()
    expect(result.status):is("SKIP")
    expect(result.summary):matches("^no pixel could be heard: .*visitors see the password page")
    demo.fault("password_page", false)
    demo.fault("pixel_missing", true)
    expect(run().summary):contains("no longer sends AddToCart")
  end, LONG)

  it("hears them in the daemon's browsers too", function()
    demo = folder:demo()
    folder:write("nano-sre.lua", ([[return { store = { url = %q },
      skills = { pixel_auditor = true, checkout = false, headless_probe = false,
        shopify_doctor = false, visual_auditor = false } }]]):format(demo.url))
    local watch = folder:start { "watch", "--log-format", "logfmt" }
    local hits
    repeat
      sys.clock.sleep(50)
      hits = assert(http.get(demo.url .. "/__pixels")):json().count
    until hits > 0
    watch.process:kill("TERM")
    expect(watch.finish().code):is(0)
  end, LONG)

  it("finds no pixel in a shop without any", function()
    local process = assert(sys.process.spawn { argv = { lib.program, "demo", "--no-pixels" },
      cwd = folder.path, stdin = "null", stdout = "pipe", stderr = "null",
      env = { PATH = sys.env.get("PATH"), HOME = folder.path, TMPDIR = folder.path } })
    local url = assert(process:read("stdout", 30000)):match("(http://%S+)")
    demo = { url = url, stop = function()
      process:kill("TERM")
      process:wait()
    end }
    local result = run()
    expect(result.status):is("PASS")
    expect(result.summary):is("no marketing pixel sends anything")
  end)
end)
