--- Runs the project's own benches (bench/*.lua) in a trusted state: `nano-sre --role=bench FILE…`.
--- A bench file is a chunk that gets this module's helpers as its argument and prints one JSON line
--- a figure. Nothing here judges a figure.

local json = require "json"

local bench = {}

--- The q-quantile (0 to 1) of a list of numbers; the list is sorted in place.
function bench.quantile(values, q)
  table.sort(values)
  return values[math.max(1, math.ceil(q * #values))]
end

--- Prints a figure: {"bench":…,"metric":…,"value":…,"unit":…, …more}.
function bench.figure(name, metric, value, unit, more)
  local short = value % 1 == 0 and value or tonumber(("%.4g"):format(value))
  local line = { bench = name, metric = metric, value = short, unit = unit }
  for key, item in pairs(more or {}) do line[key] = item end
  sys.env.write(1, json.encode(line) .. "\n")
end

--- Calls fn count times after warm-up calls; prints median and p99 of its wall time in `unit` (ms
--- or us) and CPU per call.
function bench.time(name, metric, count, unit, fn)
  local scale = unit == "us" and 1000 or 1
  for _ = 1, math.min(10, count) do fn() end
  local times, cpu = {}, sys.clock.cpu()
  for i = 1, count do
    local start = sys.clock.mono()
    fn()
    times[i] = (sys.clock.mono() - start) * scale
  end
  cpu = (sys.clock.cpu() - cpu) * 1000 / count
  bench.figure(name, metric, bench.quantile(times, 0.5), unit,
    { p99 = tonumber(("%.4g"):format(bench.quantile(times, 0.99))), n = count,
      own_cpu_us = tonumber(("%.4g"):format(cpu)) })
end

--- A demo store in a process of its own.
---@return {url: string, stop: fun()}
function bench.demo_store()
  local store = assert(sys.process.spawn { argv = { sys.env.get("NANO_SRE"), "demo", "--port",
    "0" }, stdin = "null", stdout = "pipe", stderr = "null" })
  local seen, url = "", nil
  while not url do
    local chunk = assert(store:read("stdout", 10000))
    assert(chunk ~= "", "the demo store ended")
    seen = seen .. chunk
    url = seen:match("(http://[%w%.]+:%d+/?)")
  end
  return { url = url, stop = function()
    store:kill("TERM")
    store:wait()
  end }
end

local function descendants(pid, into)
  into[#into + 1] = tostring(pid)
  local children = sys.files.read(("/proc/%s/task/%s/children"):format(pid, pid), 65536)
  for child in (children or ""):gmatch("%d+") do descendants(child, into) end
  return into
end

--- What a process and those below it have of memory for themselves (RssAnon), in MB: nano-sre's own
--- ones, and all others, which are the browser's.
---@param pid integer|string
---@return number own
---@return number browser
function bench.memory(pid)
  local own, browser = 0, 0
  for _, one in ipairs(descendants(pid, {})) do
    local status = sys.files.read("/proc/" .. one .. "/status", 65536) or ""
    local mb = (tonumber(status:match("RssAnon:%s*(%d+)")) or 0) / 1024
    local command = (sys.files.read("/proc/" .. one .. "/cmdline", 4096) or ""):match("^%Z*")
    if command:find("nano%-sre$") then own = own + mb else browser = browser + mb end
  end
  return own, browser
end

--- The words after a lab task's name, from BENCH_ARGS (one a line).
function bench.args()
  local list = {}
  for line in (sys.env.get("BENCH_ARGS") or ""):gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

--- Prints one JSON line.
function bench.print(value) sys.env.write(1, json.encode(value) .. "\n") end

function bench.run(argument)
  local failed = 0
  for _, file in ipairs(sys.codec.json_decode(argument)) do
    local text = assert(sys.files.read(file))
    local chunk = assert(sys.load_trusted(text, file))
    local ok, why, _, trace = sys.task.spawn(chunk, bench):join()
    if not ok then
      failed = failed + 1
      sys.env.write(2, ("bench: %s failed: %s\n%s\n"):format(file, tostring(why), trace or ""))
    end
  end
  return failed > 0 and "1" or "0"
end

return bench
