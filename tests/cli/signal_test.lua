-- A signal in the middle of a command: what had finished is printed and recorded, the rest is told,
-- the exit code is the signal's, and no process is left behind.

local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

local QUICK = [[
return skill "quick" { about = "passes", run = function(t) t.summary("done") end }
]]
local ENDLESS = [[
return skill "endless" { about = "waits", run = function(t)
  t.step("wait", function() t.sleep("10m") end)
end }
]]

local folder
before_each(function()
  folder = lib.folder()
  folder:write("quick.lua", QUICK)
  folder:write("endless.lua", ENDLESS)
end)
after_each(function() folder:remove() end)

-- The command is where it shall be hit once the second skill's step has begun.
local function start_and_wait(arguments)
  local run = folder:start { "run", "quick.lua", "endless.lua", "quick.lua",
    "-r", "jsonl=events.jsonl", unpack(arguments or {}) }
  while not (folder:read "events.jsonl" or ""):find('"step.started"', 1, true) do
    sys.clock.sleep(10)
  end
  return run
end

local function workers_of(parent)
  local pids = {}
  for _, line in ipairs(lib.processes_with "--role=worker") do
    local pid = line:match "^%d+"
    local status = sys.files.read("/proc/" .. pid .. "/status") or ""
    if status:match "PPid:%s*(%d+)" == tostring(parent) then pids[#pids + 1] = pid end
  end
  return pids
end

describe("a signal", function()
  for name, code in pairs { INT = 130, TERM = 143, HUP = 129 } do
    it(name .. " ends the command with " .. code .. " and keeps what had finished", function()
      local run = start_and_wait { "-r", "json" }
      run.process:kill(name)
      local ended = run.finish()
      expect(ended.code):is(code)
      local report = json.decode(ended.stdout)
      expect(#report.results):is(1)
      expect(report.results[1].skill):is("quick")
      expect(report.interrupted):is(name)
      expect(report.planned):is(3)
      expect(ended.stderr):contains("stopping (SIG" .. name .. ")")

      local file = folder.path .. "/.local/state/nano-sre/nano-sre.db"
      local db = assert(require("service.db").open(file))
      local kept = assert(db:recent_runs {})
      db:close()
      expect(#kept):is(1)
      expect(kept[1].skill_name):is("quick")
    end)
  end

  it("leaves no worker behind", function()
    local run = start_and_wait()
    local workers = workers_of(run.process:pid())
    expect(#workers):is(1)
    run.process:kill "INT"
    run.finish()
    for _, pid in ipairs(workers) do expect(sys.files.stat("/proc/" .. pid)):is(nil) end
  end)
end)
