-- sqlite FILE SECONDS: check_runs rows of about 1 KB through the store, as many writers as a busy
-- agency has stores.
local bench = ...
local file, seconds = bench.args()[1], tonumber(bench.args()[2])
local db = assert(sys.store.open(file, {}))
assert(db:write {
  { "CREATE TABLE check_runs(id INTEGER PRIMARY KEY, timestamp TEXT, store_url TEXT, "
  .. "skill_name TEXT, "
  .. "status TEXT, summary TEXT, details TEXT)" } })
local unit = {}
for i = 1, 20 do
  unit[i] = {
    "INSERT INTO check_runs(timestamp, store_url, skill_name, status, summary, details) "
      .. "VALUES(?, ?, ?, ?, ?, ?)",
    "2026-01-01T00:00:00.000Z", "https://shop.example", "checkout", "PASS", "bought nothing",
      ("d"):rep(880) }
end
local rows, start = 0, sys.clock.mono()
local tasks = {}
for i = 1, 64 do
  tasks[i] = sys.task.spawn(function()
    while sys.clock.mono() - start < seconds * 1000 do
      assert(db:write(unit))
      rows = rows + #unit
    end
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
bench.print { rows_s = rows / ((sys.clock.mono() - start) / 1000) }
db:close()
