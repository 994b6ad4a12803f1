-- Runs that are asked for beside the schedule: at most one at a time, none lost, storms bounded.

local core = require "watch.core"
local expect = require "expect"
local json = require "json"

local function check(id)
  return { id = id, skill = id:match "/(.*)", store = { name = "shop",
    url = "https://shop.example" },
    every_ms = 3600000, labels = {}, browser = false, policy = { fails = 2, of = 3, passes = 2,
      errors = 3, severity = "P1" } }
end

local emitted, one
local function fresh(saved)
  emitted = {}
  one = core.new { emit = function(tx) emitted[#emitted + 1] = tx end, chance = function()
    return 0
  end }
  one:restore(saved or { instance = "i" })
  one:configure({ checks = { check "shop/cart" }, limits = { concurrency = 4, browsers = 1 },
    routes = {}, maintenance = {} }, 0)
  one:advance(3600000) -- the first regular run
  local launch = one:take(3600000)
  one:finish(launch, { status = "PASS", started_at = "2026-01-01T00:00:00Z" }, 3600001)
end

local NOW = 3600010
local function ask(options, at)
  return one:request({ { id = "shop/cart", trigger = "trigger x", options = options, at = at } },
    NOW)[1]
end

local function next_launch(now)
  one:advance(now)
  return one:take(now)
end

local function finish(launch, now, status)
  return one:finish(launch, { status = status or "PASS", started_at = "2026-01-01T00:00:00Z" }, now)
end

-- What a start would find, by the statements that were emitted.
local function kept()
  local value
  for _, tx in ipairs(emitted) do
    for _, statement in ipairs(tx) do
      if statement[1]:find "^DELETE FROM watch_state" then value = nil end
      if tostring(statement[2]):find "^requests/" and statement[3] then value = statement[3] end
    end
  end
  return value and json.decode(value)
end

describe("a run that is asked for", function()
  before_each(function() fresh() end)

  it("starts at once, with its options", function()
    expect(ask { product = "board" }):is "started"
    local launch = next_launch(NOW)
    expect(launch.options.product):is "board"
    expect(launch.trigger):is "trigger x"
    finish(launch, NOW + 1)
    expect(next_launch(NOW + 2)):is(nil)
  end)

  it("waits for the run that goes on, however often it is asked for, and is never lost", function()
    ask()
    local first = next_launch(NOW)
    for _ = 1, 500 do ask() end
    expect(next_launch(NOW)):is(nil) -- one at a time
    finish(first, NOW + 5)
    local second = next_launch(NOW + 5)
    expect(second.trigger):is "trigger x"
    expect(second.run_id ~= first.run_id):is(true)
    finish(second, NOW + 6)
    expect(next_launch(NOW + 7)):is(nil)
  end)

  it("has a run for each set of options, up to a limit that it says", function()
    for i = 1, 16 do expect(ask { n = i }):is "started" end
    expect(ask { n = 17 }):is "busy"
    expect(ask { n = 3 }):is "joined"
    local count = #emitted
    local outcomes, written = one:request({ { id = "shop/cart", trigger = "t",
      options = { n = 18 } } }, NOW, { { "INSERT" } })
    expect(outcomes):same { "busy" }
    expect(written):is(false) -- so it may come again
    expect(#emitted):is(count)
    local seen = {}
    for i = 1, 16 do
      local launch = next_launch(NOW + i)
      seen[launch.options.n] = launch.run_id
      finish(launch, NOW + i)
    end
    expect(next_launch(NOW + 20)):is(nil)
    local ids = {}
    for _, id in pairs(seen) do ids[id] = true end
    local count = 0
    for _ in pairs(ids) do count = count + 1 end
    expect(count):is(16)
  end)

  it("starts not before its time; a storm of them puts it off no further", function()
    local function at(now)
      one:request({ { id = "shop/cart", trigger = "t", at = now + 1000 } }, now)
    end
    for i = 0, 5000, 10 do at(NOW + i) end
    expect(next_launch(NOW + 999)):is(nil)
    local first = next_launch(NOW + 5001)
    expect(first == nil):is(false)
    finish(first, NOW + 5002)
    expect(next_launch(NOW + 5900)):is(nil)
    local last = next_launch(NOW + 6000)
    expect(last == nil):is(false) -- after the last that was asked
    finish(last, NOW + 6001)
    expect(next_launch(NOW + 20000)):is(nil)
  end)

  it("is looked at again with the same options when it fails", function()
    ask { product = "board" }
    finish(next_launch(NOW), NOW + 1, "FAIL")
    local look = next_launch(NOW + 20000)
    expect(look.trigger):is "confirm"
    expect(look.options.product):is "board"
  end)

  it("outlives a kill until it has ended", function()
    ask { product = "board" }
    ask()
    local launch = next_launch(NOW)
    local saved = kept()
    expect(#saved):is(2)
    fresh { instance = "i", requests = { ["shop/cart"] = saved, ["shop/gone"] = saved } }
    local again = next_launch(NOW)
    expect(again.run_id):is(launch.run_id) -- recorded once, whichever came first
    finish(again, NOW + 1)
    finish(next_launch(NOW + 2), NOW + 3)
    expect(kept()):is(nil)
  end)

  it("is not put off by a clock that is set back", function()
    ask(nil, NOW + 3000)
    one:advance(NOW)
    local launch = next_launch(NOW - 600000)
    expect(launch == nil):is(false)
  end)

  it("of a check that nobody watches is refused", function()
    expect(one:request({ { id = "shop/none", trigger = "t" } }, NOW)[1]):is "not-found"
  end)
end)
