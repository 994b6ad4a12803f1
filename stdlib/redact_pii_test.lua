--- The rules themselves; redact_test.lua has them in their place.

local describe, it, expect = describe, it, expect
local pii = require "redact_pii"

describe("personal data by its form", function()
  it("an address ends where it ends", function()
    local text = "<jane@example.com>."
    local first, last, by = pii.mail(text, text:find("@", 1, true))
    expect({ first, last, by }):same { 2, 17, "[email]" }
    expect((pii.mail("a@b", 2))):is(nil)
    expect((pii.mail("@example.com", 1))):is(nil)
    expect((pii.mail("logo@2x.png", 5))):is(nil)
  end)

  it("a number is judged as a whole", function()
    expect(pii.numbers "4111111111111111"):is "[card]"
    expect(pii.numbers "41111111111111112222"):is "41111111111111112222"
    expect(pii.numbers "+49 30 1234567"):is "[phone]"
    expect(pii.numbers("8.8.8.8", true)):is "[ip]"
    expect(pii.numbers("8.8.8.8.8", true)):is "8.8.8.8.8"
    expect(pii.numbers("203.0.113.77", true)):is "[ip]"
  end)
end)
