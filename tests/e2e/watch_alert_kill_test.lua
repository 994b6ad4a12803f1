-- kill -9 of the daemon at the exact points of a delivery: the receiver has read the message, or
-- has answered it, and main dies. Nothing is forgotten; what comes again can be told by its key, or
-- says that it may be a repeat, or is held, as the alerter and its setting say.

local db = require "service.db"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()
local oracles = assert(sys.load_trusted(sys.files.read "tests/lua/watch_oracle.lua",
  "tests/lua/watch_oracle.lua"))()
local stand = assert(sys.load_trusted(sys.files.read "tests/lua/alert_stand.lua",
  "tests/lua/alert_stand.lua"))()

-- A receiver that can't tell a repetition, as Slack or an SMS.
local PLAIN = [[return alerter "plain" { needs = { "http" }, timeout = "2s",
  options = { url = option.url { required = true } },
  send = function(a, message, o)
    a.post(o.url, { json = { title = message.title, text = message.text, id = message.id,
      occasion = message.occasion, again = message["repeat"] } })
  end }]]

local function await(read)
  while true do
    local value = read()
    if value then return value end
    sys.clock.sleep(20)
  end
end

describe("a delivery, and the daemon killed", function()
  local folder, oracle, receiver, run, word

  local function start(alerter)
    folder:write("nano-sre.lua", ([[return {
      stores = { { url = "%s/one", name = "one" } },
      alerts = { hook = { %s } },
      routes = { { name = "all", to = { "hook" }, group_wait = "50ms", group_interval = "50ms" } },
    }]]):format(oracle.url, alerter))
    run = folder:start { "watch" }
  end
  local function kill(signal)
    run.process:kill(signal or "KILL")
    local ended = run.finish()
    run = nil
    return ended
  end
  local function rows(sql)
    local store = assert(db.open(folder.path .. "/.nano-sre/nano-sre.db"))
    local list = assert(store:read(sql))
    store:close()
    return list
  end
  -- What came: "opened opened resolved".
  local function came()
    local list = {}
    for i, request in ipairs(receiver.requests) do
      list[i] = request.json.occasion or request.json.data.occasion
    end
    return table.concat(list, " ")
  end

  before_each(function()
    folder, word = lib.folder(), "broken"
    oracle = oracles.start(function() return word end)
    receiver = stand.start()
    folder:write("skills/fast.lua", oracles.SKILL)
    folder:write("alerters/plain.lua", PLAIN)
  end)
  after_each(function()
    if run then kill() end
    receiver.close()
    oracle.stop()
    folder:remove()
  end)

  -- Main dies with the first message read and not answered; then all is well again.
  local function die_before_the_answer(alerter)
    receiver.answer = function(_, count)
      if count > 1 then return 200 end
      run.process:kill "KILL"
      return "never"
    end
    start(alerter)
    await(function() return #receiver.requests > 0 end)
    run.finish()
    start(alerter)
  end
  local function recover()
    word = "fine"
    await(function() return came():match "resolved$" end)
    kill "TERM"
  end

  it("before the answer: the receiver knows the message again", function()
    local alerter = ('use = "webhook", url = "%s/"'):format(receiver.url)
    die_before_the_answer(alerter)
    await(function() return #receiver.requests > 1 end)
    recover()
    expect(came()):is "opened opened resolved"
    local first, again = receiver.requests[1], receiver.requests[2]
    expect(again.headers["webhook-id"]):is(first.headers["webhook-id"])
    expect(again.json.data["repeat"]):is(true)
    expect(again.json.data.title):is(first.json.data.title)
    expect(again.json.data.text):is(first.json.data.text)
  end, { timeout_ms = 60000 })

  it("before the answer: a reader is told that it may be a repeat", function()
    local alerter = ('use = "plain", url = "%s/"'):format(receiver.url)
    die_before_the_answer(alerter)
    await(function() return #receiver.requests > 1 end)
    recover()
    expect(came()):is "opened opened resolved"
    local first, again, last = receiver.requests[1].json, receiver.requests[2].json,
      receiver.requests[3].json
    expect(first.again):is(nil)
    expect(again.again):is(true)
    expect(again.title):is(first.title .. " (perhaps a repeat)")
    expect(again.text):matches "may be a repeat"
    expect(again.id):is(first.id)
    expect(last.title):does_not_match "repeat"
  end, { timeout_ms = 60000 })

  it("before the answer: it is held, where somebody wants that", function()
    local alerter = ('use = "plain", url = "%s/", on_doubt = "hold"'):format(receiver.url)
    die_before_the_answer(alerter)
    await(function()
      local events = rows "SELECT data FROM events WHERE type = 'alert.dead'"
      return #events > 0
    end)
    recover()
    expect(came()):is "opened resolved"
    local dead = rows "SELECT occasion, error FROM outbox WHERE status = 'dead'"
    expect(#dead):is(1)
    expect(dead[1].occasion):is "opened"
    expect(dead[1].error):matches 'may have arrived .*on_doubt is "hold"'
  end, { timeout_ms = 60000 })

  it("after the answer, many times: each comes, and only under its own key again", function()
    local kills, known = 0, {}
    receiver.answer = function(request, count)
      if not known[request.headers["webhook-id"]] then -- the shop goes on to the next
        known[request.headers["webhook-id"]] = true
        word = word == "broken" and "fine" or "broken"
      end
      if kills == 6 or count % 2 == 0 then return 200 end
      receiver.respond(request, 200)
      kills = kills + 1
      run.process:kill "KILL"
      return "never" -- it was answered
    end
    local alerter = ('use = "webhook", url = "%s/"'):format(receiver.url)
    start(alerter)
    while kills < 6 do
      local before = kills
      await(function() return kills > before end)
      run.finish()
      start(alerter)
    end
    receiver.answer = nil
    word = "broken"
    await(function() return #rows "SELECT 1 FROM incidents WHERE status = 'open'" > 0 end)
    recover()
    local count, distinct, last = {}, 0, nil
    for _, request in ipairs(receiver.requests) do
      local id = request.headers["webhook-id"]
      if not count[id] then distinct = distinct + 1 end
      count[id] = (count[id] or 0) + 1
      if count[id] > 1 then expect(request.json.data["repeat"]):is(true) end
      if count[id] == 1 then -- in order: each opened has its end before the next
        local occasion = request.json.data.occasion
        expect(occasion):is(last == "opened" and "resolved" or "opened")
        last = occasion
      end
    end
    expect(distinct):is(#rows "SELECT 1 FROM outbox WHERE status = 'sent'")
    expect(#rows "SELECT 1 FROM outbox WHERE status <> 'sent'"):is(0)
  end, { timeout_ms = 90000 })

  it("no answer at all is a doubt, too", function()
    receiver.answer = function(_, count) return count == 1 and "never" or 200 end
    start(('use = "plain", url = "%s/"'):format(receiver.url))
    await(function() return #receiver.requests > 1 end)
    recover()
    expect(came()):is "opened opened resolved"
    expect(receiver.requests[2].json.title):matches "perhaps a repeat"
  end, { timeout_ms = 60000 })
end)
