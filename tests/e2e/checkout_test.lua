-- The checkout skill at the demo store, in a real Chromium, as a user runs it.

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local function run(folder, demo, ...)
  local results, ended = folder:report { "run", "checkout", "--url", demo.url, ... }
  return results.checkout, ended
end

local function step_names(result)
  local names = {}
  for _, step in ipairs(result.steps) do names[#names + 1] = step.name .. " " .. step.status end
  return table.concat(names, ", ")
end

describe("checkout at the demo store", function()
  local folder, demo
  before_each(function()
    folder = lib.folder()
  end)
  after_each(function()
    if demo then demo.stop() end
    demo = nil
    -- No browser, no profile and no lock is left behind.
    expect(#lib.processes_with(folder.path)):is(0)
    for _, entry in ipairs(sys.files.list(folder.path)) do
      expect(entry.name:find("nano%-sre%-browser")):is(nil)
    end
    folder:remove()
  end)

  it("passes on the healthy store, with vitals of every page and no order placed", function()
    demo = folder:demo()
    local result, ended = run(folder, demo)
    if result.status ~= "PASS" then error(result.summary) end
    expect(ended.code):is(0)
    expect(step_names(result)):is("home PASS, product PASS, add to cart PASS, cart PASS, "
      .. "checkout PASS")
    local seen = {}
    for _, metric in ipairs(result.metrics) do
      seen[metric.name .. "@" .. tostring(metric.page)] = metric.value
    end
    for _, page in ipairs { "home", "product" } do
      expect(seen["lcp_ms@" .. page] > 0):is(true)
      expect(seen["ttfb_ms@" .. page] > 0):is(true)
    end
    local orders = assert(sys.http.request { url = demo.url .. "/__orders" })
    expect(sys.codec.json_decode(orders.body).orders or sys.codec.json_decode(orders.body)):same {}
  end)

  for fault, want in pairs {
    atc_broken = { step = "add to cart", cause = "/cart/add" },
    cart_500 = { step = "add to cart", cause = "500" },
    checkout_unreachable = { step = "checkout", cause = "503" },
  } do
    it("fails with step and cause when the fault is " .. fault, function()
      demo = folder:demo(fault)
      local result, ended = run(folder, demo)
      expect(result.status):is("FAIL")
      expect(ended.code):is(1)
      expect(result.summary):contains(want.step)
      expect(result.summary):contains(want.cause)
      local last = result.steps[#result.steps]
      expect(last.name .. " " .. last.status):is(want.step .. " FAIL")
      local evidence = result.evidence[#result.evidence]
      expect(sys.files.stat(evidence.screenshot).size > 1000):is(true)
      expect(#evidence.requests > 0):is(true)
    end)
  end

  it("switches faults at run time", function()
    demo = folder:demo()
    expect(run(folder, demo).status):is("PASS")
    demo.fault("atc_broken", true)
    expect(run(folder, demo).status):is("FAIL")
    demo.fault("atc_broken", false)
    expect(run(folder, demo).status):is("PASS")
  end)

  it("gives the browser the arguments of the configuration and of --browser-arg", function()
    demo = folder:demo()
    local rule = ("--host-resolver-rules=MAP shop.test %s"):format(demo.url:match("//(.+)$"))
    folder:write("nano-sre.lua", "return { browser_args = { '--lang=de', '" .. rule .. "' } }")
    local function status(...)
      return folder:report({ "run", "checkout", "--url", "http://shop.test", ... }).checkout.status
    end
    expect(status()):is("PASS")
    expect(status("--browser-arg", "--lang=de")):is("FAIL") -- a flag replaces the whole list
    expect(status("--browser-arg", rule)):is("PASS")
    sys.files.remove(folder.path .. "/nano-sre.lua")
  end)

  it("gets past the password page with the password, and says so without", function()
    demo = folder:demo("password_page")
    local result = run(folder, demo)
    expect(result.status):is("FAIL")
    expect(result.summary):contains("password")
  end)

  -- The report of a run whose browser is shot when it is there.
  local function shoot(arguments)
    local started, browser = folder:start(arguments), nil
    while not browser do
      for _, line in ipairs(lib.processes_with("--remote-debugging-pipe")) do
        if line:find(folder.path, 1, true) and not line:find("--type=", 1, true) then
          browser = line:match("^%d+")
        end
      end
      sys.clock.sleep(10)
    end
    sys.process.spawn({ argv = { "/bin/kill", "-9", browser }, stdin = "null", stdout = "null",
      stderr = "null" }):wait()
    local ended = started.finish()
    local result = require("json").decode(ended.stdout).results[1]
    expect(result.status):is("ERROR")
    expect(result.error.kind):is("browser")
    expect(ended.code):is(3)
    return result
  end

  it("reports a browser that is killed as the monitor's trouble, and leaves nothing behind",
    function()
    demo = folder:demo("slow_hero")
    shoot { "run", "checkout", "--url", demo.url, "-r", "json" }
  end)

  it("reports it too when the script asks no more of its page", function()
    demo = folder:demo()
    folder:write("sleeper.lua", [[
return skill "sleeper" { about = "waits for the end of its browser", needs = { "browser" },
  run = function(t)
    local page = t.page()
    page:goto(t.store.url)
    local gone = false
    while not gone do
      t.sleep("20ms")
      gone = not pcall(page.title, page)
    end
  end }
]])
    shoot { "run", "sleeper.lua", "--url", demo.url, "-r", "json" }
  end)
end)
