local sync = require "sync"

-- Returns when the tasks that were spawned before have begun to wait.
local function settle()
  sys.task.spawn(function() end):join()
end

describe("sync.signal", function()
  it("wakes every task that waits, with the value, in the order in which they came", function()
    local signal, order = sync.signal(), {}
    local tasks = {}
    for i = 1, 3 do
      tasks[i] = sys.task.spawn(function()
        local value = signal:wait()
        order[#order + 1] = i .. value
      end)
    end
    settle()
    signal:fire("!")
    for i = 1, 3 do expect((tasks[i]:join())):is(true) end
    expect(order):same({ "1!", "2!", "3!" })
  end)

  it("gives true when nothing was fired along", function()
    local signal = sync.signal()
    local waiter = sys.task.spawn(function() return signal:wait() end)
    settle()
    signal:fire()
    local _, value = waiter:join()
    expect(value):is(true)
  end)

  it("tells a timeout, and forgets the one who gave up", function()
    local signal = sync.signal()
    local value, code = signal:wait(1)
    expect(value):is(nil)
    expect(code):is("timeout")
    expect(#signal.waiting):is(0)
  end)

  it("keeps nothing for who comes later", function()
    local signal = sync.signal()
    signal:fire("early")
    expect((signal:wait(1))):is(nil)
  end)

  it("can be waited for again by a task that it woke", function()
    local signal, seen = sync.signal(), {}
    local waiter = sys.task.spawn(function()
      for _ = 1, 3 do seen[#seen + 1] = signal:wait() end
    end)
    for i = 1, 3 do
      settle()
      signal:fire(i)
    end
    waiter:join()
    expect(seen):same({ 1, 2, 3 })
  end)

  it("is not held up by a task that was ended while it waited", function()
    local signal = sync.signal()
    local ended = sys.task.spawn(function() signal:wait() end)
    local alive = sys.task.spawn(function() return signal:wait() end)
    settle()
    ended:kill("enough")
    ended:join()
    signal:fire("go")
    local ok, value = alive:join()
    expect(ok):is(true)
    expect(value):is("go")
  end)
end)
