local planner = require "watch.planner"

local START, MINUTE = 1700000000000, 60000

local function check(id, fields)
  local out = { id = id, skill = id, store = { name = "s" }, every_ms = MINUTE,
    policy = {}, script = {} }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end

local function checks(count, fields)
  local list = {}
  for i = 1, count do list[i] = check("c" .. i, fields) end
  return list
end

local LIMITS = { concurrency = 1000, browsers = 10 }

-- Runs the plan for a while; run(launch) says how long each takes.
local function play(plan, now, until_ms, duration)
  local running, started = {}, {}
  while now < until_ms do
    plan:advance(now)
    while true do
      local launch = plan:take(now)
      if not launch then break end
      launch.ends = now + duration(launch)
      running[#running + 1] = launch
      started[#started + 1] = { id = launch.check.id, at = now, due = launch.due_ms }
    end
    local at = math.min(plan:next_at() or until_ms, until_ms)
    for _, launch in ipairs(running) do at = math.min(at, launch.ends) end
    now = math.max(at, now + 1)
    for i = #running, 1, -1 do
      if running[i].ends <= now then
        plan:finished(running[i], running[i].ends - running[i].started_ms)
        table.remove(running, i)
      end
    end
  end
  return started, now
end

describe("watch.planner", function()
  it("runs one check at once, and then on its place in the interval", function()
    local plan = planner.new(LIMITS)
    plan:configure({ check "only" }, LIMITS, START)
    local started = play(plan, START, START + 10 * MINUTE, function() return 100 end)
    expect(started[1].at - START < 1000):is(true)
    expect(started[2].at - started[1].at >= MINUTE / 2):is(true)
    for i = 3, #started do expect(started[i].at - started[i - 1].at):is(MINUTE) end
  end)

  it("spreads the first runs of many", function()
    local plan = planner.new(LIMITS)
    plan:configure(checks(200, { every_ms = 30 * MINUTE }), LIMITS, START)
    local started = play(plan, START, START + MINUTE, function() return 100 end)
    expect(#started):is(200)
    local seconds = {}
    for _, one in ipairs(started) do
      local second = math.floor((one.at - START) / 1000)
      seconds[second] = (seconds[second] or 0) + 1
    end
    for _, count in pairs(seconds) do expect(count < 25):is(true) end
  end)

  it("leaves out a due time that finds the check running, and counts it", function()
    local plan = planner.new(LIMITS)
    plan:configure({ check "slow" }, LIMITS, START)
    local started = play(plan, START, START + 30 * MINUTE, function() return 2.5 * MINUTE end)
    expect(#started):is(10)
    expect(plan.live.slow.missed > 15):is(true)
  end)

  it("goes on where it was after a restart, and runs once what was left out", function()
    local plan = planner.new(LIMITS)
    local hourly = check("hourly", { every_ms = 60 * MINUTE })
    plan:configure({ hourly }, LIMITS, START, { hourly = START - 10 * MINUTE })
    local place = plan:next_at()
    expect(place > START):is(true)
    plan = planner.new(LIMITS)
    plan:configure({ hourly }, LIMITS, START, { hourly = START - 300 * MINUTE })
    local started = play(plan, START, place + 1, function() return 10 end)
    expect(started[1].at - START <= 1000):is(true)
    expect(#started <= 2):is(true)
  end)

  it("keeps the place of a check whose schedule is the same", function()
    local plan = planner.new(LIMITS)
    plan:configure(checks(3), LIMITS, START)
    play(plan, START, START + 2 * MINUTE, function() return 10 end)
    local before = plan:next_at()
    plan:configure(checks(3, { timeout_ms = 5 }), LIMITS, START + 2 * MINUTE)
    expect(plan:next_at()):is(before)
    plan:configure(checks(2), LIMITS, START + 2 * MINUTE)
    local started = play(plan, START + 2 * MINUTE, START + 5 * MINUTE, function() return 10 end)
    for _, one in ipairs(started) do expect(one.id ~= "c3"):is(true) end
  end)

  it("goes on when the clock is set back", function()
    local plan = planner.new(LIMITS)
    plan:configure(checks(3), LIMITS, START)
    play(plan, START, START + 2 * MINUTE, function() return 10 end)
    local now = START - 600 * MINUTE
    plan:replan(now)
    local started = play(plan, now, now + 2 * MINUTE, function() return 10 end)
    expect(#started):is(6)
  end)

  it("starts nothing twice when asked to run now", function()
    local plan = planner.new(LIMITS)
    plan:configure({ check "a" }, LIMITS, START)
    play(plan, START, START + 2 * MINUTE, function() return 10 end)
    local now = START + 2 * MINUTE
    expect(plan:soonest("a", now, now, 0, "manual")):is(true)
    plan:advance(now)
    local launch = plan:take(now)
    expect(launch.trigger):is "manual"
    expect(plan:soonest("a", now, now, 0, "manual")):is(false)
    expect(plan:take(now)):is(nil)
    expect(plan:soonest("b", now, now, 0, "manual")):is(false)
  end)

  it("lets a hundred hanging checks delay no other", function()
    local plan = planner.new { concurrency = 16, browsers = 2 }
    local list = checks(100, { store = { name = "hangs" } })
    for i = 1, 20 do list[#list + 1] = check("ok" .. i, { store = { name = "fine" } }) end
    plan:configure(list, { concurrency = 16, browsers = 2 }, START)
    local late = 0
    local started = play(plan, START, START + 20 * MINUTE, function(launch)
      return launch.check.store.name == "hangs" and 10 * MINUTE or 100
    end)
    local count = 0
    for _, one in ipairs(started) do
      if one.id:match "^ok" then
        count = count + 1
        late = math.max(late, one.at - one.due)
      end
    end
    expect(count >= 20 * 19):is(true)
    expect(late <= 100):is(true)
  end)
end)
