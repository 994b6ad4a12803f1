-- The watch daemon's figures.
--
-- lateness: the daemon's own loop, core and database with 1,000 and 10,000 checks of every 10 s,
-- each run a wait of 50 ms in the place of a worker's, one shop of ten whose runs hang for 30 s.
-- How much later than planned do the runs of the other shops begin? Measured after the first runs.
--
-- checks_per_s: 64 at a time through the whole run model (a job to a worker, a fresh state, a
-- script with one HTTP request to nginx on this machine, its result back), one worker process.
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

local SKILL = [[
local http = require "http"
return skill "probe" { needs = { "http" }, run = function(t)
  t.expect(http.get(t.store.url .. "/").status):is(200)
end }
]]

local function start_nginx()
  local port = 20000 + math.floor(sys.random.number() * 20000)
  sys.files.make_dirs(folder .. "/www")
  sys.files.write(folder .. "/www/index.html", "<h1>ok</h1>\n")
  sys.files.write(folder .. "/nginx.conf", ([[
daemon off; master_process off; pid %s/nginx.pid; error_log /dev/null; worker_rlimit_nofile 1024;
events { worker_connections 500; }
http { access_log off; keepalive_requests 1000000; client_body_temp_path %s/b;
  proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;
  server { listen 127.0.0.1:%d; root %s/www; } }
]]):format(folder, folder, folder, folder, folder, folder, port, folder))
  local process = sys.process.spawn { argv = { "/usr/sbin/nginx", "-c", folder .. "/nginx.conf" },
    stdin = "null", stdout = "null", stderr = "null" }
  if not process then return nil end
  sys.clock.sleep(500)
  return process, ("http://127.0.0.1:%d"):format(port)
end

local function ticks_of(pid)
  local stat = sys.files.read(("/proc/%d/stat"):format(pid), 4096) or ""
  local user, system = stat:match "%) %S (.*)$", nil
  local fields = {}
  for field in (user or ""):gmatch "%S+" do fields[#fields + 1] = field end
  user, system = tonumber(fields[11]), tonumber(fields[12])
  return ((user or 0) + (system or 0)) * 10 -- ms, at 100 ticks a second
end

local function throughput()
  local nginx, url = start_nginx()
  if not nginx then return end -- the Debian package nginx-light
  local pool = require("service.runs").open { concurrency = 64 }
  local job = { script = "/probe.lua", source = SKILL, skill = "probe", store = { url = url } }
  local done, wrong, stop = 0, nil, false
  local tasks = {}
  for i = 1, 64 do
    tasks[i] = sys.task.spawn(function()
      while not stop do
        local mine = {}
        for key, value in pairs(job) do mine[key] = value end
        local out = pool:run(mine)
        if out.status ~= "PASS" then wrong = out.summary end
        done = done + 1
      end
    end)
  end
  sys.clock.sleep(1000)
  local worker = pool.shared[1].pid
  local count, own, theirs, at = done, sys.clock.cpu(), ticks_of(worker), sys.clock.mono()
  sys.clock.sleep(5000)
  count, at = done - count, sys.clock.mono() - at
  own, theirs = sys.clock.cpu() - own, ticks_of(worker) - theirs
  stop = true
  for _, task in ipairs(tasks) do task:join() end
  pool:close()
  nginx:kill "TERM"
  nginx:wait()
  if wrong then error(wrong) end
  bench.figure("watch", "checks_per_s_64_at_once", count / at * 1000, "1/s", {
    main_cpu_us = tonumber(("%.3g"):format(own / count * 1000)),
    worker_cpu_us = tonumber(("%.3g"):format(theirs / count * 1000)),
    checks_per_cpu_s = math.floor(count / (own + theirs) * 1000) })
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
throughput()
memory()
sys.files.remove(folder, { recursive = true })
