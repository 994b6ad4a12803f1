-- HTTP checks per second through the whole run model: a job to a worker, a state of its own, a
-- script with one HTTP request to nginx on this machine, the result back. One worker process, 64
-- runs at a time.
--
-- in_commands: 64 tasks that each ask for one run after another. in_watch: 128 checks that are
-- always due, by the daemon's loop, with schedule, incidents and database.
--
-- Eight windows of a second each after one of warming up. The rate is the median window's; the CPU
-- figures are those of the window with the least CPU a check, because other work on the machine can
-- only add to them. checks_per_cpu_s: per second of CPU of main and worker together, nginx not
-- counted.
local bench = ...

local folder = assert(sys.files.temp_dir("nano-sre-bench-"))
local AT_ONCE, WINDOWS = 64, 8

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
  return process, ("http://127.0.0.1:%d"):format(port)
end

local function cpu_of(pid) -- ms
  return tonumber(sys.files.read(("/proc/%d/schedstat"):format(pid), 4096):match "%d+") / 1e6
end

local nginx, url = start_nginx()
if not nginx then return end -- the Debian package nginx-light

local done, wrong

local function run(pool, skill)
  local out = pool:run { script = "/probe.lua", source = SKILL, skill = skill,
    store = { url = url } }
  if out.status ~= "PASS" then wrong = out.summary end
  done = done + 1
  return out
end

local function measure(metric, pool)
  local worker = pool.shared[1].pid
  local function reading()
    return { done = done, at = sys.clock.mono(), main = sys.clock.cpu(), worker = cpu_of(worker) }
  end
  sys.clock.sleep(1000)
  local rates, best = {}, nil
  for i = 1, WINDOWS do
    local before = reading()
    sys.clock.sleep(1000)
    local after = reading()
    local count = after.done - before.done
    rates[i] = count / (after.at - before.at) * 1000
    local main, theirs = (after.main - before.main) / count, (after.worker - before.worker) / count
    if not best or main + theirs < best.main + best.worker then
      best = { main = main, worker = theirs }
    end
  end
  local function us(ms) return tonumber(("%.3g"):format(ms * 1000)) end
  bench.figure("checks", metric, bench.quantile(rates, 0.5), "1/s",
    { best = math.floor(bench.quantile(rates, 1)), main_cpu_us = us(best.main),
      worker_cpu_us = us(best.worker),
      checks_per_cpu_s = math.floor(1000 / (best.main + best.worker)), target = "4000" })
end

local function in_commands()
  local pool = require("service.runs").open { concurrency = AT_ONCE }
  local tasks, stop = {}, false
  for i = 1, AT_ONCE do
    tasks[i] = sys.task.spawn(function() while not stop do run(pool, "probe") end end)
  end
  measure("checks_per_s_64_at_once_in_commands", pool)
  stop = true
  for _, task in ipairs(tasks) do task:join() end
  pool:close()
end

local function in_watch()
  local pool = require("service.runs").open { concurrency = AT_ONCE }
  local db = assert(require("service.db").open(folder .. "/checks.db"))
  local log = require("watch.journal").open { db = db }
  local writer = sys.task.spawn(log.run, log)
  local heart = require("watch.core").new { emit = function(tx) log:put(tx) end }
  local checks = {}
  for i = 1, 2 * AT_ONCE do
    checks[i] = { id = "c" .. i, skill = "c" .. i, every_ms = 10,
      store = { name = "s" .. i, url = url }, policy = require("incident.track").DEFAULTS,
      inhibits = {}, script = {} }
  end
  heart:configure({ checks = checks, limits = { concurrency = AT_ONCE, browsers = 2 },
    maintenance = {}, routes = { { name = "all", to = { "nobody" } } } }, sys.clock.now())
  local turning = require("watch.loop").new { core = heart, now = sys.clock.now,
    run = function(launch) return run(pool, launch.check.skill) end }
  local task = sys.task.spawn(turning.run, turning)
  measure("checks_per_s_64_at_once_in_watch", pool)
  turning:drain()
  repeat sys.clock.sleep(10) until turning.count == 0
  turning:stop()
  task:join()
  log:stop(5000)
  writer:join()
  db:close()
  pool:close()
end

sys.clock.sleep(500) -- nginx starts
for _, variant in ipairs { in_commands, in_watch } do
  done = 0
  variant()
end
nginx:kill "TERM"
nginx:wait()
sys.files.remove(folder, { recursive = true })
if wrong then error(wrong) end
