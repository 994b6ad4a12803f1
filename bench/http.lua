-- HTTP probes per second of a local nginx (2 KB page) at concurrency 64, prober and nginx on a core
-- of their own: with a new connection each and with kept ones. nginx comes from Debian
-- (nginx-light); without it the bench says so.
local bench = ...

local SECONDS, TASKS = 4, 64
local folder = assert(sys.files.temp_dir("nano-sre-bench-"))
local PAGE = "<!doctype html><title>Bench</title>"
  .. ("<p>The quick brown fox jumps over the lazy dog.</p>"):rep(40)
local CONF = [[
daemon off; user root; worker_processes 1; pid %s/pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000;
  client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f;
  uwsgi_temp_path %s/u; scgi_temp_path %s/s;
  server { listen 127.0.0.1:18199; root %s; } }
]]
if not sys.files.stat("/usr/sbin/nginx") then
  return bench.figure("http", "nginx_missing", 0, "apt-get install nginx-light")
end
assert(sys.files.write(folder .. "/index.html", PAGE))
assert(sys.files.write(folder .. "/nginx.conf", (CONF:gsub("%%s", folder))))
local nginx = assert(sys.process.spawn { argv = { "/usr/bin/taskset", "-c", "1", "/usr/sbin/nginx",
  "-c",
  folder .. "/nginx.conf", "-p", folder }, stdin = "null", stdout = "null", stderr = "null" })
local url = "http://127.0.0.1:18199/"
local up
for _ = 1, 100 do
  up = sys.http.request { url = url }
  if up then break end
  sys.clock.sleep(20)
end
assert(up, "nginx did not start")

local function measure(name, fresh)
  local count, start, cpu = 0, sys.clock.mono(), sys.clock.cpu()
  local running = {}
  for i = 1, TASKS do
    running[i] = sys.task.spawn(function()
      while sys.clock.mono() - start < SECONDS * 1000 do
        local answer = assert(sys.http.request { url = url, fresh_connection = fresh })
        assert(answer.status == 200)
        count = count + 1
      end
    end)
  end
  for _, task in ipairs(running) do assert(task:join()) end
  local seconds = (sys.clock.mono() - start) / 1000
  bench.figure("http", name, count / seconds, "probes/s", { concurrency = TASKS,
    own_cpu_us_per_probe = tonumber(("%.3g"):format((sys.clock.cpu() - cpu) * 1000 / count)) })
end

measure("probes_new_connection", true)
measure("probes_kept_connection", false)
nginx:kill("TERM")
nginx:wait()
sys.files.remove(folder, { recursive = true })
