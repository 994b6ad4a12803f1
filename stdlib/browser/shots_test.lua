local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local PAGE = [[<style>
body { margin: 0; background: #fff; font: 16px sans-serif }
@keyframes turn { from { margin-left: 0 } to { margin-left: 300px } }
#spin { width: 20px; height: 20px; background: #f00; animation: turn .3s infinite }
#name { display: block; width: 200px; height: 40px; border: 0; background: #00f }
#box { position: absolute; left: 40px; top: 1500px; width: 50px; height: 30px; background: #0a0 }
#lazy { height: 2000px }
</style><div id="spin"></div><input id="name" type="email" value="ann@shop.example" autofocus>
<div id="lazy"></div><div id="end">end</div><div id="box"></div>
<script>
new IntersectionObserver(seen => { if (seen[0].isIntersecting) document.title = 'end seen'; })
  .observe(document.querySelector('#end'));
</script>]]

describe("screenshots", function()
  local site, page, context
  before_all(function()
    site = web.site { ["/"] = PAGE }
    page, context = web.page(site, nil, { device = "Desktop" })
  end)
  before_each(function() page:goto("/") end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  local function size(png) return { assert(sys.image.decode(png)):size() } end
  -- How much of an area has that colour's look: 0 when both pictures are equal there.
  local function same(png, other, box)
    local a, b = sys.image.decode(png):crop(box), sys.image.decode(other):crop(box)
    return sys.image.diff(a, b, { threshold = 0 }).different == 0
  end

  it("are equal when nothing changed, whatever moves", function()
    local first = page:screenshot()
    local second = page:screenshot()
    expect(first == second):is(true)
    expect(size(first)):same { 1440, 900 }
    expect(page:eval("document.getAnimations()[0].playState")):is("running")
  end)

  it("of the whole page, whose lazy parts have been in view", function()
    local png, path = page:screenshot { full_page = true, name = "all" }
    expect(size(png)):same { 1440, page:eval("document.documentElement.scrollHeight") }
    expect(path):is("/artifacts/all.png")
    expect(page:title()):is("end seen")
    expect(page:eval("scrollY")):is(0)
  end)

  it("of one element, also below the screen", function()
    local png = page:screenshot { selector = "#box" }
    expect(size(png)):same { 50, 30 }
    local raised = web.fault("failure", page.screenshot, page, { selector = "#none" })
    expect(raised.message):contains("screenshot of #none: no visible match")
  end)

  it("have masks and blur", function()
    local plain = page:screenshot()
    local inside = { x = 4, y = 24, width = 150, height = 30 }
    local outside = { x = 300, y = 0, width = 500, height = 500 }
    for _, options in ipairs { { mask = "#name" }, { blur = { "#name" } } } do
      local hidden = page:screenshot(options)
      expect(same(plain, hidden, inside)):is(false)
      expect(same(plain, hidden, outside)):is(true)
    end
    web.fault("usage", page.screenshot, page, { mask = 7 })
    web.fault("usage", page.screenshot, page, { fullpage = true })
  end)

  it("cover personal fields when told to, also those of a failure", function()
    local plain = page:screenshot()
    local inside = { x = 4, y = 24, width = 150, height = 30 }
    for _, privacy in ipairs { "fill", "blur" } do
      context.shared.pages[1].tab.privacy = privacy
      expect(same(plain, page:screenshot(), inside), privacy):is(false)
      page:evidence()
      expect(same(plain, context.kept["failure.png"], inside), privacy):is(false)
    end
    context.shared.pages[1].tab.privacy = nil
  end)

  it("have one pixel for each of CSS when asked to, of as much of a page as asked for", function()
    local phone, other = web.page(site, nil, { device = "iPhone 17 Pro" })
    phone:goto("/")
    expect(size(phone:screenshot { scale = "css" })):same { 402, 874 }
    expect(size(phone:screenshot { scale = "css", full_page = true, height = 1000 })):same { 402,
      1000 }
    expect(function() phone:screenshot { scale = "big" } end):raises 'scale must be "css"'
    web.finish(other)
  end)
end)
