local selector = require "browser.selector"

local function parse(text) return selector.parse(text) end
local function refused(text, pattern)
  expect(function() selector.parse(text) end):raises(pattern)
end

describe("browser.selector", function()
  it("takes css as it is", function()
    expect(parse "button[name=add]"):same({ { "css", "button[name=add]" } })
    expect(parse "css=a > b"):same({ { "css", "a > b" } })
    expect(parse "a[href*='/products/']:not(.sold)"):same({ { "css",
      "a[href*='/products/']:not(.sold)" } })
  end)

  it("reads text= as part, whole and regular expression", function()
    expect(parse "text=Add to cart"):same({ { "text", { part = "Add to cart" } } })
    expect(parse 'text="Add to \\"cart\\""'):same({ { "text", { exact = 'Add to "cart"' } } })
    expect(parse "text=/add to (cart|bag)/i"):same({ { "text",
      { regex = "add to (cart|bag)", flags = "i" } } })
    expect(parse '"Sold out"'):same({ { "text", { exact = "Sold out" } } })
    expect(parse "text=Don't wait >> a"):same({ { "text", { part = "Don't wait" } },
      { "css", "a" } })
  end)

  it("reads role= with name and states", function()
    expect(parse "role=button[name=/add to cart/i]"):same({
      { "role", { role = "button", name = { regex = "add to cart", flags = "i" }, state = {} } } })
    expect(parse 'role=link[name="First board"]'):same({
      { "role", { role = "link", name = { exact = "First board" }, state = {} } } })
    expect(parse 'role=link[name="first" i]'):same({
      { "role", { role = "link", name = { exact = "first", fold = true }, state = {} } } })
    expect(parse "role=heading[level=2]"):same({ { "role",
      { role = "heading", state = { level = 2 } } } })
    expect(parse "role=checkbox[checked][disabled=false][include-hidden]"):same({
      { "role", { role = "checkbox", hidden = true,
        state = { checked = true, disabled = false } } } })
  end)

  it("keeps brackets, slashes and arrows inside of a regular expression", function()
    expect(parse "role=button[name=/[/\\]>>]+ x/]"):same({
      { "role", { role = "button", name = { regex = "[/\\]>>]+ x", flags = "" }, state = {} } } })
    expect(parse "text=/a >> b/ >> i"):same({ { "text", { regex = "a >> b", flags = "" } },
      { "css", "i" } })
  end)

  it("chains, and chooses with nth and visible", function()
    expect(parse "product-form >> role=button >> nth=-1"):same({ { "css", "product-form" },
      { "role", { role = "button", state = {} } }, { "nth", -1 } })
    expect(parse "a>>visible=true"):same({ { "css", "a" }, { "visible", true } })
    expect(parse "a[title='x >> y'] >> b"):same({ { "css", "a[title='x >> y']" }, { "css", "b" } })
  end)

  it("reads labels, placeholders, test ids, XPath and the text filters", function()
    expect(selector.parse("label=Size")):same { { "label", { part = "Size" } } }
    expect(selector.parse('placeholder="Search"')):same { { "placeholder", { exact = "Search" } } }
    expect(selector.parse("testid=buy")):same { { "testid", { exact = "buy" } } }
    expect(selector.parse("//form//button")):same { { "xpath", "//form//button" } }
    expect(selector.parse("xpath=//a[contains(@href, '/x')]"))
      :same { { "xpath", "//a[contains(@href, '/x')]" } }
    expect(selector.parse("li >> has-text=/sold out/i"))
      :same { { "css", "li" }, { "has-text", { regex = "sold out", flags = "i" } } }
  end)

  it("refuses what it cannot read, with the nearest word", function()
    refused("role=buton", 'no role "buton"')
    refused("role=buton", "button")
    refused("role=button[nam=/x/]", "no %[nam%]")
    refused("role=button[name=Add]", 'write %[name="Add"%]')
    refused("role=button[name=/add", "not closed")
    refused("role=button[checked=perhaps]", "true, false or mixed")
    refused("text=", "needs a text")
    refused("a >> ", "empty")
    refused("nth=1", "chooses among")
    refused("a >> nth=first", "whole number")
    refused("xpth=//div", "no xpth=")
    refused("has-text=x", "chooses among")
    refused("a:has-text('x')", "not CSS")
    refused("", "empty")
    refused(nil, "not nil")
  end)
end)
