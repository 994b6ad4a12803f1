-- Thousands of reloads of the whole daemon, broken ones among them, while it watches: every answer
-- is true, no script is dropped, no run is lost, doubled, or made with a version that was never
-- whole, and neither main nor worker grows. RELOADS=10000 does as many (default 1500).

local db = require "service.db"
local http = require "http"
local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

local RELOADS = tonumber(sys.env.get "RELOADS" or "") or 1500
local LOOP_EVERY = 700 -- an endless loop takes the watchdog's two seconds

local BEAT = [[
local word = require "lib.word"
return skill "beat" { every = "100ms", run = function(t)
  t.measure("v", %d)
  t.expect(word):is_a "number" -- of this save or the last: two files are two saves
end }]]

-- What people save by mistake.
local function broken(i)
  local kinds = {
    "return skill 'beat' { every = '100ms', run = function( end }",
    "error 'thrown while loading'",
    "return skill 'beat' { evry = '100ms', run = function() end }",
    "return 1",
    "",
    BEAT:sub(1, 60),
    'require "lib.nothing"',
    "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end",
  }
  if i % LOOP_EVERY == 0 then return "while true do pcall(function() end) end" end
  return kinds[i % #kinds + 1]
end

-- Bytes of memory of a process.
local function rss(pid)
  local statm = sys.files.read(("/proc/%d/statm"):format(pid), 4096)
  return statm and tonumber(statm:match "^%d+ (%d+)") * 4096
end

-- The slope of values by their index, of the second half.
local function slope(values)
  local first = math.floor(#values / 2)
  local n, sx, sy, sxx, sxy = 0, 0, 0, 0, 0
  for i = first, #values do
    n, sx, sy = n + 1, sx + i, sy + values[i]
    sxx, sxy = sxx + i * i, sxy + i * values[i]
  end
  return (n * sxy - sx * sy) / (n * sxx - sx * sx)
end

local function await(read)
  while true do
    local value = read()
    if value then return value end
    sys.clock.sleep(10)
  end
end

describe("reloading", function()
  local folder, run, at

  local function post(path)
    return assert(http.post(at.url .. path, { json = {},
      headers = { Authorization = "Bearer " .. at.token } }))
  end
  local function worker()
    local text = sys.files.read(("/proc/%d/task/%d/children"):format(at.pid, at.pid))
    return tonumber((text or ""):match "%d+")
  end

  before_each(function()
    folder = lib.folder()
    folder:write("nano-sre.lua", [[return { store = { url = "http://127.0.0.1:1", name = "s" },
      watch = { workers = 1, worker_runs = 1000000 } }]])
    folder:write("skills/lib/word.lua", "return 0")
    folder:write("skills/beat.lua", BEAT:format(0))
    folder:write("skills/other.lua",
      [[return skill "other" { every = "1h", run = function() end }]])
    run = folder:start { "watch", "-q" }
    at = await(function()
      local text = sys.files.read(folder.path .. "/.nano-sre/watch.json")
      return text and json.decode(text)
    end)
  end)
  after_each(function()
    if run then
      run.process:kill "KILL"
      run.finish()
    end
    folder:remove()
  end)

  -- One change and its reload; returns the version that counts from now on.
  local function change(i, version)
    local path = folder.path .. "/skills/beat.lua"
    if i % 3 == 1 then
      folder:write("skills/beat.lua", broken(i))
      local answer = post "/-/reload"
      expect(answer.status):is(409)
      expect(#answer:json().problems):is(1)
      return version
    end
    if i % 50 == 0 then -- a storm of renames, as editors and version control make them
      for _ = 1, 20 do
        sys.files.rename(path, path .. "~")
        sys.files.rename(path .. "~", path)
      end
    end
    folder:write("skills/lib/word.lua", "return " .. i)
    folder:write("skills/beat.lua", BEAT:format(i))
    local answer = post "/-/reload"
    if answer.status ~= 200 then error(answer.body) end
    expect(answer:json().checks):is(2)
    return i
  end

  it("grows nothing, drops nothing, and tells the truth", function()
    local version, main, workers, deaths = 0, {}, {}, 0
    local pid = worker()
    for i = 1, RELOADS do
      version = change(i, version)
      if i % 50 == 0 then
        main[#main + 1] = rss(at.pid)
        if worker() ~= pid then
          pid, workers, deaths = worker(), {}, deaths + 1
        end
        workers[#workers + 1] = pid and rss(pid) or nil
      end
    end
    -- The last version that is whole is the one that runs.
    local store = assert(db.open(folder.path .. "/.nano-sre/nano-sre.db"))
    await(function()
      return store:read("SELECT value FROM metrics WHERE name = 'v' ORDER BY id DESC LIMIT 1")[1]
        .value == version
    end)
    run.process:kill "TERM"
    local ended = run.finish()
    run = nil
    if ended.code ~= 0 then error(ended.stderr) end
    local rows = store:read("SELECT r.status, r.due_ms, r.attempt, r.summary, m.value AS v "
      .. "FROM check_runs r LEFT JOIN metrics m ON m.run_id = r.run_id "
      .. "WHERE r.skill_name = 'beat' ORDER BY r.id")
    local last, last_due = -1, 0
    for _, row in ipairs(rows) do
      -- Each time once, with a version that was whole, and never with an older one again.
      if row.status ~= "PASS" then error(row.summary) end
      expect(row.due_ms > last_due):is(true)
      expect(row.v >= last and (row.v == 0 or row.v % 3 ~= 1)):is(true)
      last, last_due = row.v, row.due_ms
    end
    expect(#store:read "SELECT 1 FROM check_runs WHERE status = 'ERROR'"):is(0)
    store:close()
    local at_file = sys.env.get "SAMPLES"
    if at_file then sys.files.write(at_file, json.encode { main = main, worker = workers }) end
    local per_main = slope(main) / 50
    local per_worker = #workers > 8 and slope(workers) / 50 or 0
    if sys.env.get "RELOADS" then
      sys.env.write(2, ("%d reloads, %d runs: main %.1f to %.1f MB (%.0f bytes a reload), worker "
        .. "%.1f to %.1f MB (%.0f bytes a reload), %d workers died\n"):format(RELOADS, #rows,
        main[1] / 1e6, main[#main] / 1e6, per_main, workers[1] / 1e6, workers[#workers] / 1e6,
        per_worker, deaths))
    end
    -- A sanitizer keeps freed memory for itself.
    if lib.program:find("asan", 1, true) then return end
    -- Something kept of each would be seen; the allocator's noise is not, nor is the database's
    -- cache of pages, which grows to 8 MB (with one of 256 KB main keeps nothing at all).
    if per_main > 2000 then error(("main keeps %.0f bytes of each reload"):format(per_main)) end
    if per_worker > 2000 then
      error(("the worker keeps %.0f bytes of each reload"):format(per_worker))
    end
  end, { timeout_ms = 60000 + RELOADS * 100 })
end)
