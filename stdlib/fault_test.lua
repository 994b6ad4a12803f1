local fault = require "fault"

describe("fault", function()
  it("raises what was said, of the kind that was asked for", function()
    for kind, raise in pairs { failure = fault.failure, engine = fault.engine } do
      local ok, value = pcall(raise, { message = "it broke", code = "broken", hint = "mend it" })
      expect(ok):is(false)
      expect(fault.is(value, kind)):is(true)
      expect(value.message):is("it broke")
      expect(value.code):is("broken")
      expect(tostring(value)):contains("mend it")
    end
  end)

  it("begins a usage fault with the signature", function()
    local _, value = pcall(fault.usage, "page:click(selector)", "the selector is empty")
    expect(fault.is(value, "usage")):is(true)
    expect(value.message):is("page:click(selector): the selector is empty")
  end)

  it("does not take other tables for faults", function()
    for _, value in ipairs { {}, { kind = "failure", message = "x" }, "text", 1 } do
      expect(fault.is(value)):is(false)
    end
    expect(fault.is(nil)):is(false)
    expect(fault.is(fault.new("failure", {}), "engine")):is(false)
  end)

  it("always has a message and a code", function()
    local value = fault.new("engine", {})
    expect(type(value.message)):is("string")
    expect(value.code):is("engine")
  end)
end)
