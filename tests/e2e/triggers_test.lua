-- Triggers of nano-sre watch as their users meet them: GitHub, a script, a file, a storm, a kill.

local codec = sys.codec
local db = require "service.db"
local http = require "http"
local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

local SECRET = "a-secret-of-32-characters-length"

local SKILL = [[
return skill "quick" { every = "12h", options = { n = option.number { default = 1 },
  ms = option.number { default = 0 } },
  run = function(t, o) t.sleep(o.ms) t.summary("n is " .. o.n) end }
]]

local function await(read)
  while true do
    local value = read()
    if value then return value end
    sys.clock.sleep(20)
  end
end

describe("a trigger", function()
  local folder, run, store

  local function config(triggers, more)
    folder:write("nano-sre.lua", ([[return {
      store = { url = "http://127.0.0.1:1", name = "shop" }, triggers = { %s }, %s }]])
      :format(triggers, more or ""))
  end

  local function start()
    run = folder:start({ "watch" }, { HOOK_SECRET = SECRET })
    local where = folder.path .. "/.nano-sre/watch.json"
    run.at = await(function()
      local text = sys.files.read(where)
      local found = text and json.decode(text)
      return found and found.pid == run.process:pid() and found
    end)
  end
  local function stop(signal)
    run.process:kill(signal or "TERM")
    local ended = run.finish()
    run = nil
    return ended
  end

  local function rows(sql, ...)
    store = store or assert(db.open(folder.path .. "/.nano-sre/nano-sre.db"))
    return assert(store:read(sql, ...))
  end
  local function count(summary)
    return rows("SELECT count(*) AS n FROM check_runs WHERE summary = ?", summary)[1].n
  end

  local function deploy(id, state, more)
    local body = json.encode { deployment_status = { id = id, state = state or "success",
      environment = "Production" }, deployment = { sha = "f95f852b" } }
    local headers = { ["Content-Type"] = "application/json", ["X-GitHub-Event"]
      = "deployment_status", ["X-GitHub-Delivery"] = "guid-" .. id,
      ["X-Hub-Signature-256"] = "sha256=" .. codec.hex(codec.hmac_sha256(SECRET, body)) }
    for name, value in pairs(more or {}) do headers[name] = value end
    return assert(http.post(run.at.url .. "/webhooks/deploy", { body = body, headers = headers }))
  end

  before_each(function()
    folder = lib.folder()
    folder:write("skills/quick.lua", SKILL)
  end)
  after_each(function()
    if store then store:close() end
    if run then stop "KILL" end
    folder:remove()
    store = nil
  end)

  it("of GitHub runs checks after a deployment, once for each", function()
    config [[deploy = { webhook = "github", secret = { env = "HOOK_SECRET" }, run = "quick",
      options = { n = 7 } }]]
    start()
    local answer = deploy(1)
    expect(answer.status):is(200)
    expect(answer:json().runs):same { "shop/quick" }
    await(function() return count "n is 7" == 1 end)
    expect(deploy(1):json().duplicate):is(true)
    expect(deploy(1, nil, { ["X-GitHub-Delivery"] = "guid-forged" }):json().duplicate):is(true)
    expect(deploy(2, "pending"):json().ignored):is "the state is pending"
    expect(deploy(3, nil, { ["X-Hub-Signature-256"] = "sha256=" .. ("0"):rep(64) }).status):is(401)
    local url = run.at.url .. "/webhooks/"
    expect(http.post(url .. "nothing", { body = "{}" }).status):is(404)
    expect(http.get(url .. "deploy").status):is(405)
    expect(http.post(url .. "deploy", { body = ("x"):rep(1100000) }).status):is(413)
    expect(http.post(run.at.url .. "/api/v1/trigger", { body = ("x"):rep(70000),
      headers = { Authorization = "Bearer " .. run.at.token } }).status):is(413)
    -- The same after a restart, though nothing of it is in memory any more.
    stop()
    start()
    expect(deploy(1):json().duplicate):is(true)
    local page = http.get(run.at.url .. "/metrics").body
    expect(page):matches 'nano_sre_triggers_total{trigger="deploy",outcome="duplicate"} 1'
    local ended = stop()
    expect(count "n is 7"):is(1)
    expect(ended.stderr:find(SECRET, 1, true)):is(nil)
    local event = rows("SELECT data FROM events WHERE type = 'trigger.received'")
    expect(#event):is(1)
    expect(json.decode(event[1].data).about.sha):is "f95f852b"
  end, { timeout_ms = 60000 })

  it("that was answered with 200 leads to its run though the daemon is killed", function()
    config [[deploy = { webhook = "github", secret = { env = "HOOK_SECRET" }, run = "quick",
      options = { n = 8, ms = 300 } }]]
    start()
    await(function() return count "n is 1" == 1 end)
    expect(deploy(1).status):is(200)
    expect(deploy(2).status):is(200) -- waits for the first run's end
    stop "KILL"
    expect(count "n is 8"):is(0)
    start()
    await(function() return count "n is 8" == 1 end) -- after both: one will do
    expect(deploy(2):json().duplicate):is(true)
    stop()
    expect(count "n is 8"):is(1)
    expect(#rows "SELECT 1 FROM watch_state WHERE name LIKE 'requests/%'"):is(0)
  end, { timeout_ms = 60000 })

  it("takes a storm without becoming one", function()
    config [[deploy = { webhook = "github", secret = { env = "HOOK_SECRET" }, run = "quick",
      options = { n = 9, ms = 200 }, limit = 20 }]]
    start()
    await(function() return count "n is 1" == 1 end)
    local by_status = {}
    for i = 1, 60 do
      local answer = deploy(i)
      by_status[answer.status] = (by_status[answer.status] or 0) + 1
      if answer.status == 429 then
        expect(tonumber(answer.headers["retry-after"]) >= 1):is(true)
      end
      local bad = deploy(1000 + i, nil, { ["X-Hub-Signature-256"] = "x" })
      expect(bad.status):is(401)
    end
    expect(by_status[200] >= 20 and by_status[200] < 60):is(true)
    expect(by_status[200] + by_status[429]):is(60)
    await(function()
      local checks = http.get(run.at.url .. "/api/v1/checks"):json().checks
      return not checks[1].running
        and #rows "SELECT 1 FROM watch_state WHERE name LIKE 'requ%'" == 0
    end)
    local ended = stop()
    local _, lines = ended.stderr:gsub("event=trigger.refused", "")
    expect(lines < 30):is(true) -- of sixty: a line in ten seconds
    expect(count "n is 9" >= 2 and count "n is 9" < 30):is(true)
  end, { timeout_ms = 60000 })

  it("written in Lua decides on its schedule which checks run; an edit counts at once", function()
    config ""
    local function script(n)
      folder:write("triggers/launches.lua", ([[return trigger "launches" { every = "1s",
        run = function(t)
          if t.learned ~= %d then t.run("quick", { n = %d }) end
          t.learn(%d)
        end }]]):format(n, n, n))
    end
    script(21)
    expect(folder:run({ "trigger", "launches", "--dry-run" }).stdout)
      :is 'shop/quick with {"n":21}\n'
    expect(folder:run({ "list" }).stdout):matches "launches +every 1s"
    start()
    await(function() return count "n is 21" == 1 end)
    script(22)
    await(function() return count "n is 22" == 1 end)
    folder:write("triggers/launches.lua", "return trigger 'launches' { run = function( end }")
    await(function()
      return rows("SELECT 1 FROM events WHERE type = 'script.reload_failed'")[1]
    end)
    local shown = http.get(run.at.url .. "/api/v1/triggers"):json().triggers[1]
    expect(shown.when):is "every 1s" -- the old version goes on
    folder:write("triggers/launches.lua",
      [[return trigger "launches" { every = "1s", run = function(t) t.run("quik") end }]])
    local event = await(function()
      return rows("SELECT data FROM events WHERE type = 'trigger.failed'")[1]
    end)
    expect(json.decode(event.data).hint):matches "quick"
    expect(folder:run({ "trigger", "launches" }).stderr):matches 'nothing called "quik"'
    local incident = await(function() return rows("SELECT * FROM incidents")[1] end)
    expect(incident.kind):is "engine"
    expect(incident.skill_name):is "trigger launches"
    expect(incident.title):matches "launches.lua:1: .*quik"
    script(23)
    await(function() return count "n is 23" == 1 end)
    await(function() return rows("SELECT status FROM incidents")[1].status == "resolved" end)
    local ended = stop()
    expect(ended.code):is(0)
    expect(count "n is 21"):is(1) -- what it learned stays
  end, { timeout_ms = 60000 })

  it("with a webhook and a script gives the script what was sent", function()
    config [[orders = { webhook = "standard", secret = { env = "HOOK_SECRET" }, use = "orders" }]]
    folder:write("triggers/orders.lua", [[return trigger "orders" { run = function(t)
      t.run("quick", { n = t.event.body.data.size }) end }]])
    start()
    local body = '{"type":"order.paid","data":{"size":31}}'
    local stamp = ("%d"):format(sys.clock.now() / 1000)
    local function send()
      return assert(http.post(run.at.url .. "/webhooks/orders", { body = body, headers = {
        ["webhook-id"] = "msg_1", ["webhook-timestamp"] = stamp, ["webhook-signature"] = "v1,"
          .. codec.base64(codec.hmac_sha256(SECRET, "msg_1." .. stamp .. "." .. body)) } }))
    end
    expect(send():json().script):is "orders"
    expect(send():json().duplicate):is(true)
    await(function() return count "n is 31" == 1 end)
    await(function()
      return #rows "SELECT 1 FROM watch_state WHERE name LIKE '%/pending/%'" == 0
    end)
    stop()
  end, { timeout_ms = 60000 })

  it("of a file runs checks when one appears or changes, also while nobody watched", function()
    config [[stock = { file = "in/*.csv", run = "quick", options = { n = 41 } }]]
    folder:write("in/old.csv", "there already")
    start()
    await(function()
      return rows("SELECT 1 FROM watch_state WHERE name = 'trigger/stock/files'")[1]
    end)
    folder:write("in/notes.txt", "not ours")
    folder:write("in/new.csv", "a")
    await(function() return count "n is 41" == 1 end)
    folder:write("in/new.csv", "a and b")
    await(function() return count "n is 41" == 2 end)
    stop()
    folder:write("in/old.csv", "written while nobody watched")
    start()
    await(function() return count "n is 41" == 3 end)
    local ended = stop()
    expect(ended.code):is(0)
    expect(count "n is 41"):is(3)
  end, { timeout_ms = 60000 })

  it("that is wrong is said before the daemon starts", function()
    config [[deploy = { webhook = "github", run = "quik" }]]
    local ended = folder:run { "watch" }
    expect(ended.code):is(2)
    expect(ended.stderr):matches "triggers.deploy needs a secret"
    expect(ended.stderr):matches 'nothing called "quik" is watched, did you mean "quick"?'
    config [[deploy = { file = "x", run = "quick", options = { m = 1 } }]]
    expect(folder:run({ "watch" }).stderr):matches 'quick has no option "m", did you mean "ms"?'
    config "launches = { options = { word = 7 } }"
    folder:write("triggers/launches.lua", [[return trigger "launches" {
      options = { word = option.enum { "a", "b", required = true } }, run = function() end }]])
    expect(folder:run({ "watch" }).stderr):matches "triggers.launches"
  end, { timeout_ms = 60000 })
end)
