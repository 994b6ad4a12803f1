local match = require "visual.match"
local words = require "visual.words"

local function seen(role, name, x, y, more)
  local e = { role = role, name = name, key = "", selector = role, x = x, y = y, width = 100,
    height = 40 }
  for key, value in pairs(more or {}) do e[key] = value end
  return e
end

local function page(...)
  return { elements = { ... }, width = 400, height = 800, page_width = 400, page_height = 2000 }
end

local function told(before, after)
  return words.phrases(match.changes(before, after))
end

local BUY = { kind = "buy button", key = "add", selector = "button.add" }

describe("visual.match", function()
  it("finds nothing where nothing changed, and what moves less than anybody sees", function()
    local one = page(seen("link", "Home", 0, 0), seen("heading", "Boots", 0, 100))
    expect(match.changes(one, one)):same {}
    local other = page(seen("link", "Home", 3, 0), seen("heading", "Boots", 0, 108))
    expect(match.changes(one, other)):same {}
  end)

  it("tells what vanished, appeared and moved", function()
    local before = page(seen("button", "Add to cart", 0, 500), seen("heading", "Reviews", 0, 900))
    local after = page(seen("heading", "Reviews", 0, 1120), seen("img", "Sale", 0, 10))
    expect(told(before, after)):same { "the button “Add to cart” vanished",
      "the picture “Sale” is new", "“Reviews” moved 220 px down" }
  end)

  it("knows an element by its address or name when its words change", function()
    local before = page(seen("link", "Boots", 0, 0, { key = "/collections/boots" }))
    local after = page(seen("link", "Shoes", 0, 0, { key = "/collections/boots" }))
    expect(told(before, after)):same { "the link “Boots” now says “Shoes”" }
  end)

  it("takes counts and prices for no change of words", function()
    local before = page(seen("link", "Reviews (112)", 0, 0), seen("button", "Add – $49.95", 0, 90))
    local after = page(seen("link", "Reviews (1,131)", 0, 0), seen("button", "Add – $39.00", 0, 90))
    expect(match.changes(before, after)):same {}
  end)

  it("takes the buy button for the same one whatever it says and wherever it is", function()
    local before = page(seen("button", "Add to cart", 0, 500, BUY))
    local after = page(seen("button", "Sold out", 0, 500, { kind = "buy button", disabled = true }))
    expect(told(before, after)):same { "the button “Add to cart” now says “Sold out”",
      "the button “Sold out” cannot be pressed any more" }
  end)

  it("pairs the near ones when one of many alike is gone", function()
    local before = page(seen("button", "Quick add", 0, 100), seen("button", "Quick add", 0, 400),
      seen("button", "Quick add", 0, 700))
    local after = page(seen("button", "Quick add", 0, 100), seen("button", "Quick add", 0, 700))
    local changes = match.changes(before, after)
    expect(#changes):is(1)
    expect(changes[1].kind):is("vanished")
    expect(changes[1].before.y):is(400)
  end)

  it("tells when the buy button left the first view, and only then", function()
    local function kinds(from, to, more)
      local out = {}
      local one = seen("button", "Add to cart", 0, to, BUY)
      for key, value in pairs(more or {}) do one[key] = value end
      for i, change in ipairs(match.changes(page(seen("button", "Add to cart", 0, from, BUY)),
        page(one))) do
        out[i] = change.kind
      end
      return table.concat(out, " ")
    end
    expect(kinds(500, 980)):is("out-of-view")
    expect(kinds(500, 790)):is("moved")   -- a part of it can be seen
    expect(kinds(780, 980)):is("moved")   -- it was cut off before
    expect(kinds(900, 1400)):is("moved")  -- one had to scroll before
    expect(kinds(500, 980, { fixed = true })):is("moved")
    expect(kinds(500, 500, { covered = "“Chat”" })):is("covered")
  end)

  it("confirms what two looks have in common", function()
    local a, b, c = seen("link", "A", 0, 0), seen("img", "B", 0, 100), seen("button", "C", 0, 200)
    local before = page(a, b, c)
    local first = match.changes(before, page(a, seen("heading", "X", 0, 100)))
    local second = match.changes(before, page(a, b, seen("textbox", "Y", 0, 200)))
    local both = match.confirmed(second, first)
    expect(#both):is(1)
    expect(both[1].element.name):is("C")
  end)
end)

describe("visual.words", function()
  local function sentence(before, after, difference)
    return words.sentence(match.changes(before, after), difference)
  end

  it("put the buy button first, what moved together in one phrase, the rest in a count", function()
    local before = page(seen("heading", "You may also like", 0, 900), seen("link", "One", 0, 950),
      seen("link", "Two", 0, 990), seen("link", "Old", 0, 20), seen("button", "Add to cart", 0, 500,
      BUY))
    local after = page(seen("heading", "You may also like", 0, 1120), seen("link", "One", 0, 1170),
      seen("link", "Two", 0, 1210), seen("img", "New", 0, 60))
    expect(sentence(before, after, { ratio = 0.1434, longer = 220 })):is(
      "the button “Add to cart” vanished; the link “Old” vanished; 2 more things changed; "
      .. "the page is 220 px longer; 14 % of the picture changed")
    expect(told(before, after)[4]):is("“You may also like” and 2 others moved 220 px down")
  end)

  it("say a card whose picture, title and link vanished once", function()
    local card = page(seen("img", "Beanie", 0, 0), seen("heading", "Beanie", 0, 100),
      seen("link", "Beanie", 0, 100, { key = "/products/beanie" }))
    expect(told(card, page())):same { "“Beanie” vanished" }
  end)

  it("say how much in figures that people use", function()
    expect(words.percent(0.0004)):is("less than 0.1 %")
    expect(words.percent(0.0432)):is("4.3 %")
    expect(words.percent(0.1434)):is("14 %")
    expect(words.sentence({}, { ratio = 0, longer = 0 })):contains("less than 0.1 %")
    expect(words.sentence({}, { ratio = 0, longer = 0, theme = "another theme" })):is(
      "another theme")
  end)
end)
