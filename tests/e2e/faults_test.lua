-- The storefront skills against the demo store, in a real Chromium: nothing is found on the healthy
-- store; with a fault on, the skills that it touches leave PASS and say what it is in a store
-- owner's words, and the others stay PASS.

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local SKILLS = { "checkout", "headless_probe", "shopify_doctor" }
local HEALTHY_RUNS = tonumber(sys.env.get("HEALTHY_RUNS") or "") or 2
local LIMIT_MS = 120000

-- fault → skill → { status, words of the summary }. A skill that is not named must PASS. `only`
-- leaves skills out that would wait half a minute and find the same. visual_auditor runs where it
-- is named.
local FAULTS = {
  stale_price = { headless_probe = { "FAIL",
    "shows a wrong price: $391.96, but the shop asks for $489.95" } },
  hydration_error = { headless_probe = { "WARN",
    "drawn differently by the server and by the browser",
    "React hydration error" } },
  rate_limited = { headless_probe = { "FAIL", "the shop refuses requests", "429" } },
  liquid_error = { shopify_doctor = { "FAIL", "the product page shows a Liquid error",
    "snippets/size-chart line 14", "a missing translation" } },
  app_script_404 = { shopify_doctor = { "WARN",
    "a script of the app countdown-timer-plus does not load",
    "404" } },
  broken_image = { shopify_doctor = { "FAIL", "a picture on the", "is broken",
    "Alpenglow All-Mountain Snowboard" } },
  redirect_loop = { shopify_doctor = { "FAIL", "“Last season”", "leads in circles" } },
  sold_out_shown_available = { checkout = { "FAIL",
    "the page offers the product, but the shop refuses it",
    "already sold out" } },
  layout_change = { checkout = { "FAIL", "no add-to-cart button is to be seen" },
    visual_auditor = { "FAIL",
      "phone's and desktop's product page: the button “Add to cart” vanished",
      "Alpenglow All-Mountain Snowboard” moved 95 px down", "of the picture changed" } },
  button_pushed_down = { visual_auditor = { "FAIL",
    "desktop's product page: the button “Add to cart” moved 480 px down, out of the first view",
    "“Season opening: lifts run from Friday” is new", "the page is 480 px longer" } },
  button_covered = { checkout = { "FAIL", "\"Add to cart\" is covered by", "trust-sticker" },
    visual_auditor = { "FAIL",
      "the button “Add to cart” is covered by “Trusted by 4,000 riders”" } },
  slow_hero = { checkout = { "WARN", "the home page is slow", "hero-tall.png" } },
  atc_broken = { checkout = { "FAIL",
    "the button was clicked but no request to /cart/add was sent" } },
  cart_500 = { checkout = { "FAIL", "500" },
    shopify_doctor = { "FAIL", "the cart page cannot be opened", "500" } },
  checkout_unreachable = { checkout = { "FAIL", "503" } },
  sold_out = { checkout = { "FAIL", "sold out" } },
  endless_loading = { only = { "checkout" },
    checkout = { "FAIL", "/cart", "still waiting for", "/apps/gift-wrap/embed.js" } },
  password_page = {
    checkout = { "FAIL", "visitors see the password page, the shop is closed to them" },
    headless_probe = { "FAIL", "visitors see the password page" },
    shopify_doctor = { "FAIL", "visitors see the password page" } },
  renderer_crash = {
    checkout = { "FAIL", "crashed the browser's tab", "/products/" },
    headless_probe = { "FAIL", "crashed the browser's tab" },
    shopify_doctor = { "FAIL", "crashed the browser's tab" } },
}

describe("the storefront skills at the demo store", function()
  local folder, demo
  before_all(function()
    folder = lib.folder()
    demo = folder:demo()
    folder:report { "run", "--url", demo.url, "visual_auditor" } -- takes the baselines
  end)
  after_all(function()
    demo.stop()
    folder:remove()
  end)

  local function check(skills)
    return (folder:report { "run", "--url", demo.url, unpack(skills) })
  end

  local function verify(result, want)
    want = want or { "PASS" }
    if result.status ~= want[1] then
      error(("%s is %s, not %s: %s"):format(result.skill, result.status, want[1], result.summary),
        2)
    end
    for i = 2, #want do expect(result.summary):contains(want[i]) end
  end

  it("find nothing on the healthy store", function()
    for _ = 1, HEALTHY_RUNS do
      local results = check(SKILLS)
      for _, skill in ipairs(SKILLS) do verify(results[skill]) end
    end
  end, { timeout_ms = LIMIT_MS * HEALTHY_RUNS })

  local names = {}
  for name in pairs(FAULTS) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    it("find " .. name, function()
      local want = FAULTS[name]
      demo.fault(name, true)
      local skills = { unpack(want.only or SKILLS) }
      if want.visual_auditor then skills[#skills + 1] = "visual_auditor" end
      local ok, results = pcall(check, skills)
      demo.fault(name, false)
      if not ok then error(results, 0) end
      for _, skill in ipairs(skills) do verify(results[skill], want[skill]) end
    end, { timeout_ms = LIMIT_MS })
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

  it("with cart drawer and cookie banner is in order, and no cookie is allowed", function()
    demo = folder:demo("--drawer", "--cookie-banner")
    local results = folder:report { "run", "--url", demo.url, unpack(SKILLS) }
    for _, skill in ipairs(SKILLS) do
      if results[skill].status ~= "PASS" then error(results[skill].summary) end
    end
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
