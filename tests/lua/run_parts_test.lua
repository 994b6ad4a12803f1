--- The small parts of the runner: nearest words, excerpts, plain data, shown values, needs, the
--- calendar, evidence.

local excerpt = require "run.excerpt"
local json = require "json"
local manifest = require "run.manifest"
local nearest = require "run.nearest"
local plain = require "run.plain"
local show = require "run.show"

describe("nearest", function()
  local known = { "every", "timeout", "needs", "options", "run", "screenshot" }

  it("finds typing errors", function()
    for word, wanted in pairs { evry = "every", tiemout = "timeout", NEEDS = "needs",
        option = "options", rnu = "run",
      screenshto = "screenshot", screen = "screenshot" } do
      expect(nearest.find(word, known), word):is(wanted)
    end
  end)

  it("finds nothing where nothing is near", function()
    for _, word in ipairs { "colour", "", "x", ("y"):rep(1000) } do
      expect(nearest.find(word, known), word):is(nil)
    end
    expect(nearest.find(nil, known)):is(nil)
    expect(nearest.find(5, known)):is(nil)
  end)

  it("takes sets as well as lists, and hints with all words when none is near", function()
    expect(nearest.hint("nedes", { needs = 1, run = 2 })):is('did you mean "needs"?')
    expect(nearest.hint("colour", { b = 1, a = 2 })):is("known: a, b")
    expect(nearest.hint("colour", {})):is("there are none")
  end)
end)

describe("excerpt", function()
  local text = "one\ntwo\nthree\nfour"

  it("marks the line", function()
    expect(excerpt.lines(text, 2)):is("  1 | one\n> 2 | two\n  3 | three")
    expect(excerpt.lines(text, 1)):is("> 1 | one\n  2 | two")
    expect(excerpt.lines(text, 4)):is("  3 | three\n> 4 | four")
    expect(excerpt.lines(text, 3, 0)):is("> 3 | three")
    expect(excerpt.lines("one\ntwo\n", 2)):is("  1 | one\n> 2 | two")
    expect(excerpt.lines("one\n\n", 1)):is("> 1 | one\n  2 | ")
    expect(excerpt.lines("one\ntwo\n", 3)):is("  2 | two\n> 3 | ")
    expect(excerpt.lines(("x\n"):rep(10), 9)):is("   8 | x\n>  9 | x\n  10 | x")
  end)

  it("of a line that is not there is nothing", function()
    expect(excerpt.lines(text, 5)):is(nil)
    expect(excerpt.lines(text, nil)):is(nil)
    expect(excerpt.lines(nil, 1)):is(nil)
  end)

  it("cuts endless lines and shows no control characters", function()
    expect(#excerpt.lines(("x"):rep(5000), 1)):below(200)
    expect(excerpt.lines("a\27[31mb", 1)):is("> 1 | a [31mb")
  end)

  it("finds a field that is written once", function()
    local source = "skill {\n  -- every = 1\n  every = 2,\n  run = a,\n  run = b, x == y\n}"
    expect(excerpt.line_of_field(source, "every")):is(3)
    expect(excerpt.line_of_field(source, "run")):is(nil)
    expect(excerpt.line_of_field(source, "x")):is(nil)
    expect(excerpt.line_of_field(source, "very")):is(nil)
  end)
end)

describe("plain", function()
  it("keeps what JSON can hold", function()
    local value = { 1, "a", true, { x = { y = json.null } } }
    expect(json.encode(plain.copy(value))):is('[1,"a",true,{"x":{"y":null}}]')
    expect(json.encode(plain.copy(json.array {}))):is("[]")
  end)

  it("shows what JSON cannot hold", function()
    expect(json.encode(plain.copy { f = type, n = 0 / 0, i = 1 / 0,
      c = coroutine.create(type) })):is(
      '{"c":"a thread","f":"a function","i":"inf","n":"nan"}')
    expect(json.encode(plain.copy { 1, nil, 3, x = 1 })):contains('"x":1')
  end)

  it("ends with endless things", function()
    local loop = {}
    loop.self = loop
    expect(json.encode(plain.copy(loop))):contains("…")
    local wide = {}
    for i = 1, 10000 do wide[i] = i end
    expect(#plain.copy(wide)):at_most(2000)
    expect(#plain.copy(("x"):rep(1e6))):below(70000)
  end)

  it("calls no metamethod", function()
    local trap = setmetatable({ a = 1 },
      { __index = error, __pairs = error, __tostring = error, __len = error })
    expect(plain.copy(trap)):same { a = 1 }
  end)
end)

describe("show", function()
  it("is one short line", function()
    expect(show.value("a\nb\"\0")):is('"a\\nb\\"\\x00"')
    expect(show.value { 1, "x", a = { b = true } }):is('{ 1, "x", a = { b = true } }')
    expect(show.value { { { { 1 } } } }):is("{ { { {…} } } }")
    expect(show.value(0.1 + 0.2)):is("0.3")
    expect(#show.value(("é"):rep(500))):below(230)
    expect(show.value(setmetatable({}, { __tostring = error }))):contains("cannot be shown")
    local loop = {}
    loop[1] = loop
    expect(show.value(loop)):is("{ {…} }")
  end)
end)

describe("needs", function()
  it("become capabilities and hosts", function()
    local needs = manifest.parse { "http:B.example", "browser", "http:*.a.example:8443",
      "http:B.example" }
    expect(needs.capabilities):same { "browser", "http" }
    expect(needs.hosts):same { "*.a.example:8443", "b.example" }
    expect(needs.has):same { browser = true, http = true }
    expect(manifest.parse(nil).capabilities):same {}
  end)

  it("take only hosts as hosts", function()
    for _, host in ipairs { "a.example", "*.a.example", "localhost", "127.0.0.1", "a.example:80",
        "xn--bcher-kva.example" } do
      expect(manifest.parse { "http:" .. host }.hosts, host):same { host }
    end
    for _, host in ipairs { "", "*", "*.", "a..b", "-a.example", "a-.example", "a.example/x",
        "a.example:0", "a.example:x",
      "https://a.example", "user@a.example", "a b", ("a"):rep(300) } do
      expect(pcall(manifest.parse, { "http:" .. host }), host):is(false)
    end
  end)
end)

describe("the calendar", function()
  local calendar = require "run.calendar"

  it("agrees with C for every day of four hundred years", function()
    local wanted = "!%Y-%m-%d %H:%M:%S %j %w %a %B %p %I %y %c %x %X"
    for day = -146097 / 2, 146097 / 2, 7 do
      local at = math.floor(day) * 86400 + day % 86400
      at = math.floor(at)
      if calendar.format(wanted, at) ~= os.date(wanted, at) then
        expect(calendar.format(wanted, at)):is(os.date(wanted, at))
      end
      if calendar.seconds(calendar.fields(at)) ~= at then
        expect(calendar.seconds(calendar.fields(at))):is(at)
      end
    end
  end)

  it("carries fields over", function()
    expect(calendar.seconds { year = 2024, month = 14, day = 0, hour = 24 }):is(
      calendar.seconds { year = 2025, month = 2, day = 1, hour = 0 })
  end)
end)

describe("evidence", function()
  local evidence = require "run.evidence"

  --- A run with open pages; each answers page:evidence with the function.
  local function run_with(...)
    local run = { captures = 0, evidence = {}, screenshots = {}, lines = {},
      page_context = { opened = true, shared = { pages = {} } } }
    function run.log(_, text) table.insert(run.lines, text) end
    for i, fn in ipairs { ... } do
      run.page_context.shared.pages[i] = { tab = { used = -i }, page = { evidence = fn } }
    end
    return run
  end

  it("comes from the pages that were used last, with the selector of the failed action", function()
    local asked = {}
    local function page(name)
      return function(_, selector)
        asked[#asked + 1] = name .. " " .. tostring(selector)
        return { url = name, dom = "<p>", console = { "x" }, junk = type }
      end
    end
    local run = run_with(page "a", page "b", page "c")
    evidence.capture(run, "buy", { details = { selector = "text=Buy" } })
    expect(asked):same { "a text=Buy", "b nil" }
    expect(run.evidence):same { { step = "buy", url = "a", dom = "<p>", console = { "x" } },
      { step = "buy", url = "b", dom = "<p>", console = { "x" } } }
    expect(run.lines):same {}
  end)

  it("that cannot be had is only a line in the log", function()
    local run = run_with(function() error("the tab is gone") end)
    evidence.capture(run, "buy", {})
    expect(run.evidence):same {}
    expect(run.lines[1]):contains("the tab is gone")
    expect(run.capturing):is(false)
  end)

  it("is collected ten times at most", function()
    local run = run_with(function() return { url = "a" } end)
    for _ = 1, 15 do evidence.capture(run, "again", {}) end
    expect(#run.evidence):is(10)
  end)

  it("is not asked for when no page was opened", function()
    evidence.capture({}, "buy", {})
  end)
end)
