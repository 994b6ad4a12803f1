local fingerprint = require "incident.fingerprint"
local track = require "incident.track"

local URL = "https://shop.example"

local function result(status, cause)
  local steps = { { name = "home", status = "PASS" } }
  if status == "FAIL" then
    steps[2] = { name = "add to cart", status = "FAIL", error = { message = cause
      or "answered 500" } }
  end
  return { skill = "checkout", status = status, summary = status .. " " .. (cause or ""),
    steps = steps,
    error = status == "ERROR" and { message = cause or "browser gone" } or nil }
end

-- Feeds letters F P W E S, one a minute; returns the events as "type kind@minute".
local function feed(letters, policy)
  local names = { F = "FAIL", P = "PASS", W = "WARN", E = "ERROR", S = "SKIP" }
  local state, log = track.new(), {}
  policy = policy or track.DEFAULTS
  for i = 1, #letters do
    -- as a restart between any two runs would see it
    state = sys.codec.json_decode(sys.codec.json_encode(state))
    for _, event in ipairs(track.result(state, result(names[letters:sub(i, i)]), URL, policy,
      i * 60000)) do
      if event.type ~= "seen" then
        log[#log + 1] = ("%s %s@%d"):format(event.type, event.kind, i)
      end
    end
  end
  return table.concat(log, ", "), state
end

describe("incident.track", function()
  it("believes a failure only when it is confirmed", function()
    expect((feed "PPFPPPFPP")):is("")
    expect((feed "PPFF")):is("opened shop@4")
    expect((feed "PFPF")):is("opened shop@4")
    expect((feed("F", { fails = 1, of = 1, passes = 1, errors = 3,
      severity = "P0" }))):is("opened shop@1")
  end)

  it("resolves after two passes in a row, and not in between", function()
    expect((feed "FFPFPFFPP")):is("opened shop@2, resolved shop@9")
    expect((feed "FFWW")):is("opened shop@2, resolved shop@4")
    expect((feed "FFPPF")):is("opened shop@2, resolved shop@4")
    expect((feed "FFPPFF")):is("opened shop@2, resolved shop@4, opened shop@6")
  end)

  it("never takes the monitor's trouble for the shop's", function()
    expect((feed "EEFE")):is("")
    expect((feed "EEE")):is("opened engine@3")
    expect((feed "FFEEEPP")):is("opened shop@2, opened engine@5, "
      .. "resolved engine@6, resolved shop@7")
    expect((feed "FEF")):is("opened shop@3")
    expect((feed "FFPEP")):is("opened shop@2, resolved shop@5")
  end)

  it("lets a skip count for nothing", function()
    expect((feed "FSF")):is("opened shop@3")
    expect((feed "FFPSP")):is("opened shop@2, resolved shop@5")
  end)

  it("says since when", function()
    local _, state = feed "PFPFF"
    expect(state.shop.first_seen):is(2 * 60000)
    expect(state.shop.seen):is(3)
  end)

  it("alternates opened and resolved, whatever happens", function()
    for _ = 1, 300 do
      local letters = {}
      for i = 1, 40 do
        local n = math.floor(sys.random.number() * 5) + 1
        letters[i] = ("FPWES"):sub(n, n)
      end
      local log = feed(table.concat(letters))
      for _, kind in ipairs { "shop", "engine" } do
        local is_open = false
        for kind_type in log:gmatch("(%a+) " .. kind) do
          expect(kind_type):is(is_open and "resolved" or "opened")
          is_open = not is_open
        end
      end
    end
  end)
end)

describe("incident.fingerprint", function()
  it("is the same for the same trouble with other numbers", function()
    local function print_of(cause) return fingerprint.of(URL, result("FAIL", cause)) end
    expect(print_of("no answer for 10.2 s at https://shop.example/cart?t=123")):is(
      print_of("no answer for 9.8 s at https://shop.example/cart?t=456"))
    expect(print_of("product 8012345670001 is gone")):is(print_of("product 8012345670002 is gone"))
    expect(print_of("theme.js:12:5 TypeError")):is(print_of("theme.js:19:1 TypeError"))
    expect(print_of("/cart answered 500") ~= print_of("/cart answered 404")):is(true)
    expect(fingerprint.of(URL, result("FAIL")) ~= fingerprint.of("https://other.example",
      result("FAIL"))):is(true)
  end)
end)
