-- A script that misbehaves ends its own run as ERROR with script and line, while another run in the
-- same command passes.

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local GOOD = [[
return skill "good" { about = "waits a little, then passes", run = function(t)
  t.step("wait", function() t.sleep("300ms") end)
end }
]]

local BAD = {
  loop = { error = "timeout", line = 3, text = "endless loop", source = [[
return skill "bad" { about = "loops for ever", run = function(t)
  t.step("spin", function()
    while true do end
  end)
end }
]] },
  pathological_find = { error = "killed", line = 3, text = "stopped answering", source = [[
return skill "bad" { about = "one call that never returns", run = function(t)
  local text = ("a"):rep(60)
  text:find((".-"):rep(30) .. "b")
end }
]] },
  allocation = { error = "memory", line = 3, text = "memory", source = [[
return skill "bad" { about = "allocates without end", run = function(t)
  local all = {}
  while true do all[#all + 1] = { ("x"):rep(1000) .. #all } end
end }
]] },
  recursion = { error = "script", line = 2, text = "stack overflow", source = [[
return skill "bad" { about = "recurses without end", run = function(t)
  local function down() return 1 + down() end
  down()
end }
]] },
  throw = { error = "script", line = 2, text = "out of luck", source = [[
return skill "bad" { about = "throws", run = function(t)
  error("out of luck")
end }
]] },
  throw_nil = { error = "script", text = "nil", source = [[
return skill "bad" { about = "throws nothing", run = function(t) error() end }
]] },
  hostile_error = { error = "timeout", text = "endless loop", source = [[
return skill "bad" { about = "throws a hostile object", run = function(t)
  error(setmetatable({}, { __tostring = function() while true do end end }))
end }
]] },
  swallowed_timeout = { error = "timeout", line = 3, text = "timed out", source = [[
return skill "bad" { about = "swallows the timeout", timeout = "400ms", run = function(t)
  while true do
    pcall(function() t.sleep("10s") end)
  end
end }
]] },
  swallowed_loop = { error = "timeout", text = "endless loop", source = [[
return skill "bad" { about = "swallows the watchdog", run = function(t)
  while true do pcall(function() while true do end end) end
end }
]] },
  swallowed_recursion = { error = "timeout", text = "endless loop", source = [[
return skill "bad" { about = "recurses without end and swallows the overflow", run = function(t)
  local function down() pcall(down) return 1 + down() end
  down()
end }
]] },
  swallowed_recursion_by_xpcall = { error = "timeout", text = "endless loop", source = [[
return skill "bad" { about = "swallows the overflow by a handler that recurses", run = function(t)
  local function down() xpcall(down, down) return 1 + down() end
  down()
end }
]] },
  wait_while_loading = { error = "script", line = 1, text = "while it loads", source = [[
require("http").get("http://127.0.0.1:1/")
return skill "bad" { about = "waits while loading", needs = { "http" }, run = function() end }
]] },
  loop_while_loading = { error = "timeout", text = "endless loop", source = [[
while true do end
]] },
}

describe("isolation", function()
  local folder
  before_each(function() folder = lib.folder() end)
  after_each(function()
    expect(#lib.processes_with(folder.path)):is(0)
    folder:remove()
  end)

  for name, bad in pairs(BAD) do
    it("keeps " .. name .. " to its own run", function()
      folder:write("good.lua", GOOD)
      folder:write("bad.lua", bad.source)
      local results, ended = folder:report { "run", "good.lua", "bad.lua", "--jobs", "2", "--url",
        "http://127.0.0.1:9" }
      expect(results.good.status):is("PASS")
      local result = results.bad
      expect(result.status):is("ERROR")
      expect(result.error.kind):is(bad.error)
      expect(result.error.message):contains(bad.text)
      if bad.line then expect(result.error.where):is("bad.lua:" .. bad.line) end
      expect(ended.code):is(bad.error == "timeout" and name == "swallowed_timeout" and 124 or 1)
    end)
  end

  it("reports a worker that is killed, and starts a fresh one", function()
    folder:write("good.lua", GOOD)
    folder:write("victim.lua", [[
return skill "victim" { about = "is shot", run = function(t)
  t.step("wait to be shot", function() t.sleep("60s") end)
end }
]])
    local run = folder:start { "run", "victim.lua", "good.lua", "--jobs", "1", "-r", "json" }
    -- The step's start cannot be seen from outside; the worker process can.
    local worker
    while not worker do
      for _, line in ipairs(lib.processes_with("--role=worker")) do
        local pid = line:match("^%d+")
        local status = sys.files.read("/proc/" .. pid .. "/status")
        if status and status:match("PPid:%s*(%d+)") == tostring(run.process:pid()) then
          worker = pid
        end
      end
      sys.clock.sleep(20)
    end
    local killer = assert(sys.process.spawn { argv = { "/bin/kill", "-9", worker }, stdin = "null",
      stdout = "null",
      stderr = "null" })
    killer:wait()
    local ended = run.finish()
    local report = require("json").decode(ended.stdout)
    expect(report.results[1].status):is("ERROR")
    expect(report.results[1].error.message):contains("worker process died")
    expect(report.results[2].status):is("PASS")
  end)
end)
