-- The watch daemon's figures.
--
-- lateness: the daemon's own loop, core and database with 1,000 and 10,000 checks of every 10 s,
-- each run a wait of 50 ms in the place of a worker's, one shop of ten whose runs hang for 30 s.
-- How much later than planned do the runs of the other shops begin? Measured after the first runs.
--
-- store_kb: what a shop with one check that waits costs main, as the difference between 1,000 and
-- 11,000 of them.
local bench = ...

local core = require "watch.core"
local journal = require "watch.journal"
local loop = require "watch.loop"
local track = require "incident.track"

local folder = assert(sys.files.temp_dir("nano-sre-bench-"))

local function checks(count, stores, every_ms)
  local list = {}
  for i = 1, count do
    local store = i % stores
    list[i] = { id = ("s%d/c%d"):format(store, i), skill = "c" .. i, every_ms = every_ms,
      store = { name = "s" .. store, url = "https://shop" .. store .. ".example" },
      policy = track.DEFAULTS, inhibits = {}, script = {} }
  end
  return list
end

local function setup(list, concurrency)
  return { checks = list, limits = { concurrency = concurrency, browsers = 2 }, maintenance = {},
    routes = { { name = "all", to = { "nobody" } } } }
end

local function result(launch)
  return { skill = launch.check.skill, store_url = launch.check.store.url, status = "PASS",
    summary = "1 step passed", started_at = require("time").iso8601(), duration_ms = 50,
    steps = { { name = "get", status = "PASS", duration_ms = 50 } }, metrics = {}, details = {} }
end

local function lateness(count)
  local db = assert(require("service.db").open(("%s/%d.db"):format(folder, count)))
  local log = journal.open { db = db }
  local writer = sys.task.spawn(log.run, log)
  local heart = core.new { emit = function(tx) log:put(tx) end }
  heart:configure(setup(checks(count, 10, 10000), 256), sys.clock.now())
  local late, measuring = {}, false
  local turning = loop.new { core = heart, now = sys.clock.now,
    run = function(launch)
      sys.clock.sleep(launch.check.store.name == "s0" and 30000 or 50)
      return result(launch)
    end,
    on_started = function(launch)
      if measuring and launch.check.store.name ~= "s0" then late[#late + 1] = launch.late_ms end
    end }
  local task = sys.task.spawn(turning.run, turning)
  sys.clock.sleep(15000)
  measuring = true
  local cpu = sys.clock.cpu()
  sys.clock.sleep(10000)
  cpu = sys.clock.cpu() - cpu
  turning:stop()
  task:join()
  log:stop(5000)
  writer:join()
  db:close()
  bench.figure("watch", ("lateness_p99_%d_checks"):format(count), bench.quantile(late, 0.99), "ms",
    { p50 = bench.quantile(late, 0.5), max = bench.quantile(late, 1), n = #late,
      own_cpu_share = tonumber(("%.3g"):format(cpu / 10000)) })
end

local function memory()
  local function size(count)
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    local heart = core.new { emit = function() end }
    heart:configure(setup(checks(count, count, 1800000), 64), sys.clock.now())
    collectgarbage()
    collectgarbage()
    return collectgarbage "count" - before, heart
  end
  local small, large = size(1000), size(11000)
  bench.figure("watch", "store_kb", (large - small) / 10000, "KB")
end

lateness(1000)
lateness(10000)
memory()
sys.files.remove(folder, { recursive = true })
