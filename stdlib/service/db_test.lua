local db = require "service.db"
local fault = require "fault"
local json = require "json"

describe("service.db", function()
  local folder, path, store

  before_each(function()
    folder = assert(sys.files.temp_dir "db-test-")
    path = folder .. "/nano.db"
    store = assert(db.open(path))
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)

  local function result(fields)
    local made = {
      skill = "checkout", script = "/x/checkout.lua", store_url = "https://shop.example/",
      status = "PASS",
      summary = "A shopper reached checkout", started_at = "2024-05-01T10:00:00.000Z",
      finished_at = "2024-05-01T10:00:09.500Z", duration_ms = 9500.25, details = { cart = 1 },
      steps = { { name = "home", status = "PASS", duration_ms = 3 } },
      screenshots = { { path = "a.png" } },
      evidence = json.array {}, metrics = {
        { name = "lcp_ms", value = 1234.5, unit = "ms", page = "home", step = "home",
          baseline = true },
        { name = "items", value = 3 } },
    }
    for key, value in pairs(fields or {}) do made[key] = value end
    return made
  end

  local function count(table_name)
    return assert(store:read("SELECT count(*) AS n FROM " .. table_name))[1].n
  end

  describe("results", function()
    it("keeps a result with its metrics and its event", function()
      local kept = assert(store:record_result(result(), { run_id = "abc", event = { by = "ci" } }))
      expect(kept):same { run_id = "abc", new = true }
      local row = store:recent_runs({})[1]
      expect(row.timestamp):is("2024-05-01T10:00:00.000Z")
      expect(row.finished_at):is("2024-05-01T10:00:09.500Z")
      expect(row.store_url):is("https://shop.example")
      expect(row.skill_name):is("checkout")
      expect(row.status):is("PASS")
      expect(row.summary):is("A shopper reached checkout")
      expect(row.duration_ms):is(9500.25)
      expect(row.details):same { cart = 1 }
      expect(row.steps[1].name):is("home")
      expect(row.screenshots):same { { path = "a.png" } }
      expect(row.error):is(nil)
      local lcp = store:metric_history("https://shop.example", "checkout", "lcp_ms")
      expect(lcp):same { { value = 1234.5, unit = "ms", page = "home", step = "home",
        status = "PASS", timestamp = "2024-05-01T10:00:00.000Z", run_id = "abc" } }
      local event = store:events({})[1]
      expect(event.type):is("check.finished")
      expect(event.skill_name):is("checkout")
      expect(event.data.by):is("ci")
      expect(event.data.status):is("PASS")
      expect(event.data.run_id):is("abc")
      expect(event.data.metrics[2]):same { name = "items", value = 3 }
    end)

    it("ignores the same run the second time, all of it", function()
      store:record_result(result { run_id = "abc" })
      local again = result { run_id = "abc", status = "FAIL" }
      again.metrics[3] = { name = "more", value = 1 }
      expect(store:record_result(again)):same { run_id = "abc", new = false }
      expect(count "check_runs"):is(1)
      expect(count "metrics"):is(2)
      expect(count "events"):is(1)
      expect(store:recent_runs({})[1].status):is("PASS")
    end)

    it("gives a run without a name one of its own", function()
      local a, b = store:record_result(result()), store:record_result(result())
      expect(a.new and b.new):is(true)
      expect(a.run_id ~= b.run_id):is(true)
      expect(count "check_runs"):is(2)
    end)

    it("says in one line what went wrong, and keeps the rest", function()
      store:record_result(result { status = "ERROR", run_id = "e",
        error = { kind = "script", message = "boom", where = "checkout.lua:12", traceback = "T" } })
      store:record_result(result { status = "FAIL", run_id = "f",
        started_at = "2024-05-02T00:00:00Z", steps = { { name = "cart", status = "FAIL",
          error = { message = "no cart", code = "not-found" } } } })
      local rows = store:recent_runs {}
      expect(rows[1].error):is("no cart")
      expect(rows[1].error_data.code):is("not-found")
      expect(rows[2].error):is("boom (checkout.lua:12)")
      expect(rows[2].error_data.traceback):is("T")
    end)

    it("takes a result that has little in it, or odd values", function()
      assert(store:record_result { skill = "x", store_url = "https://a.example", status = "SKIP" })
      assert(store:record_result { skill = "x", store_url = json.null, status = "ERROR",
        summary = json.null, metrics = { { name = "nan", value = 0 / 0 },
          { name = "none", value = json.null }, { value = 1 } },
        details = {}, error = json.null, started_at = "yesterday" })
      expect(count "check_runs"):is(2)
      expect(count "metrics"):is(0)
      expect(store:recent_runs({ skill = "x" })[1].timestamp):matches("^20%d%d%-")
    end)

    it("keeps no password that a URL carries", function()
      store:record_result(result { store_url = "https://me:secret@shop.example/" })
      for _, name in ipairs { "check_runs", "metrics", "events" } do
        expect(json.encode(store:read("SELECT * FROM " .. name)):find "secret"):is(nil)
      end
      expect(#store:recent_runs { store_url = "https://me:other@shop.example" }):is(1)
    end)

    it("keeps every one of many that finish at once", function()
      local tasks = {}
      for i = 1, 60 do
        tasks[i] = sys.task.spawn(function()
          return assert(store:record_result(result { run_id = "r" .. i % 50 })).new
        end)
      end
      local new = 0
      for _, task in ipairs(tasks) do
        local ok, is_new = task:join()
        expect(ok):is(true)
        new = new + (is_new and 1 or 0)
      end
      expect(new):is(50)
      expect(count "check_runs"):is(50)
      expect(count "events"):is(50)
    end)

    it("are found by shop, skill, status and time, newest first", function()
      local days = { "2024-05-03", "2024-05-01", "2024-05-02", "2024-05-04" }
      for i, day in ipairs(days) do
        store:record_result(result { run_id = day, started_at = day .. "T02:00:00+02:00",
          status = i % 2 == 0 and "FAIL" or "PASS", skill = i == 4 and "speed" or "checkout" })
      end
      local function found(query)
        local ids = {}
        for i, row in ipairs(assert(store:recent_runs(query))) do ids[i] = row.run_id:sub(-1) end
        return table.concat(ids)
      end
      expect(found {}):is("4321")
      expect(found { limit = 2 }):is("43")
      expect(found { skill = "checkout" }):is("321")
      expect(found { status = "FAIL" }):is("41")
      expect(found { status = { "FAIL", "PASS" }, skill = "checkout", limit = 1 }):is("3")
      expect(found { status = {} }):is("")
      expect(found { since = "2024-05-03T00:00:00Z" }):is("43")
      expect(found { since = "2024-05-03T00:00:01Z" }):is("4")
      expect(found { store_url = "https://shop.example/" }):is("4321")
      expect(found { store_url = "https://other.example/" }):is("")
    end)
  end)

  it("gives a metric's history by page and status", function()
    for i = 1, 6 do
      store:record_result(result { run_id = "r" .. i, started_at = "2024-05-0" .. i .. "T00:00:00Z",
        status = i == 4 and "FAIL" or i == 5 and "WARN" or "PASS",
        metrics = { { name = "lcp_ms", value = i, page = "home" },
          { name = "lcp_ms", value = i * 10, page = "cart" },
          { name = "lcp_ms", value = i * 100 } } })
    end
    local function values(options)
      local list = {}
      local rows = store:metric_history("https://shop.example", "checkout", "lcp_ms", options)
      for i, row in ipairs(assert(rows)) do list[i] = row.value end
      return table.concat(list, " ")
    end
    expect(values { page = "home" }):is("6 5 4 3 2 1")
    expect(values { page = "home", only_status = { "PASS", "WARN" } }):is("6 5 3 2 1")
    expect(values { page = "cart", only_status = "FAIL" }):is("40")
    expect(values { page = "" , limit = 2 }):is("600 500")
    expect(values { page = "home", since = "2024-05-05T00:00:00Z" }):is("6 5")
    expect(#store:metric_history("https://shop.example", "checkout", "lcp_ms")):is(18)
    expect(store:metric_history("https://shop.example", "checkout", "nothing")):same {}
  end)

  it("puts, gets, replaces and removes a baseline", function()
    local shop = "https://shop.example/"
    local none, why = store:baseline_get(shop, "checkout")
    expect(none):is(nil)
    expect(why):is(nil)
    assert(store:baseline_put(shop, "checkout", { a = 1 }))
    local first = store:baseline_get("https://shop.example", "checkout")
    assert(store:baseline_put(shop, "checkout", { a = 2 }))
    local second = store:baseline_get(shop, "checkout")
    expect(second.data):same { a = 2 }
    expect(second.created_at):is(first.created_at)
    expect(count "baselines"):is(1)
    expect(store:baseline_get(shop, "speed")):is(nil)
    expect(store:baseline_reset(shop, "checkout")):is(true)
    expect(store:baseline_reset(shop, "checkout")):is(false)
    expect(count "baselines"):is(0)
  end)

  it("keeps events in order, and one with a key once", function()
    local first = assert(store:add_event { type = "webhook", store_url = "https://shop.example/",
      data = { topic = "orders/create" }, dedupe_key = "w1" })
    expect(first.new):is(true)
    expect(store:add_event { type = "webhook", dedupe_key = "w1" }):same { new = false }
    assert(store:add_event { type = "limit.near" })
    assert(store:add_event { type = "limit.near" })
    expect(#store:events {}):is(3)
    expect(#store:events { after = first.id }):is(2)
    expect(#store:events { type = "webhook" }):is(1)
    expect(store:events({ store_url = "https://shop.example" })[1].data.topic):is("orders/create")
    expect(store:events({ after = first.id, limit = 1 })[1].data):same {}
  end)

  it("proves that it can be written, and leaves nothing", function()
    expect(store:probe()):is(true)
    expect(count "events"):is(0)
  end)

  it("has written everything when it is closed", function()
    for i = 1, 40 do
      sys.task.spawn(function() store:record_result(result { run_id = "r" .. i }) end)
    end
    sys.task.spawn(function() end):join() -- the tasks above have begun
    expect(store:close()):is(true)
    expect(store:close()):is(true)
    store = assert(db.open(path))
    expect(count "check_runs"):is(40)
  end)

  describe("a database of the earlier tool", function()
    local old_path

    -- As that tool made it: no version, no columns of ours.
    local function make_old()
      old_path = folder .. "/old.db"
      local old = assert(sys.store.open(old_path))
      assert(old:write {
        [[CREATE TABLE check_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL,
          store_url TEXT NOT NULL, skill_name TEXT NOT NULL, status TEXT NOT NULL,
          summary TEXT NOT NULL,
          details TEXT, screenshots TEXT, error TEXT)]],
        [[CREATE TABLE baselines (id INTEGER PRIMARY KEY AUTOINCREMENT, skill_name TEXT NOT NULL,
          store_url TEXT NOT NULL, baseline_data TEXT NOT NULL, created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL,
          UNIQUE(skill_name, store_url))]],
        [[CREATE TABLE incidents (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT NOT NULL,
          resolved_at TEXT, store_url TEXT NOT NULL, skill_name TEXT NOT NULL,
          severity TEXT NOT NULL, title TEXT NOT NULL, details TEXT, status TEXT DEFAULT 'open')]],
        "CREATE INDEX idx_check_runs_timestamp ON check_runs(timestamp)",
        [[INSERT INTO check_runs
          (timestamp, store_url, skill_name, status, summary, details, screenshots, error)
          VALUES ('2023-01-01T00:00:00.000Z', 'https://shop.example/', 'checkout', 'FAIL', 'broke',
            '{"a":[1]}', '["x.png"]', 'Error: x'),
          ('2023-01-02T00:00:00.000Z', 'https://shop.example/', 'seo', 'PASS', 'fine',
            'not json', NULL, NULL)]],
        [[INSERT INTO baselines (skill_name, store_url, baseline_data, created_at, updated_at)
          VALUES ('checkout', 'https://shop.example', '{"lcp":1200}', '2023-01-01', '2023-01-01')]],
        [[INSERT INTO incidents (created_at, store_url, skill_name, severity, title) VALUES
          ('2023-01-01T00:00:00.000Z', 'https://shop.example/', 'checkout', 'P0', 'broken')]],
      })
      local rows = {}
      for _, name in ipairs { "check_runs", "baselines", "incidents" } do
        rows[name] = assert(old:read("SELECT * FROM " .. name .. " ORDER BY id"))
      end
      old:close()
      return rows
    end

    it("is taken over without loss", function()
      local before = make_old()
      for _ = 1, 2 do -- the second time there is nothing to migrate
        local taken = assert(db.open(old_path))
        for name, rows in pairs(before) do
          expect(taken:read("SELECT * FROM " .. name .. " ORDER BY id")):same(rows)
        end
        taken:close()
      end
    end)

    it("is used on like any other", function()
      make_old()
      local taken = assert(db.open(old_path))
      assert(taken:record_result(result { run_id = "new" }))
      assert(taken:record_result(result { run_id = "new" }))
      local runs = taken:recent_runs { store_url = "https://shop.example" }
      expect(#runs):is(3)
      expect(runs[1].id):is(3)
      expect(runs[2].details):is("not json")
      expect(runs[3].details):same { a = { 1 } }
      expect(runs[3].error):is("Error: x")
      expect(taken:baseline_get("https://shop.example", "checkout").data):same { lcp = 1200 }
      assert(taken:baseline_put("https://shop.example", "checkout", { lcp = 1300 }))
      expect(taken:read("SELECT count(*) AS n FROM baselines")[1].n):is(1)
      taken:close()
    end)
  end)

  describe("trouble", function()
    local function trouble_of(where)
      local opened, why = db.open(where)
      expect(opened):is(nil)
      expect(fault.is(why, "engine")):is(true)
      expect(why.details.database):is(where)
      expect(why.hint):truthy()
      return why
    end

    it("tells a file that is no database", function()
      assert(sys.files.write(folder .. "/notes.txt", ("notes "):rep(200)))
      local why = trouble_of(folder .. "/notes.txt")
      expect(why.code):is("corrupt")
      expect(why.message):matches("notes.txt is not a SQLite database")
      expect(sys.files.read(folder .. "/notes.txt")):is(("notes "):rep(200))
    end)

    it("tells a directory that is not there", function()
      local why = trouble_of(folder .. "/no/where.db")
      expect(why.code):is("not-found")
      expect(why.hint):matches("create it")
    end)

    it("tells a database of a newer version", function()
      local newer = assert(sys.store.open(folder .. "/newer.db", { application_id = 0x6e737265,
        migrations = { "CREATE TABLE check_runs(a)", "", "", "", "", "", "", "", "" } }))
      newer:close()
      expect(trouble_of(folder .. "/newer.db").message):matches("written by a newer version")
    end)

    it("tells a database of another program", function()
      local other = assert(sys.store.open(folder .. "/other.db"))
      other:write { "CREATE TABLE moz_places(a)" }
      other:close()
      local why = trouble_of(folder .. "/other.db")
      expect(why.code):is("invalid")
      expect(why.message):matches("another program")
      expect(why.message):matches("the tables moz_places, but not check_runs")
    end)

    it("is returned by every function, never raised", function()
      store:close()
      local calls = {
        function() return store:record_result(result()) end,
        function() return store:recent_runs {} end,
        function() return store:metric_history("https://shop.example", "checkout", "lcp_ms") end,
        function() return store:baseline_get("https://shop.example", "checkout") end,
        function() return store:baseline_put("https://shop.example", "checkout", {}) end,
        function() return store:baseline_reset("https://shop.example", "checkout") end,
        function() return store:add_event { type = "x" } end,
        function() return store:events {} end,
        function() return store:probe() end,
      }
      for _, call in ipairs(calls) do
        local value, why = call()
        expect(value):is(nil)
        expect(fault.is(why, "engine")):is(true)
        expect(why.code):is("closed")
      end
    end)
  end)
end)
