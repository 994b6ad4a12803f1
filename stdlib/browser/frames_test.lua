-- Frames of other sites, which Chromium runs in processes of their own: acting in them, and what
-- the page is told reaches them. Three host names of one server make three sites.

local face = require "browser.face"
local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local ARGS = { "--site-per-process", "--host-resolver-rules=MAP *.test 127.0.0.1" }

local PAY = [[<body style="margin:0"><h2>Pay</h2><div style="height:60px"></div>
<input id="number" placeholder="Card number"
  oninput="this.dataset.keys = (this.dataset.keys || '') + '.'">
<input type="checkbox" id="save"><label for="save">Save</label>
<select id="country"><option>France</option><option>Japan</option></select>
<button onclick="this.textContent = 'Paid ' + number.value"
  ontouchstart="this.dataset.touched=1">Pay</button><input type="file" id="file">
<div style="height:900px"></div><button id="far" onclick="this.textContent = 'reached'">Far</button>
<a id="top" target="_top" href="PARENT/thanks">Away</a>
<script>addEventListener('message', e => { document.title = e.data; });</script>]]

describe("frames of other sites", function()
  local site, page, context
  local function url(host, path) return ("http://%s.test:%d%s"):format(host, site.port, path) end

  --- A page of shop.test with a frame of pay.test, in which there is one of shop.test again.
  local function open(options)
    page, context = web.page({ url = url("shop", "") }, { browser = { args = ARGS } }, options)
    page:goto("/")
  end

  before_each(function()
    site = web.site {
      ["/"] = function()
        return ([[<h1>Shop</h1><div style="height:1200px"></div>
          <iframe id="pay" name="payment" src="%s"
          style="border:7px solid;padding:3px;height:300px"></iframe>
          <iframe id="own" src="/own"></iframe>]]):format(url("pay", "/pay"))
      end,
      ["/pay"] = function()
        return (PAY:gsub("PARENT", url("shop", "")))
          .. ('<iframe id="back" src="%s"></iframe>'):format(url("shop", "/inner"))
      end,
      ["/inner"] = [[<button onclick="this.textContent = 'pressed'">Inner</button>]],
      ["/own"] = "<p>own</p>", ["/thanks"] = "<h1>Thanks</h1>",
      ["/second"] = [[<h2>Second</h2><button onclick="this.textContent = 'again'">Go</button>]],
    }
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  --- Whether the browser runs the frame at that address in a process of its own.
  local function apart(address)
    local answer = assert(context.shared.browser:call("Target.getTargets", "{}"))
    for _, target in ipairs(sys.codec.json_decode(answer).targetInfos) do
      if target.type == "iframe" and target.url == address then return true end
    end
    return false
  end

  it("are acted in as any other, at any depth", function()
    open()
    local pay = page:frame("#pay")
    expect(pay:text("h2")):is("Pay")
    expect(apart(url("pay", "/pay"))):is(true)
    pay:fill("placeholder=Card number", "4242")
    expect(pay:value("#number")):is("4242")
    pay:type("#number", "11")
    expect(pay:attribute("#number", "data-keys")):is("...")
    pay:click('role=button[name="Pay"]')
    expect(pay:text("role=button[name=/Paid/]")):is("Paid 424211")
    pay:check("label=Save")
    expect(pay:is_checked("#save")):is(true)
    expect(pay:select("#country", "Japan")):same { "Japan" }
    pay:click("#far")
    expect(pay:text("#far")):is("reached")
    pay:tap("role=button[name=/Paid/]")
    expect(pay:attribute("role=button[name=/Paid/]", "data-touched")):is("1")
    local inner = pay:frame("#back")
    inner:click("button")
    expect(inner:text("button")):is("pressed")
    expect(inner:url()):is(url("shop", "/inner"))
    expect(inner:eval("location.pathname")):is("/inner")
    expect(page:frame("#own"):text("p")):is("own")
  end)

  it("go on to other pages, of their own site and of others", function()
    open()
    local pay = page:frame("#pay")
    expect(pay:url()):is(url("pay", "/pay"))
    pay:eval("location.href = '/second'")
    pay:click("text=Go")
    expect(pay:url()):is(url("pay", "/second"))
    pay:eval(("location.href = '%s'"):format(url("other", "/second")))
    pay:wait_for_function("location.host.startsWith('other')")
    pay:click("text=Go")
    expect(pay:text("button")):is("again")
    -- Into the page's own process, and out again.
    pay:eval(("location.href = '%s'"):format(url("shop", "/second")))
    pay:wait_for_function("location.host.startsWith('shop')")
    expect(apart(url("shop", "/second"))):is(false)
    pay:click("text=Go")
    pay:eval(("location.href = '%s'"):format(url("pay", "/second")))
    pay:wait_for_function("location.host.startsWith('pay')")
    expect(apart(url("pay", "/second"))):is(true)
    pay:click("text=Go")
    expect(pay:text("button")):is("again")
  end)

  it("are found by selector, name and address, and all of them are told", function()
    open()
    page:frame("#pay"):frame("#back"):wait_for("button")
    expect(page:frame { name = "payment" }:text("h2")):is("Pay")
    expect(page:frame { url = "**/inner" }:text("button")):is("Inner")
    local urls = {}
    for i, frame in ipairs(page:frames()) do urls[i] = frame:url() end
    expect(urls):same { url("pay", "/pay"), url("shop", "/inner"), url("shop", "/own") }
    local inner = page:frames()[2]
    inner:click("button")
    expect(inner:text("button")):is("pressed")
    expect(#page:frame("#pay"):frames()):is(1)
    web.fault("usage", page.frame, page, { adress = "x" })
    web.fault("usage", page.frame, page, {})
  end)

  it("that are not there, or covered, are told in words", function()
    open { timeout = 300 }
    local pay = page:frame("#pay")
    pay:wait_for("h2")
    local nowhere = page:frame { url = "**/nowhere" }
    expect(web.fault("failure", nowhere.text, nowhere, "h2").message)
      :contains("frame at **/nowhere: there is no such frame; there are " .. url("pay", "/pay"))
    local missing = web.fault("failure", pay.click, pay, "text=Buy").message
    expect(missing):contains('click text=Buy: no visible match for 300 ms. On the page are: ')
    expect(missing):contains(("URL %s, in its frame %s"):format(url("shop", "/"),
      url("pay", "/pay")))
    page:eval([[document.body.insertAdjacentHTML('beforeend',
      '<div class="over" style="position:fixed;inset:0;background:#ccc">over</div>')]])
    expect(web.fault("failure", pay.click, pay, "text=Pay").message)
      :contains('is covered by <div class="over">')
  end)

  it("that crash are told, and can be used again when they show a page again", function()
    open()
    local pay = page:frame("#pay")
    pay:wait_for("h2")
    for session, one in pairs(face.hidden(page, "page").tab.targets.list) do
      if one.url == url("pay", "/pay") then
        context.shared.browser:post("Page.crash", "{}", session)
      end
    end
    expect(web.fault("failure", pay.wait_for, pay, "text=Never").message)
      :contains(("the frame %s crashed its process"):format(url("pay", "/pay")))
    page:eval("document.querySelector('#pay').src += '?again'")
    pay:click("text=Pay")
    expect(pay:url()):is(url("pay", "/pay?again"))
  end)

  it("take the page away, which is waited for", function()
    open()
    page:frame("#pay"):click("#top")
    expect(page:text("h1")):is("Thanks")
    expect(page:url()):is(url("shop", "/thanks"))
  end)
end)
