local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local PAGE = [[<style>
body { margin: 0; font: 16px sans-serif }
#buy { position: absolute; left: 20px; top: 1200px; width: 200px; height: 50px }
#lid { position: absolute; left: 0; top: 1190px; width: 300px; height: 80px; background: #fc0 }
.out { position: absolute; left: -400px; top: 0 }
.faint { opacity: 0 }
.read { position: absolute; clip: rect(0 0 0 0); overflow: hidden }
.top { position: fixed; top: 0; right: 0 }
main { height: 2000px }
</style><main><h1>Boots</h1><a href="/sale?x=1">Sale</a><a href="/faint" class="faint">Faint</a>
<a href="/out" class="out">Drawer</a><a href="#m" class="read">Skip</a>
<button class="top" disabled>Menu</button><div id="ads"><a href="/ad">Advert</a></div>
<img src="/none.png" alt="Gone" width="80" height="60">
<button id="buy" name="add">Add to cart</button></main>]]
local LID = PAGE .. '<div id="lid">Spin the wheel</div>'

describe("page:snapshot", function()
  local site, page, context
  before_all(function()
    site = web.site { ["/"] = PAGE, ["/lid"] = LID }
    page, context = web.page(site, nil, { device = "Desktop 1280x720" })
  end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  local function elements(path, options)
    page:goto(path)
    local by_name, names = {}, {}
    for _, one in ipairs(page:snapshot(options).elements) do
      by_name[one.name], names[#names + 1] = one, one.name
    end
    return by_name, names
  end

  it("has what a person can see, with its place in the page", function()
    local seen, names = elements("/")
    expect(names):same { "", "Boots", "Sale", "Menu", "Advert", "Gone", "Add to cart" }
    expect(seen["Sale"].role):is("link")
    expect(seen["Sale"].key):is("/sale")
    local buy = seen["Add to cart"]
    expect({ buy.role, buy.x, buy.y, buy.width, buy.height, buy.selector }):same { "button", 20,
      1200, 200, 50, "button#buy" }
    expect(seen["Menu"].disabled):is(true)
    expect(seen["Gone"].broken):is(true)
  end)

  it("tells the size of screen and page", function()
    page:goto("/")
    local seen = page:snapshot()
    expect({ seen.width, seen.height, seen.page_width }):same { 1280, 720, 1280 }
    expect(seen.page_height):at_least(2000)
  end)

  it("leaves out what is masked", function()
    expect(elements("/", { mask = "#ads" })["Advert"]):is(nil)
  end)

  it("marks keys, by the first selector that finds something to be seen", function()
    local seen = elements("/", { keys = { { kind = "buy", ".none", "a.faint", "text=Add to cart" },
      { kind = "menu", "role=button[name=/menu/i]" } } })
    expect(seen["Add to cart"].kind):is("buy")
    expect(seen["Add to cart"].covered):is(nil)
    expect(seen["Add to cart"].fixed):is(false)
    expect(seen["Menu"].fixed):is(true)
  end)

  it("tells what lies over a key, wherever it is, and leaves the page where it was", function()
    local keys = { { kind = "buy", "[name=add]" } }
    expect(elements("/lid", { keys = keys })["Add to cart"].covered):is("“Spin the wheel”")
    expect(page:eval("scrollY")):is(0)
  end)

  it("says what is wrong with a call", function()
    local function refused(options) return function() page:snapshot(options) end end
    expect(refused { keyz = {} }):raises "unknown option \"keyz\""
    expect(refused { keys = { "button" } }):raises "keys are written"
    expect(refused { mask = 1 }):raises "mask takes selectors"
  end)
end)
