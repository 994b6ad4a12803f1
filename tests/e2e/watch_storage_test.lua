-- The daemon's database in trouble: locked, full, read-only, removed, replaced, no database at all.
-- Each time the runs go on, one message says that nano-sre is in trouble and one that it is over,
-- none says that of the shop, and at the end every run is recorded, once.

local db = require "service.db"
local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()
local oracles = assert(sys.load_trusted(sys.files.read "tests/lua/watch_oracle.lua",
  "tests/lua/watch_oracle.lua"))()
local stand = assert(sys.load_trusted(sys.files.read "tests/lua/alert_stand.lua",
  "tests/lua/alert_stand.lua"))()

local root = sys.env.uid() == 0

-- Runs a program; whether it succeeded.
local function tool(...)
  local process = sys.process.spawn { argv = { ... }, stdin = "null", stdout = "null",
    stderr = "null" }
  return process ~= nil and process:wait(20000).code == 0
end

local function await(read)
  while true do
    local value = read()
    if value then return value end
    sys.clock.sleep(20)
  end
end

describe("the daemon's database in trouble", function()
  local folder, oracle, receiver, run, path, words, undo

  local function start(wrapper)
    local argv = { "watch" }
    local program = lib.program
    if wrapper then
      lib.program, argv = "/bin/sh", { "-c", wrapper .. '; exec "$0" watch', program }
    end
    run = folder:start(argv, { SQLITE_DB_PATH = path })
    lib.program = program
  end
  local function ready()
    local where = path:match "^(.*)/" .. "/watch.json"
    await(function()
      local text = sys.files.read(where)
      local found = text and json.decode(text)
      return found and found.pid == run.process:pid()
    end)
  end
  local function more(count)
    local from = oracle.count
    await(function() return oracle.count >= from + count end)
  end
  -- What was told of nano-sre ("engine") or of the shop: "opened resolved".
  local function told(kind)
    local out = {}
    for _, request in ipairs(receiver.requests) do
      local data = request.json.data
      if data.kind == kind then out[#out + 1] = data.occasion end
    end
    return table.concat(out, " ")
  end
  local function stop()
    run.process:kill "TERM"
    local ended = run.finish()
    run = nil
    if ended.code ~= 0 then error(ended.stderr) end
    return ended
  end
  -- After everything: each run that was served is recorded once, but for those under way at the
  -- end.
  local function hold()
    local rows, store = oracles.recorded(path)
    local seen = oracle.hold(rows, {})
    for n = 1, oracle.count - 2 do
      if not seen[n] then error(("run %d of %d is lost"):format(n, oracle.count)) end
    end
    expect(store:read("PRAGMA integrity_check")[1].integrity_check):is "ok"
    return store
  end
  -- A trouble from begin to end, while it watches.
  local function suffer(begin, finish, code)
    ready()
    more(3)
    begin()
    await(function() return told "engine" == "opened" end)
    more(5)
    expect(receiver.last().json.data.title):matches "nano%-sre cannot keep its results"
    finish()
    await(function() return told "engine" == "opened resolved" end)
    more(5)
    local ended = stop()
    expect(told "engine"):is "opened resolved"
    expect(told "shop"):is ""
    expect(select(2, ended.stderr:gsub("event=engine.degraded code=" .. code, ""))):is(1)
    expect(select(2, ended.stderr:gsub("event=engine.recovered", ""))):is(1)
    hold():close()
  end

  before_each(function()
    folder, words, undo = lib.folder(), {}, nil
    oracle = oracles.start(function(store) return words[store] or "fine" end)
    receiver = stand.start()
    path = folder.path .. "/state/x.db"
    sys.files.make_dirs(folder.path .. "/state")
    folder:write("skills/fast.lua", oracles.SKILL)
    folder:write("nano-sre.lua", ([[return {
      stores = { { url = "%s/one", name = "one" } },
      alerts = { hook = { use = "webhook", url = "%s/hook" } },
      routes = { { name = "all", to = { "hook" }, group_wait = "50ms", group_interval = "50ms" } },
      watch = { degraded_after = "300ms" },
    }]]):format(oracle.url, receiver.url))
  end)
  after_each(function()
    if run then
      run.process:kill "KILL"
      local said = run.finish().stderr
      for line in said:gmatch "[^\n]+" do
        if not line:find "run.finished" then sys.env.write(2, line .. "\n") end
      end
      run = nil
    end
    if undo then undo() end
    receiver.close()
    oracle.stop()
    folder:remove()
  end)

  local function lock()
    local other = assert(sys.process.spawn { argv = { "sqlite3", path }, stdin = "pipe",
      stdout = "pipe", stderr = "inherit" })
    other:write ".timeout 20000\nBEGIN IMMEDIATE; SELECT 'locked';\n"
    assert(other:read("stdout", 20000))
    return function()
      other:write "COMMIT;\n"
      other:close_stdin()
      other:wait(10000)
    end
  end

  it("locked by another program", function()
    start()
    local unlock
    suffer(function() unlock = lock() end, function() unlock() end, "locked")
  end, { timeout_ms = 60000 })

  it("locked, and the shop breaks meanwhile: that is told at once, and once", function()
    start()
    ready()
    more(3)
    local unlock = lock()
    await(function() return told "engine" == "opened" end)
    words.one = "broken"
    await(function() return told "shop" == "opened" end)
    unlock()
    await(function() return told "engine" == "opened resolved" end)
    words.one = nil
    await(function() return told "shop" == "opened resolved" end)
    more(5)
    stop()
    local store = hold()
    expect(#store:read "SELECT 1 FROM outbox WHERE status <> 'sent'"):is(0)
    expect(#store:read "SELECT 1 FROM outbox"):is(2)
    store:close()
    start() -- nothing is told again
    ready()
    more(5)
    stop()
    expect(told "shop"):is "opened resolved"
  end, { timeout_ms = 60000 })

  it("locked, and killed meanwhile: what was finished is beside it", function()
    start()
    ready()
    more(3)
    local unlock = lock()
    await(function() return told "engine" == "opened" end)
    more(5)
    local enough = oracle.count
    -- What is known to the spool outlives the process.
    await(function()
      local text = sys.files.read(folder.path .. "/state/watch.spool") or ""
      return select(2, text:gsub("\n{", "")) >= 5
    end)
    run.process:kill "KILL"
    run.finish()
    local kept = select(2, sys.files.read(folder.path .. "/state/watch.spool"):gsub("\n{", ""))
    unlock()
    start()
    ready()
    await(function() return told "engine" == "opened resolved" end)
    local ended = stop()
    expect(ended.stderr):matches("event=spool.replayed count=" .. kept)
    local rows, store = oracles.recorded(path)
    local seen, count = oracle.hold(rows, {}), 0
    for _ in pairs(seen) do count = count + 1 end
    expect(count >= enough - 10):is(true)
    expect(sys.files.stat(folder.path .. "/state/watch.spool")):is(nil)
    store:close()
  end, { timeout_ms = 60000 })

  it("locked at its end: what is left is written at the next start", function()
    start()
    ready()
    more(3)
    local unlock = lock()
    await(function() return told "engine" == "opened" end)
    more(3)
    local ended = stop()
    expect(ended.stderr):matches "not_written=%d+ kept_in=%S+watch.spool"
    start() -- still locked: nobody is told a second time
    await(function()
      local text = sys.files.read(folder.path .. "/state/watch.degraded")
      return text ~= nil
    end)
    unlock()
    ready()
    await(function() return told "engine" == "opened resolved" end)
    stop()
    local first, second = receiver.requests[1].json.data, receiver.last().json.data
    expect(second.dedup_key):is(first.dedup_key)
    expect(sys.files.stat(folder.path .. "/state/watch.degraded")):is(nil)
    hold():close()
  end, { timeout_ms = 60000 })

  it("without room for more (a file size limit)", function()
    start "ulimit -Sf 300"
    suffer(function()
      local pad = sys.process.spawn { argv = { "sqlite3", path, ".timeout 9000",
        "CREATE TABLE pad AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
          .. "WHERE i < 200) SELECT randomblob(2000) AS b FROM n" }, stdin = "null",
        stdout = "null", stderr = "inherit" }
      pad:wait(20000)
    end, function()
      assert(tool("prlimit", "--pid", tostring(run.process:pid()), "--fsize=unlimited"))
    end, "full")
  end, { timeout_ms = 60000 })

  if root then
    it("on a disk that is full", function()
      local mount = folder.path .. "/disk"
      sys.files.make_dirs(mount)
      if not tool("mount", "-t", "tmpfs", "-o", "size=2m", "nano-sre-test", mount) then return end
      undo = function() tool("umount", "-l", mount) end
      path = mount .. "/x.db"
      start()
      suffer(function() tool("sh", "-c", "cat /dev/zero > " .. mount .. "/filler") end,
        function() sys.files.remove(mount .. "/filler") end, "full")
    end, { timeout_ms = 60000 })

    it("read-only", function()
      local function immutable(flag)
        return tool("chattr", flag, path) and tool("chattr", flag, path .. "-wal")
      end
      start()
      ready()
      if not immutable "+i" then return end -- a file system without that
      immutable "-i"
      undo = function() immutable "-i" end
      suffer(function() immutable "+i" end, function() immutable "-i" end, "readonly")
    end, { timeout_ms = 60000 })
  end

  it("removed: it is put back, and nobody needs to know", function()
    start()
    ready()
    more(3)
    for _, ending in ipairs { "", "-wal", "-shm" } do sys.files.remove(path .. ending) end
    more(5)
    await(function() return sys.files.stat(path) end)
    sys.files.remove(path .. "-wal")
    more(5)
    local ended = stop()
    expect(ended.stderr):matches "event=store.put_back"
    expect(#receiver.requests):is(0)
    hold():close()
  end, { timeout_ms = 60000 })

  it("replaced by a copy of before: it goes on with that, and with what it remembers", function()
    start()
    ready()
    more(3)
    words.one = "broken"
    local copy = folder.path .. "/copy.db"
    expect(folder:run({ "db", "backup", copy }, { SQLITE_DB_PATH = path }).code):is(0)
    await(function() return told "shop" == "opened" end)
    local from = oracle.count
    assert(sys.files.rename(copy, path))
    more(10)
    words.one = nil
    await(function() return told "shop" == "opened resolved" end)
    local ended = stop()
    expect(ended.stderr):matches "event=store.replaced"
    local rows, store = oracles.recorded(path)
    local seen = oracle.hold(rows, {})
    for n = from + 3, oracle.count - 2 do expect(seen[n]):is(true) end
    local incidents = store:read "SELECT id, status FROM incidents"
    expect(#incidents):is(1)
    expect(incidents[1].status):is "resolved"
    expect(#store:read "SELECT 1 FROM outbox WHERE status <> 'sent'"):is(0)
    store:close()
  end, { timeout_ms = 60000 })

  it("replaced by something that is no database, then moved away", function()
    start()
    local bad = folder:write("bad", ("no database at all\n"):rep(1000))
    ready()
    more(3)
    assert(sys.files.rename(bad, path))
    await(function() return told "engine" == "opened" end)
    more(5)
    sys.files.remove(path) -- what was there before comes back
    await(function() return told "engine" == "opened resolved" end)
    more(3)
    stop()
    expect(told "shop"):is ""
    hold():close()
  end, { timeout_ms = 60000 })

  it("damaged at the start: that is told, and it begins when a copy is there", function()
    start()
    ready()
    more(5)
    stop()
    local copy = folder.path .. "/copy.db"
    expect(folder:run({ "db", "backup", copy }, { SQLITE_DB_PATH = path }).code):is(0)
    sys.files.write(path, ("garbage "):rep(500))
    local count = oracle.count
    start()
    await(function() return told "engine" == "opened" end)
    expect(receiver.last().json.data.cause):matches "not a SQLite database"
    expect(oracle.count):is(count)
    assert(sys.files.rename(copy, path))
    await(function() return told "engine" == "opened resolved" end)
    more(5)
    stop()
    hold():close()
  end, { timeout_ms = 60000 })
end)
