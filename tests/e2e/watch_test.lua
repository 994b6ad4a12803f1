-- nano-sre watch as a whole: a fault of the demo shop, editing while it watches, its API, its end.

local db = require "service.db"
local http = require "http"
local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

local SKILL = [[
local http = require "http"
return skill "cart" { every = "200ms", needs = { "http" }, run = function(t)
  t.step("look", function() t.expect(http.get(t.store.url .. "/cart.js").status):is(200) end)
end }
]]

local function config(url, more)
  return ([[return {
    store = { url = "%s", name = "shop" },
    routes = { { name = "all", to = { "stdout" }, group_wait = "100ms",
      group_interval = "100ms" } },
    %s
  }]]):format(url, more or "")
end

-- Waits for what read() returns to be true; a test's own limit ends it.
local function await(read)
  while true do
    local value = read()
    if value then return value end
    sys.clock.sleep(20)
  end
end

-- A server or tool of Debian that the tests need; `make test-deps` installs all of them.
local function spawn(options, package)
  local process, why = sys.process.spawn(options)
  if process then return process end
  error(("%s cannot be started (%s): apt-get install %s, or make test-deps"):format(
    options.argv[1], tostring(why), package), 2)
end

local function start(folder, ...)
  local run = folder:start { "watch", ... }
  local where = folder.path .. "/.nano-sre/watch.json"
  run.at = await(function()
    local text = sys.files.read(where)
    local found = text and json.decode(text)
    return found and found.pid == run.process:pid() and found
  end)
  function run.get(path, headers)
    return assert(http.get(run.at.url .. path, { headers = headers }))
  end
  function run.post(path, body, headers)
    return assert(http.post(run.at.url .. path, { json = body or {},
      headers = headers or { Authorization = "Bearer " .. run.at.token } }))
  end
  function run.stop()
    run.process:kill "TERM"
    return run.finish()
  end
  return run
end

describe("nano-sre watch", function()
  local folder, demo, run, store
  before_each(function()
    folder = lib.folder()
    demo = folder:demo()
    folder:write("skills/cart.lua", SKILL)
    folder:write("nano-sre.lua", config(demo.url))
  end)
  after_each(function()
    if store then store:close() end
    if run then
      run.process:kill "KILL"
      run.finish()
    end
    demo.stop()
    folder:remove()
    run, store = nil, nil
  end)

  local function rows(sql, ...)
    store = store or assert(db.open(folder.path .. "/.nano-sre/nano-sre.db"))
    return assert(store:read(sql, ...))
  end
  local function runs() return rows("SELECT count(*) AS n FROM check_runs")[1].n end

  it("opens one incident for a fault, and tells of it once, and that it is over", function()
    run = start(folder)
    await(function() return runs() >= 2 end)
    demo.fault("cart_500", true)
    await(function() return #rows "SELECT 1 FROM outbox WHERE occasion = 'opened'" > 0 end)
    local count = runs()
    await(function() return runs() > count + 10 end)
    demo.fault("cart_500", false)
    await(function() return #rows "SELECT 1 FROM outbox WHERE occasion = 'resolved'" > 0 end)
    count = runs()
    await(function() return runs() > count + 10 end)
    expect(#rows "SELECT 1 FROM outbox"):is(2)
    local incidents = rows "SELECT * FROM incidents"
    expect(#incidents):is(1)
    expect(incidents[1].status):is "resolved"
    local message = json.decode(rows("SELECT message FROM outbox ORDER BY id")[1].message)
    local told = message.items[1].incident
    expect(told.cause):matches "500"
    expect(told.step):is "look"
    expect(told.first_seen < told.last_seen):is(true)
    local ended = run.stop()
    expect(ended.code):is(0)
    expect(ended.stderr):matches "event=incident.opened"
    run = nil
    expect(folder:run({ "incident", "list" }).stdout):is "nothing is broken\n"
    expect(folder:run({ "incident", "show", "1" }).stdout):matches "resolved"
    expect(folder:run({ "history", "cart" }).stdout):matches "PASS"
  end, { timeout_ms = 60000 })

  it("takes an edit with the next run, and none that is broken", function()
    run = start(folder)
    await(function() return runs() >= 1 end)
    folder:write("skills/cart.lua", SKILL:gsub('is%(200%)', 'is(201)'))
    await(function() return #rows "SELECT 1 FROM check_runs WHERE status = 'FAIL'" > 0 end)
    folder:write("skills/cart.lua", "return skill 'cart' { run = function( end }")
    local event = await(function()
      return rows("SELECT data FROM events WHERE type = 'script.reload_failed'")[1]
    end)
    local data = json.decode(event.data)
    expect(data.where):is "cart.lua:1"
    expect(data.excerpt):matches "> 1 | return skill"
    local answer = run.post "/-/reload"
    expect(answer.status):is(409)
    expect(answer:json().problems[1].where):is "cart.lua:1"
    local refused = folder:run { "reload" }
    expect(refused.code):is(1)
    expect(refused.stderr):matches "cart.lua:1"
    local count = runs()
    await(function() return runs() > count + 2 end) -- the old version goes on
    expect(#rows "SELECT 1 FROM check_runs WHERE status = 'ERROR'"):is(0)
    folder:write("skills/cart.lua", SKILL)
    local good = folder:run { "reload" }
    if good.code ~= 0 then error(good.stderr) end
    await(function()
      return rows("SELECT status FROM check_runs ORDER BY id DESC LIMIT 1")[1].status == "PASS"
    end)
    folder:write("nano-sre.lua", config(demo.url, "stor = {},"))
    expect(run.post("/-/reload").status):is(409)
    await(function()
      return #rows "SELECT 1 FROM events WHERE type = 'config.reload_failed'" > 0
    end)
    folder:write("nano-sre.lua", config(demo.url, "skills = { cart = { every = '300ms' } },"))
    run.process:kill "HUP"
    await(function()
      return run.get("/api/v1/checks"):json().checks[1].every_ms == 300
    end)
    expect(run.stop().code):is(0)
    run = nil
  end, { timeout_ms = 60000 })

  it("gives a run one version of a skill and of the files beside it", function()
    local function write(word)
      folder:write("skills/lib/word.lua", ("return %q"):format(word))
      folder:write("skills/cart.lua", ([[
local word = require "lib.word"
return skill "cart" { every = "50ms", run = function(t) t.expect(word):is(%q) end }]]):format(word))
    end
    write "one"
    run = start(folder)
    await(function() return runs() > 2 end)
    for i = 1, 30 do write("word" .. i) end
    local count = runs()
    await(function() return runs() > count + 10 end)
    -- Between two saves the pair may disagree; what it disagrees on must be over.
    local last = rows "SELECT status FROM check_runs ORDER BY id DESC LIMIT 5"
    for _, one in ipairs(last) do expect(one.status):is "PASS" end
    expect(#rows "SELECT 1 FROM check_runs WHERE status = 'ERROR'"):is(0)
  end, { timeout_ms = 60000 })

  it("answers health, metrics and JSON, and changes nothing without its token", function()
    run = start(folder)
    await(function() return runs() >= 1 end)
    expect(run.get("/-/healthy").status):is(200)
    expect(run.get("/-/ready").status):is(200)
    local page = run.get "/metrics"
    expect(page.headers["content-type"]):matches "version=0.0.4"
    expect(page.body):matches 'probe_success{store="shop",skill="cart"} 1'
    expect(page.body):matches 'nano_sre_runs_total{status="PASS"} %d'
    expect(run.get("/api/v1/runs?limit=1"):json().runs[1].check_id):is "shop/cart"
    expect(run.post("/-/reload", {}, {}).status):is(401)
    expect(run.post("/api/v1/trigger", { name = "cart" }, { Authorization = "Bearer x" }).status)
      :is(401)
    expect(run.get("/metrics", { Host = "evil.example" }).status):is(401)
    expect(run.get("/nothing").status):is(404)
    expect(run.get("/-/reload").status):is(405)
    local tool = spawn({ argv = { "promtool", "check", "metrics" }, stdin = "pipe",
      stdout = "pipe", stderr = "pipe" }, "prometheus")
    tool:write(page.body)
    tool:close_stdin()
    expect(tool:read("stderr", 10000)):is ""
    expect(tool:wait(10000).code):is(0)
  end, { timeout_ms = 60000 })

  it("is scraped by Prometheus", function()
    run = start(folder)
    await(function() return runs() >= 1 end)
    local reserve = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
    local port = reserve:port()
    reserve:close()
    folder:write("prometheus.yml", ([[
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs: [ { job_name: shops, static_configs: [ { targets: ["%s"] } ] } ]
]]):format(run.at.url:match "//(.*)"))
    local prometheus = spawn({ argv = { "prometheus", "--config.file=prometheus.yml",
      "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:" .. port }, cwd = folder.path,
      stdin = "null", stdout = "null", stderr = "null" }, "prometheus")
    local found = await(function()
      local answer = http.get(("http://127.0.0.1:%d/api/v1/query?query=probe_success"):format(port))
      local data = answer and answer.status == 200 and answer:json().data
      return data and data.result[1]
    end)
    expect(found.metric.store):is "shop"
    expect(found.metric.skill):is "cart"
    expect(found.value[2]):is "1"
    prometheus:kill "TERM"
    prometheus:wait()
  end, { timeout_ms = 60000 })

  it("is silenced, acknowledged and triggered from the command line", function()
    run = start(folder, "--interval", "10s")
    await(function() return runs() >= 1 end)
    expect(folder:run({ "silence", "add", "skill=cart", "--for", "1h" }).code):is(0)
    demo.fault("cart_500", true)
    expect(folder:run({ "trigger", "shop/cart" }).stdout):is "shop/cart\n"
    expect(folder:run({ "trigger", "carts" }).stderr):matches 'did you mean "cart"'
    await(function() return #rows "SELECT 1 FROM incidents" == 1 end)
    expect(folder:run({ "incident", "ack", "1", "-m", "on it" }).code):is(0)
    expect(folder:run({ "incident", "list" }).stdout):matches "acked"
    expect(#rows "SELECT 1 FROM outbox"):is(0)
    expect(run.stop().code):is(0)
    run = nil
    -- The same without a daemon.
    expect(folder:run({ "incident", "note", "1", "-m", "later" }).code):is(0)
    expect(folder:run({ "incident", "resolve", "1" }).code):is(0)
    expect(folder:run({ "incident", "resolve", "1" }).code):is(2)
    local shown = folder:run({ "incident", "show", "1" }).stdout
    expect(shown):matches "on it"
    expect(shown):matches "later"
    expect(folder:run({ "silence", "expire", "1" }).code):is(0)
    expect(folder:run({ "silence", "list" }).stdout):is "no silences\n"
    expect(folder:run({ "db", "check" }).stdout):matches "^ok"
    expect(folder:run({ "db", "backup", "copy.db" }).code):is(0)
    expect(folder:run({ "db", "backup", "copy.db" }).code):is(2)
    local copy = assert(db.open(folder.path .. "/copy.db"))
    expect(copy:read("SELECT count(*) AS n FROM incidents")[1].n):is(1)
    copy:close()
    expect(folder:run({ "db", "vacuum" }).code):is(0)
  end, { timeout_ms = 60000 })

  it("goes on when its workers are killed, and is alone with its database", function()
    run = start(folder)
    await(function() return runs() >= 2 end)
    local second = folder:run { "watch" }
    expect(second.code):is(3)
    expect(second.stderr):matches "another nano%-sre watches"
    local before = runs()
    for _ = 1, 3 do
      local children = sys.files.read(("/proc/%d/task/%d/children"):format(run.at.pid, run.at.pid))
      for pid in (children or ""):gmatch "%d+" do
        local killer = assert(sys.process.spawn { argv = { "kill", "-9", pid } })
        killer:wait()
      end
      local count = runs()
      await(function() return runs() > count + 2 end)
    end
    expect(runs() > before):is(true)
    expect(rows("SELECT status FROM check_runs ORDER BY id DESC LIMIT 1")[1].status):is "PASS"
    expect(run.stop().code):is(0)
    run = nil
  end, { timeout_ms = 60000 })

  it("ends in time though a check hangs", function()
    folder:write("skills/hang.lua", [[
return skill "hang" { every = "1s", run = function(t) while true do t.sleep("10s") end end }]])
    run = start(folder)
    await(function()
      for _, check in ipairs(run.get("/api/v1/checks"):json().checks) do
        if check.skill == "hang" and check.running then return true end
      end
    end)
    local ended = run.stop()
    expect(ended.code):is(0)
    expect(ended.stderr):matches "event=watch.stopped"
    expect(#rows "SELECT 1 FROM check_runs WHERE skill_name = 'hang'"):is(0)
    run = nil
  end, { timeout_ms = 20000 })
end)

describe("the daemon's database in trouble", function()
  it("is told once, loses no result, and is over by itself", function()
    local folder = lib.folder()
    folder:write("skills/quick.lua",
      [[return skill "quick" { every = "100ms", run = function() end }]])
    folder:write("nano-sre.lua", 'return { store = { url = "http://127.0.0.1:1" } }')
    local log = require("watch.log").new { silent = true }
    local daemon = require("watch.daemon").new { log = log, cwd = folder.path, version = "test",
      getenv = function() end, busy_timeout_ms = 50 }
    daemon:start()
    daemon.degraded.after_ms = 200
    local path = folder.path .. "/.nano-sre/nano-sre.db"
    await(function() return daemon.journal.commits > 2 end)
    local other = assert(sys.process.spawn { argv = { "sqlite3", path }, stdin = "pipe",
      stdout = "pipe", stderr = "inherit" })
    other:write "BEGIN IMMEDIATE; SELECT 'locked';\n"
    assert(other:read("stdout", 10000))
    await(function() return daemon.degraded.incident end)
    local counted = daemon.core.counts.runs.PASS
    await(function() return daemon.core.counts.runs.PASS > counted + 10 end) -- checks go on
    local rows = daemon.memory_box:claim(daemon.now(), 10)
    expect(#rows):is(1)
    expect(rows[1].message.items[1].incident.kind):is "engine"
    daemon.memory_box:mark(rows[1], { sent = true }, daemon.now())
    other:write "COMMIT;\n"
    other:close_stdin()
    other:wait(10000)
    await(function() return daemon.journal.trouble == nil and daemon.journal:waiting() == 0 end)
    rows = daemon.memory_box:claim(daemon.now(), 10)
    expect(#rows):is(1)
    expect(rows[1].occasion):is "resolved"
    daemon:stop "test"
    local store = assert(db.open(path))
    local total = store:read("SELECT count(*) AS n FROM check_runs")[1].n
    expect(total):is(daemon.core.counts.runs.PASS)
    expect(store:read("SELECT count(*) AS n FROM incidents")[1].n):is(0)
    expect(store:read("SELECT count(*) AS n FROM events WHERE type = 'engine.degraded'")[1].n):is(1)
    store:close()
    folder:remove()
  end, { timeout_ms = 60000 })
end)
