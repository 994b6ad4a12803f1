-- A full check of the demo store as a user runs it: `nano-sre check` with all of the bundled skills
-- in chromium-headless-shell, three times after one to warm up. Wall; CPU of all of its processes,
-- the browser's included (what the kernel counts for children that have been waited for); memory
-- that processes have for themselves, looked at every 50 ms, at its highest: nano-sre's own two
-- processes, and the browser's. The store's share is left out: it runs beside.
local bench = ...

local program = sys.env.get("NANO_SRE")
local folder = assert(sys.files.temp_dir("nano-sre-bench-"))
local store = bench.demo_store()
local TICKS_PER_S = 100

local function children_cpu_ms()
  local after_name = sys.files.read("/proc/self/stat", 4096):match("%) (.*)$")
  local fields = {}
  for field in after_name:gmatch("%S+") do fields[#fields + 1] = tonumber(field) or 0 end
  return (fields[14] + fields[15]) * 1000 / TICKS_PER_S -- cutime, cstime
end

local function once()
  local cpu, start = children_cpu_ms(), sys.clock.mono()
  local process = assert(sys.process.spawn { argv = { program, "check", "--url", store.url },
    cwd = folder, stdin = "null", stdout = "null", stderr = "null",
    env = { PATH = sys.env.get("PATH"), HOME = folder, TMPDIR = folder } })
  local own, browser, ended = 0, 0, false
  local watcher = sys.task.spawn(function()
    while not ended do
      local mine, others = bench.memory(process:pid())
      own, browser = math.max(own, mine), math.max(browser, others)
      sys.clock.sleep(50)
    end
  end)
  local how = assert(process:wait())
  local wall = sys.clock.mono() - start
  ended = true
  watcher:join()
  assert(how.code == 0, "nano-sre check ended with " .. tostring(how.code))
  return { wall = wall, cpu = children_cpu_ms() - cpu, own = own, browser = browser }
end

once()
local seen = { wall = {}, cpu = {}, own = {}, browser = {} }
for _ = 1, 3 do
  for name, value in pairs(once()) do table.insert(seen[name], value) end
end
store.stop()
sys.files.remove(folder, { recursive = true })
local function median(name) return bench.quantile(seen[name], 0.5) end
bench.figure("check", "wall", median "wall", "ms", { n = #seen.wall })
bench.figure("check", "cpu_all_processes", median "cpu", "ms")
bench.figure("check", "memory_nano_sre_peak", median "own", "MB")
bench.figure("check", "memory_browser_peak", median "browser", "MB")
