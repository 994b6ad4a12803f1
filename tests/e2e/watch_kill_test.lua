-- kill -9 of the daemon at random moments. A server of the test decides what each run says and
-- keeps the log that the database is held against.

local db = require "service.db"
local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()
local reference = assert(sys.load_trusted(sys.files.read "tests/lua/watch_reference.lua",
  "tests/lua/watch_reference.lua"))()

local ROUNDS = 15

local SKILL = [[
local http = require "http"
return skill "fast" { every = "150ms", needs = { "http" }, run = function(t)
  local answer = http.get(t.store.url .. "/next"):json()
  t.measure("n", answer.n)
  t.step("look", function() t.expect(answer.word):is("fine") end)
end }
]]

-- Answers each run with a number and a word, and remembers both.
local function start_oracle()
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  local oracle = { served = {}, count = 0, broken = {}, url = ("http://127.0.0.1:%d"):format(
    server:port()) }
  sys.task.spawn(function()
    while true do
      local request = server:accept()
      if not request then return end
      local store = request.path:match "^/(%w+)"
      if not oracle.calm and sys.random.number() < 0.2 then
        oracle.broken[store] = not oracle.broken[store]
      end
      local word = oracle.broken[store] and not oracle.calm and "broken" or "fine"
      oracle.count = oracle.count + 1
      oracle.served[oracle.count] = { store = store, word = word }
      server:respond(request.id, 200, { ["content-type"] = "application/json" },
        json.encode { n = oracle.count, word = word })
    end
  end)
  function oracle.stop() server:close() end
  return oracle
end

local function recorded(path)
  local store = assert(db.open(path))
  local rows = assert(store:read("SELECT m.value AS n, r.status, r.check_id FROM check_runs r "
    .. "JOIN metrics m ON m.run_id = r.run_id WHERE m.name = 'n'"))
  return rows, store
end

-- Every run that is recorded is one that was served, once, with what it was told.
local function hold(rows, oracle, before)
  local seen = {}
  for _, row in ipairs(rows) do
    local served = oracle.served[row.n]
    expect(seen[row.n]):is(nil)
    seen[row.n] = true
    expect(row.check_id):is(served.store .. "/fast")
    expect(row.status):is(served.word == "fine" and "PASS" or "FAIL")
  end
  for n in pairs(before) do
    if not seen[n] then error(("run %d was recorded, and is gone"):format(n)) end
  end
  return seen
end

describe("the daemon, killed at any moment", function()
  local folder, oracle
  before_each(function()
    folder, oracle = lib.folder(), start_oracle()
    folder:write("skills/fast.lua", SKILL)
    folder:write("nano-sre.lua", ([[
return {
  stores = { { url = "%s/one", name = "one" }, { url = "%s/two", name = "two" } },
  alerts = { a = { use = "stdout" }, b = { use = "stdout" } },
  routes = { { name = "all", to = { "a", "b" }, group_wait = "100ms", group_interval = "200ms" } },
  skills = { fast = { fails = 2, of = 3, passes = 2 } },
}]]):format(oracle.url, oracle.url))
  end)
  after_each(function()
    oracle.stop()
    folder:remove()
  end)

  it("loses nothing, doubles nothing, and tells everybody once", function()
    local path, seen = folder.path .. "/.nano-sre/nano-sre.db", {}
    for _ = 1, ROUNDS do
      local run = folder:start { "watch", "-q" }
      sys.clock.sleep(60 + sys.random.number() * 900)
      run.process:kill "KILL"
      run.finish()
      if sys.files.stat(path) then
        local rows, store = recorded(path)
        seen = hold(rows, oracle, seen)
        store:close()
      end
    end
    -- At last it is left in peace until everything is well.
    oracle.calm = true
    local settled = oracle.count + 60
    local run = folder:start { "watch", "-q" }
    while oracle.count < settled do sys.clock.sleep(50) end
    run.process:kill "TERM"
    local ended = run.finish()
    if ended.code ~= 0 then error(ended.stderr) end

    local rows, store = recorded(path)
    seen = hold(rows, oracle, seen)
    local count = 0
    for _ in pairs(seen) do count = count + 1 end
    expect(count > 50):is(true)
    -- Of each check at most the run under way and one that was not written yet go with a kill.
    expect(oracle.count - count <= (ROUNDS + 1) * 2 * 2):is(true)
    expect(reference.incidents(store) > 2):is(true)
    expect(store:read("SELECT count(*) AS n FROM incidents WHERE status = 'open'")[1].n):is(0)
    expect(reference.told(store, sys.clock.now(), 2000) > 0):is(true)
    expect(store:read("SELECT count(*) AS n FROM (SELECT 1 FROM check_runs GROUP BY check_id, "
      .. "due_ms, attempt HAVING count(*) > 1)")[1].n):is(0)
    expect(store:read("PRAGMA integrity_check")[1].integrity_check):is "ok"
    store:close()
  end, { timeout_ms = 120000 })
end)
