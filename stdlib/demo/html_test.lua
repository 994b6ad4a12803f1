local html = require "demo.html"

describe("demo.html", function()
  it("escapes unless told not to", function()
    expect(html.fill('<a href="{url}">{=inner}</a>',
      { url = [[/?a=1&b="']], inner = "<b>x</b>" })):is(
      '<a href="/?a=1&amp;b=&quot;&#39;"><b>x</b></a>')
  end)

  it("leaves parts out and complains about a missing value", function()
    expect(html.fill("{?sale:[was {old} ]}now {new}",
      { sale = true, old = 2, new = 1 })):is("was 2 now 1")
    expect(html.fill("{?sale:[was {old} ]}now {new}", { new = 1 })):is("now 1")
    expect(function() html.fill("{nope}", {}) end):raises("no value for {nope}")
  end)

  it("writes money", function()
    expect(html.money(48995)):is("$489.95")
    expect(html.money(123456789)):is("$1,234,567.89")
    expect(html.money(5)):is("$0.05")
    expect(html.money(100000)):is("$1,000.00")
    expect(html.decimal(48905)):is("489.05")
  end)
end)
