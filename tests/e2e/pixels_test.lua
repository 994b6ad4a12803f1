-- The pixel auditor at the demo store, in a real Chromium, as a user runs it.

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

  for fault, want in pairs {
    pixel_missing = { "WARN", "Meta pixel 1234567890 sends no AddToCart" },
    pixel_without_value = { "WARN", "Meta pixel 1234567890: ViewContent has no value" },
    pixel_doubled = { "WARN", "Meta pixel 1234567890 sends AddToCart twice" },
    consent_ignored = { "FAIL", "although the visitor refused cookies" },
  } do
    it("finds and names the fault " .. fault, function()
      demo = folder:demo(fault)
      local result = run()
      expect(result.status):is(want[1])
      expect(result.summary):contains(want[2])
      expect(result.summary):lacks("Google Analytics")
    end)
  end

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
    expect(run().status):is("WARN")
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
    demo.fault("consent_ignored", false)
    expect(run("-o", "consent=decline").status):is("PASS")
  end, LONG)

  it("raises no alarm for faults that are not of pixels, and says how far it came", function()
    demo = folder:demo("checkout_unreachable", "slow_hero")
    local result = run()
    expect(result.status):is("PASS")
    expect(result.summary):contains('only up to "begin checkout"')
    demo.fault("checkout_unreachable", false)
    demo.fault("atc_broken", true)
    expect(run().status):is("PASS")
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
