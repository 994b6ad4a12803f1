-- A shop that says what each run is to find, and remembers it: what the daemon's database holds is
-- held against that. Used by tests/e2e/watch_*_test.lua:
-- local oracles = assert(sys.load_trusted(sys.files.read(…), …))()

local db = require "service.db"
local json = require "json"

local oracles = {}

oracles.SKILL = [[
local http = require "http"
return skill "fast" { every = "150ms", needs = { "http" }, run = function(t)
  local answer = http.get(t.store.url .. "/next"):json()
  t.measure("n", answer.n)
  t.step("look", function() t.expect(answer.word):is("fine") end)
end }
]]

--- Answers each run with a number and a word, and remembers both. A store is what the path begins
--- with. word(store) decides; without it stores break and recover by chance, unless `calm`.
function oracles.start(word)
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  local oracle = { served = {}, count = 0, broken = {}, url = ("http://127.0.0.1:%d"):format(
    server:port()) }
  local function by_chance(store)
    if oracle.calm then return "fine" end
    if sys.random.number() < 0.2 then oracle.broken[store] = not oracle.broken[store] end
    return oracle.broken[store] and "broken" or "fine"
  end
  sys.task.spawn(function()
    while true do
      local request = server:accept()
      if not request then return end
      local store = request.path:match "^/(%w+)"
      oracle.count = oracle.count + 1
      oracle.served[oracle.count] = { store = store, word = (word or by_chance)(store) }
      server:respond(request.id, 200, { ["content-type"] = "application/json" },
        json.encode { n = oracle.count, word = oracle.served[oracle.count].word })
    end
  end)
  function oracle.stop() server:close() end

  --- Every run that is recorded is one that was served, once, with what it was told; none of
  --- `before` is missing. Returns the numbers of those that are there.
  function oracle.hold(rows, before)
    local seen = {}
    for _, row in ipairs(rows) do
      local served = oracle.served[row.n]
      if seen[row.n] then error(("run %d is recorded twice"):format(row.n)) end
      seen[row.n] = true
      local want = served.store .. "/fast " .. (served.word == "fine" and "PASS" or "FAIL")
      local got = row.check_id .. " " .. row.status
      if got ~= want then error(("run %d is recorded as %s, not %s"):format(row.n, got, want)) end
    end
    for n in pairs(before) do
      if not seen[n] then error(("run %d was recorded, and is gone"):format(n)) end
    end
    return seen
  end
  return oracle
end

--- The runs that a database holds, and the database.
function oracles.recorded(path)
  local store = assert(db.open(path))
  local rows = assert(store:read("SELECT m.value AS n, r.status, r.check_id FROM check_runs r "
    .. "JOIN metrics m ON m.run_id = r.run_id WHERE m.name = 'n'"))
  return rows, store
end

return oracles
