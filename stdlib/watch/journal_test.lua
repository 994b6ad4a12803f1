local db = require "service.db"
local degraded = require "watch.degraded"
local journal = require "watch.journal"
local outbox = require "watch.outbox"
local spool = require "watch.spool"

local function event(key)
  return { kind = "event", { "INSERT INTO events (timestamp, type, dedupe_key) VALUES "
    .. "('2024', 'x', ?)", key, n = 1 } }
end

describe("watch.journal", function()
  local folder, store
  before_each(function()
    folder = assert(sys.files.temp_dir "nano-journal-")
    store = assert(db.open(folder .. "/x.db", { busy_timeout_ms = 20 }))
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)

  local function keys()
    local list = {}
    for i, row in ipairs(assert(store:read "SELECT dedupe_key AS k FROM events ORDER BY id")) do
      list[i] = row.k
    end
    return table.concat(list, " ")
  end

  -- A database that fails while `trouble` says so.
  local function shaky()
    local face = { trouble = nil }
    function face.write(_, statements)
      if face.trouble == "lost answer" then
        assert(store:write(statements))
        return nil, { message = "no answer", code = "io" }
      end
      if face.trouble then return nil, { message = "cannot write", code = face.trouble } end
      return store:write(statements)
    end
    function face.read(_, ...) return store:read(...) end
    return face
  end

  it("writes in order, many in one commit", function()
    local log = journal.open { db = store }
    for i = 1, 5 do log:put(event("e" .. i)) end
    expect(log:step()):is(nil)
    expect(log.commits):is(1)
    expect(keys()):is "e1 e2 e3 e4 e5"
  end)

  it("keeps what can't be written, and writes it when it can", function()
    local face, recovered = shaky(), nil
    local log = journal.open { db = face, on_recovered = function(ms) recovered = ms end }
    face.trouble = "locked"
    log:put(event "a")
    log:put(event "b")
    local task = sys.task.spawn(log.run, log)
    while log.failures < 2 do sys.clock.sleep(5) end
    log:put(event "c")
    expect(keys()):is ""
    face.trouble = nil
    while not recovered do sys.clock.sleep(5) end
    expect(keys()):is "a b c"
    log:stop(1000)
    task:join()
  end)

  it("writes nothing twice when the answer to a commit is lost", function()
    local face = shaky()
    local log = journal.open { db = face }
    face.trouble = "lost answer"
    log:put { kind = "event", { "INSERT INTO metrics (run_id, timestamp, store_url, skill_name, "
      .. "status, name, value) VALUES ('r', '2024', 's', 'k', 'PASS', 'm', 1)" } }
    expect(log:step()):is(nil) -- it looked, and found it written
    face.trouble = nil
    log:put(event "b")
    expect(log:step()):is(nil)
    expect(store:read("SELECT count(*) AS n FROM metrics")[1].n):is(1)
    expect(keys()):is "b"
  end)

  it("leaves out what can never be written, and nothing else", function()
    local dropped = {}
    local log = journal.open { db = store, on_dropped = function(_, why)
      dropped[#dropped + 1] = why.code
    end }
    log:put(event "a")
    log:put(event "a") -- the key is taken
    log:put(event "b")
    while log:waiting() > 0 do expect(log:step()):is(nil) end
    expect(keys()):is "a b"
    expect(dropped):same { "exists" }
  end)

  it("drops results, never incidents, when too many wait", function()
    local face = shaky()
    face.trouble = "full"
    local log = journal.open { db = face, max_waiting = 1000 }
    for i = 1, 2000 do
      local tx = event("r" .. i)
      tx.kind = i % 10 == 0 and "incident" or "run"
      log:put(tx)
    end
    expect(log:waiting() <= 1100):is(true)
    expect(log.dropped + log:waiting()):is(2000)
    face.trouble = nil
    while log:waiting() > 0 do expect(log:step()):is(nil) end
    local rows = store:read("SELECT count(*) AS n FROM events WHERE dedupe_key LIKE 'r%0'")
    expect(rows[1].n):is(200)
  end)

  it("drops by size, too, and says how many", function()
    local face, told = shaky(), 0
    face.trouble = "full"
    local log = journal.open { db = face, max_bytes = 1000000,
      on_overflow = function(count) told = told + count end }
    for i = 1, 3000 do
      local tx = event("r" .. i .. ("x"):rep(1000))
      tx.kind = "run"
      log:put(tx)
    end
    expect(log.bytes < 1200000):is(true)
    expect(told > 1500):is(true)
    expect(told + log:waiting()):is(3000)
  end)

  it("keeps what can't be written beside the database, over a crash", function()
    local face = shaky()
    face.trouble = "locked"
    local aside = spool.open(folder)
    local log = journal.open { db = face, spool = aside }
    log:put(event "a")
    log:put { kind = "run", { "INSERT INTO metrics (run_id, timestamp, store_url, skill_name, "
      .. "status, name, value, step) VALUES ('r', '2024', 's', 'k', 'PASS', 'm', ?, ?)",
      0.1 + 0.2, nil, n = 2 } }
    expect(log:step().code):is "locked"
    log:keep_aside()
    log:put(event "b")
    log:keep_aside()
    -- Half a line, as a crash leaves it.
    sys.files.write(folder .. "/watch.spool", '\n{"boot":"', { append = true })
    local count, lost = spool.open(folder):replay(store)
    expect(count):is(3)
    expect(lost):is(0)
    expect(keys()):is "a b"
    expect(store:read("SELECT value FROM metrics")[1].value):is(0.1 + 0.2)
    expect(spool.open(folder):replay(store)):is(0)
  end)

  it("takes from the spool only what the database does not have", function()
    local log = journal.open { db = store, spool = spool.open(folder) }
    log:put(event "a")
    log:put(event "b")
    log:keep_aside()
    local copy = sys.files.read(folder .. "/watch.spool")
    expect(log:step()):is(nil)
    log:put(event "c")
    log:keep_aside()
    sys.files.write(folder .. "/watch.spool", copy .. sys.files.read(folder .. "/watch.spool"))
    local count, lost = spool.open(folder):replay(store)
    expect(count):is(1)
    expect(lost):is(0)
    expect(keys()):is "a b c"
  end)

  it("survives a database that another program locks", function()
    local other = assert(sys.process.spawn { argv = { "sqlite3", folder .. "/x.db" },
      stdin = "pipe", stdout = "pipe", stderr = "inherit" })
    other:write "BEGIN IMMEDIATE; SELECT 'locked';\n"
    local said = assert(other:read("stdout", 10000))
    expect(said):matches "locked"
    local log = journal.open { db = store }
    log:put(event "a")
    local why = log:step()
    expect(why.code):is "locked"
    other:write "COMMIT;\n"
    other:close_stdin()
    other:wait(10000)
    expect(log:step()):is(nil)
    expect(keys()):is "a"
  end)
end)

describe("watch.degraded", function()
  it("tells once that results are lost on their way, and once that it is over", function()
    local now, box = 1700000000000, outbox.memory()
    local one = degraded.new { box = box, now = function() return now end,
      after_ms = function() return 10000 end,
      instance = function() return "i" end,
      routes = function()
        return { { name = "p0", match = { severity = "P0" }, to = { "phone" } },
          { name = "all", to = { "slack", "email" } } }
      end }
    local why = { message = "the disk is full", code = "full" }
    expect(one:trouble(why, 9000)):is(false)
    expect(one:trouble(why, 11000)):is(true)
    expect(one:trouble(why, 60000)):is(false)
    local rows = box:claim(now, 10)
    expect(#rows):is(2)
    expect(rows[1].alerter):is "slack"
    expect(rows[1].message.items[1].incident.kind):is "engine"
    expect(rows[1].message.items[1].incident.title):matches "the disk is full"
    for _, row in ipairs(rows) do box:mark(row, { sent = true }, now) end
    one:recovered()
    now = now + 9000
    expect(one:over(0)):is(nil) -- it has to stay so
    expect(one:trouble(why, 20000)):is(false)
    now = now + 9000
    expect(one:over(0)):is(nil)
    one:recovered()
    now = now + 10000
    local over = one:over(7)
    expect(over.status):is "resolved"
    expect(over.cause):matches "7 results were dropped"
    expect(one:over(0)):is(nil)
    rows = box:claim(now, 10)
    expect(#rows):is(2)
    expect(rows[1].occasion):is "resolved"
  end)
end)
