local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()
local injected = require "browser.injected"

local CONTROLS = [[
<main>
<h1>Snow <em>gear</em></h1><h3 aria-level="2">Two</h3>
<button>Add <span aria-hidden="true">★</span>to<br>cart</button>
<button aria-label="Close">×</button>
<button title="Help"></button>
<button><img src="x.png" alt="Search"></button>
<button><svg><title>Menu</title></svg></button>
<input type="submit" value="Send"><input type="submit"><input type="image" alt="Go" src="x.png">
<div role="button" tabindex="0">Fake</div>
<summary>Alone</summary>
<button style="display:none">Hidden</button>
<div aria-hidden="true"><button>Aria hidden</button></div>
<button style="visibility:hidden">Invisible</button>
<div style="display:contents"><button>In contents</button></div>
<a href="/x">Link</a><a>No link</a><a href="/y"><img src="x.png" alt="Picture link"></a>
<label for="a">First name</label><input id="a">
<label>Last name <input id="b"></label>
<span id="l1">Zip</span> <span id="l2">code</span><input aria-labelledby="l1 l2">
<input placeholder="Your city"><input type="search" aria-label="Search shop">
<input type="number" aria-label="Quantity"><textarea aria-label="Note"></textarea>
<select aria-label="Country"><option>US</option><option selected>DE</option></select>
<input type="checkbox" id="c" checked><label for="c">Agree</label>
<input type="radio" aria-label="Red"><div role="switch" aria-checked="true">Dark</div>
<button aria-expanded="false">More</button><button aria-pressed="true" disabled>Bold</button>
<ul><li>One</li></ul><nav aria-label="Main">x</nav><section aria-label="Reviews">y</section>
<img src="x.png" alt="A board"><img src="x.png" alt=""><img src="x.png">
<fieldset><legend>Size</legend><input type="radio"></fieldset>
<table><caption>Prices</caption></table>
<div role="none button">n</div><form><button name="id">In form</button></form>
</main>]]

describe("the injected script", function()
  local site, page, context

  before_all(function()
    site = web.site { ["/"] = CONTROLS, ["/x.png"] = { status = 404 } }
    page, context = web.page(site)
    page:goto("/")
  end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  it("stays small, for every document runs it", function()
    expect(#injected.source()):at_most(25 * 1024)
    expect(injected.source()):lacks("\n  ")
  end)

  -- What role= finds: one match each.
  for _, selector in ipairs {
    'heading[name="Snow gear"][level=1]', 'heading[name="Two"][level=2]',
    'button[name="Add to cart"]', 'button[name="Close"]', 'button[name="Help"]',
    'button[name="Search"]', 'button[name="Menu"]', 'button[name="Send"]',
    'button[name="Submit"]', 'button[name="Go"]', 'button[name="Fake"]', 'button[name="Alone"]',
    'button[name="In contents"]', 'link[name="Link"]', 'link[name="Picture link"]',
    'textbox[name="First name"]', 'textbox[name="Last name"]', 'textbox[name="Zip code"]',
    'textbox[name="Your city"]', 'searchbox[name="Search shop"]', 'spinbutton[name="Quantity"]',
    'textbox[name="Note"]', 'combobox[name="Country"]', 'option[name="DE"][selected]',
    'checkbox[name="Agree"][checked]', 'radio[name="Red"][checked=false]',
    'switch[name="Dark"][checked]', 'button[name="More"][expanded=false]',
    'button[name="Bold"][pressed][disabled]', 'listitem', 'navigation[name="Main"]',
    'region[name="Reviews"]', 'img[name="A board"]', 'group[name="Size"]', 'table[name="Prices"]',
    'main', 'button[name=/^ADD TO/i]', 'button[name="add TO cart" i]',
    'button[name="Hidden"][include-hidden]', 'button[name="In form"]',
  } do
    it("finds role=" .. selector, function()
      expect(page:count("role=" .. selector)):is(1)
    end)
  end

  it("does not find what is hidden or has another role", function()
    for _, selector in ipairs { 'button[name="Hidden"]', 'button[name="Aria hidden"]',
      'button[name="Invisible"]', 'link[name="No link"]', 'button[name="add to cart"]' } do
      expect(page:count("role=" .. selector), selector):is(0)
    end
    expect(page:count("role=img")):is(5) -- with the two in controls and the one without a name
  end)

  it("finds texts: part, whole, regular expression; the innermost element", function()
    expect(page:count("text=snow GEAR")):is(1)
    expect(page:attribute("text=snow gear >> nth=0", "role")):is(nil)
    expect(page:html("text=snow gear")):is("Snow <em>gear</em>")
    expect(page:count('text="gear"')):is(1)
    expect(page:count('text="Snow"')):is(0)
    expect(page:count("text=/^first|^last/i")):is(2)
    expect(page:count('text="Send"')):is(1)
  end)

  it("chains and chooses", function()
    expect(page:count("ul >> text=One")):is(1)
    expect(page:count("nav >> text=One")):is(0)
    expect(page:text("main >> role=link >> nth=0")):is("Link")
    expect(page:count("button >> visible=false")):is(2)
    expect(page:count("button >> nth=99")):is(0)
  end)
end)
