-- From a picture that differs to the one that is approved: visual_auditor, `nano-sre baseline` and
-- the reports, at the demo store in a real Chromium. That every layout fault is found in the right
-- words is faults_test.lua.

local demo_store = require "demo.store"
local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local LIMIT_MS = 120000

describe("a page that changed", function()
  local folder, store
  before_each(function()
    folder = lib.folder()
    store = assert(demo_store.start {})
    sys.task.spawn(store.serve, store)
  end)
  after_each(function()
    store:close()
    folder:remove()
  end)

  local function run(...)
    local results, ended = folder:report { "run", "visual_auditor", "--url", store:url(),
      "-o", "devices=Desktop", ... }
    return results.visual_auditor, ended
  end
  local function baseline(...)
    return folder:run { "baseline", ... }
  end

  it("waits for approval, and is then how the shop looks", function()
    run("-o", "pages=product,collection")
    store:fault("broken_image", true)
    local result, ended = run("-o", "pages=product,collection")
    expect(result.status):is("WARN")
    expect(ended.code):is(0)
    expect(result.summary):contains("desktop's product page: the picture “Alpenglow All-Mountain "
      .. "Snowboard” does not load"):contains("% of the picture changed (and 1 more warning)")

    local shown = baseline "show"
    expect(shown.stdout):contains(store:url()):contains("waiting for approval")
      :contains("product/desktop"):contains("/collections/snowboards"):contains("does not load")
    local diff = shown.stdout:match("difference%s+(%S+)")
    local place = shown.stdout:match("visual_auditor  in (%S+)")
    expect(sys.files.stat(folder.path .. "/" .. place .. "/" .. diff).kind):is("file")

    local approved = baseline("approve", "product")
    expect(approved.stdout):contains("product/desktop  is how " .. store:url() .. " looks now")
    result = run("-o", "pages=product,collection")
    expect(result.details.visual[1].state):is("same")
    expect(result.details.visual[2].state):is("changed")
    expect(baseline("approve").stdout):contains("collection/desktop")
    expect(run("-o", "pages=product,collection").summary):is("2 pages look like their baselines")
    expect(baseline("approve").stderr):contains("nothing waits for approval")
  end, { timeout_ms = LIMIT_MS })

  it("fails where that is asked for", function()
    run("-o", "pages=product")
    store:fault("broken_image", true)
    local result, ended = run("-o", "pages=product", "-o", "changes=fail")
    expect(result.status):is("FAIL")
    expect(ended.code):is(1)
    expect(result.failure.hint):contains("nano-sre baseline approve")
    expect(run("-o", "pages=product", "-o", "allowed=50").status):is("PASS")
    expect(run("-o", "pages=product", "-o", "mask=.product__image").status):is("PASS")
  end, { timeout_ms = LIMIT_MS })

  it("is forgotten when it is back to what it was", function()
    run("-o", "pages=product")
    store:fault("layout_change", true)
    expect(run("-o", "pages=product").status):is("FAIL")
    expect(baseline("show").stdout):contains("waiting for approval")
    store:fault("layout_change", false)
    expect(run("-o", "pages=product").status):is("PASS")
    expect(baseline("show").stdout:find("waiting", 1, true)):is(nil)
  end, { timeout_ms = LIMIT_MS })

  it("has its place in the reports, before, after and difference", function()
    run("-o", "pages=home,product")
    store:fault("button_covered", true)
    local ended = folder:run { "run", "visual_auditor", "--url", store:url(),
      "-o", "devices=Desktop", "-o", "pages=home,product", "-r", "list,html=r.html,md=r.md" }
    expect(ended.code):is(1)
    expect(ended.stdout):contains("is covered by “Trusted by 4,000 riders”")
      :matches("differs   desktop's product page: %S+difference%.png")
    local html = folder:read "r.html"
    expect(select(2, html:gsub("data:image/png", ""))):at_least(3)
    expect(html):contains("Desktop&#39;s product page (Desktop)"):contains("class=\"compare\"")
      :contains("looks like its baseline")
    local md = folder:read "r.md"
    expect(md):contains("| desktop's home page | as before |")
      :matches("!%[before%]%(%S+before%.png%) | !%[after%]%(%S+after%.png%) | !%[difference%]")
  end, { timeout_ms = LIMIT_MS })

  it("is told for a shop whose pages have a banner and a pop-up, that are no change", function()
    store:close()
    store = assert(demo_store.start { cookie_banner = true, popup = true, drawer = true })
    sys.task.spawn(store.serve, store)
    run("-o", "pages=home,cart")
    expect(run("-o", "pages=home,cart").summary):is("2 pages look like their baselines")
    store:fault("layout_change", true)
    expect(run("-o", "pages=product").summary):contains("no buy button is to be seen when the "
      .. "baseline is taken")
  end, { timeout_ms = LIMIT_MS })

  it("is begun anew by reset and --update-baseline", function()
    run("-o", "pages=home")
    expect(baseline("reset").code):is(2)
    local ended = baseline("reset", "hme/desktop")
    expect(ended.code):is(2)
    expect(ended.stderr):contains('there is no baseline "hme/desktop"'):contains("home/desktop")
    expect(baseline("reset", "home/desktop").stdout):contains("1 picture forgotten")
    expect(run("-o", "pages=home").summary):contains("baseline taken of 1 page")
    expect(baseline("reset", "visual_auditor").stdout):contains("visual_auditor  begins anew")
    expect(run("-o", "pages=home").summary):contains("baseline taken of 1 page")
    run("-o", "pages=product")
    expect(run("-o", "pages=home", "--update-baseline").summary)
      :contains("baseline taken of 1 page")
    expect(baseline("show").stdout):contains("home/desktop"):contains("product/desktop")
  end, { timeout_ms = LIMIT_MS })
end)

describe("nano-sre baseline", function()
  local folder
  before_each(function() folder = lib.folder() end)
  after_each(function() folder:remove() end)

  it("says what to do where nothing is known", function()
    local ended = folder:run { "baseline", "show" }
    expect(ended.code):is(2)
    expect(ended.stderr):contains("there is no database")
    folder:write("a.lua", 'return skill "a" { run = function() end }')
    folder:run { "run", "a.lua" }
    ended = folder:run { "baseline", "show" }
    expect(ended.code):is(0)
    expect(ended.stderr):contains("no baselines yet")
    expect(folder:run { "baseline", "approve" }.stderr):contains("nothing waits")
    expect(folder:run({ "baseline", "frob" }).code):is(2)
  end)

  it("does not approve for two shops at once unless it is told to", function()
    local db = require "service.db"
    assert(sys.files.make_dirs(folder.path .. "/state"))
    local store = assert(db.open(folder.path .. "/state/nano.db"))
    for _, shop in ipairs { "https://one.example", "https://two.example" } do
      assert(store:baseline_put(shop, "visual_auditor", { nano_sre = { learned = { pictures = {
        { name = "home/desktop", page = "home", device = "Desktop", path = "/", picture = "a.png",
          pending = { picture = "b.png", words = "it moved" } } } } } }))
    end
    store:close()
    local env = { SQLITE_DB_PATH = folder.path .. "/state/nano.db" }
    local ended = folder:run({ "baseline", "approve" }, env)
    expect(ended.code):is(2)
    expect(ended.stderr):contains("this is about 2 shops: https://one.example, https://two.example")
    ended = folder:run({ "baseline", "approve", "--store", "two.example" }, env)
    expect(ended.stdout):is("home/desktop  is how https://two.example looks now\n")
    expect(folder:run({ "baseline", "show", "--device", "phone" }, env).stdout):is("")
    expect(folder:run({ "baseline", "show", "--device", "desktop" }, env).stdout)
      :contains("a.png (is not there)")
  end)
end)
