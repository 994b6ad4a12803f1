local advice = require "advice"

describe("advice", function()
  it("depends on the status that came", function()
    local function of(status, url)
      return advice.of("http-status", { status = status, url = url })
    end
    expect(of(503)):contains("shopifystatus.com")
    expect(of(429)):contains("too many requests")
    expect(of(403)):contains("bot protection")
    expect(of(404, "https://shop.example/products/x")):contains("URL redirect")
    expect(of(404, "https://shop.example/")):contains("is this the shop's address?")
    expect(advice.of("http-status")):is(nil)
  end)

  it("depends on what did not come in time", function()
    expect(advice.of("timeout", { selector = "a", why = "covered" })):contains("a pop-up")
    expect(advice.of("timeout", { selector = "a", why = "missing" })):contains("the selector")
    expect(advice.of("timeout", { pending = "document" })):contains("shopifystatus.com")
    expect(advice.of("timeout")):contains("switch the app off")
  end)

  it("is silent about what only a script's author knows", function()
    expect(advice.of("expect", {})):is(nil)
    expect(advice.of("fail")):is(nil)
  end)
end)
