-- kill -9 of the daemon at random moments. A server of the test decides what each run says and
-- keeps the log that the database is held against.

local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()
local oracles = assert(sys.load_trusted(sys.files.read "tests/lua/watch_oracle.lua",
  "tests/lua/watch_oracle.lua"))()
local reference = assert(sys.load_trusted(sys.files.read "tests/lua/watch_reference.lua",
  "tests/lua/watch_reference.lua"))()

local ROUNDS = 15

local stand = assert(sys.load_trusted(sys.files.read "tests/lua/alert_stand.lua",
  "tests/lua/alert_stand.lua"))()

local function kill_children(pid)
  local text = sys.files.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
  for child in text:gmatch "%d+" do
    sys.process.spawn({ argv = { "kill", "-9", child }, stdin = "null", stdout = "null",
      stderr = "null" }):wait()
  end
end

-- Every message has arrived; what came again has the same id and says so. (So may one that came
-- once: nobody knew whether it had left.)
local function hold_messages(store, receiver)
  local count = {}
  for _, request in ipairs(receiver.requests) do
    local id, data = request.headers["webhook-id"], request.json.data
    count[id] = (count[id] or 0) + 1
    if count[id] > 1 then expect(data["repeat"]):is(true) end
  end
  local rows = store:read "SELECT key, status FROM outbox WHERE alerter = 'a'"
  for _, row in ipairs(rows) do
    expect(row.status):is "sent"
    if not count[row.key] then error("a message never arrived: " .. row.key) end
    count[row.key] = nil
  end
  expect(next(count)):is(nil)
end

describe("the daemon, killed at any moment", function()
  local folder, oracle, receiver
  before_each(function()
    receiver = stand.start()
    folder, oracle = lib.folder(), oracles.start()
    folder:write("skills/fast.lua", oracles.SKILL)
    folder:write("nano-sre.lua", ([[
return {
  stores = { { url = "%s/one", name = "one" }, { url = "%s/two", name = "two" } },
  alerts = { a = { use = "webhook", url = "%s/" }, b = { use = "stdout" } },
  routes = { { name = "all", to = { "a", "b" }, group_wait = "100ms", group_interval = "200ms" } },
  skills = { fast = { fails = 2, of = 3, passes = 2 } },
}]]):format(oracle.url, oracle.url, receiver.url))
  end)
  after_each(function()
    oracle.stop()
    receiver.close()
    folder:remove()
  end)

  it("loses nothing, doubles nothing, and tells everybody once", function()
    local path, seen = folder.path .. "/.nano-sre/nano-sre.db", {}
    for round = 1, ROUNDS do
      local run = folder:start { "watch", "-q" }
      sys.clock.sleep(60 + sys.random.number() * 900)
      if round % 3 == 0 then -- its workers first
        kill_children(run.process:pid())
        sys.clock.sleep(sys.random.number() * 900)
      end
      run.process:kill "KILL"
      run.finish()
      if sys.files.stat(path) then
        local rows, store = oracles.recorded(path)
        seen = oracle.hold(rows, seen)
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

    local rows, store = oracles.recorded(path)
    seen = oracle.hold(rows, seen)
    local count = 0
    for _ in pairs(seen) do count = count + 1 end
    expect(count > 50):is(true)
    -- Of each check at most the run under way and one that was not written yet go with a kill.
    expect(oracle.count - count <= (ROUNDS + 1) * 2 * 2):is(true)
    expect(reference.incidents(store) > 2):is(true)
    expect(store:read("SELECT count(*) AS n FROM incidents WHERE status = 'open'")[1].n):is(0)
    expect(reference.told(store, sys.clock.now(), 2000) > 0):is(true)
    hold_messages(store, receiver)
    expect(store:read("SELECT count(*) AS n FROM (SELECT 1 FROM check_runs GROUP BY check_id, "
      .. "due_ms, attempt HAVING count(*) > 1)")[1].n):is(0)
    expect(store:read("PRAGMA integrity_check")[1].integrity_check):is "ok"
    store:close()
  end, { timeout_ms = 120000 })
end)
