--- Every bundled alerter against a stand-in that checks the vendor's published payload rules, in a
--- real worker; and what an alerter makes of a receiver that fails.

local describe, it, expect = describe, it, expect
local after_each = after_each
local json = require "json"

local function load(path) return assert(sys.load_trusted(sys.files.read(path), path))() end
local stand, rules = load "tests/lua/alert_stand.lua", load "tests/lua/alert_rules.lua"

local OPTIONS, kind_answer = stand.OPTIONS, stand.kind_answer

local opened
local pool

local function start(answer)
  local one = stand.start(answer)
  opened[#opened + 1] = one
  return one
end

local function config_of(alerts, more)
  local config = { tables = { alerts = alerts }, cwd = "/nonexistent", environment = function() end,
    values = more or {} }
  function config:get(key) return self.values[key] end
  return config
end

local printed
local function sender_of(alerts, now)
  pool = pool or require("service.runs").open {}
  return require("alert.send").new { pool = pool, now = now or sys.clock.now, version = "test",
    config = function() return config_of(alerts) end,
      print = function(text) printed[#printed + 1] = text end }
end

local function fresh()
  for _, one in ipairs(opened or {}) do one.close() end
  opened, printed = {}, {}
end
fresh()
after_each(function()
  fresh()
  stand.remove_picture()
end)

local function check(name, request)
  local ok, why = pcall(rules[name], request)
  if not ok then error(("%s: %s\n%s"):format(name, tostring(why), request.body:sub(1, 2000)), 0) end
end

local names = {}
for name in pairs(OPTIONS) do names[#names + 1] = name end
table.sort(names)

describe("alerters keep the vendor's rules:", function()
  for _, name in ipairs(names) do
    it(name, function()
      local receiver = start(kind_answer(name))
      local sender = sender_of { [name] = OPTIONS[name](receiver.url) }
      local rows = stand.rows(name)
      for _, kind in ipairs { "opened", "changed", "again", "escalated", "acknowledged",
        "pictured", "resolved", "grouped", "huge", "many", "bare" } do
        local before = #receiver.requests
        local outcome = sender:deliver(rows[kind])
        if not outcome.sent then error(("%s: %s"):format(kind, outcome.error), 0) end
        if #receiver.requests == before then error(kind .. ": nothing came", 0) end
        for i = before + 1, #receiver.requests do check(name, receiver.requests[i]) end
      end
      local row = require("alert.message").test_row(name, sys.clock.now(), {})
      expect(sender:deliver(row).sent):is(true)
      check(name, receiver.last())
    end)
  end
end)

local function deliver(name, receiver, row, sender)
  sender = sender or sender_of { [name] = OPTIONS[name](receiver.url) }
  return sender:deliver(row), sender
end

describe("alerters say the right thing:", function()
  it("pagerduty triggers and resolves under one key", function()
    local receiver = start(kind_answer "pagerduty")
    local rows = stand.rows "pagerduty"
    local _, sender = deliver("pagerduty", receiver, rows.opened)
    deliver("pagerduty", receiver, rows.resolved, sender)
    local first, second = receiver.requests[1].json, receiver.requests[2].json
    deliver("pagerduty", receiver, rows.acknowledged, sender)
    expect(receiver.last().json):same { routing_key = first.routing_key,
      event_action = "acknowledge", dedup_key = first.dedup_key }
    expect(first.event_action):is("trigger")
    expect(first.payload.severity):is("error")
    expect(second.event_action):is("resolve")
    expect(second.dedup_key):is(first.dedup_key)
    deliver("pagerduty", receiver, rows.grouped, sender)
    expect(#receiver.requests):is(5)
    expect(receiver.requests[5].json.dedup_key):is("nano-sre/inst/42")
  end)

  it("telegram and discord show the picture, and say it without when they must", function()
    local refuse = false
    local receiver = start(function(request)
      if refuse and request.path:find("sendPhoto", 1, true) then
        return 400, nil, '{"ok":false,"description":"Bad Request: PHOTO_INVALID_DIMENSIONS"}'
      end
      return 200, nil, '{"ok":true,"result":{"message_id":7}}'
    end)
    local outcome, sender = deliver("telegram", receiver, stand.rows("telegram").pictured)
    expect(outcome.id):is "7"
    expect(receiver.last().path):matches "sendPhoto$"
    refuse = true
    expect(deliver("telegram", receiver, stand.rows("telegram").pictured, sender).id):is "7"
    expect(receiver.last().path):matches "sendMessage$"
    expect(deliver("discord", receiver, stand.rows("discord").pictured).sent):is(true)
    expect(receiver.last().headers["content-type"]):matches "^multipart/form%-data"
    check("discord", receiver.last())
    local off = OPTIONS.discord(receiver.url)
    off.screenshot = false
    sender_of({ discord = off }):deliver(stand.rows("discord").pictured)
    expect(receiver.last().headers["content-type"]):matches "^application/json"
  end)

  it("opsgenie closes by the alias that it created", function()
    local receiver = start(kind_answer "opsgenie")
    local rows = stand.rows "opsgenie"
    local _, sender = deliver("opsgenie", receiver, rows.opened)
    deliver("opsgenie", receiver, rows.resolved, sender)
    expect(receiver.requests[1].json.alias):is("nano-sre/inst/41")
    expect(receiver.requests[2].query):is("identifierType=alias")
    expect(receiver.requests[2].path):matches("close$")
    deliver("opsgenie", receiver, rows.acknowledged, sender)
    expect(receiver.last().path):matches("acknowledge$")
    expect(receiver.last().json.note):matches("Taken by Anna: on it")
  end)

  it("github opens one issue, comments on it, and closes it", function()
    local issue, comments = nil, {}
    local receiver = start(function(request)
      if request.method == "GET" and request.path:find("/comments", 1, true) then
        return 200, nil, json.encode(json.array(comments))
      elseif request.method == "GET" then
        return 200, nil, json.encode(json.array { issue })
      elseif request.method == "PATCH" then
        issue = nil
        return 200, nil, "{}"
      elseif request.path:find("/comments", 1, true) then
        table.insert(comments, { body = request.json.body })
        return 201, nil, "{}"
      end
      issue = { number = 12, body = request.json.body }
      return 201, nil, json.encode(issue)
    end)
    local rows = stand.rows "github"
    local outcome, sender = deliver("github", receiver, rows.opened)
    expect(outcome.id):is("12")
    deliver("github", receiver, rows.opened, sender) -- the same message again
    expect(#comments):is(0)
    rows.again.message.key, rows.again.key = "k2", "k2"
    deliver("github", receiver, rows.again, sender)
    deliver("github", receiver, rows.again, sender)
    expect(#comments):is(1)
    rows.resolved.message.key, rows.resolved.key = "k3", "k3"
    deliver("github", receiver, rows.resolved, sender)
    expect(#comments):is(2)
    expect(issue):is(nil)
  end)

  it("the message's id is the same at every try", function()
    local receiver = start(function(_, n) return n == 1 and 503 or 200 end)
    local row = stand.rows("webhook").opened
    local outcome, sender = deliver("webhook", receiver, row)
    expect(outcome.sent):is(nil)
    expect(deliver("webhook", receiver, row, sender).sent):is(true)
    expect(receiver.requests[1].headers["webhook-id"]):is(row.key)
    expect(receiver.requests[2].headers["webhook-id"]):is(row.key)
  end)

  it("alertmanager's alert ends when the incident does, and not before", function()
    local receiver = start()
    local rows = stand.rows "alertmanager"
    local _, sender = deliver("alertmanager", receiver, rows.opened)
    deliver("alertmanager", receiver, rows.resolved, sender)
    local first, second = receiver.requests[1].json[1], receiver.requests[2].json[1]
    expect(first.endsAt):is("2026-05-04T16:05:00.000Z")
    expect(second.endsAt):is("2026-05-04T10:05:00Z")
    expect(second.labels):same(first.labels)
  end)

  it("stdout prints, for people and for programs", function()
    local sender = sender_of { json = { use = "stdout", form = "json" } }
    expect(sender:deliver(stand.rows("stdout").opened).sent):is(true)
    expect(printed[1]):matches("Checkout on Snow & <Shop> is broken")
    expect(sender:deliver(stand.rows("json").opened).sent):is(true)
    expect(json.decode(printed[2]).incident_id):is(41)
  end)
end)

describe("a receiver that fails:", function()
  local function outcome_of(answer, name)
    local receiver = start(answer)
    return (deliver(name or "slack", receiver, stand.rows(name or "slack").opened))
  end

  it("429 is tried again when it says so", function()
    local outcome = outcome_of(function() return 429, { ["Retry-After"] = "30" }, "slow down" end)
    expect(outcome.sent):is(nil)
    expect(outcome.permanent):is(nil)
    expect(outcome.retry_after_ms):is(30000)
    expect(outcome.error):matches("429: slow down")
  end)

  it("telegram says in its own way how long", function()
    local outcome = outcome_of(function()
      return 429, nil, '{"ok":false,"error_code":429,"parameters":{"retry_after":17}}'
    end, "telegram")
    expect(outcome.retry_after_ms):is(17000)
  end)

  it("500 and a broken connection are tried again", function()
    expect(outcome_of(function() return 500, nil, "oops" end).permanent):is(nil)
    local sender = sender_of { slack = { webhook_url = stand.nowhere() } }
    local outcome = sender:deliver(stand.rows("slack").opened)
    expect(outcome.permanent):is(nil)
    expect(outcome.error):matches("refused")
  end)

  it("400, 404 and 410 are not", function()
    for _, status in ipairs { 400, 403, 404, 410 } do
      expect(outcome_of(function() return status, nil, "invalid_payload" end).permanent):is(true)
    end
  end)

  it("403 of a rate limit is tried again", function()
    local outcome = outcome_of(function() return 403, { ["x-ratelimit-remaining"] = "0" },
      "limit" end, "github")
    expect(outcome.permanent):is(nil)
  end)

  it("no secret is in what is told", function()
    local sender = sender_of { telegram = OPTIONS.telegram(stand.nowhere()) }
    local outcome = sender:deliver(stand.rows("telegram").opened)
    expect(outcome.error:find("AAF_secret", 1, true)):is(nil)
    local receiver = start(function(request) return 400, nil, "you sent " .. request.path end)
    outcome = deliver("telegram", receiver, stand.rows("telegram").opened)
    expect(outcome.permanent):is(true)
    expect(outcome.error:find("AAF_secret", 1, true)):is(nil)
  end)

  it("after three failures it is left alone, and tried again later", function()
    local now, broken = 1000000, true
    local receiver = start(function() return broken and 500 or 200 end)
    local sender = sender_of({ slack = OPTIONS.slack(receiver.url) }, function() return now end)
    local row = stand.rows("slack").opened
    for _ = 1, 3 do expect(sender:deliver(row).deferred):is(nil) end
    local outcome = sender:deliver(row)
    expect(outcome.deferred):is(true)
    expect(outcome.retry_after_ms):is(30000)
    expect(#receiver.requests):is(3)
    now, broken = now + 30001, false
    expect(sender:deliver(row).sent):is(true)
    expect(sender:deliver(row).sent):is(true)
  end)

  it("one alerter sends one message at a time, others go on", function()
    local at_once, most, held = 0, 0, {}
    local receiver = start(function(request)
      at_once = at_once + 1
      most = math.max(most, at_once)
      held[#held + 1] = request
      return "never"
    end)
    local other = start()
    local sender = sender_of { slack = OPTIONS.slack(receiver.url),
      webhook = OPTIONS.webhook(other.url) }
    local tasks, done = {}, 0
    for i = 1, 2 do
      tasks[i] = sys.task.spawn(function()
        sender:deliver(stand.rows("slack").opened)
        done = done + 1
      end)
    end
    while #held == 0 do sys.clock.sleep(5) end
    expect(sender:deliver(stand.rows("webhook").opened).sent):is(true)
    expect(most):is(1)
    receiver.respond(held[1], 200)
    while #held == 1 do sys.clock.sleep(5) end
    receiver.respond(held[2], 200)
    for _, task in ipairs(tasks) do task:join(20000) end
    expect(done):is(2)
  end)
end)

describe("an alerter's script", function()
  local folder = assert(sys.files.temp_dir "nano-sre-alerters-")
  assert(sys.files.make_dirs(folder .. "/scripts/alerters"))

  local function run(source, options)
    assert(sys.files.write(folder .. "/scripts/alerters/mine.lua", source))
    local config = config_of { mine = options or {} }
    config.cwd = folder
    pool = pool or require("service.runs").open {}
    local sender = require("alert.send").new { pool = pool, now = sys.clock.now,
      config = function() return config end,
        print = function(text) printed[#printed + 1] = text end }
    return sender:deliver(stand.rows("mine").opened), sender
  end

  it("that never ends is ended", function()
    local outcome = run 'return alerter "mine" { send = function() while true do end end }'
    expect(outcome.error):matches("endless loop")
    expect(outcome.permanent):is(nil)
  end)

  it("whose receiver never answers is ended", function()
    local receiver = start(function() return "never" end)
    local outcome = run([[return alerter "mine" { timeout = "300ms", needs = { "http" },
      options = { url = option.url {} },
      send = function(a, m, o) a.get(o.url) end }]], { url = receiver.url })
    expect(outcome.error):matches("no end after 300ms")
    expect(outcome.permanent):is(nil)
  end)

  it("that is broken says where, and is tried again", function()
    local outcome = run [[return alerter "mine" {
      send = function(a, message) return message.nope.x end }]]
    expect(outcome.error):matches("mine.lua:2")
    expect(outcome.permanent):is(nil)
  end)

  it("says retry and refuse by itself", function()
    local outcome = run 'return alerter "mine" { send = function(a) a.retry("busy", "90s") end }'
    expect(outcome.retry_after_ms):is(90000)
    outcome = run 'return alerter "mine" { send = function(a) a.refuse("no such room") end }'
    expect(outcome.permanent):is(true)
  end)

  it("reaches no host that nobody named", function()
    local receiver = start()
    local outcome = run(([[return alerter "mine" { needs = { "http" },
      send = function(a) a.post("%s", { body = "x" }) end }]]):format(receiver.url))
    expect(outcome.sent):is(nil)
    expect(#receiver.requests):is(0)
    expect(run([[return alerter "mine" { needs = { "http" }, options = { url = option.url {} },
      send = function(a, m, o) a.post(o.url, { body = "x" }) end }]], { url = receiver.url }).sent)
      :is(true)
  end)

  it("cannot do what it does not declare", function()
    expect(run('return alerter "mine" { send = function(a) a.post("http://x.example") end }').error)
      :matches("does not declare that it needs http")
    expect(run('return skill "mine" { run = function() end }').error)
      :matches("is a skill, not an alerter")
    expect(run('return alerter "mine" { sned = function() end }').error)
      :matches('unknown field "sned"')
  end)

  it("in its new version counts from the next message on; a broken one keeps the old", function()
    local first, sender = run 'return alerter "mine" { send = function(a) a.print("one") end }'
    expect(first.sent):is(true)
    assert(sys.files.write(folder .. "/scripts/alerters/mine.lua",
      'return alerter "mine" { send ='))
    expect(sender:deliver(stand.rows("mine").opened).sent):is(true)
    assert(sys.files.write(folder .. "/scripts/alerters/mine.lua",
      'return alerter "mine" { send = function(a) a.print("two") end }'))
    expect(sender:deliver(stand.rows("mine").opened).sent):is(true)
    expect(printed):same({ "one", "one", "two" })
  end)

  it("wrong options are told before anything is sent", function()
    pool = pool or require("service.runs").open {}
    local problems = require("alert.config").check(config_of { slack = { webhok_url = "x" },
      nope = true, pagerduty = {} },
      function(job) return pool:inspect(job) end)
    expect(#problems):is(3)
    expect(table.concat(problems, "\n")):matches('did you mean "webhook_url"')
    expect(table.concat(problems, "\n")):matches('"routing_key" is required')
    expect(table.concat(problems, "\n")):matches('no alerter "nope"')
  end)
end)
