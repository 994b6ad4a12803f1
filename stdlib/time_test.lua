local time = require "time"

describe("time.parse_duration", function()
  it("reads what people write", function()
    local cases = { ["250ms"] = 250, ["90s"] = 90000, ["30m"] = 1800000, ["1h30m"] = 5400000,
      ["1h 30m"] = 5400000,
      ["7d"] = 604800000, ["2w"] = 1209600000, ["1.5h"] = 5400000, ["0.5s"] = 500, ["0"] = 0,
      ["0s"] = 0,
      ["1d2h3m4s5ms"] = 93784005 }
    for text, ms in pairs(cases) do
      expect(time.parse_duration(text)):is(ms)
    end
  end)

  it("says what is wrong and how to write it", function()
    local cases = { ["90"] = "90 has no unit", [""] = "is empty", ["5x"] = 'no unit "x"',
      ["-5s"] = 'unexpected "%-"',
      ["5s5m"] = "from large to small", ["5s5s"] = "each once", ["s"] = 'unexpected "s"',
      ["5 minutes"] = 'no unit "minutes"',
      ["1h30"] = "30 has no unit", ["99999999w"] = "too long", ["5m "] = false,
        [" 5m"] = 'unexpected " "' }
    for text, pattern in pairs(cases) do
      local ms, message, code = time.parse_duration(text)
      if pattern then
        expect(ms):is(nil)
        expect(message):matches(pattern)
        expect(message):matches('write it as "250ms"')
        expect(code):is("invalid")
      else
        expect(ms):truthy()
      end
    end
    expect(function() time.parse_duration(90) end):raises("text must be a string, not number")
  end)
end)

describe("time.format_duration", function()
  it("keeps about three digits", function()
    local cases = { [0] = "0ms", [0.4] = "0ms", [85.2] = "85ms", [999.4] = "999ms", [999.6] = "1s",
      [1000] = "1s",
      [1250] = "1.25s", [1999] = "2s", [9996] = "10s", [12340] = "12.3s", [59949] = "59.9s",
      [59960] = "1m",
      [125000] = "2m5s", [3599600] = "1h", [5400000] = "1h30m", [86399000] = "1d",
        [273600000] = "3d4h" }
    for ms, text in pairs(cases) do
      expect(time.format_duration(ms)):is(text)
    end
    expect(function() time.format_duration(-1) end):raises("from 0, not %-1")
  end)

  it("is read back by parse_duration to within its digits", function()
    local ms = 1
    while ms < 1e10 do
      local back = time.parse_duration(time.format_duration(ms))
      expect(math.abs(back - ms) <= math.max(1, ms * 0.03)):is(true)
      ms = ms * 1.37
    end
  end)
end)

describe("ISO 8601", function()
  it("is written in UTC with milliseconds", function()
    expect(time.iso8601(0)):is("1970-01-01T00:00:00.000Z")
    expect(time.iso8601(1717763696789)):is("2024-06-07T12:34:56.789Z")
    expect(time.iso8601(951782400000)):is("2000-02-29T00:00:00.000Z")
    expect(time.iso8601(-1)):is("1969-12-31T23:59:59.999Z")
    expect(time.iso8601(253402300799999)):is("9999-12-31T23:59:59.999Z")
    expect(time.iso8601()):matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$")
    expect(function() time.iso8601(0 / 0) end):raises("milliseconds since the epoch")
  end)

  it("is read with zones and fractions", function()
    expect(time.parse_iso8601("2024-06-07T12:34:56.789Z")):is(1717763696789)
    expect(time.parse_iso8601("2024-06-07T14:34:56.789+02:00")):is(1717763696789)
    expect(time.parse_iso8601("2024-06-07 07:04:56.789-0530")):is(1717763696789)
    expect(time.parse_iso8601("2024-06-07T12:34:56.789123Z")):is(1717763696789)
    expect(time.parse_iso8601("2024-06-07T12:34Z")):is(1717763640000)
    expect(time.parse_iso8601("2024-06-07")):is(1717718400000)
  end)

  it("refuses what is no timestamp", function()
    for _, text in ipairs { "", "now", "2024-06-07T12:34:56", "2024-13-01", "2024-02-30",
      "2023-02-29", "1900-02-29",
      "2024-06-07T25:00:00Z", "2024-06-07T12:34:56+99:00", "2024-6-7", "2024-06-07Tx" } do
      local ms, message, code = time.parse_iso8601(text)
      expect(ms):is(nil)
      expect(message):matches("is not a timestamp such as")
      expect(code):is("invalid")
    end
  end)

  it("round-trips across centuries", function()
    local ms = -62167219200000
    while ms < 253402300800000 do
      expect(time.parse_iso8601(time.iso8601(ms))):is(ms)
      ms = ms + 86400000 * 997 + 12345678
    end
  end)
end)

describe("clocks", function()
  it("go forward", function()
    local before = time.mono()
    expect(time.mono() >= before):is(true)
    expect(time.now() > 1600000000000):is(true)
  end)
end)
