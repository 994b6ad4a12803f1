-- The daemon's core under random results, crashes, silences and deliveries, on a clock of its own
-- and a real database. What it must have done is worked out again from what it recorded, by a
-- reference that shares no code with it.

local core = require "watch.core"
local db = require "service.db"
local journal = require "watch.journal"
local outbox = require "watch.outbox"
local restore = require "watch.restore"
local time = require "time"
local track = require "incident.track"

local reference = assert(sys.load_trusted(sys.files.read "tests/lua/watch_reference.lua",
  "tests/lua/watch_reference.lua"))()

local START = assert(time.parse_iso8601 "2024-06-07T12:00:00Z")
local MINUTE, HOUR, DAY = 60000, 3600000, 86400000

-- Random numbers that a failing seed can be repeated with.
local function dice(seed)
  local state = seed % 2147483647 + 1
  return function()
    state = state * 16807 % 2147483647
    return (state - 1) / 2147483646
  end
end

local function make_checks(stores, skills, every_ms)
  local checks = {}
  for s = 1, stores do
    for k = 1, skills do
      local policy = {}
      for name, value in pairs(track.DEFAULTS) do policy[name] = value end
      checks[#checks + 1] = { id = ("s%d/k%d"):format(s, k), skill = "k" .. k, inhibits = {},
        store = { name = "s" .. s, url = ("https://s%d.example"):format(s) }, every_ms = every_ms,
        policy = policy, script = {}, browser = false }
    end
  end
  return checks
end

local function result_of(launch, status, now)
  local failed = status == "FAIL" or status == "ERROR"
  return { skill = launch.check.skill, store_url = launch.check.store.url, status = status,
    summary = failed and "it broke" or "fine", started_at = time.iso8601(now - 500),
    finished_at = time.iso8601(now), duration_ms = 500, steps = {}, metrics = {}, evidence = {},
    screenshots = {}, details = {}, error = status == "ERROR" and { message = "engine" } or nil }
end

-- A world: core, clock, and stores that break and recover.
local function world(options)
  local w = { now = START, chance = options.chance, health = {}, running = {}, emitted = 0 }
  function w.boot(saved)
    w.core = core.new { emit = options.emit, chance = w.chance }
    if saved then w.core:restore(saved) end
    w.core:configure({ checks = options.checks, limits = { concurrency = 32, browsers = 2 },
      routes = options.routes, maintenance = {} }, w.now)
    w.running = {}
  end
  local function status_of(launch)
    local health = w.health[launch.check.id] or "PASS"
    local roll = w.chance()
    if health == "PASS" and roll < 0.02 then health = "FAIL"
    elseif health == "PASS" and roll < 0.03 then health = "ERROR"
    elseif health ~= "PASS" and roll < 0.25 then health = "PASS" end
    w.health[launch.check.id] = health
    if w.chance() < 0.02 then return health == "PASS" and "FAIL" or "PASS" end -- a blip
    return health
  end
  -- One step to the next thing that happens.
  function w.step(limit)
    w.core:advance(w.now)
    w.core:tick(w.now)
    while true do
      local launch = w.core:take(w.now)
      if not launch then break end
      launch.ends = w.now + 200 + math.floor(w.chance() * 3000)
      w.running[#w.running + 1] = launch
    end
    local at = math.min(w.core:next_at() or limit, limit)
    for _, launch in ipairs(w.running) do at = math.min(at, launch.ends) end
    w.now = math.max(w.now, at)
    for i = #w.running, 1, -1 do
      local launch = w.running[i]
      if launch.ends <= w.now then
        table.remove(w.running, i)
        w.core:finish(launch, result_of(launch, status_of(launch), w.now), w.now)
      end
    end
  end
  return w
end

local ROUTES = { { name = "all", to = { "a", "b" }, group_wait = 30000, group_interval = 60000,
  repeat_interval = 4 * HOUR, rate_interval = HOUR } }

describe("watch.core", function()
  local folder, store
  before_each(function()
    folder = assert(sys.files.temp_dir "nano-model-")
    store = assert(db.open(folder .. "/x.db"))
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)

  -- Crashes lose what is not written; everything that is written must still add up.
  local function play(seed, hours)
    local chance, log = dice(seed), nil
    local w = world { chance = chance, checks = make_checks(3, 2, 5 * MINUTE), routes = ROUTES,
      emit = function(tx) log:put(tx) end }
    local function boot()
      log = journal.open { db = store }
      w.boot(assert(restore.read(store, w.now)))
    end
    boot()
    local crashes = 0
    while w.now < START + hours * HOUR do
      w.step(START + hours * HOUR)
      if chance() < 0.1 then
        while log:waiting() > 0 do assert(not log:step()) end
      end
      if chance() < 0.01 then
        crashes = crashes + 1
        boot() -- what waited in the journal is gone, and so are the runs under way
      end
    end
    -- Everybody recovers, and every message has the time to go out.
    w.health = {}
    for _, one in ipairs(w.core.setup.checks) do w.health[one.id] = "PASS" end
    w.chance = function() return 0.9 end
    local calm = w.now + HOUR
    while w.now < calm do w.step(calm) end
    while log:waiting() > 0 do assert(not log:step()) end
    return crashes, calm
  end

  for seed = 1, 3 do
    it("does what the results say, through crashes (seed " .. seed .. ")", function()
      local crashes, calm = play(seed, 16)
      expect(crashes > 0):is(true)
      expect(reference.incidents(store) > 5):is(true)
      expect(reference.told(store, calm, 5 * MINUTE) > 5):is(true)
      expect(store:read("SELECT count(*) AS n FROM (SELECT run_id FROM check_runs "
        .. "GROUP BY check_id, due_ms, attempt HAVING count(*) > 1)")[1].n):is(0)
      expect(store:read("SELECT count(*) AS n FROM events WHERE type = 'check.finished'")[1].n)
        :is(store:read("SELECT count(*) AS n FROM check_runs")[1].n)
    end, { timeout_ms = 60000 })
  end

  it("delivers each message once and in order, whatever the receivers do", function()
    local chance = dice(77)
    play(9, 12)
    -- Within the day before a message is given up: bad luck eight times in a row is no fault.
    local box, now, sent = outbox.open(store), START + 14 * HOUR, {}
    local died = false -- with rows in its hands, which only a new start gives back
    for _ = 1, 20000 do
      local at = box:next_at()
      if not at and not died then break end
      now = math.max(now, at or now)
      if not at or chance() < 0.1 then
        box, died = outbox.open(store), false
        assert(box:recover(now))
      end
      for _, row in ipairs(assert(box:claim(now, 4))) do
        local roll = chance()
        if roll < 0.3 then box:mark(row, { error = "503" }, now)
        elseif roll < 0.35 then -- dies before it says what became of it
          died = true
          break
        else
          sent[#sent + 1] = row
          box:mark(row, { sent = true }, now)
        end
      end
    end
    local total = store:read("SELECT count(*) AS n FROM outbox")[1].n
    local left = store:read("SELECT count(*) AS n FROM outbox WHERE status <> 'sent'")[1].n
    expect(total > 5):is(true)
    expect(left):is(0)
    expect(#sent):is(total)
    local last = {}
    for _, row in ipairs(sent) do
      local thread = row.alerter .. row.thread
      expect((last[thread] or 0) < row.id):is(true)
      last[thread] = row.id
    end
  end, { timeout_ms = 60000 })

  it("tells nothing of what is silenced, and everything after", function()
    local emitted = {}
    local w = world { chance = dice(5), checks = make_checks(1, 1, 5 * MINUTE), routes = ROUTES,
      emit = function(tx) emitted[#emitted + 1] = tx end }
    w.boot()
    w.core:silence({ id = 1, match = { skill = "k1" }, starts = w.now, ends = w.now + 2 * HOUR },
      w.now)
    w.health["s1/k1"] = "FAIL"
    w.chance = function() return 0.5 end -- stays as it is
    local function alerts()
      local count = 0
      for _, tx in ipairs(emitted) do count = count + #(tx.messages or {}) end
      return count
    end
    local until_ms = w.now + 2 * HOUR - 1
    while w.now < until_ms do w.step(until_ms) end
    expect(alerts()):is(0)
    local stop = w.now + HOUR
    while w.now < stop do w.step(stop) end
    expect(alerts()):is(2) -- one for each alerter
    expect(w.core:acknowledge("1", "me", "on it", w.now).acknowledged_by):is "me"
    stop = w.now + DAY
    while w.now < stop do w.step(stop) end
    expect(alerts()):is(4) -- that somebody has it, and never again
    expect(w.core:resolve("1", "me", "fixed", w.now).status):is "resolved"
    stop = w.now + 10 * MINUTE
    w.health["s1/k1"] = "PASS"
    while w.now < stop do w.step(stop) end
    expect(alerts()):is(6)
    expect(w.core:resolve("1", "me", "again", w.now)):is(nil)
  end)

  it("stays small through a month of 100 shops", function()
    local runs, messages = 0, 0
    local w = world { chance = dice(42), checks = make_checks(100, 1, 30 * MINUTE),
      routes = ROUTES, emit = function(tx)
        runs = runs + (tx.messages == nil and 1 or 0)
        messages = messages + #(tx.messages or {})
      end }
    w.boot()
    local function memory()
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local sizes = {}
    for day = 1, 30 do
      local stop = START + day * DAY
      while w.now < stop do w.step(stop) end
      sizes[day] = memory()
    end
    expect(runs > 100 * 48 * 30):is(true)
    expect(messages > 1000):is(true)
    -- A hundred bytes kept of each run would be 9 MB more.
    if sizes[30] > sizes[10] + 1000 then
      error(("memory grew from %d KB on day 10 to %d KB on day 30"):format(sizes[10], sizes[30]))
    end
  end, { timeout_ms = 120000 })
end)
