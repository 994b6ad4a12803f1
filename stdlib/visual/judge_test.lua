-- Pictures are made here: a grey page with boxes of colour.

local judge = require "visual.judge"
local png = require "demo.png"

local WIDTH, HEIGHT = 200, 400

local function grey(_, red, green, blue)
  for x = 0, WIDTH - 1 do red[x], green[x], blue[x] = 200, 200, 200 end
end

local function picture(boxes, height)
  local blank = assert(sys.image.decode(png.encode(WIDTH, height or HEIGHT, grey)))
  for _, box in ipairs(boxes) do blank:fill(box, box.colour or 0xd02020ff) end
  return blank
end

local function look(boxes, elements, more)
  local out = { picture = picture(boxes, more and more.height), theme = { id = 1, name = "Dawn" },
    snapshot = { elements = elements or {}, width = WIDTH, height = 300, page_width = WIDTH,
      page_height = more and more.height or HEIGHT } }
  out.theme = more and more.theme or out.theme
  return out
end

local function baseline(one, restless)
  return { picture = one.picture, snapshot = one.snapshot, theme = one.theme,
    restless = restless or {} }
end

local OPTIONS = { threshold = 0.1, allowed = 0.5, changes = "warn" }
local HERO = { x = 20, y = 40, width = 100, height = 60 }
local BUY = { kind = "buy button", role = "button", name = "Add to cart", key = "add",
  selector = "button", x = 20, y = 200, width = 100, height = 30 }

describe("visual.judge", function()
  local looks
  local function again() return table.remove(looks, 1) end
  before_each(function() looks = {} end)

  it("passes what is alike without a second look", function()
    local verdict = judge.page(baseline(look {}), look {}, again, OPTIONS)
    expect(verdict.severity):is(nil)
    expect(verdict.words):is(nil)
    expect(verdict.ratio):is(0)
  end)

  it("passes less than is allowed, and says how much", function()
    local dot = { x = 5, y = 5, width = 10, height = 10 }
    local verdict = judge.page(baseline(look {}), look { dot }, again, OPTIONS)
    expect(verdict.severity):is(nil)
    expect(verdict.words):is("0.1 % of the picture changed")
  end)

  it("warns of a change that stays, with boxes and a picture", function()
    looks = { look { HERO } }
    local verdict = judge.page(baseline(look {}), look { HERO }, again, OPTIONS)
    expect(verdict.severity):is("warn")
    expect(verdict.words):is("7.5 % of the picture changed")
    expect(verdict.boxes):same { HERO }
    expect({ verdict.diff:size() }):same { WIDTH, HEIGHT }
  end)

  it("fails for it when it is told to", function()
    looks = { look { HERO } }
    local verdict = judge.page(baseline(look {}), look { HERO }, again,
      { threshold = 0.1, allowed = 0.5, changes = "fail" })
    expect(verdict.severity):is("fail")
  end)

  it("does not mind what a second look does not show", function()
    looks = { look {} }
    local verdict = judge.page(baseline(look {}), look { HERO }, again, OPTIONS)
    expect(verdict.severity):is(nil)
    expect(verdict.ratio):is(0)
  end)

  it("does not mind a place that is never the same, but what changed beside it", function()
    local slide = { x = 20, y = 40, width = 100, height = 60, colour = 0x2020d0ff }
    looks = { look { slide } }
    expect(judge.page(baseline(look {}), look { HERO }, again, OPTIONS).severity):is(nil)
    local other = { x = 20, y = 300, width = 100, height = 60 }
    looks = { look { slide, other } }
    local verdict = judge.page(baseline(look {}), look { HERO, other }, again, OPTIONS)
    expect(verdict.severity):is("warn")
    expect(verdict.boxes):same { other }
    expect(#verdict.restless):is(1)
  end)

  it("leaves out what the baseline knows to be restless", function()
    local verdict = judge.page(baseline(look {}, { HERO }), look { HERO }, again, OPTIONS)
    expect(verdict.severity):is(nil)
  end)

  it("fails when the buy button is gone in both looks, however little of the picture", function()
    looks = { look {} }
    local verdict = judge.page(baseline(look({}, { BUY })), look {}, again, OPTIONS)
    expect(verdict.severity):is("fail")
    expect(verdict.words):is("the button “Add to cart” vanished")
    looks = { look({}, { BUY }) }
    verdict = judge.page(baseline(look({}, { BUY })), look {}, again, OPTIONS)
    expect(verdict.severity):is(nil)
  end)

  it("warns when it says something else", function()
    local sold_out = {}
    for key, value in pairs(BUY) do sold_out[key] = value end
    sold_out.name, sold_out.disabled = "Sold out", true
    looks = { look({}, { sold_out }) }
    local verdict = judge.page(baseline(look({}, { BUY })), look({}, { sold_out }), again, OPTIONS)
    expect(verdict.severity):is("warn")
  end)

  it("compares the common part of a page that got longer, and says so", function()
    local longer = { height = HEIGHT + 60 }
    local verdict = judge.page(baseline(look {}), look({}, nil, longer), again, OPTIONS)
    expect(verdict.severity):is(nil)
    expect(verdict.longer):is(60)
    expect(verdict.words):is("the page is 60 px longer")
    verdict = judge.page(baseline(look({}, nil, longer)), look {}, again, OPTIONS)
    expect(verdict.words):is("the page is 60 px shorter")
  end)

  it("says that the theme is another one", function()
    local other = { theme = { id = 2, name = "Horizon" } }
    looks = { look({}, nil, other) }
    local verdict = judge.page(baseline(look {}), look({}, nil, other), again, OPTIONS)
    expect(verdict.severity):is("warn")
    expect(verdict.words):is("the shop has another theme now (“Horizon”, before “Dawn”)")
  end)

  it("keeps of two looks the elements that are alike", function()
    local one = look({}, { BUY, { role = "link", name = "A", key = "", selector = "a", x = 0, y = 0,
      width = 10, height = 10 } })
    local other = look({}, { BUY, { role = "img", name = "B", key = "", selector = "i", x = 0,
      y = 0, width = 10, height = 10 } })
    expect(judge.steady(one.snapshot, other.snapshot).elements):same { BUY }
  end)
end)
