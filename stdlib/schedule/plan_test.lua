local cron = require "schedule.cron"
local hours = require "schedule.hours"
local plan = require "schedule.plan"
local zone = require "schedule.zone"

local function run(p, from, to, step)
  local log = {}
  for now = from, to, step do
    for _, due in ipairs(p:take_due(now)) do
      log[#log + 1] = { id = due.id, due = due.due_ms, now = now, missed = due.missed }
    end
  end
  return log
end

describe("schedule.plan", function()
  it("runs every 30 s without drift, however late it is asked", function()
    local p = plan.new()
    p:put({ id = "a", every_ms = 30000 }, 1000000)
    local log = run(p, 1000000, 1000000 + 3600000, 7)
    expect(#log):is(120)
    for i = 2, #log do expect(log[i].due - log[i - 1].due):is(30000) end
  end)

  it("spreads checks of one interval over it", function()
    local phases = {}
    for i = 1, 1000 do phases[i] = plan.phase("store-" .. i .. "/checkout", 60000) end
    table.sort(phases)
    expect(phases[1] < 2000):is(true)
    expect(phases[1000] > 58000):is(true)
    local widest = 0
    for i = 2, 1000 do widest = math.max(widest, phases[i] - phases[i - 1]) end
    expect(widest < 1500):is(true)
  end)

  it("goes on after a restart: once at once when a run was missed, else at its time", function()
    local p = plan.new()
    p:put({ id = "a", every_ms = 60000 }, 0)
    local first = p:take_due(120000)[1].due_ms
    local again = plan.new()
    again:put({ id = "a", every_ms = 60000, last_ms = first }, first + 10000)
    expect(again:next_at()):is(first + 60000)
    local late = plan.new()
    late:put({ id = "a", every_ms = 60000, last_ms = first }, first + 3600000)
    expect(late:next_at()):is(first + 3600000)
    local due = late:take_due(first + 3600000)
    expect(#due):is(1)
    expect((late:next_at() - first) % 60000):is(0)
  end)

  it("counts what the machine slept through instead of running it all", function()
    local p = plan.new()
    p:put({ id = "a", every_ms = 1000 }, 0)
    local due = p:take_due(100500)
    expect(#due):is(1)
    expect(due[1].missed >= 98):is(true)
    expect(#p:take_due(100500)):is(0)
  end)

  it("replaces and removes checks without a second run", function()
    local p = plan.new()
    p:put({ id = "a", every_ms = 1000 }, 0)
    p:put({ id = "a", every_ms = 5000 }, 0)
    p:put({ id = "b", every_ms = 1000 }, 0)
    p:remove("b")
    local log = run(p, 0, 50000, 100)
    expect(#log):is(10)
  end)

  it("keeps to working hours, over midnight and weekends", function()
    local berlin = assert(zone.load("Europe/Berlin"))
    local open = assert(hours.parse("mon-fri 08:00-18:00, fri 22:00-02:00", berlin))
    local function at(d, h, min)
      return (zone.days_from_civil(2026, 11, d) * 86400 + (h - 1) * 3600 + min * 60) * 1000
    end
    expect(open:contains(at(20, 8, 0))):is(true) -- a Friday
    expect(open:contains(at(20, 7, 59))):is(false)
    expect(open:contains(at(20, 18, 0))):is(false)
    expect(open:contains(at(21, 1, 59))):is(true)
    expect(open:contains(at(21, 2, 0))):is(false)
    expect(open:next_opening(at(21, 2, 0))):is(at(23, 8, 0))
    local p = plan.new()
    p:put({ id = "a", every_ms = 600000, hours = open }, at(21, 3, 0))
    local next_at = p:next_at()
    expect(next_at >= at(23, 8, 0) and next_at < at(23, 8, 10)):is(true)
    local none, problem = hours.parse("mon 8-9", berlin)
    expect(none):is(nil)
    expect(problem):matches("not a window")
  end)

  it("takes cron expressions", function()
    local p = plan.new()
    p:put({ id = "c", cron = assert(cron.parse("0 * * * *")), zone = zone.load("UTC") }, 0)
    expect(p:next_at()):is(3600000)
    expect(#run(p, 0, 86400000, 60000)):is(24)
  end)

  it("is the same as looking at every check at every moment", function()
    local p, model, now = plan.new(), {}, 5000000
    for i = 1, 200 do
      local every = 1000 * (1 + math.floor(sys.random.number() * 50))
      local id = "check" .. i
      p:put({ id = id, every_ms = every }, now)
      model[id] = { every = every, phase = plan.phase(id, every), last = now }
    end
    for _ = 1, 500 do
      now = now + math.floor(sys.random.number() * 900)
      local want, got = {}, {}
      for id, m in pairs(model) do
        local k = math.floor((now - m.phase) / m.every) * m.every + m.phase
        if k > m.last then
          want[id] = true
          m.last = now
        end
      end
      for _, due in ipairs(p:take_due(now)) do got[due.id] = true end
      expect(got):same(want)
    end
  end)
end)
