-- sys.files.watch and sys.files.lock, as the daemon uses them; what watch/reload.lua makes of
-- saves.

describe("sys.files.watch", function()
  local folder, watch
  before_each(function()
    folder = assert(sys.files.temp_dir "nano-watch-")
    watch = assert(sys.files.watch())
    assert(watch:add(folder))
  end)
  after_each(function()
    watch:close()
    sys.files.remove(folder, { recursive = true })
  end)

  local function named(list)
    local set = {}
    for _, path in ipairs(list) do set[path:match "[^/]*$"] = true end
    return set
  end

  it("tells of a file that is written, replaced, renamed or removed", function()
    sys.files.write(folder .. "/a.lua", "1", { append = true })
    expect(named(watch:next())["a.lua"]):is(true)
    sys.files.write(folder .. "/a.lua", "2") -- a new file takes its place
    expect(named(watch:next())["a.lua"]):is(true)
    sys.files.rename(folder .. "/a.lua", folder .. "/b.lua")
    local set = named(watch:next())
    expect(set["a.lua"] and set["b.lua"]):is(true)
    sys.files.remove(folder .. "/b.lua")
    expect(named(watch:next())["b.lua"]):is(true)
  end)

  it("keeps what comes while nobody waits, and waits no longer than told", function()
    sys.files.write(folder .. "/a.lua", "1")
    sys.task.spawn(function() end):join()
    expect(named(watch:next(1000))["a.lua"]):is(true)
    local list, _, code = watch:next(1)
    expect(list):is(nil)
    expect(code):is "timeout"
    sys.files.write(folder .. "/b.lua", "1")
    expect(named(watch:next(1000))["b.lua"]):is(true)
  end)

  it("says so when a folder cannot be watched, and survives one that goes away", function()
    local ok, why, code = watch:add(folder .. "/none")
    expect(ok):is(nil)
    expect(why):matches "none"
    expect(code):is "not-found"
    sys.files.make_dirs(folder .. "/sub")
    watch:next()
    assert(watch:add(folder .. "/sub"))
    assert(watch:add(folder .. "/sub"))
    sys.files.remove(folder .. "/sub", { recursive = true })
    expect(#watch:next() > 0):is(true)
    sys.files.write(folder .. "/a.lua", "1")
    expect(#watch:next(1000) > 0):is(true)
  end)

  it("says that anything may have changed when there is too much to tell", function()
    for i = 1, 3000 do
      sys.files.write(("%s/%s-%d"):format(folder, ("x"):rep(60), i), "1", { append = true })
      if i % 50 == 0 then sys.clock.sleep(0) end
    end
    local seen
    repeat
      local list = watch:next(200)
      for _, path in ipairs(list or {}) do seen = seen or path == "/" end
    until not list
    expect(seen):is(true)
  end)

  it("refuses a second who waits, and wrong use", function()
    local task = sys.task.spawn(function() return watch:next(5000) end)
    sys.task.spawn(function() end):join()
    expect(function() watch:next() end):raises "another task"
    expect(function() watch:close() end):raises "waits"
    sys.files.write(folder .. "/a.lua", "1")
    task:join()
  end)
end)

describe("sys.files.lock", function()
  it("is held by one at a time", function()
    local folder = assert(sys.files.temp_dir "nano-lock-")
    local first = assert(sys.files.lock(folder .. "/x.lock"))
    local second, why, code = sys.files.lock(folder .. "/x.lock")
    expect(second):is(nil)
    expect(code):is "busy"
    expect(why):matches "x.lock"
    first:release()
    local third = assert(sys.files.lock(folder .. "/x.lock"))
    third:release()
    local _, _, missing = sys.files.lock(folder .. "/none/x.lock")
    expect(missing):is "not-found"
    sys.files.remove(folder, { recursive = true })
  end)
end)

describe("sys.env.notify", function()
  it("has nobody to tell outside of a service", function()
    if not sys.env.get "NOTIFY_SOCKET" then expect(sys.env.notify "READY=1"):is(true) end
  end)
end)
