-- What one run costs beyond its script: a fresh state, the stdlib modules that the runner uses,
-- sandbox, result. 300 runs of an empty skill in one process, one after another; the first is told
-- of alone, because it prepares the state that the others copy. http: a skill that requires the
-- HTTP client and does not use it.
local bench = ...

local function job(source)
  return sys.codec.json_encode { id = "r1", script = "/tmp/empty.lua", mode = "run",
    store = { url = "http://127.0.0.1/" }, options = {}, version = "0", source = source }
end

local peak, left
local function run(argument, base)
  local handle = assert(sys.script.start { name = "bench", module = "run.main", base = base,
    argument = argument, capabilities = { "files", "http", "browser" } })
  repeat local event, text, code = handle:recv() until not event and assert(code == "finished",
    text)
  local stats = handle:stats()
  peak, left = math.max(peak, stats.memory_peak), stats.memory
end

local function figures(name, argument, base)
  peak = 0
  local began = sys.clock.mono()
  run(argument, base)
  bench.figure("run_overhead", name .. "_first_wall", (sys.clock.mono() - began) * 1000, "us")
  bench.time("run_overhead", name .. "_wall", 300, "us", function() run(argument, base) end)
  bench.figure("run_overhead", name .. "_memory_peak", peak / 1024, "KB",
    { target = "under 300" })
  bench.figure("run_overhead", name .. "_memory_at_end", left / 1024, "KB")
end

figures("empty_run", job 'return skill "empty" { about = "does nothing", run = function() end }',
  "run.base")
figures("http_run", job [[
local http = require "http"
return skill "empty" { needs = { "http" }, run = function() end }]], "run.base_http")
