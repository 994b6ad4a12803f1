local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local PRODUCT = [[
<header><button aria-label="Menu">≡</button></header>
<main>
<div class="card"><a href="/products/a" style="display:none">First</a>
<a href="/products/a">First board</a></div>
<form id="f"><input name="id" value="3"><input name="getAttribute"><label for="q">Quantity</label>
<input id="q" type="number" value="1">
<button name="add" disabled><span>Sold out</span></button>
<button type="button">Notify me</button></form>
<input id="em" type="email"><input id="day" type="date"><input id="ro" value="x" readonly>
<div id="rich" contenteditable>old words</div>
<div style="height:3000px"></div>
<button id="far" onclick="this.textContent='clicked'">Far away</button>
<div style="position:relative">
<button id="under" onclick="this.textContent='clicked'">Under</button>
<div class="popup" style="position:absolute;inset:0;background:#eee">Pop</div></div>
<div id="host"></div>
</main>
<script>
document.getElementById('host').attachShadow({ mode: 'open' }).innerHTML =
  '<button onclick="this.textContent=\'clicked\'">In the <b>shadow</b></button>';
</script>]]

describe("actions", function()
  local site, page, context

  before_all(function()
    site = web.site { ["/"] = PRODUCT }
    page, context = web.page(site)
  end)
  before_each(function() page:goto("/") end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  it("scrolls to what it clicks", function()
    page:click("#far")
    expect(page:text("#far")):is("clicked")
  end)

  it("takes the first visible match", function()
    expect(page:count("a[href*='/products/']")):is(2)
    expect(page:text("a[href*='/products/']")):is("First board")
    page:click("a[href*='/products/']")
    expect(page:url()):matches("/products/a$")
  end)

  it("waits for an element that comes later, and for one that is switched on later", function()
    page:eval([[() => {
      const add = document.querySelector('[name=add]');
      add.onclick = event => { event.preventDefault(); add.textContent = 'Added'; };
      requestAnimationFrame(() => requestAnimationFrame(() => { add.disabled = false; }));
    }]])
    page:click("[name=add]")
    expect(page:text("[name=add]")):is("Added")
    page:eval([[() => { requestAnimationFrame(() => {
      document.body.insertAdjacentHTML('beforeend', '<i onclick="this.id=\'hit\'">late</i>');
    }); }]])
    page:click("text=late")
    page:wait_for("#hit")
  end)

  it("waits until nothing covers the element", function()
    page:eval([[() => { new IntersectionObserver((seen, it) => {
      if (seen[0].isIntersecting) { it.disconnect(); document.querySelector('.popup').remove(); }
    }).observe(document.querySelector('#under')); }]])
    page:click("#under")
    expect(page:text("#under")):is("clicked")
  end)

  it("clicks again when the element moves from under the pointer", function()
    page:eval([[() => {
      const far = document.querySelector('#far');
      far.style.position = 'relative';
      addEventListener('mousemove', () => { far.style.left = '150px'; }, { once: true });
      document.querySelector('main').addEventListener('click', event => {
        if (event.target !== far) document.title = 'clicked beside';
      });
    }]])
    page:click("#far")
    expect(page:text("#far")):is("clicked")
    expect(page:title()):is("Test")
  end)

  it("reaches into open shadow roots", function()
    page:click('role=button[name="In the shadow"]')
    expect(page:text("#host >> button")):is("clicked")
  end)

  it("fills fields of all kinds", function()
    page:eval([[() => { window.heard = []; for (const kind of ['input', 'change'])
      document.addEventListener(kind, event => heard.push(kind + ' ' + event.target.id)); }]])
    page:fill("#em", "a@b.example")
    page:fill("#q", 12)
    page:fill("#day", "2024-06-07")
    page:fill("#rich", "new words")
    expect(page:value("#em")):is("a@b.example")
    expect(page:value("#q")):is("12")
    expect(page:value("#day")):is("2024-06-07")
    expect(page:text("#rich")):is("new words")
    page:fill("#em", "")
    expect(page:value("#em")):is("")
    expect(page:eval("heard")):contains("change day")
  end)

  it("fills the field of a label", function()
    page:fill("text=Quantity", 3)
    expect(page:value("#q")):is("3")
  end)

  it("does not show a secret that it fills in", function()
    local secret = require("run.secret").new("hunter22")
    page:fill("#em", secret)
    expect(page:value("#em")):is("hunter22")
    local raised = web.fault("failure", page.fill, page, "#nothing", secret, { timeout = 0 })
    expect(raised.message):lacks("hunter22")
  end)

  it("presses keys, with modifiers", function()
    page:fill("#em", "one")
    page:press("#em", "Shift+X")
    expect(page:value("#em")):is("oneX")
    page:press("#em", "Backspace")
    expect(page:value("#em")):is("one")
    page:press("#em", "Control+A")
    page:press("#em", "Delete")
    expect(page:value("#em")):is("")
  end)

  it("submits a form by Enter and follows it", function()
    page:eval("() => { document.querySelector('[name=add]').disabled = false; }")
    page:press("#q", "Enter")
    expect(page:url()):matches("%?id=3&")
  end)

  it("reads what is on the page", function()
    expect(page:texts("main button >> visible=true")):contains("Notify me")
    expect(page:attributes("main a", "href")):same { "/products/a", "/products/a" }
    expect(page:attribute("#q", "type")):is("number")
    expect(page:attribute("#q", "nothing")):is(nil)
    expect(page:is_visible("main a >> nth=0")):is(false)
    expect(page:is_enabled("[name=add]")):is(false)
    expect(page:first_visible { "#none", "main a >> nth=0", "[name=add]", "#q" }):is("[name=add]")
    expect(page:first_visible { "#none", "main a >> nth=0" }):is(nil)
    expect(page:html("[name=add]")):is("<span>Sold out</span>")
    local form = page:locator("form")
    expect(form:locator("button"):count()):is(2)
    expect(form:locator("button"):nth(1):text()):is("Notify me")
    expect(form:locator("button"):last():text()):is("Notify me")
  end)

  it("waits for states", function()
    page:eval("() => { requestAnimationFrame(() => document.querySelector('#f').remove()); }")
    page:wait_for("#f", { state = "detached" })
    page:eval([[() => { requestAnimationFrame(() => {
      document.querySelector('#em').style.visibility = 'hidden'; }); }]])
    page:wait_for("#em", { state = "hidden" })
    page:wait_for("#em", { state = "attached" })
  end)
end)

describe("an action that cannot be done", function()
  local site, page, context

  before_all(function()
    site = web.site { ["/"] = PRODUCT }
    page, context = web.page(site, { timeout_ms = 0 })
    page:goto("/")
  end)
  after_all(function()
    web.finish(context)
    site:close()
  end)

  local function failure(selector)
    return web.fault("failure", page.click, page, selector)
  end

  it("tells what is there instead, the nearest first", function()
    local raised = failure("role=button[name=/add to cart/i]")
    expect(raised.code):is("timeout")
    expect(raised.message):matches("^click role=button%[name=/add to cart/i%]: no visible match")
    expect(raised.message):contains('button "Sold out" (disabled)')
    expect(raised.message):contains('button "Notify me"')
    expect(raised.message):contains("URL " .. site.url .. "/")
    expect(raised.details.selector):is("role=button[name=/add to cart/i]")
    expect(raised.details.dom):contains("<form id=\"f\">")
  end)

  it("tells that it is disabled, hidden or covered, and by what", function()
    expect(failure("[name=add]").message):contains('button "Sold out" stayed disabled')
    expect(failure("main a >> nth=0").message):contains('link "First" is not visible')
    expect(failure("#under").message):contains('button "Under" is covered by <div class="popup">')
    local raised = web.fault("failure", page.fill, page, "#ro", "y")
    expect(raised.message):contains("cannot be typed into")
  end)

  it("tells how many matched", function()
    page:eval("() => { for (const b of document.querySelectorAll('button')) b.disabled = true; }",
      nil, { timeout = "5s" })
    expect(failure("button").message):contains("the first visible of")
  end)

  it("finds names that are spelt nearly the same", function()
    expect(failure("#fra").message):contains('button "Far away"')
    expect(failure("text=Notifi me").message):contains("Notify me")
  end)

  it("is the script's mistake when the selector is none", function()
    local raised = web.fault("usage", page.click, page, "a[")
    expect(raised.message):contains("not a valid selector")
    expect(web.fault("usage", page.click, page, "text=/(/").message):contains("/(/")
    expect(web.fault("usage", page.click, page, "a", { timout = 1 }).hint):contains("timeout")
    expect(web.fault("usage", page.press, page, "a", "Entr").hint):contains("Enter")
  end)
end)

describe("a hostile page", function()
  it("does not reach the script that is injected", function()
    local site = web.site { ["/"] = [[<script>
      Array.prototype.push = Array.prototype.map = () => { throw new Error('patched'); };
      JSON.parse = JSON.stringify = null; window.Promise = window.MutationObserver = null;
      window.requestAnimationFrame = window.setTimeout = null;
      Element.prototype.getAttribute = () => 'patched';
      document.querySelectorAll = () => { throw new Error('patched'); };
      window.__nano = { target: () => 'mine' };
      </script><button onclick="this.textContent='pressed'">press</button>]] }
    local page, context = web.page(site)
    page:goto("/")
    page:click('role=button[name="press"]')
    expect(page:text("button")):is("pressed")
    web.finish(context)
    site:close()
  end)
end)
