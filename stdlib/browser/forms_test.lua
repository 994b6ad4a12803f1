local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local PAGE = [[
<label for="s">Size</label>
<select id="s"><option value="s">Small</option><option value="l">Large</option>
<option value="x" disabled>Huge</option></select>
<select id="m" multiple><option>a</option><option>b</option><option>c</option></select>
<input type="checkbox" id="c"><label for="c">Agree</label>
<style>.gone{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}</style>
<input type="checkbox" id="h" class="gone"><label for="h">Hidden box</label>
<input type="radio" name="r" id="r1" checked><input type="radio" name="r" id="r2">
<div role="switch" aria-checked="false" id="w"
  onclick="this.setAttribute('aria-checked', this.getAttribute('aria-checked')!=='true')">Dark</div>
<input type="checkbox" id="stuck" onclick="return false">
<input type="file" id="f" hidden><input type="file" id="ff" multiple>
<input placeholder="Search the shop"><button data-testid="buy">Buy</button>
<ul><li>Board <b>10</b></li><li>Boot <b>Sold out</b></li></ul>
<div id="host"></div>
<script>
host.attachShadow({ mode: 'open' }).innerHTML = '<label>Inner <input id="in"></label>' +
  '<select id="ss"><option>one<option>two</select>';
let told = [];
for (const kind of ['input', 'change']) {
  s.addEventListener(kind, event => told.push(kind + ' ' + s.value));
}
</script>]]

describe("forms", function()
  local site, page, context, folder
  before_all(function()
    folder = assert(sys.files.temp_dir("nano-sre-forms-"))
    assert(sys.files.make_dirs(folder .. "/scripts/files"))
    assert(sys.files.write(folder .. "/scripts/files/a.txt", "hello"))
    assert(sys.files.write(folder .. "/scripts/b.txt", "you"))
    assert(sys.files.write(folder .. "/secret.txt", "no"))
    assert(sys.files.make_dirs(folder .. "/scripts/.nano-sre"))
    for _, name in ipairs { ".env", ".nano-sre/nano-sre.db", "nano-sre.lua" } do
      assert(sys.files.write(folder .. "/scripts/" .. name, "no"))
    end
    site = web.site { ["/"] = PAGE }
    page, context = web.page(site, { folder = folder .. "/scripts" })
  end)
  before_each(function() page:goto("/") end)
  after_all(function()
    web.finish(context)
    site:close()
    sys.files.remove(folder, { recursive = true })
  end)

  it("chooses by value, label and index, and tells the page", function()
    expect(page:select("#s", "Large")):same { "l" }
    expect(page:eval("told")):same { "input l", "change l" }
    expect(page:select("label=Size", { value = "s" })):same { "s" }
    expect(page:select("#s", { index = 1 })):same { "l" }
    expect(page:select("#m", { "a", "c" })):same { "a", "c" }
    expect(page:select("#ss", "two")):same { "two" }
  end)

  it("says which options there are", function()
    local raised = web.fault("failure", page.select, page, "#s", "Medium", { timeout = 50 })
    expect(raised.message):contains("it has no such option. Its options are: Small, Large, "
      .. "Huge (disabled)")
    raised = web.fault("failure", page.select, page, "#s", "Huge", { timeout = 50 })
    expect(raised.message):contains("its option Huge is disabled")
    raised = web.fault("failure", page.select, page, "#c", "x", { timeout = 50 })
    expect(raised.message):contains('checkbox "Agree" is no list of choices')
    web.fault("usage", page.select, page, "#s", { vlaue = "l" })
  end)

  it("waits for an option that comes later", function()
    page:eval("requestAnimationFrame(() => s.add(new Option('Late', 'z')))")
    expect(page:select("#s", "Late")):same { "z" }
  end)

  it("checks and unchecks, also what a theme hides behind its label", function()
    page:check("#c")
    page:check("#c")
    expect(page:is_checked("#c")):is(true)
    page:uncheck("label=Agree")
    expect(page:is_checked("#c")):is(false)
    page:check("#h")
    expect(page:eval("h.checked")):is(true)
    page:check("#r2")
    expect(page:is_checked("#r1")):is(false)
    page:check("role=switch")
    expect(page:attribute("#w", "aria-checked")):is("true")
    expect(web.fault("failure", page.check, page, "#stuck").message):contains("did not change")
    web.fault("usage", page.check, page, "li >> nth=0")
    web.fault("usage", page.uncheck, page, "#r2")
  end)

  it("uploads files of the script's folder only", function()
    page:upload("#f", "files/a.txt")
    expect(page:eval("f.files[0].text()")):is("hello")
    page:upload("#ff", { "files/a.txt", "b.txt" })
    expect(page:eval("[...ff.files].map(one => one.name)")):same { "a.txt", "b.txt" }
    for _, wrong in ipairs { "../secret.txt", "/etc/hostname", "none.txt", "files",
      folder .. "/scripts/b.txt" } do
      web.fault("usage", page.upload, page, "#f", wrong)
    end
    for _, private in ipairs { ".env", ".nano-sre/nano-sre.db", "nano-sre.lua" } do
      expect(web.fault("usage", page.upload, page, "#f", private).message)
        :contains("may hold secrets")
    end
    expect(web.fault("usage", page.upload, page, "#c", "b.txt").message):contains("no file field")
  end)

  it("finds by label, placeholder, test id, XPath and text within", function()
    page:fill("label=inner", "x")
    expect(page:value("#in")):is("x")
    expect(page:count('label="Agree"')):is(1)
    expect(page:count("placeholder=/^search/i")):is(1)
    expect(page:text("testid=buy")):is("Buy")
    expect(page:text("//li[2]/b")):is("Sold out")
    expect(page:text("ul >> xpath=//li[1]/b")):is("10")
    expect(page:text("li >> has-text=sold out")):contains("Boot")
    expect(page:text("li >> has-not-text=sold out")):contains("Board")
    expect(page:locator("li"):filter { has_text = "Sold out" }:locator("b"):text()):is("Sold out")
    expect(page:locator("li"):filter { has_not_text = "10" }:count()):is(1)
    web.fault("usage", page.count, page, "//li[")
  end)
end)
