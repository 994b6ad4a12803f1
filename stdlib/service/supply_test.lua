local runs = require "service.runs"

local SKILL = [[return skill "quick" { run = function() end }]]

describe("a pool's workers", function()
  local pool, said
  local function open(options)
    said = {}
    options.on_worker = function(what) said[what] = (said[what] or 0) + 1 end
    pool = runs.open(options)
  end
  after_each(function() pool:close() end)

  local function run(count, at_once)
    local tasks, left, statuses = {}, count, {}
    for i = 1, at_once do
      tasks[i] = sys.task.spawn(function()
        while left > 0 do
          left = left - 1
          local result = pool:run { script = "/quick.lua", source = SKILL, skill = "quick" }
          statuses[result.status] = (statuses[result.status] or 0) + 1
        end
      end)
    end
    for _, task in ipairs(tasks) do task:join() end
    return statuses
  end

  it("are replaced after so many runs, and no run is lost", function()
    open { workers = 2, recycle_runs = 0.05, concurrency = 4, patient = true }
    expect(run(40, 4)):same { PASS = 40 }
    expect(said.recycled >= 6):is(true)
    expect(said.lost):is(nil)
    expect(#pool.shared <= 2):is(true)
  end)

  it("are as many as wanted while there is work, and share it", function()
    open { workers = 3, concurrency = 12, patient = true }
    run(30, 12)
    expect(#pool.shared):is(3)
    for _, worker in ipairs(pool.shared) do expect(worker.runs > 0):is(true) end
  end)

  it("are replaced when they are too big", function()
    open { workers = 1, recycle_bytes = 1, patient = true }
    run(1, 1)
    for _, worker in ipairs(pool.shared) do
      worker.sized_at = -math.huge
      pool:check_size(worker, sys.clock.mono())
      expect(worker.bytes > 1048576):is(true)
    end
    expect(said.recycled):is(1)
    expect(run(2, 1)):same { PASS = 2 }
  end)

  it("come back when they are killed", function()
    open { workers = 2, concurrency = 4, patient = true }
    run(4, 4)
    for _, worker in ipairs { unpack(pool.shared) } do worker.handle:kill() end
    expect(run(4, 2)):same { PASS = 4 }
    expect(pool.restarts >= 1):is(true)
  end)

  it("wait longer after each start that came to nothing, but not for ever", function()
    open { workers = 1 }
    local last = 0
    for _ = 1, 20 do
      pool:note_failure "no"
      local wait = pool.start_at - sys.clock.mono()
      expect(wait >= last - 50):is(true)
      expect(wait <= 30000):is(true)
      last = wait
    end
    expect(last > 20000):is(true)
  end)
end)
