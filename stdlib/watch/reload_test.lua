-- Reloads in one process: broken ones among them, many, at once.

local daemon = require "watch.daemon"
local log = require "watch.log"
local reload = require "watch.reload"

local GOOD = [[return skill "one" { every = "1h", run = function() end } -- %d]]
local BROKEN = {
  "return skill 'one' { run = function( end }",
  "error 'no'",
  "return 1",
  "return skill 'one' { evry = '1h', run = function() end }",
  "",
}

describe("watch.reload", function()
  local folder, one
  local function write(name, text) assert(sys.files.write(folder .. "/" .. name, text)) end

  before_each(function()
    folder = assert(sys.files.temp_dir "nano-reload-")
    sys.files.make_dirs(folder .. "/skills")
    write("skills/one.lua", GOOD:format(0))
    write("skills/two.lua", GOOD:gsub("one", "two"))
    write("nano-sre.lua", 'return { store = { url = "http://127.0.0.1:1" } }')
    one = daemon.new { log = log.new { silent = true }, cwd = folder, version = "test",
      getenv = function() end }
    one:start()
    one.reload = reload.new(one)
  end)
  after_each(function()
    one:stop "test"
    sys.files.remove(folder, { recursive = true })
  end)

  local function source(name)
    for _, check in ipairs(one.core.planner.order) do
      if check.script.name == name then return check.script.source end
    end
  end

  it("keeps the old version of what is broken, and says where", function()
    local before = source "one"
    for _, text in ipairs(BROKEN) do
      write("skills/one.lua", text)
      local outcome = one.reload:request "test"
      expect(outcome.ok):is(false)
      expect(#outcome.problems):is(1)
      expect(outcome.problems[1].message):truthy()
      expect(source "one"):is(before)
      expect(#one.core.planner.order):is(2)
    end
    write("skills/one.lua", GOOD:format(7))
    expect(one.reload:request("test").ok):is(true)
    expect(source "one"):is(GOOD:format(7))
    expect(next(one.broken)):is(nil)
  end)

  it("gives everybody who asks at once a true answer", function()
    local outcomes = {}
    write("skills/one.lua", "broken(")
    local tasks = {}
    for i = 1, 10 do
      tasks[i] = sys.task.spawn(function() outcomes[i] = one.reload:request "test" end)
    end
    for _, task in ipairs(tasks) do task:join() end
    for i = 1, 10 do expect(outcomes[i].ok):is(false) end
    expect(one.reload_failures):is(1) -- told once
  end)

  it("takes skills that come and drops those that go", function()
    write("skills/three.lua", GOOD:gsub("one", "three"))
    sys.files.remove(folder .. "/skills/two.lua")
    expect(one.reload:request("test").ok):is(true)
    expect(source "three"):truthy()
    expect(source "two"):is(nil)
    expect(one.scripts:current(folder .. "/skills/two.lua")):is(nil)
  end)

  it("keeps what a script requires later with its version", function()
    local function skill(n)
      return ([[return skill "one" { every = "1h", run = function(t)
        t.summary(require("lib.outer") .. "%d") end }]]):format(n)
    end
    local function ran()
      local check = one.core.planner.checks["127.0.0.1:1/one"]
      return one.pool:run(require("watch.setup").job(one.setup, { check = check, run_id = "r1",
        attempt = 1 })).summary
    end
    sys.files.make_dirs(folder .. "/skills/lib")
    write("skills/lib/outer.lua", 'return "a" .. require "lib.inner"')
    write("skills/lib/inner.lua", 'return "b"')
    write("skills/one.lua", skill(1))
    expect(one.reload:request("test").ok):is(true)
    expect(ran()):is "ab1"
    write("skills/lib/inner.lua", "return '") -- half-written
    expect(ran()):is "ab1"
    local outcome = one.reload:request "test"
    expect(outcome.problems[1].where):is "lib/inner.lua:1"
    write("skills/one.lua", skill(2))
    expect(one.reload:request("test").ok):is(false) -- the two belong together
    expect(ran()):is "ab1"
    write("skills/lib/inner.lua", 'return "c"')
    expect(one.reload:request("test").ok):is(true)
    expect(ran()):is "ac2"
    -- A name that is put together is not foreseen; what is wrong says so.
    write("skills/one.lua", [[return skill "one" { every = "1h", run = function(t)
      require("lib." .. "late") end }]])
    write("skills/lib/late.lua", "return '")
    expect(one.reload:request("test").ok):is(true)
    local check = one.core.planner.checks["127.0.0.1:1/one"]
    local result = one.pool:run(require("watch.setup").job(one.setup, { check = check,
      run_id = "r2", attempt = 1 }))
    expect(result.status):is "ERROR"
    expect(result.error.hint):matches "read only now"
  end)

  it("says that another database needs a restart, and takes the rest", function()
    write("nano-sre.lua", [[return { store = { url = "http://127.0.0.1:1" }, database = "other.db",
      skills = { one = { every = "7m" } } }]])
    local outcome = one.reload:request "test"
    expect(outcome.ok):is(false)
    expect(outcome.problems[1].message):matches "database is other.db now"
    expect(outcome.problems[1].hint):matches "start it again"
    expect(one.core.planner.checks["127.0.0.1:1/one"].every_ms):is(420000)
    expect(one.reload:request("test").ok):is(false) -- still so
    expect(one.reload_failures):is(1) -- told once
    write("nano-sre.lua", 'return { store = { url = "http://127.0.0.1:1" } }')
    expect(one.reload:request("test").ok):is(true)
  end)

  it("listens where it is told to from now on", function()
    local http = require "http"
    one.api = assert(require("watch.api").open(one, one.config))
    sys.task.spawn(one.api.run, one.api)
    local old, token = one.api.url, one.api.token
    local taken = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
    local function listen(port, more)
      write("nano-sre.lua", ([[return { store = { url = "http://127.0.0.1:1" },
        watch = { listen = "127.0.0.1:%d" %s } }]]):format(port, more or ""))
      return one.reload:request "test"
    end
    local outcome = listen(taken:port())
    expect(outcome.ok):is(false)
    expect(outcome.problems[1].message):matches "it goes on at http://127.0.0.1"
    expect(http.get(old .. "/-/healthy").status):is(200)
    taken:close()
    local port = taken:port()
    expect(listen(port).ok):is(true)
    local url = "http://127.0.0.1:" .. port
    local answer = http.post(url .. "/-/reload", { headers = { Authorization = "Bearer " .. token },
      fresh_connection = true })
    expect(answer.status):is(200)
    expect(http.get(old .. "/-/healthy", { fresh_connection = true })):is(nil)
    expect(listen(port, ', token = "another-token"').ok):is(true)
    answer = http.post(url .. "/-/reload", { headers = { Authorization = "Bearer " .. token } })
    expect(answer.status):is(401)
    answer = http.post(url .. "/-/reload", { headers = { Authorization = "Bearer another-token" } })
    expect(answer.status):is(200)
    one.api:close()
  end)

  it("follows saves of every kind", function()
    local task = sys.task.spawn(one.reload.run, one.reload)
    local function await(text)
      while source "one" ~= text do sys.clock.sleep(10) end
    end
    sys.clock.sleep(0)
    write("skills/one.lua", GOOD:format(1)) -- written beside it and renamed
    await(GOOD:format(1))
    local path = folder .. "/skills/one.lua"
    sys.files.rename(path, path .. "~") -- as vim does with a backup
    write("skills/one.lua", GOOD:format(2))
    await(GOOD:format(2))
    local half = #GOOD / 2
    sys.files.remove(path)
    sys.files.write(path, GOOD:sub(1, half), { append = true }) -- half a file, then the rest
    while not next(one.broken) do sys.clock.sleep(10) end
    sys.files.write(path, GOOD:sub(half + 1), { append = true })
    await(GOOD)
    for i = 1, 200 do -- a storm
      sys.files.rename(path, path .. ".x")
      sys.files.rename(path .. ".x", path)
      if i % 20 == 0 then sys.clock.sleep(5) end
    end
    write("skills/one.lua", GOOD:format(3))
    await(GOOD:format(3))
    expect(#one.core.planner.order):is(2)
    task:kill "the test is over"
  end, { timeout_ms = 30000 })

  it("grows no memory", function()
    local function size()
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local function many(count)
      for i = 1, count do
        write("skills/one.lua", i % 3 == 0 and BROKEN[i % #BROKEN + 1] or GOOD:format(i))
        one.reload:request "test"
      end
      while one.journal:waiting() > 0 do sys.clock.sleep(5) end
    end
    many(200)
    local before = size()
    many(600)
    local grown = size() - before
    if grown > 300 then error(("600 reloads kept %d KB"):format(grown)) end
    write("skills/one.lua", GOOD:format(1))
    expect(one.reload:request("test").ok):is(true)
    expect(#one.core.planner.order):is(2)
  end, { timeout_ms = 120000 })
end)
