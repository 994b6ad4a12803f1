-- Many runs in a row through one worker: neither it nor main may grow, and nothing may be left
-- behind, not by runs that break, nor by a worker that is killed.
--
--   SOAK_BROWSER_RUNS=200 LIMIT=1800 tests/run soak   the full one; else 30 runs have a browser
--   SOAK_PRINT=1 ./nano-sre --role=test tests/soak/soak_test.lua   prints what was measured
--
-- How it is measured: memory is what a process has for itself (RssAnon), looked at after each round
-- of runs. The first third of the rounds warms up; of the other two the medians are compared. What
-- is allowed is less than half a kilobyte a plain run and a page (4 KB) a run with a browser, and
-- more than what an allocator moves to and fro.

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()
local runs = require "service.runs"

local INSIDE = sys.env.get("SOAK_INSIDE") -- the folder, when this file runs itself
local BROWSER_RUNS = tonumber(sys.env.get("SOAK_BROWSER_RUNS")) or 30
local PLAIN_RUNS = 1200
local LIMIT_MS = 30 * 60 * 1000
local SLACK_KB = 96
-- A sanitizer keeps freed memory for itself.
local SANITIZED = lib.program:find("asan", 1, true) ~= nil

-- ---- from outside: a process with a folder for temporary files of its own

if not INSIDE then
  describe("a soak", function()
    it("leaves nothing behind", function()
      local folder = lib.folder()
      local process = assert(sys.process.spawn {
        argv = { lib.program, "--role=test", "tests/soak/soak_test.lua" }, stdin = "null",
        stdout = "inherit", stderr = "inherit", env = { PATH = sys.env.get("PATH"),
          HOME = folder.path, TMPDIR = folder.path, LANG = "C.UTF-8", NANO_SRE = lib.program,
          SOAK_INSIDE = folder.path, SOAK_PRINT = sys.env.get("SOAK_PRINT") or "",
          SOAK_BROWSER_RUNS = tostring(BROWSER_RUNS),
          ASAN_OPTIONS = sys.env.get("ASAN_OPTIONS") or "" } })
      local ended = assert(process:wait())
      local left = {}
      for _, entry in ipairs(sys.files.list(folder.path)) do left[#left + 1] = entry.name end
      local processes = lib.processes_with(folder.path)
      folder:remove()
      expect(ended.code):is(0)
      expect(left):same {}
      expect(processes):same {}
    end, { timeout_ms = LIMIT_MS })
  end)
  return
end

-- ---- looking at processes

local function status_of(pid, field)
  local text = sys.files.read(("/proc/%s/status"):format(pid), 65536) or ""
  return tonumber(text:match(field .. ":%s*(%d+)"))
end

local function own_kb(pid) return status_of(pid, "RssAnon") or 0 end

local function open_files(pid) return #(sys.files.list(("/proc/%s/fd"):format(pid)) or {}) end

local SELF = sys.files.read("/proc/self/stat", 4096):match("^%d+")

local function children_of(pid)
  local list = {}
  for child in (sys.files.read(("/proc/%s/task/%s/children"):format(pid, pid), 65536) or "")
    :gmatch("%d+") do
    list[#list + 1] = child
    for _, below in ipairs(children_of(child)) do list[#list + 1] = below end
  end
  return list
end

local function count_files(folder)
  local count = 0
  for _, entry in ipairs(sys.files.list(folder) or {}) do
    count = count + 1
    if entry.kind == "dir" then count = count + count_files(folder .. "/" .. entry.name) end
  end
  return count
end

local function median(list, from, to)
  local part = {}
  for i = from, to do part[#part + 1] = list[i] end
  table.sort(part)
  return part[math.ceil(#part / 2)]
end

-- Growth between the middle and the last third of the rounds.
local function growth(list)
  local third = math.floor(#list / 3)
  return median(list, #list - third + 1, #list) - median(list, #list - 2 * third + 1, #list - third)
end

-- ---- the runs

local QUICK = [[return skill "quick" { needs = { "http" }, run = function(t)
  local answer = require("http").get(t.store.url .. "/cart.js")
  t.expect(answer.status):is(200)
  t.measure("status", answer.status)
end }]]
local THROWS = [[return skill "throws" { run = function(t)
  t.step("break", function() error("out of luck") end)
end }]]
local LOOPS = [[return skill "loops" { run = function() while true do end end }]]
local HOGS = [[return skill "hogs" { run = function()
  local all = {}
  while true do all[#all + 1] = ("x"):rep(1000) .. #all end
end }]]
local UNREADABLE = [[return skill "unreadable" { run = function( }]]

-- Opens what a run should give back, and does not.
local CARELESS = [[return skill "careless" { needs = { "browser" }, run = function(t)
  for _ = 1, 2 do
    local page = t.page { fresh = true }
    page:goto("/")
    page:route("/never", function() t.sleep("60s") end)
    page:eval("void window.open('/cart'), console.log('x'.repeat(100000)), 1")
  end
  error("left open")
end }]]

local DOWNLOADS = [[return skill "downloads" { needs = { "browser" },
  options = { stay = option.boolean { about = "until somebody ends it", default = false } },
  run = function(t, o)
  local page = t.page()
  page:goto("/")
  page:eval("document.body.prepend(Object.assign(document.createElement('a'), "
    .. "{ href: URL.createObjectURL(new Blob(['x'.repeat(100000)])), download: 'x.csv', "
    .. "textContent: 'Take it' }))")
  page:click("text=Take it")
  t.expect(page:wait_for_download().size):is(100000)
  if o.stay then t.step("stay", function() t.sleep("60s") end) end
end }]]

describe("many runs in a row", function()
  local folder, shop, pool, on_event

  local function job_of(name, source, fields)
    local job = { id = "r1", script = "/" .. name .. ".lua", source = source, skill = name,
      store = { url = shop.url }, options = {}, version = "0", browser = { kind = "auto" },
      artifacts = folder.path .. "/artifacts", timeout_ms = 60000 }
    for key, value in pairs(fields or {}) do job[key] = value end
    return job
  end

  before_each(function()
    folder = lib.folder()
    shop = folder:demo()
    on_event = nil
    pool = runs.open { concurrency = 1, policy = { allow_private = true },
      on_event = function(_, event) if on_event then on_event(event) end end }
  end)
  after_each(function()
    pool:close()
    shop.stop()
    folder:remove()
  end)

  local function worker_pid() return pool.shared[1].pid end

  local function show(what, seen)
    if sys.env.get("SOAK_PRINT") ~= "1" then return end
    for _, name in ipairs { "worker", "main", "worker_files", "main_files", "processes", "temp" } do
      local list = seen[name]
      sys.env.write(1, ("%s %s: first %d, median %d, last %d, growth %d\n"):format(what, name,
        list[1], median(list, 1, #list), list[#list], growth(list)))
    end
  end

  --- Runs rounds of `list`, looks after each, and holds the third third against the second;
  --- { job, status } says how each run has to end.
  local function soak(what, list, rounds, kb_per_run)
    local seen = { worker = {}, main = {}, worker_files = {}, main_files = {}, processes = {},
      temp = {} }
    local pid = worker_pid()
    for round = 1, rounds do
      for _, one in ipairs(list) do
        local result = pool:run(one[1])
        expect(result.status, one[1].skill .. ": " .. tostring(result.summary)):is(one[2])
        sys.files.remove(one[1].artifacts, { recursive = true })
      end
      collectgarbage()
      expect(worker_pid(), "the worker is the same one"):is(pid)
      seen.worker[round], seen.main[round] = own_kb(pid), own_kb(SELF)
      seen.worker_files[round], seen.main_files[round] = open_files(pid), open_files(SELF)
      seen.processes[round] = #children_of(SELF)
      seen.temp[round] = count_files(INSIDE)
    end
    show(what, seen)
    for _, name in ipairs { "worker_files", "main_files", "processes", "temp" } do
      expect(growth(seen[name]), what .. ": " .. name):at_most(0)
    end
    if SANITIZED then return end
    local allowed = SLACK_KB + kb_per_run * #list * math.floor(rounds / 3)
    expect(growth(seen.worker), what .. ": memory of the worker, KB"):at_most(allowed)
    expect(growth(seen.main), what .. ": memory of main, KB"):at_most(allowed)
  end

  it("plain ones and broken ones leave everything as it was", function()
    soak("plain", { { job_of("quick", QUICK), "PASS" }, { job_of("throws", THROWS), "ERROR" },
      { job_of("quick", QUICK), "PASS" }, { job_of("unreadable", UNREADABLE), "ERROR" } },
      PLAIN_RUNS / 4, 0.4)
  end, { timeout_ms = LIMIT_MS })

  it("that loop and hog memory leave everything as it was", function()
    soak("hogs", { { job_of("hogs", HOGS), "ERROR" }, { job_of("loops", LOOPS), "ERROR" } }, 3, 4)
  end, { timeout_ms = LIMIT_MS })

  it("with a browser, broken ones among them", function()
    local checkout = assert(sys.files.read("scripts/skills/checkout.lua"))
    soak("browser", { { job_of("checkout", checkout), "PASS" },
      { job_of("careless", CARELESS), "ERROR" }, { job_of("downloads", DOWNLOADS), "PASS" } },
      math.ceil(BROWSER_RUNS / 3), 4)
  end, { timeout_ms = LIMIT_MS })

  it("of which one is killed with its worker: browser, profile and download go too", function()
    on_event = function(event)
      if event.type == "step.started" and event.name == "stay" then
        sys.process.spawn({ argv = { "/bin/kill", "-9", tostring(worker_pid()) }, stdin = "null",
          stdout = "null", stderr = "null" }):wait()
      end
    end
    local browser, before = "nano-sre-browser-", count_files(INSIDE)
    local result = pool:run(job_of("downloads", DOWNLOADS, { options = { stay = true } }))
    expect(result.status):is("ERROR")
    expect(result.error.message):contains("worker process died")
    expect(pool:run(job_of("quick", QUICK)).status):is("PASS")
    local ends = sys.clock.mono() + 20000
    while #lib.processes_with(INSIDE .. "/" .. browser) > 0 or count_files(INSIDE) > before do
      expect(sys.clock.mono(), "it is still there after 20 s"):at_most(ends)
      sys.clock.sleep(50)
    end
  end)
end)
