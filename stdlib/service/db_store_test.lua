local json = require "json"

describe("sys.store", function()
  local folder, raw
  before_each(function()
    folder = assert(sys.files.temp_dir "store-test-")
    raw = assert(sys.store.open(folder .. "/raw.db"))
    assert(raw:write { "CREATE TABLE t(a, b)" })
  end)
  after_each(function()
    raw:close()
    sys.files.remove(folder, { recursive = true })
  end)

  it("takes and gives every kind of value", function()
    assert(raw:write {
      { "INSERT INTO t VALUES (?, ?)", nil, true, n = 2 },
      { "INSERT INTO t VALUES (?, ?)", 3, 2.5 },
      { "INSERT INTO t VALUES (?, ?)", "a\0b", { blob = "\255\0" } },
      { "INSERT INTO t VALUES (?, ?)", json.null, false },
      { "INSERT INTO t VALUES (?, ?)", -2 ^ 53, 1e300 },
    })
    expect(raw:read "SELECT a, b FROM t ORDER BY rowid"):same {
      { b = 1 }, { a = 3, b = 2.5 }, { a = "a\0b", b = "\255\0" }, { b = 0 },
      { a = -2 ^ 53, b = 1e300 } }
    expect(raw:read("SELECT typeof(a) AS x, typeof(b) AS y FROM t WHERE a IS ?", 3)):same
      { { x = "integer", y = "real" } }
    expect(raw:read("SELECT typeof(b) AS y FROM t WHERE a = ?", "a\0b")):same { { y = "blob" } }
    expect(raw:read("SELECT count(*) AS n FROM t WHERE a IS ?", nil)[1].n):is(2)
  end)

  it("returns changes, the new id and RETURNING rows", function()
    local results = raw:write { { "INSERT INTO t VALUES (?, 1), (?, 2) RETURNING a", "x", "y" },
      "UPDATE t SET b = 0", "DELETE FROM t WHERE a = 'x'" }
    expect(results):same { { changes = 2, id = 2, rows = { { a = "x" }, { a = "y" } } },
      { changes = 2 }, { changes = 1 } }
    expect(raw:write {}):same {}
  end)

  it("returns nil, text, code for what fails", function()
    local rows, text, code = raw:read "SELECT * FROM nowhere"
    expect(rows):is(nil)
    expect(text):matches("no such table: nowhere")
    expect(code):is("invalid")
    rows, text, code = raw:read("SELECT ?")
    expect(rows):is(nil)
    expect(text):matches("1 parameters, but 0 values")
    expect(code):is("invalid")
  end)

  it("raises when it is used in a wrong way", function()
    expect(function() raw:write "SELECT 1" end):raises("must be a list of statements")
    expect(function() raw:write { 5 } end):raises("a statement must be")
    expect(function() raw:write { {} } end):raises("a statement must be")
    expect(function() raw:write { { "INSERT INTO t VALUES (?, ?)", {}, 1 } } end)
      :raises("a parameter must be")
    expect(function() raw:read("SELECT ?", 0 / 0) end):raises("NaN")
    expect(function() raw:read(5) end):raises("sql must be a string")
    expect(function() sys.store.open("") end):raises("path must name a file")
    expect(function() sys.store.open(folder .. "/y.db", { migrations = "x" }) end)
      :raises("list of SQL scripts")
  end)

  it("survives a task that is killed while it waits", function()
    local endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
      .. "SELECT max(i) FROM n"
    local task = sys.task.spawn(function() return raw:read(endless) end)
    sys.task.spawn(function() end):join()
    task:kill("enough")
    local writer = sys.task.spawn(function() return raw:write { "INSERT INTO t VALUES (1, 1)" } end)
    sys.task.spawn(function() end):join()
    writer:kill("enough")
    expect((task:join())):is(nil)
    expect((writer:join())):is(nil)
    assert(raw:write { "INSERT INTO t VALUES (2, 2)" })
    expect(#raw:read "SELECT * FROM t"):is(2)
  end)

  it("may be forgotten without being closed", function()
    local kept = folder .. "/forgotten.db"
    for i = 1, 5 do
      local forgotten = assert(sys.store.open(kept))
      assert(forgotten:write { "CREATE TABLE IF NOT EXISTS t(a)",
        { "INSERT INTO t VALUES (?)", i } })
    end
    collectgarbage()
    collectgarbage()
    local again = assert(sys.store.open(kept))
    expect(again:read("SELECT count(*) AS n FROM t")[1].n):is(5)
    again:close()
  end)
end)
