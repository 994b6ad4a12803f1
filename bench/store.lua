-- Durable 1 KB rows per second: 64 tasks write check_runs rows one transaction each, as fast as
-- they are told that the row is on disk; the store's group commit puts many into one fsync. And one
-- task alone: one fsync a row.
local bench = ...

local SECONDS = 3
local folder = assert(sys.files.temp_dir("nano-sre-bench-"))

local function measure(tasks, per_unit)
  local db = assert(sys.store.open(folder .. "/" .. tasks .. "-" .. per_unit .. ".db", {}))
  assert(db:write { { "CREATE TABLE rows(id INTEGER PRIMARY KEY, at TEXT, body TEXT)" } })
  local unit = {}
  for i = 1, per_unit do
    unit[i] = { "INSERT INTO rows(at, body) VALUES(?, ?)", "2026-01-01T00:00:00Z", ("x"):rep(1000) }
  end
  local rows, latencies = 0, {}
  local cpu, start = sys.clock.cpu(), sys.clock.mono()
  local running = {}
  for i = 1, tasks do
    running[i] = sys.task.spawn(function()
      while sys.clock.mono() - start < SECONDS * 1000 do
        local at = sys.clock.mono()
        assert(db:write(unit))
        latencies[#latencies + 1] = sys.clock.mono() - at
        rows = rows + per_unit
      end
    end)
  end
  for _, task in ipairs(running) do assert(task:join()) end
  local seconds = (sys.clock.mono() - start) / 1000
  bench.figure("store", ("durable_rows_%d_writers_x%d"):format(tasks, per_unit), rows / seconds,
    "rows/s", {
    commit_p50_ms = tonumber(("%.3g"):format(bench.quantile(latencies, 0.5))),
    commit_p99_ms = tonumber(("%.3g"):format(bench.quantile(latencies, 0.99))),
    own_cpu_us_per_row = tonumber(("%.3g"):format((sys.clock.cpu() - cpu) * 1000 / rows)) })
  db:close()
end

measure(1, 1)
measure(64, 1)
measure(64, 20)
sys.files.remove(folder, { recursive = true })
