local baselines = require "service.baselines"
local db = require "service.db"
local json = require "json"

-- ---- judge, against a model written straight from the definition ----

-- A random source of the test's own, so that a failure can be repeated.
local function random_source(seed)
  return function(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648 * n
  end
end

local function slow_median(values) -- by counting: as many below as above
  local low, high
  for _, one in ipairs(values) do
    local below, equal = 0, 0
    for _, other in ipairs(values) do
      if other < one then below = below + 1 elseif other == one then equal = equal + 1 end
    end
    local left, right = math.floor((#values - 1) / 2), math.floor(#values / 2)
    if below <= left and left < below + equal then low = one end
    if below <= right and right < below + equal then high = one end
  end
  return (low + high) / 2
end

-- runs: oldest first, the last is judged. The state of the last one.
local function model(runs, floor)
  local usual = {}
  for i = math.max(1, #runs - 32), #runs - 3 do usual[#usual + 1] = runs[i] end
  if #usual < 5 then return "learning" end
  local median = slow_median(usual)
  local off = {}
  for i, one in ipairs(usual) do off[i] = math.abs(one - median) end
  local limit = median + math.max(4 * 1.4826 * slow_median(off), 0.2 * median, floor)
  local function slow(i) return runs[#runs - i] > limit end
  if not slow(0) then return "usual" end
  return slow(1) and slow(2) and "warn" or "slow"
end

local function newest_first(runs)
  local past = {}
  for i = #runs - 1, 1, -1 do past[#past + 1] = runs[i] end
  return past
end

local function state_of(runs, floor)
  return baselines.judge(runs[#runs], newest_first(runs), floor or 0).state
end

describe("baselines.judge", function()
  it("agrees with a plain model on random histories", function()
    local seen = {}
    for seed = 1, 400 do
      local random = random_source(seed)
      local base, noise = 50 + random(3000), random(0.6)
      local floor = random(2) < 1 and 0 or 100
      local runs, shift = {}, 1
      for i = 1, 60 do
        if random(12) < 1 then shift = random(3) < 1 and 1 + random(4) or 1 end
        runs[i] = math.floor(base * shift * (1 + random(noise)) * (random(15) < 1 and 3 or 1))
        local expected, got = model(runs, floor), state_of(runs, floor)
        seen[expected] = (seen[expected] or 0) + 1
        if expected ~= got then
          error(("seed %d, run %d: %s instead of %s"):format(seed, i, got, expected))
        end
      end
    end
    for _, state in ipairs { "learning", "usual", "slow", "warn" } do
      expect((seen[state] or 0) > 200):is(true)
    end
  end)

  it("never warns of one or two slow runs, whatever came before", function()
    for seed = 1, 200 do
      local random = random_source(seed)
      local runs = {}
      for i = 1, 8 + math.floor(random(40)) do runs[i] = 1000 + random(150) end
      runs[#runs + 1] = 20000
      expect(state_of(runs)):is("slow")
      runs[#runs + 1] = 20000
      expect(state_of(runs)):is("slow")
      runs[#runs + 1] = 20000
      expect(state_of(runs)):is("warn")
      runs[#runs + 1] = 1000
      expect(state_of(runs)):is("usual")
      runs[#runs + 1] = 20000
      expect(state_of(runs)):is("slow")
    end
  end)

  it("never calls a value slow that is within nine per cent of a steady level", function()
    local random = random_source(7)
    local runs = {}
    for i = 1, 2000 do
      runs[i] = 1000 * (0.91 + random(0.18))
      expect(state_of(runs) == "slow"):is(false)
      if #runs > 40 then table.remove(runs, 1) end
    end
  end)

  it("keeps warning of a regression for half a window, then takes it as usual", function()
    local runs, warned = {}, 0
    for i = 1, 40 do runs[i] = 1000 + i % 7 * 10 end
    for _ = 1, 60 do
      runs[#runs + 1] = 3000
      if state_of(runs) == "warn" then warned = warned + 1 end
    end
    expect(warned >= 13):is(true)
    expect(warned <= 20):is(true)
    expect(state_of(runs)):is("usual")
  end)

  it("is not moved by a few slow runs among the past ones", function()
    local clean, poisoned = {}, {}
    for i = 1, 30 do
      clean[i] = 1000 + i
      poisoned[i] = i % 5 == 0 and 30000 or 1000 + i
    end
    local a = baselines.judge(1000, clean).median
    local b = baselines.judge(1000, poisoned).median
    expect(math.abs(a - b) < 10):is(true)
  end)

  it("is the same in every unit, and in every order of the usual runs", function()
    for seed = 1, 100 do
      local random = random_source(seed)
      local runs, scaled = {}, {}
      for i = 1, 35 do
        runs[i] = math.floor(100 + random(100) + (i > 32 and random(400) or 0))
        scaled[i] = runs[i] * 1024
      end
      expect(state_of(scaled)):is(state_of(runs))
      local state = state_of(runs)
      for i = 3, 32 do -- those that make up what is usual
        local j = 3 + math.floor(random(30))
        runs[i], runs[j] = runs[j], runs[i]
      end
      expect(state_of(runs)):is(state)
    end
  end)

  it("ignores differences below the floor", function()
    local runs = { 10, 10, 10, 10, 10, 90, 90, 90 }
    expect(state_of(runs, 0)):is("warn")
    expect(state_of(runs, 100)):is("usual")
  end)
end)

-- ---- apply, with a database ----

describe("baselines.apply", function()
  local folder, store
  local minute = 0

  local function open() return assert(db.open(folder .. "/x.db")) end

  before_each(function()
    folder = assert(sys.files.temp_dir "baselines-test-")
    store = open()
    minute = 0
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)

  local function result_of(values, status)
    minute = minute + 1
    local metrics = {}
    for _, one in ipairs(values) do
      metrics[#metrics + 1] = { name = one[1], value = one[2], unit = "ms",
        page = one[3] or "home", baseline = one[4] == nil }
    end
    return { skill = "checkout", store_url = "https://shop.example/", status = status or "PASS",
      summary = "all is well", metrics = metrics, run_id = "run" .. minute,
      started_at = ("2024-05-01T%02d:%02d:00.000Z"):format(minute / 60, minute % 60) }
  end

  local function run(values, status, options)
    local result = result_of(values, status)
    assert(baselines.apply(store, result, options))
    assert(store:record_result(result))
    return result
  end

  local function usual(count)
    for i = 1, count do run { { "lcp_ms", 1200 + i % 3 * 10 } } end
  end

  it("warns at the third slow run in a row, in words", function()
    usual(28)
    expect(run({ { "lcp_ms", 3900 } }).status):is("PASS")
    local second = run { { "lcp_ms", 3900 } }
    expect(second.status):is("PASS")
    expect(second.details.baselines.metrics[1].state):is("slow")
    expect(second.details.baselines.metrics[1].streak):is(2)
    local third = run { { "lcp_ms", 3900 } }
    expect(third.status):is("WARN")
    expect(third.summary):is("home page: largest contentful paint 3.9 s, usually 1.2 s "
      .. "(median of 28 runs), slow for the third run in a row")
    expect(third.details.baselines.metrics[1].median):is(1210)
    expect(run({ { "lcp_ms", 3900 } }).summary):matches("slow for the fourth run in a row")
    expect(run({ { "lcp_ms", 1200 } }).status):is("PASS")
    local rows = store:recent_runs { limit = 2 }
    expect(rows[1].details.baselines.metrics[1].state):is("usual")
    expect(rows[2].status):is("WARN")
  end)

  it("does not hold against the shop what this machine was too busy for", function()
    usual(28)
    run { { "lcp_ms", 3900 } }
    run { { "lcp_ms", 3900 } }
    local result = result_of { { "lcp_ms", 3900 } }
    result.machine_wait = 0.97
    assert(baselines.apply(store, result))
    expect(result.status):is("PASS")
    expect(result.summary):is("all is well")
    expect(result.details.baselines.machine_busy):is(true)
    expect(result.notes[1]):contains("this machine was busy itself (for 97 % of the run")
    result = result_of { { "lcp_ms", 3900 } }
    result.machine_wait = 0.4
    assert(baselines.apply(store, result))
    expect(result.status):is("WARN")
  end)

  it("says nothing before it knows enough", function()
    usual(4)
    for _ = 1, 3 do expect(run({ { "lcp_ms", 9000 } }).status):is("PASS") end
    local learning = run { { "ttfb_ms", 100 } }
    expect(learning.details.baselines.metrics[1].state):is("learning")
  end)

  it("judges each page and each metric by itself", function()
    for _ = 1, 8 do
      run { { "lcp_ms", 1000, "home" }, { "lcp_ms", 3000, "/products/x" }, { "load_ms", 500 } }
    end
    local slow
    for _ = 1, 3 do
      slow = run { { "lcp_ms", 3000, "home" }, { "lcp_ms", 3000, "/products/x" },
        { "load_ms", 5000 } }
    end
    expect(slow.summary)
      :matches("^home page: largest.*; home page: load time 5.0 s, usually 500 ms")
    expect(slow.summary:find("products")):is(nil)
  end)

  it("looks only at metrics that are marked", function()
    for _ = 1, 8 do run { { "lcp_ms", 1000, "home", false } } end
    for _ = 1, 3 do
      local result = run { { "lcp_ms", 9000, "home", false } }
      expect(result.status):is("PASS")
      expect(result.details):is(nil)
    end
  end)

  it("never touches FAIL and ERROR, and does not learn from them", function()
    usual(8)
    for _, status in ipairs { "FAIL", "ERROR", "FAIL", "SKIP" } do
      local result = run({ { "lcp_ms", 9000 } }, status)
      expect(result.status):is(status)
      expect(result.summary):is("all is well")
      expect(result.details):is(nil)
    end
    for i = 1, 3 do expect(run({ { "lcp_ms", 9000 } }).status):is(i < 3 and "PASS" or "WARN") end
  end)

  it("adds to the summary of a result that is WARN already", function()
    usual(8)
    for _ = 1, 2 do run { { "lcp_ms", 9000 } } end
    local result = run({ { "lcp_ms", 9000 } }, "WARN")
    expect(result.summary):matches("^all is well; home page: largest")
  end)

  it("begins anew with --update-baseline, from this run's values", function()
    usual(10)
    for _ = 1, 3 do run { { "lcp_ms", 3000 } } end
    local updated = run({ { "lcp_ms", 3000 } }, "PASS", { update = true })
    expect(updated.status):is("PASS")
    expect(updated.details.baselines.updated):is(true)
    local kept = store:baseline_get("https://shop.example", "checkout")
    expect(kept.data.nano_sre.metrics[1].value):is(3000)
    expect(kept.updated_at):truthy()
    for _ = 1, 6 do expect(run({ { "lcp_ms", 3000 } }).status):is("PASS") end
    local judged = run({ { "lcp_ms", 3000 } }).details.baselines.metrics[1]
    expect({ judged.state, judged.median, judged.runs }):same { "usual", 3000, 5 }
    for i = 1, 3 do expect(run({ { "lcp_ms", 9000 } }).status):is(i < 3 and "PASS" or "WARN") end
  end)

  it("does not take a failed run as the new beginning", function()
    usual(8)
    run({ { "lcp_ms", 9000 } }, "FAIL", { update = true })
    expect(store:baseline_get("https://shop.example", "checkout")):is(nil)
  end)

  it("can be reset without a run", function()
    usual(8)
    assert(baselines.reset(store, "https://shop.example", "checkout"))
    local result = result_of { { "lcp_ms", 9000 } }
    assert(baselines.apply(store, result))
    expect(result.details.baselines.metrics[1].state):is("learning")
    expect(result.details.baselines.metrics[1].runs):is(0)
  end)

  it("leaves what another program keeps in the same row", function()
    assert(store:baseline_put("https://shop.example", "checkout", { theirs = { 1, 2 } }))
    run({ { "lcp_ms", 1000 } }, "PASS", { update = true })
    local kept = store:baseline_get("https://shop.example", "checkout")
    expect(kept.data.theirs):same { 1, 2 }
    expect(kept.data.nano_sre.metrics[1].name):is("lcp_ms")
  end)

  it("does not count a run that is recorded already", function()
    usual(7)
    local result = result_of { { "lcp_ms", 5000 } }
    assert(store:record_result(result))
    assert(baselines.apply(store, result))
    expect(result.details.baselines.metrics[1].streak):is(1)
  end)

  it("leaves the result alone when the database is in trouble", function()
    usual(8)
    store:close()
    local result = result_of { { "lcp_ms", 5000 } }
    local before = json.encode(result)
    local ok, why = baselines.apply(store, result)
    expect(ok):is(nil)
    expect(why.kind):is("engine")
    expect(why.code):is("closed")
    expect(json.encode(result)):is(before)
  end)
end)
