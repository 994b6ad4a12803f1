-- What the daemon says: log lines, metrics, the view.

local log = require "watch.log"
local metrics = require "watch.metrics"
local view = require "watch.view"

describe("watch.log", function()
  local lines
  local function open(format)
    lines = {}
    return log.new { format = format, write = function(line) lines[#lines + 1] = line end }
  end

  it("writes logfmt that can be read back", function()
    local one = open "logfmt"
    one:say("info", "run.finished", { "check", "a/b", "ms", 12.5, "text", 'two words "x"\nnext',
      "none", nil, "off", false, "n", 3, "empty", "" })
    expect(lines[1]):matches "^ts=%S+ level=info event=run.finished check=a/b ms=12.5 text="
    expect(lines[1]):contains [[text="two words \"x\"\nnext" n=3 empty=""]]
    expect(lines[1]:find "\n"):is(nil)
    expect(lines[1]:find "off="):is(nil)
  end)

  it("writes JSON", function()
    open("json"):say("warn", "x", { "a", 1, "b", nil, "c", "t" })
    local entry = require("json").decode(lines[1])
    expect(entry.level):is "warn"
    expect(entry.a):is(1)
    expect(entry.c):is "t"
  end)

  it("never says a secret", function()
    local one = open "logfmt"
    one:hide "hunter2!"
    one:say("info", "x", { "url", "https://me:pass@shop.example/",
      "text", "hunter2! and hunter2!" })
    expect(lines[1]:find "hunter2"):is(nil)
    expect(lines[1]:find "pass@"):is(nil)
    expect(one.recent[1]:find "hunter2"):is(nil)
  end)

  it("leaves out what is below its level", function()
    local one = open "logfmt"
    one:say("debug", "x", {})
    expect(#lines):is(0)
  end)
end)

describe("watch.metrics", function()
  it("escapes as Prometheus reads", function()
    local page = metrics.text()
    page:family("a", "gauge", "back\\slash and\nline")
    page:sample(1, { "store", 'q"u\\o\nte' })
    page:sample(0.1, { "x", "y" }, "_sum")
    page:sample(1 / 0)
    page:sample(0 / 0)
    page:sample(1e300)
    expect(page:finish()):is(table.concat({
      [[# HELP a back\\slash and\nline]], "# TYPE a gauge", [[a{store="q\"u\\o\nte"} 1]],
      [[a_sum{x="y"} 0.1]], "a +Inf", "a NaN", "a 1e+300", "" }, "\n"))
  end)
end)

describe("watch.view", function()
  local function world()
    local core = require "watch.core"
    local one = core.new { emit = function() end }
    local checks = {}
    for i = 1, 30 do
      checks[i] = { id = "s/c" .. i, skill = "c" .. i, every_ms = 60000, inhibits = {},
        store = { name = "shöp", url = "https://s.example" }, script = {},
        policy = require("incident.track").DEFAULTS }
    end
    one:configure({ checks = checks, limits = { concurrency = 4, browsers = 1 }, routes = {},
      maintenance = {} }, 1700000000000)
    return { core = one, version = "1", started_ms = 1700000000000, broken = {}, journal = {},
      log = { recent = { "a log line" } } }
  end
  local function plain(_, text) return text end

  it("fits the window, what is broken first", function()
    local daemon = world()
    daemon.core.planner.live["s/c30"].last = { status = "FAIL", at = 1700000000000,
      duration_ms = 5, summary = ("long "):rep(100) .. "\27[31m" }
    daemon.core.book.incidents["1"] = { id = "1", status = "open", severity = "P1",
      store_name = "shöp", skill = "c30", first_seen = 1700000000000, title = "it broke" }
    local lines = view.lines(daemon, 1700000060000, plain, 80, 24)
    expect(#lines < 24):is(true)
    local text = table.concat(lines, "\n")
    expect(text):matches "FAIL"
    expect(text):matches "… and %d+ more"
    expect(text):matches "#1 P1 shöp/c30 for 1m: it broke"
    expect(text:find "\27"):is(nil)
    for _, line in ipairs(lines) do expect(require("cli.out").width(line) <= 80):is(true) end
  end)
end)
