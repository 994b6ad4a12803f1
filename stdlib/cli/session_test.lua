-- The whole command with a pool that answers at once: what is kept, told and returned, whatever
-- goes wrong.

local json = require "json"
local out = require "cli.out"
local runs = require "service.runs"
local session = require "cli.session"

local dir, written, real_open, real_write, real_signal
local pool, signal_task

-- results: skill → result fields, or a function(job, pool) that returns them
local function fake_pool(results)
  pool = { running = 0, most = 0, jobs = {}, closed = false }
  function pool:run(job)
    self.jobs[#self.jobs + 1] = job
    self.running = self.running + 1
    self.most = math.max(self.most, self.running)
    local fields = results[job.skill]
    if type(fields) == "function" then fields = fields(job, self) end
    self.running = self.running - 1
    local result = { skill = job.skill, script = job.script, steps = {}, metrics = {},
      duration_ms = 1 }
    for key, value in pairs(fields) do result[key] = value end
    return result
  end
  function pool:inspect(entry)
    if entry.source:find "broken" then return nil, { message = "broken" } end
    return { name = "x", capabilities = {}, options = {}, aliases = {} }
  end
  function pool:abandon(reason)
    self.abandoned = reason
    if self.on_abandon then self.on_abandon() end
  end
  function pool:close() self.closed = true end
  runs.open = function(options)
    pool.on_event = options.on_event
    return pool
  end
end

-- Everybody who can run has run once when this returns.
local function let_others_run()
  local me = sys.task.current()
  sys.task.spawn(function() me:unpark() end)
  sys.task.park()
end

local function command(fields)
  local request = { command = "nano-sre run", refs = {}, forget = true }
  for key, value in pairs(fields.request or {}) do request[key] = value end
  for _, name in ipairs(fields.skills) do
    request.refs[#request.refs + 1] = dir .. "/" .. name .. ".lua"
    sys.files.write(dir .. "/" .. name .. ".lua", "return skill '" .. name .. "' {}")
  end
  local flags = { report_dir = dir .. "/report" }
  for key, value in pairs(fields.flags or {}) do flags[key] = value end
  local one = session.open(flags, { project = false, getenv = fields.getenv or function() end })
  return one:run(request), one
end

before_each(function()
  dir = sys.files.temp_dir "nano-session"
  written = { "", "" }
  real_open, real_write, real_signal = runs.open, out.write, sys.env.signal
  out.write = function(fd, text) written[fd] = written[fd] .. text end
  sys.env.signal = function()
    signal_task = sys.task.current()
    return sys.task.park()
  end
end)

after_each(function()
  runs.open, out.write, sys.env.signal = real_open, real_write, real_signal
  sys.files.remove(dir, { recursive = true })
end)

describe("a command that runs skills", function()
  it("ends with 0 when all passed, and says so on stdout alone", function()
    fake_pool { a = { status = "PASS", summary = "fine" } }
    expect(command { skills = { "a" } }):is(0)
    expect(written[1]):matches("✓ PASS   a .* fine\n$")
    expect(pool.closed):is(true)
  end)

  it("ends with 1 when one failed, and still runs the others", function()
    fake_pool {
      a = { status = "FAIL", summary = "cart is broken", failure = { message = "cart is broken" } },
      b = { status = "PASS", summary = "fine" },
      c = { status = "ERROR", error = { kind = "engine", message = "x" } },
    }
    expect(command { skills = { "a", "b", "c" } }):is(1)
    expect(written[1]):matches("1 passed, 1 failed, 1 error in")
  end)

  it("ends with 3 when only the monitor failed", function()
    fake_pool { a = { status = "ERROR", error = { kind = "browser", message = "no browser" } } }
    expect(command { skills = { "a" } }):is(3)
  end)

  it("counts a warning when it was asked to", function()
    fake_pool { a = { status = "WARN", summary = "slow" } }
    expect(command { skills = { "a" } }):is(0)
    fake_pool { a = { status = "WARN", summary = "slow" } }
    expect((command { skills = { "a" }, flags = { fail_on = "warn" } })):is(1)
  end)

  it("runs as many at once as it may, and each once", function()
    local function slow()
      let_others_run()
      return { status = "PASS" }
    end
    fake_pool { a = slow, b = slow, c = slow, d = slow }
    command { skills = { "a", "b", "c", "d" }, flags = { jobs = "3" } }
    expect(pool.most):is(3)
    expect(#pool.jobs):is(4)
    fake_pool { a = slow, b = slow }
    command { skills = { "a", "b" } }
    expect(pool.most):is(1)
  end)

  it("reports in the order in which skills were asked for", function()
    fake_pool {
      a = function() let_others_run() return { status = "PASS" } end, b = { status = "PASS" },
    }
    command { skills = { "a", "b" }, flags = { jobs = "2", reporters = { "json" } } }
    local report = json.decode(written[1])
    expect(report.results[1].skill):is("a")
    expect(report.results[2].skill):is("b")
  end)

  it("tells of a database that can't be used once, however many wait for it", function()
    sys.files.write(dir .. "/file", "")
    fake_pool { a = { status = "PASS" }, b = { status = "PASS" }, c = { status = "PASS" } }
    command {
      skills = { "a", "b", "c" }, request = { forget = false }, flags = { jobs = "3" },
      getenv = function(name) return name == "SQLITE_DB_PATH" and dir .. "/file/x.db" or nil end,
    }
    local _, count = written[2]:gsub("results are not kept", "")
    expect(count):is(1)
  end)

  it("tells of steps on stderr as they finish", function()
    fake_pool { a = function(job)
      pool.on_event(job, { type = "step.finished", name = "home", index = 1, status = "PASS",
        duration_ms = 812 })
      expect(written[2]):matches("✓ home  812 ms\n")
      expect(written[1]):is("")
      return { status = "PASS" }
    end }
    command { skills = { "a" } }
  end)

  it("is silent on stderr with --quiet", function()
    fake_pool { a = function(job)
      pool.on_event(job, { type = "step.finished", name = "home", index = 1, status = "PASS",
        duration_ms = 812 })
      return { status = "PASS" }
    end }
    command { skills = { "a" }, request = { quiet = true } }
    expect(written[2]):is("")
  end)

  it("does not lose results when the database can't be used", function()
    sys.files.write(dir .. "/file", "")
    fake_pool { a = { status = "PASS", summary = "fine" } }
    local code = command {
      skills = { "a" }, request = { forget = false },
      getenv = function(name) return name == "SQLITE_DB_PATH" and dir .. "/file/x.db" or nil end,
    }
    expect(code):is(3)
    expect(written[1]):matches("✓ PASS   a")
    expect(written[2]):matches("error: %S+file/x.db: results are not kept")
  end)

  it("does not lose results when a report can't be written", function()
    sys.files.write(dir .. "/file", "")
    fake_pool { a = { status = "PASS", summary = "fine" } }
    expect((command { skills = { "a" },
      flags = { reporters = { "json,junit=" .. dir .. "/file/x.xml" } } })):is(3)
    local report = json.decode(written[1])
    expect(report.results[1].status):is("PASS")
    expect(report.problems[1].message):matches("can't write the junit report")
    expect(report.exit_code):is(3)
  end)

  it("writes reports beside the pictures when they were asked for, the HTML one last", function()
    fake_pool { a = { status = "PASS", summary = "fine" } }
    local _, one = command { skills = { "a" }, request = { report = true } }
    expect(sys.files.read(one.folder .. "/report.md")):matches("| a | ✅ PASS | fine |")
    expect(sys.files.read(one.folder .. "/report.html")):matches("^<!DOCTYPE html>")
    expect(json.decode(sys.files.read(one.folder .. "/report.json")).results[1].skill):is "a"
    expect(written[1]):matches("\nreport: %S+report%.md\nreport: %S+report%.html\n$")
    expect(pool.jobs[1].artifacts):is(one.folder .. "/a")
  end)

  it("keeps the report as data where pictures are", function()
    fake_pool { a = function(job)
      sys.files.make_dirs(job.artifacts)
      return { status = "PASS" }
    end }
    local _, one = command { skills = { "a" } }
    expect(json.decode(sys.files.read(one.folder .. "/report.json")).exit_code):is(0)
    expect(sys.files.stat(one.folder .. "/report.html")):is(nil)
    expect(written[1]:find("report:", 1, true)):is(nil)
  end)

  it("makes no report folder when there is nothing to write", function()
    fake_pool { a = { status = "PASS" } }
    command { skills = { "a" } }
    expect(sys.files.stat(dir .. "/report")):is(nil)
  end)
end)

describe("a signal", function()
  it("ends the runs, keeps and reports what had finished, and sets the exit code", function()
    fake_pool {
      a = { status = "PASS", summary = "fine" },
      b = function(_, self)
        local me = sys.task.current()
        self.on_abandon = function() me:unpark() end
        sys.task.spawn(function() signal_task:unpark "INT" end)
        sys.task.park()
        return { status = "ERROR", error = { kind = "killed", message = "stopped" } }
      end,
      c = { status = "PASS" },
    }
    expect((command { skills = { "a", "b", "c" }, flags = { reporters = { "json" } } })):is(130)
    expect(pool.abandoned):is("stopped by SIGINT")
    expect(#pool.jobs):is(2)
    local report = json.decode(written[1])
    expect(#report.results):is(1)
    expect(report.results[1].skill):is("a")
    expect(report.interrupted):is("INT")
    expect(report.planned):is(3)
    expect(report.exit_code):is(130)
  end)
end)
