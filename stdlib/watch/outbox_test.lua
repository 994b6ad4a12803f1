local db = require "service.db"
local outbox = require "watch.outbox"
local time = require "time"

local NOW = assert(time.parse_iso8601 "2024-06-07T12:00:00Z")

local function row(key, fields)
  local out = { key = key, alerter = "slack", route = "all", thread = "t", occasion = "opened",
    message = { key = key }, due_ms = NOW }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end

local function keys(rows)
  local list = {}
  for i, one in ipairs(rows) do list[i] = one.key end
  return table.concat(list, " ")
end

-- What both kinds promise; put(box, row) puts a row in.
local function promises(open, put)
  local box
  before_each(function() box = open() end)

  it("hands a row out once, with its message", function()
    put(box, row "a")
    local rows = box:claim(NOW, 10)
    expect(keys(rows)):is "a"
    expect(rows[1].message):same { key = "a" }
    expect(rows[1].attempts):is(1)
    expect(keys(box:claim(NOW + 1000, 10))):is ""
    expect(box:mark(rows[1], { sent = true }, NOW)):is "sent"
    expect(keys(box:claim(NOW + outbox.LEASE_MS * 2, 10))):is ""
    expect(box:next_at()):is(nil)
  end)

  it("takes a key once", function()
    put(box, row "a")
    put(box, row("a", { thread = "u" }))
    expect(keys(box:claim(NOW, 10))):is "a"
  end)

  it("keeps the order within a thread and lets others pass", function()
    put(box, row "a")
    put(box, row("b", { occasion = "resolved" }))
    put(box, row("c", { thread = "u" }))
    put(box, row("d", { alerter = "email" }))
    local rows = box:claim(NOW, 10)
    expect(keys(rows)):is "a c d"
    box:mark(rows[2], { sent = true }, NOW)
    box:mark(rows[3], { sent = true }, NOW)
    box:mark(rows[1], { error = "down" }, NOW)
    expect(keys(box:claim(NOW + 10, 10))):is "" -- b waits for a
    expect(box:next_at() > NOW + 10):is(true) -- and nobody looks for it before
    rows = box:claim(NOW + outbox.FIRST_RETRY_MS, 10)
    expect(keys(rows)):is "a"
    expect(rows[1].attempts):is(2)
    box:mark(rows[1], { sent = true }, NOW)
    expect(keys(box:claim(NOW, 10))):is "b"
  end)

  it("waits as long as the receiver asks, and gives up on what is hopeless", function()
    put(box, row "a")
    local first = box:claim(NOW, 1)[1]
    expect(box:mark(first, { error = "429", retry_after_ms = 90000 }, NOW)):is "pending"
    expect(keys(box:claim(NOW + 89999, 1))):is ""
    expect(box:next_at()):is(NOW + 90000)
    local again = box:claim(NOW + 90000, 1)[1]
    expect(box:mark(again, { error = "410", permanent = true }, NOW)):is "dead"
    expect(box:next_at()):is(nil)
    put(box, row "b")
    local now, status = NOW, "pending"
    for try = 1, outbox.TRIES do
      expect(status):is "pending"
      first = box:claim(now, 1)[1]
      expect(first.attempts):is(try)
      now = now + outbox.GIVE_UP_MS / 2
      status = box:mark(first, { error = "down" }, now)
      now = now + outbox.RETRY_CAP_MS
    end
    expect(status):is "dead"
  end)

  it("wakes who waits", function()
    local done = false
    local task = sys.task.spawn(function() box:wait() done = true end)
    sys.task.spawn(function() end):join()
    put(box, row "a")
    box:notify()
    task:join()
    expect(done):is(true)
  end)
end

describe("the outbox in memory", function()
  promises(outbox.memory, function(box, one) box:put(one) end)
end)

describe("the outbox in the database", function()
  local folder, store

  before_each(function()
    folder = assert(sys.files.temp_dir "nano-outbox-")
    store = assert(db.open(folder .. "/x.db"))
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)
  local function put(_, one) assert(store:write { outbox.statement(one) }) end

  promises(function() return outbox.open(store) end, put)

  it("gives back what a process took that is gone", function()
    local box = outbox.open(store)
    put(box, row "a")
    put(box, row("b", { due_ms = NOW + 5000, thread = "u" }))
    box:claim(NOW, 1)
    local next_process = outbox.open(store)
    expect(keys(next_process:claim(NOW + 1, 10))):is ""
    assert(next_process:recover(NOW + 1))
    expect(keys(next_process:claim(NOW + 1, 10))):is "a" -- and b stays due when it was
  end)

  it("knows after a crash what may have arrived", function()
    local box = outbox.open(store)
    for _, key in ipairs { "claimed", "begun", "idle" } do
      put(box, row(key, { thread = key, due_ms = key == "idle" and NOW + 1000 or NOW }))
    end
    local rows = box:claim(NOW, 10)
    expect(keys(rows)):is "claimed begun"
    expect(rows[2].doubt):is(false)
    assert(box:begin(rows[2]))
    box = outbox.open(store)
    assert(box:recover(NOW))
    rows = box:claim(NOW, 10)
    expect(rows[1].doubt):is(false)
    expect(rows[2].doubt):is(true)
    box:mark(rows[2], { error = "503" }, NOW) -- no answer about the first time
    box:mark(rows[1], { error = "no answer", doubt = true }, NOW)
    assert(box:recover(NOW))
    rows = box:claim(NOW + 60000, 10)
    expect(keys(rows)):is "claimed begun idle"
    expect(rows[1].doubt):is(true)
    expect(rows[2].doubt):is(true)
    expect(rows[3].doubt):is(false)
  end)

  it("lends a row to who sends it without the database", function()
    local box, one = outbox.open(store), row "a"
    local statement = outbox.statement(one)
    outbox.lend(statement)
    assert(store:write { statement })
    expect(keys(box:claim(NOW + 60000, 10))):is ""
    assert(store:write { outbox.settled("a", "sent", { sent = true }, NOW) })
    expect(store:read("SELECT status FROM outbox")[1].status):is "sent"
    -- Killed before it could say: it is given back, in doubt.
    put(box, row "b")
    statement = outbox.statement(row("c", { thread = "u" }))
    outbox.lend(statement)
    assert(store:write { statement })
    assert(box:recover(NOW))
    local rows = box:claim(NOW, 10)
    expect(keys(rows)):is "b c"
    expect(rows[2].doubt):is(true)
  end)

  it("keeps a mark that can't be written, and never sends twice meanwhile", function()
    local fail = false
    local shaky = setmetatable({ write = function(_, ...)
      if fail then return nil, { message = "locked" } end
      return store:write(...)
    end }, { __index = store })
    local box = outbox.open(shaky)
    put(box, row "a")
    local taken = box:claim(NOW, 1)[1]
    fail = true
    expect(box:mark(taken, { sent = true }, NOW)):is "sent"
    expect(box:claim(NOW + outbox.LEASE_MS * 3, 1)):is(nil)
    fail = false
    expect(keys(box:claim(NOW + outbox.LEASE_MS * 3, 1))):is ""
    expect(store:read("SELECT status FROM outbox")[1].status):is "sent"
  end)
end)
