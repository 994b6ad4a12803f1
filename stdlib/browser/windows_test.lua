-- Dialogs, pop-ups, downloads and frames in a real Chromium.

local face = require "browser.face"
local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local HOME = [[
<button id="ask" onclick="document.title = confirm('Sure?') + ' ' + prompt('Name', 'you')">Ask
</button>
<button id="open" onclick="window.open('/two')">Open</button>
<a id="blank" target="_blank" href="/two">Blank</a>
<button id="empty" onclick="window.open('about:blank')">Empty</button>
<a id="get" download href="/data">Data</a><a id="broken" href="/broken">Broken</a>
<div style="height:1500px"></div>
<iframe id="f" src="/frame" style="border:7px solid;padding:3px"></iframe>
<div style="position:relative"><iframe id="covered" src="/frame"></iframe>
<div style="position:absolute;inset:0;background:#ccc" class="over">over</div></div>]]

describe("windows", function()
  local site, page, context
  before_each(function()
    site = web.site {
      ["/"] = HOME,
      ["/two"] = "<h1>Two</h1><button onclick=\"opener.document.title='told'\">x</button>",
      ["/data"] = { body = ("x"):rep(5000), headers = { ["content-type"] = "text/csv",
        ["content-disposition"] = 'attachment; filename="orders.csv"' } },
      ["/frame"] = [[<h2>Inside</h2><input id="i"><button onclick="i.value+='!'">Go</button>
        <iframe src="/deep"></iframe>]],
      ["/deep"] = [[<button onclick="this.textContent='pressed'">Deep</button>
        <a href="/two">on</a>]],
    }
    page, context = web.page(site)
    page:goto("/")
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  it("dialogs are dismissed, accepted, or decided by the script", function()
    page:click("#ask")
    expect(page:title()):is("false null")
    page:on_dialog("accept", { text = "Ann" })
    page:click("#ask")
    expect(page:title()):is("true Ann")
    local seen = {}
    page:on_dialog(function(dialog)
      seen[#seen + 1] = dialog.type .. " " .. dialog.message
      return "accept", dialog.default and dialog.default .. "r"
    end)
    page:click("#ask")
    expect(page:title()):is("true your")
    expect(seen):same { "confirm Sure?", "prompt Name" }
    expect(page:console()[1].text):is("confirm: Sure?")
    web.fault("usage", page.on_dialog, page, "acept")
  end)

  it("pop-ups are pages", function()
    page:click("#open")
    local two = page:wait_for_popup()
    expect(two:url()):is(site.url .. "/two")
    expect(two:text("h1")):is("Two")
    two:click("button")
    expect(page:title()):is("told")
    expect(two:device()):is(page:device())
    page:click("#blank")
    local three = page:wait_for_popup()
    three:wait_for("h1")
    expect(three:eval("innerWidth")):is(402)
    two:close()
    page:click("#empty")
    expect(page:wait_for_popup():url()):is("about:blank")
    expect(web.fault("failure", page.wait_for_popup, page, { timeout = 50 }).message)
      :contains("opened no other one in 50 ms")
  end)

  it("downloads are counted, and leave nothing behind", function()
    page:click("#get")
    expect(page:wait_for_download()):same { name = "orders.csv", url = site.url .. "/data",
      size = 5000 }
    expect(web.fault("failure", page.wait_for_download, page, "/data", { timeout = 30 }).message)
      :contains("no download began")
    local folder = face.hidden(page, "page").tab.downloads.folder
    expect(sys.files.stat(folder)):truthy()
    web.finish(context)
    expect(sys.files.stat(folder)):is(nil)
  end)

  it("frames are acted in as pages are", function()
    local frame = page:frame("#f")
    expect(frame:text("h2")):is("Inside")
    frame:fill("#i", "a")
    frame:click("text=Go")
    expect(frame:value("#i")):is("a!")
    expect(frame:eval("location.pathname")):is("/frame")
    local deep = frame:frame("iframe")
    deep:click("button")
    expect(deep:text("button")):is("pressed")
    deep:click("text=on")
    deep:wait_for("h1")
    expect(deep:url()):is(site.url .. "/two")
    expect(page:url()):is(site.url .. "/")
    expect(page:locator("#f"):frame():locator("h2"):count()):is(1)
  end)

  it("frames that are covered or none say so", function()
    local covered = page:frame("#covered")
    expect(web.fault("failure", covered.click, covered, "button", { timeout = 200 }).message)
      :contains("is covered by <div class=\"over\">")
    web.fault("usage", function() page:frame("#ask"):text("h2") end)
  end)
end)
