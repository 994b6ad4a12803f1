-- journey: what the lab's browser bench asks for in LAB_MODE. journey: LAB_N runs of shopper.lua in
-- one worker after LAB_WARMUP, each with its own Lua state and browser context; CPU and memory are
-- those of main and worker together. launch: LAB_N browsers with a new profile until 1 is
-- evaluated. rtt: LAB_N calls of Runtime.evaluate, one after another.
local bench = ...
local env = sys.env.get
local mode, count = env("LAB_MODE") or "journey", tonumber(env("LAB_N") or "5")
local browser = { kind = "auto", path = env("LAB_CHROMIUM"),
  args = sys.codec.json_decode(env("LAB_CHROME_ARGS") or "[]") }

local function status(pid, field)
  local text = sys.files.read("/proc/" .. pid .. "/status")
  return tonumber(text:match(field .. ":%s*(%d+)"))
end

-- Seconds that the cores of the machine were busy.
local function machine_busy()
  local user, nice, system, _, _, irq, soft =
    sys.files.read("/proc/stat"):match("(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)")
  return (user + nice + system + irq + soft) / 100
end

local function attach(handle)
  local context = assert(handle:context())
  local function call(method, params)
    return sys.codec.json_decode(assert(handle:call(method, sys.codec.json_encode(params), nil,
      10000)))
  end
  local page = call("Target.createTarget",
    { url = "about:blank", browserContextId = context:id() })
  return call("Target.attachToTarget", { targetId = page.targetId, flatten = true }).sessionId,
    context
end

local function evaluate(handle, session)
  assert(handle:call("Runtime.evaluate", '{"expression":"1"}', session, 10000))
end

local function connect(extra)
  local args = { unpack(browser.args) }
  args[#args + 1] = extra
  return assert(sys.cdp.connect { kind = browser.kind, path = browser.path, args = args })
end

local modes = {}

function modes.journey()
  local pool = require("service.runs").open { concurrency = 1, policy = { allow_private = true } }
  local script = sys.files.read(env("LAB_SCRIPT"))
  local out = { wall_ms = {}, load_ms = {}, lcp_ms = {}, pixels = {}, shot_bytes = {},
    phases_ms = {}, cpu_s = 0 }
  local warmup = tonumber(env("LAB_WARMUP") or "1")
  local busy
  for i = 1, warmup + count do
    if i == warmup + 1 then busy = machine_busy() end
    local start, cpu = sys.clock.mono(), sys.clock.cpu()
    local result = pool:run { script = "shopper.lua", source = script, skill = "shopper",
      store = { url = env("LAB_STORE") }, timeout_ms = 60000, browser = browser,
      options = { pixels = tonumber(env("LAB_PIXELS") or "18") } }
    assert(result.status == "PASS", result.summary)
    if i > warmup then
      local seen = result.details
      table.insert(out.wall_ms, sys.clock.mono() - start)
      for _, name in ipairs { "load_ms", "lcp_ms", "pixels", "shot_bytes" } do
        table.insert(out[name], seen[name])
      end
      for _, step in ipairs(result.steps) do
        out.phases_ms[step.name] = out.phases_ms[step.name] or {}
        table.insert(out.phases_ms[step.name], step.duration_ms)
      end
      out.cpu_s = out.cpu_s + (sys.clock.cpu() - cpu + result.worker_cpu_ms) / 1000
    end
  end
  out.machine_busy_s = machine_busy() - busy
  local worker = next(pool.workers)
  out.peak_rss_kb = status("self", "VmHWM") + status(worker.handle:pid(), "VmHWM")
  pool:close()
  return out
end

function modes.launch()
  local out = { launch_ms = {}, quit_ms = {} }
  for i = 1, count do
    local start = sys.clock.mono()
    local handle = connect("--nano-sre-bench=" .. i)
    evaluate(handle, (attach(handle)))
    out.launch_ms[i] = sys.clock.mono() - start
    start = sys.clock.mono()
    handle:close()
    out.quit_ms[i] = sys.clock.mono() - start
  end
  return out
end

function modes.rtt()
  local handle = connect()
  local session = attach(handle)
  for _ = 1, 200 do evaluate(handle, session) end
  local times, cpu = {}, sys.clock.cpu()
  for i = 1, count do
    local start = sys.clock.mono()
    evaluate(handle, session)
    times[i] = (sys.clock.mono() - start) * 1000
  end
  cpu = sys.clock.cpu() - cpu
  local out = { rtt_us = { median = bench.quantile(times, 0.5), p99 = bench.quantile(times, 0.99),
    cpu_us = cpu * 1000 / count }, cpu_s = cpu / 1000 }
  handle:close()
  return out
end

bench.print(modes[mode]())
