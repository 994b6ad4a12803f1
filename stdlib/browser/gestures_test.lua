local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local PAGE = [[
<main style="user-select:none">
<button id="t" ontouchstart="this.dataset.touched=1"
  onclick="this.textContent='tapped'">Tap</button>
<p id="d" ondblclick="this.textContent='twice'">Double</p>
<input id="k" onkeydown="window.keys=(window.keys||'')+event.key+' '">
<div id="knob" style="position:absolute;left:10px;top:200px;width:40px;height:40px;background:red">
</div>
<div id="hole" style="position:absolute;left:200px;top:300px;width:90px;height:90px">hole</div>
<div id="card" draggable="true" style="position:absolute;left:10px;top:400px">Card</div>
<div id="drawer" style="position:absolute;top:500px;width:200px;height:80px;overflow:auto">
<div style="height:900px">long</div></div>
<div style="height:4000px"></div><p id="end">The end</p>
</main>
<script>
let held = false;
knob.onpointerdown = () => { held = true; };
onpointerup = event => {
  if (held && event.target.id === 'hole') document.title = 'dropped';
  held = false;
};
hole.ondragover = event => event.preventDefault();
hole.ondrop = event => { hole.textContent = 'got ' + event.dataTransfer.getData('text/plain'); };
card.ondragstart = event => event.dataTransfer.setData('text/plain', 'the card');
</script>]]

describe("gestures", function()
  local site, page, context
  before_all(function()
    site = web.site { ["/"] = PAGE }
    page, context = web.page(site)
  end)
  before_each(function() page:goto("/") end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  it("taps with a finger where there is a touch screen", function()
    page:tap("#t")
    expect(page:text("#t")):is("tapped")
    expect(page:attribute("#t", "data-touched")):is("1")
    local desk = require("browser.page").open(context, { device = "Desktop" })
    expect(web.fault("usage", desk.tap, desk, "#t").message):contains("no touch screen")
    desk:close()
  end)

  it("clicks twice", function()
    page:dblclick("#d")
    expect(page:text("#d")):is("twice")
  end)

  it("types key by key, behind what is there", function()
    page:fill("#k", "a")
    page:type("#k", "b C\né")
    expect(page:value("#k")):is("ab Cé")
    expect(page:eval("keys")):is("b   C Enter é ")
  end)

  it("drags by the pointer and by HTML's drag and drop", function()
    page:drag("#knob", "#hole")
    expect(page:title()):is("dropped")
    local desk = require("browser.page").open(context, { device = "Desktop" })
    desk:goto("/")
    desk:drag("#card", "#hole")
    expect(desk:text("#hole")):is("got the card")
    desk:close()
  end)

  it("scrolls to elements, edges, by pixels, and within elements", function()
    page:scroll("#end")
    expect(page:eval(
      "document.querySelector('#end').getBoundingClientRect().top < innerHeight")):is(true)
    expect(page:scroll { to = "top" }.y):is(0)
    expect(page:scroll { y = 300 }.y):is(300)
    expect(page:scroll { y = 120, ["in"] = "#drawer" }.y):is(120)
    expect(page:eval("scrollY")):is(300)
    page:locator("#d"):scroll()
    expect(page:scroll { to = "bottom" }.y):above(3000)
    expect(web.fault("usage", page.scroll, page, { to = "botom" }).hint):contains("bottom")
    expect(web.fault("failure", page.scroll, page, "#none", { timeout = 50 }).message)
      :contains("no visible match")
  end)
end)
