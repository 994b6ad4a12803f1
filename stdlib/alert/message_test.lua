local describe, it, expect = describe, it, expect
local format = require "alert.format"
local message = require "alert.message"

local path = "tests/lua/alert_stand.lua"
local stand = assert(sys.load_trusted(sys.files.read(path), path))()
local rows = stand.rows "slack"

local function told(kind)
  local built = message.build(rows[kind])
  return built.title .. "\n" .. built.text
end

describe("what people read", function()
  it("opened", function()
    expect(told "opened"):is [=[
[P1] Checkout on Snow & <Shop> is broken
no element matches role=button[name="Add to cart"]
Step: add to cart
Since: 2026-05-04 10:00:00 UTC (5m), seen 3 times
Page: https://shop.example/products/board_1
Request: POST https://shop.example/cart/add.js → 500
Console: TypeError: x is undefined
To do: try it again with `nano-sre run checkout --url https://shop.example`
Take it with `nano-sre incident ack 41`; all of it: `nano-sre incident show 41`]=]
  end)

  it("changed, again, escalated", function()
    expect(message.build(rows.changed).title)
      :is "[P1] Checkout on Snow & <Shop> is broken in another way"
    expect(message.build(rows.again).title):is "[P1] Checkout on Snow & <Shop> is still broken"
    expect(message.build(rows.escalated).title)
      :is "[P0] Checkout on Snow & <Shop> is still broken and nobody has taken it"
    expect(message.build(rows.escalated).items[1].level):is(1)
  end)

  it("resolved", function()
    expect(told "resolved"):is [=[
[OK] Checkout on Snow & <Shop> works again
It lasted 5m, from 2026-05-04 10:00:00 UTC to 2026-05-04 10:05:00 UTC.
It was: no element matches role=button[name="Add to cart"]]=]
  end)

  it("grouped: the open ones first", function()
    expect(told "grouped"):is [=[
[P1] 1 trouble on Snow & <Shop>, 1 over
[P1] Checkout on Snow & <Shop> is broken: no element matches role=button[name="Add to cart"]
[OK] Search on Snow & <Shop> works again: after 3m]=]
    local many = message.build(rows.many)
    expect(many.title):matches "^%[P0%] 27 troubles on Snow & <Shop>, 13 over$"
    expect(many.text):matches "… and 30 more: `nano%-sre incident list`$"
  end)

  it("the monitor's own trouble is not the shop's", function()
    expect(told "bare"):is [=[
[P1] nano-sre itself cannot run
disk full
Since: 2026-05-04 10:00:00 UTC (5m)
Take it with `nano-sre incident ack 1`; all of it: `nano-sre incident show 1`]=]
  end)

  it("a test says so and asks for nothing", function()
    local built = message.build(message.test_row("slack", 1777888800000, {}))
    expect(built.test):is(true)
    expect(built.title):matches "^%[TEST%] "
    expect(built.text:find("To do", 1, true)):is(nil)
  end)
end)

describe("what machines read", function()
  it("keys are stable over retries and the life of an incident", function()
    local first, again = message.build(rows.opened), message.build(rows.opened)
    expect(first):same(again)
    expect(first.id):is(rows.opened.key)
    expect(first.dedup_key):is "nano-sre/inst/41"
    expect(message.build(rows.resolved).dedup_key):is "nano-sre/inst/41"
  end)

  it("say what to do, where the check knows it", function()
    local row = stand.row("email", "opened",
      { { "opened", stand.incident { evidence = { advice = "switch the app\noff" } } } })
    local text = message.build(row).items[1].text
    expect(text):contains("What to do: switch the app off\nThen try it again with `nano-sre run")
  end)

  it("the picture's path is in one place alone", function()
    local row = stand.row("email", "opened",
      { { "opened", stand.incident { evidence = { screenshot = "/tmp/x/y.png" } } } })
    local built = message.build(row)
    expect(built.screenshot):same { path = "/tmp/x/y.png", name = "y.png" }
    expect(built.items[1].evidence.screenshot):is(nil)
    expect(built.evidence.screenshot):is(nil)
    expect(row.message.items[1].incident.evidence.screenshot):is "/tmp/x/y.png"
  end)
end)

describe("format", function()
  it("cuts between characters, by the vendor's count", function()
    expect(format.cut("abc", 3)):is "abc"
    expect(format.cut("abcd", 3)):is "ab…"
    expect(format.cut("äöüß", 3)):is "äö…"
    expect(format.cut("😀😀😀", 3)):is "😀😀😀"
    expect(format.cut("😀😀😀", 5, "utf16")):is "😀😀…"
    expect(format.cut("äöüß", 7, "bytes")):is "äö…"
    expect(format.cut("\255\254\253", 2)):is "\255…"
    for limit = 1, 12 do
      for _, unit in ipairs { "characters", "utf16", "bytes" } do
        if unit ~= "bytes" or limit >= 3 then
          expect(format.length(format.cut("aä😀bö😀€", limit, unit), unit) <= limit):is(true)
        end
      end
    end
  end)

  it("escapes, and leaves addresses of pages alone", function()
    expect(format.slack "<!here> & x"):is "&lt;!here&gt; &amp; x"
    expect(format.markdown "*a* https://x.example/a_b_c (d)")
      :is "\\*a\\* https://x.example/a_b_c \\(d\\)"
    expect(format.html '<b> & "x"'):is "&lt;b&gt; &amp; &quot;x&quot;"
    expect(format.code "a```b"):is "```\na'''b\n```"
  end)

  it("colours by what is going on", function()
    expect(format.colour { severity = "P0", status = "open" }):is "#B42318"
    expect(format.colour { severity = "P0", status = "resolved" }):is "#12B76A"
    expect(format.colour_number { severity = "P3", status = "open" }):is(0x2E90FA)
  end)
end)
