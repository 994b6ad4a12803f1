-- The storefront skills against every fault of the demo store, in a real Chromium. Nothing is found
-- on the healthy store; with a fault on, the skills that it touches leave PASS, say what it is in a
-- store owner's words and what to do, and the others stay PASS.
--
-- The matrix is run once, in the second test, by one warm worker: LANES stores side by side, one
-- fault at a time in each, all skills at once. As in `watch`, pixel_auditor knows what a healthy
-- run has learned.

local demo_shop = require "cli.demo_shop"
local demo_store = require "demo.store"
local runs = require "service.runs"

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local SKILLS = { "checkout", "headless_probe", "pixel_auditor", "shopify_doctor" }
local HEALTHY_RUNS = tonumber(sys.env.get("HEALTHY_RUNS") or "") or 1
local LANES = 2
local LIMIT_MS = 400000

-- The shop itself fails on the way: pixels are heard only up to there, and not judged.
local function cut_short(step, words)
  return { "SKIP", 'the shop itself failed at "' .. step .. '"', words }
end

-- fault → skill → { status, words of the summary… }. A skill that is not named must PASS.
local FAULTS = {
  app_script_404 = { shopify_doctor = { "WARN",
    "a script of the app countdown-timer-plus does not load", "404" } },
  atc_broken = {
    checkout = { "FAIL", "add to cart: the button was clicked but no request to /cart/add was sent",
      "reading 'offers'" },
    pixel_auditor = cut_short("add to cart", "no request to /cart/add was sent") },
  broken_image = { shopify_doctor = { "FAIL", "a picture on the", "is broken",
    "Alpenglow All-Mountain Snowboard" } },
  cart_500 = {
    checkout = { "FAIL", "the product could not be added: /cart/add answered 500" },
    pixel_auditor = cut_short("add to cart", "the product could not be added"),
    shopify_doctor = { "FAIL", "the cart page cannot be opened: /cart answered 500" } },
  checkout_unreachable = {
    checkout = { "FAIL", "checkout: /checkout answered 503" },
    pixel_auditor = cut_short("begin checkout", "/checkout answered 503") },
  consent_ignored = { pixel_auditor = { "FAIL", "although the visitor refused cookies" } },
  endless_loading = {
    checkout = { "FAIL", "cart: ", "still waiting for", "/apps/gift-wrap/embed.js" },
    pixel_auditor = cut_short("begin checkout", "/apps/gift-wrap/embed.js"),
    shopify_doctor = { "FAIL", "the cart page cannot be opened", "/apps/gift-wrap/embed.js" } },
  hydration_error = { headless_probe = { "WARN",
    "drawn differently by the server and by the browser", "React hydration error" } },
  layout_change = {
    checkout = { "FAIL", "no add-to-cart button is to be seen on /products/",
      'button "Add to cart" (hidden)' },
    pixel_auditor = cut_short("add to cart", "no add-to-cart button is to be seen") },
  liquid_error = { shopify_doctor = { "FAIL", "the product page shows a Liquid error",
    "snippets/size-chart line 14", "a missing translation" } },
  password_page = {
    checkout = { "FAIL", "visitors see the password page, the shop is closed to them" },
    headless_probe = { "FAIL", "visitors see the password page" },
    pixel_auditor = cut_short("page view", "visitors see the password page"),
    shopify_doctor = { "FAIL", "visitors see the password page" } },
  pixel_doubled = { pixel_auditor = { "WARN", "Meta pixel 1234567890 sends AddToCart twice" } },
  pixel_missing = { pixel_auditor = { "FAIL",
    "Meta pixel 1234567890 no longer sends AddToCart, as it did before" } },
  pixel_without_value = { pixel_auditor = { "WARN",
    "Meta pixel 1234567890: ViewContent has no value" } },
  rate_limited = { headless_probe = { "FAIL", "the shop refuses requests as too many",
    "/products/alpenglow-snowboard.js answered 429" } },
  redirect_loop = { shopify_doctor = { "FAIL", "“Last season”", "leads in circles" } },
  renderer_crash = {
    checkout = { "FAIL", "crashed the browser's tab", "/products/" },
    headless_probe = { "FAIL", "crashed the browser's tab" },
    pixel_auditor = cut_short("product view", "crashed the browser's tab"),
    shopify_doctor = { "FAIL", "crashed the browser's tab" } },
  slow_hero = { checkout = { "WARN", "the home page is slow", "hero-tall.png" } },
  sold_out = {
    checkout = { "FAIL", "sold out: Alpenglow All-Mountain Snowboard" },
    pixel_auditor = cut_short("product view", "sold out") },
  sold_out_shown_available = {
    checkout = { "FAIL", "the page offers the product, but the shop refuses it",
      "already sold out" },
    pixel_auditor = cut_short("add to cart", "the shop refuses it") },
  stale_price = { headless_probe = { "FAIL",
    "shows a wrong price: $391.96, but the shop asks for $489.95" } },
}

local function verify(result, want)
  want = want or { "PASS" }
  if result.status ~= want[1] then
    error(("%s is %s, not %s: %s"):format(result.skill, result.status, want[1], result.summary), 2)
  end
  for i = 2, #want do expect(result.summary):contains(want[i]) end
  if result.status == "FAIL" then
    expect(result.failure.hint, "what to do, by " .. result.skill):is_not(nil)
  end
end

describe("the storefront skills at the demo store", function()
  local folder, pool, learned, found
  local stores, sources = {}, {}

  local function run(store, skill, label)
    return pool:run { id = label .. skill, mode = "run", skill = skill,
      script = ("%s/scripts/skills/%s.lua"):format(sys.env.cwd(), skill), source = sources[skill],
      store = { url = store:url() }, options = {}, learned = skill == "pixel_auditor" and learned,
      artifacts = ("%s/%s/%s"):format(folder.path, label, skill), project = folder.path,
      browser = { kind = "auto", headed = false,
        args = demo_shop.flags(store.pixels:describe()) } }
  end

  local function check(store, label)
    local tasks, results = {}, {}
    for _, skill in ipairs(SKILLS) do tasks[skill] = sys.task.spawn(run, store, skill, label) end
    for skill, task in pairs(tasks) do
      local ok, result = task:join()
      if not ok then error(result, 0) end
      results[skill] = result
    end
    return results
  end

  local function lane(store, waiting)
    while #waiting > 0 do
      local name = table.remove(waiting, 1)
      store:fault(name, true)
      found[name] = check(store, name)
      store:fault(name, false)
    end
  end

  before_all(function()
    folder, found = lib.folder(), {}
    for _, skill in ipairs(SKILLS) do
      sources[skill] = assert(sys.files.read(("scripts/skills/%s.lua"):format(skill)))
    end
    pool = runs.open { concurrency = LANES * #SKILLS }
    for i = 1, LANES do
      stores[i] = assert(demo_store.start { pixels = true })
      sys.task.spawn(stores[i].serve, stores[i])
    end
  end)
  after_all(function()
    for _, store in ipairs(stores) do store:close() end
    pool:close()
    folder:remove()
  end)

  it("find nothing on the healthy store", function()
    for i = 1, HEALTHY_RUNS do
      local results = check(stores[1], "healthy" .. i)
      for _, skill in ipairs(SKILLS) do verify(results[skill]) end
      learned = learned or results.pixel_auditor.learned
    end
  end, { timeout_ms = LIMIT_MS })

  it("come to an end with each fault", function()
    local waiting, tasks = { "endless_loading" }, {} -- the one that takes longest comes first
    for _, fault in ipairs(demo_store.faults()) do
      if fault.name ~= waiting[1] then waiting[#waiting + 1] = fault.name end
    end
    for i, store in ipairs(stores) do tasks[i] = sys.task.spawn(lane, store, waiting) end
    for _, task in ipairs(tasks) do
      local ok, why = task:join()
      if not ok then error(why, 0) end
    end
  end, { timeout_ms = LIMIT_MS })

  for _, fault in ipairs(demo_store.faults()) do
    it("find " .. fault.name, function()
      local want = FAULTS[fault.name]
      if not want then error("no skill is expected to find it: add it to FAULTS") end
      for _, skill in ipairs(SKILLS) do verify(found[fault.name][skill], want[skill]) end
    end)
  end
end)

describe("a shop with more to it", function()
  local folder, demo
  before_each(function() folder = lib.folder() end)
  after_each(function()
    if demo then demo.stop() end
    demo = nil
    folder:remove()
  end)

  local function run(skill, demo_url, env, ...)
    return folder:report({ "run", skill, "--url", demo_url, ... }, env)[skill]
  end

  it("is shopped at through its cookie banner, a pop-up and the cart drawer", function()
    demo = folder:demo("--drawer", "--cookie-banner", "--popup")
    local results = folder:report { "check", "--url", demo.url, "--jobs", "4" }
    for _, skill in ipairs(SKILLS) do verify(results[skill]) end
    expect(results.checkout.details.cart.place):is("drawer")
    local measured = {}
    for _, metric in ipairs(results.checkout.metrics) do
      measured[metric.name .. " " .. metric.page] = metric.value
    end
    expect(measured["inp_ms add to cart"]):above(0)
    expect(measured["lcp_ms cart"]):is(nil)
  end, { timeout_ms = LIMIT_MS })

  it("has its back office looked into with a token, and told of what is left out without",
    function()
    demo = folder:demo()
    local result = run("shopify_doctor", demo.url)
    expect(result.summary):contains("without an Admin API token its theme and catalogue were left")
    expect(result.details.left_out.why):contains("SHOPIFY_ADMIN_API_KEY")
    result = run("shopify_doctor", demo.url, { SHOPIFY_ADMIN_API_KEY = "shpat_demo" })
    expect(result.status):is("PASS")
    expect(result.details.shop.theme):is("Alpenglow")
    expect(result.details.shop.products):is(12)
    result = run("shopify_doctor", demo.url, { SHOPIFY_ADMIN_API_KEY = "shpat_demo_products" })
    expect(result.status):is("PASS")
    expect(result.steps[#result.steps].notes[1]):contains("read_themes")
    result = run("shopify_doctor", demo.url, { SHOPIFY_ADMIN_API_KEY = "shpat_wrong" })
    expect(result.status):is("WARN")
    expect(result.summary):contains("does not know this access token")
  end, { timeout_ms = LIMIT_MS })

  it("has its price asked at the Storefront API as well", function()
    demo = folder:demo("stale_price")
    local result = run("headless_probe", demo.url, nil, "-o", "token=shpsf_demo")
    expect(result.summary):contains("the shop asks for $489.95")
      :contains("the Storefront API asks for $489.95")
  end, { timeout_ms = LIMIT_MS })
end)
