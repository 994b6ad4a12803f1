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
