-- What `make demo` shows: the healthy shop, then a fault that is found and explained.

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

describe("the tour", function()
  local folder
  before_each(function() folder = lib.folder() end)
  after_each(function() folder:remove() end)

  it("is green, then breaks the shop, finds it and says what to do", function()
    local ended = folder:run { "demo", "--tour" }
    expect(ended.code):is(0)
    local healthy, broken = ended.stdout:match("^(.-)(✗ FAIL.*)$")
    expect(healthy):contains("✓ PASS   checkout")
    expect(healthy):matches("%d passed in")
    expect(broken):contains("add to cart: the button was clicked")
    expect(broken):contains("    do        ")
    expect(ended.stderr):contains("now the shop is broken (--fault atc_broken)")
  end)
end)
