-- The checkout skill at the demo store in chromium-headless-shell, as a user runs it: 8 journeys in
-- one worker after 2 for warming up. Wall by step, CPU of the worker process, its memory, and the
-- store's own share left out (own process).
local bench = ...

local store = bench.demo_store()

local function memory_mb(pid)
  return tonumber(sys.files.read("/proc/" .. pid .. "/status"):match("VmHWM:%s*(%d+)")) / 1024
end

local pool = require("service.runs").open { concurrency = 1, policy = { allow_private = true } }
local source = sys.resource("scripts/skills/checkout.lua")
local walls, cpus, steps = {}, {}, {}
for i = 1, 10 do
  local start = sys.clock.mono()
  local result = pool:run { script = "checkout.lua", source = source, skill = "checkout",
    store = { url = store.url },
    options = {}, timeout_ms = 60000, browser = { kind = "auto" }, artifacts = nil }
  assert(result.status == "PASS", result.summary)
  if i > 2 then
    walls[#walls + 1] = sys.clock.mono() - start
    cpus[#cpus + 1] = result.worker_cpu_ms
    for _, step in ipairs(result.steps) do
      steps[step.name] = steps[step.name] or {}
      table.insert(steps[step.name], step.duration_ms)
    end
  end
end
local worker = next(pool.workers)
bench.figure("journey", "worker_memory_peak", memory_mb(worker.handle:pid()), "MB",
  { target = "12" })
bench.figure("journey", "wall", bench.quantile(walls, 0.5), "ms",
  { p90 = bench.quantile(walls, 0.9), n = #walls })
bench.figure("journey", "worker_cpu", bench.quantile(cpus, 0.5), "ms",
  { n = #cpus, target = "under 10" })
for name, list in pairs(steps) do
  bench.figure("journey", "step_" .. name:gsub(" ", "_"), bench.quantile(list, 0.5), "ms")
end
pool:close()
store.stop()
