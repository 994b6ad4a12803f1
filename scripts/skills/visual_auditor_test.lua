-- What the visual auditor can be told, at the demo store; what it says to each layout fault, and
-- what `nano-sre baseline` makes of it, is tests/e2e/visual_test.lua.

local demo_store = require "demo.store"
local LIMIT_MS = 120000
local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

describe("visual_auditor", function()
  local folder, store
  before_all(function()
    store = assert(demo_store.start {})
    sys.task.spawn(store.serve, store)
  end)
  before_each(function() folder = lib.folder() end)
  after_each(function() folder:remove() end)
  after_all(function() store:close() end)

  local function run(...)
    return folder:report({ "run", "visual_auditor", "--url", store:url(), "-o", "devices=Desktop",
      ... }).visual_auditor
  end

  it("takes baselines, and finds them again", function()
    local result = run("-o", "pages=product,cart")
    expect(result.status):is("PASS")
    expect(result.summary):is("baseline taken of 2 pages, nothing compared yet")
    result = run("-o", "pages=product,cart")
    expect(result.status):is("PASS")
    expect(result.summary):is("2 pages look like their baselines")
    expect(result.details.visual[2].place):is("desktop's cart page")
    expect(sys.files.stat(result.details.visual[2].baseline).kind):is("file")
    result = run("-o", "pages=product,about=/pages/contact")
    expect(result.summary):is("1 page looks like its baseline; baseline taken of 1 page")
  end, { timeout_ms = LIMIT_MS })

  it("looks at the product that is named, and takes a new baseline for another one", function()
    run("-o", "pages=product")
    local result = run("-o", "pages=product", "-o", "product=whiteout-goggles")
    expect(result.status):is("PASS")
    expect(result.summary):contains("baseline taken of 1 page")
    expect(result.steps[#result.steps].notes[1]):contains("a new one is taken of "
      .. "/products/whiteout-goggles")
  end, { timeout_ms = LIMIT_MS })

  it("refuses what it does not know before anything is opened", function()
    local function refusal(word)
      local result = run("-o", word)
      expect(result.status):is("ERROR")
      expect(result.error.kind):is("config")
      return result.error.message .. " / " .. tostring(result.error.hint)
    end
    expect(refusal "pages=hme"):contains('no page "hme"'):contains('did you mean "home"')
    expect(refusal "devices=iPhone 99"):contains('no device "iPhone 99"')
    expect(refusal "mask=rol=button"):contains('there is no rol=')
  end, { timeout_ms = LIMIT_MS })

  it("tells of a mistyped thing to hide", function()
    local result = run("-o", "pages=home", "-o", "hide=div[[")
    expect(result.error.message):is('hide: "div[[" is no CSS selector')
  end, { timeout_ms = LIMIT_MS })

  it("stops before its first effect in a dry run", function()
    local result = run("--dry-run")
    expect(result.status):is("SKIP")
    expect(result.gate.effects):is(0)
  end, { timeout_ms = LIMIT_MS })

  it("leaves the cart out when nothing can be put into it", function()
    run("-o", "pages=cart")
    store:fault("sold_out_shown_available", true)
    local result = run("-o", "pages=cart")
    store:fault("sold_out_shown_available", false)
    expect(result.status):is("PASS")
    expect(result.summary):is("1 page left out")
    expect(result.details.visual[1].words):contains("already sold out")
  end, { timeout_ms = LIMIT_MS })

  it("does not blame the shop for a baseline that is damaged or gone", function()
    local picture = run("-o", "pages=home,cart").details.visual[1].baseline
    local whole = assert(sys.files.read(picture))
    assert(sys.files.write(picture, whole:sub(1, 2000)))
    local result = run("-o", "pages=home,cart")
    expect(result.status):is("ERROR")
    expect(result.summary):contains("the baseline of the desktop's home page cannot be used")
    expect(result.error.hint):contains("nano-sre baseline reset home/desktop")
    expect(result.details.visual[1].state):is("same") -- the cart was compared all the same
    sys.files.remove(picture)
    expect(run("-o", "pages=home").status):is("ERROR")
    assert(sys.files.write(picture, whole))
    expect(run("-o", "pages=home").status):is("PASS")
  end, { timeout_ms = LIMIT_MS })

  it("says that the theme is another one", function()
    local picture = run("-o", "pages=home").details.visual[1].baseline
    local stem = picture:match("^(.*/home%-desktop)")
    for _, entry in ipairs(sys.files.list(picture:match("^(.*)/"))) do
      local path = picture:match("^(.*)/") .. "/" .. entry.name
      if path:find("%.json$") and path:sub(1, #stem) == stem then
        local text = sys.files.read(path):gsub('"id":139012341', '"id":1')
        assert(sys.files.write(path, (text:gsub('"name":"Alpenglow"', '"name":"Dawn"'))))
      end
    end
    local result = run("-o", "pages=home")
    expect(result.status):is("WARN")
    expect(result.summary):contains("the shop has another theme now (“Alpenglow”, before “Dawn”)")
  end, { timeout_ms = LIMIT_MS })
end)
