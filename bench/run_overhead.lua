-- What one run costs beyond its script: a fresh state, the stdlib modules that the runner uses,
-- sandbox, result. 300 runs of an empty skill in one process, one after another.
local bench = ...

local job = sys.codec.json_encode {
  id = "r1", script = "/tmp/empty.lua", mode = "run", store = { url = "http://127.0.0.1/" },
    options = {}, version = "0",
  source = [[return skill "empty" { about = "does nothing", run = function() end }]],
}
local peak, left = 0, 0
bench.time("run_overhead", "empty_run_wall", 300, "us", function()
  local handle = assert(sys.script.start { name = "bench", module = "run.main", argument = job,
    capabilities = { "files", "http", "browser" }, prepared = true })
  repeat local event, text, code = handle:recv() until not event and assert(code == "finished",
    text)
  local stats = handle:stats()
  peak, left = math.max(peak, stats.memory_peak), stats.memory
end)
bench.figure("run_overhead", "empty_run_memory_peak", peak / 1024, "KB", { target = "under 300" })
bench.figure("run_overhead", "empty_run_memory_at_end", left / 1024, "KB")
