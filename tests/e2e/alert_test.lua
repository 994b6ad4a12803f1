--- Messages through the whole daemon: a fault of the demo shop reaches receivers once, and that it
--- is over once; a receiver that is down, an alerter that is edited, a restart in between.

local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()
local stand = assert(sys.load_trusted(sys.files.read "tests/lua/alert_stand.lua",
  "tests/lua/alert_stand.lua"))()

local SKILL = [[
local http = require "http"
return skill "cart" { every = "200ms", needs = { "http" }, run = function(t)
  t.step("look", function()
    t.expect(http.get(t.store.url .. "/cart.js?access_token=verysecret123").status):is(200)
  end)
end }
]]

local SECRET = "whsec_" .. sys.codec.base64("0123456789abcdef")

local function config(url, alerts)
  return ([[return {
    store = { url = "%s", name = "shop" },
    alerts = { %s },
    routes = { { name = "all", to = { "hook" }, group_wait = "50ms", group_interval = "50ms" } },
  }]]):format(url, alerts)
end

-- Waits for an event; the test's own limit ends it.
local function await(read)
  while true do
    local value = read()
    if value then return value end
    sys.clock.sleep(20)
  end
end

describe("messages", function()
  local folder, demo, run, receiver

  local function start(more_env)
    run = folder:start({ "watch" }, more_env)
    local where = folder.path .. "/.nano-sre/watch.json"
    await(function()
      local text = sys.files.read(where)
      local found = text and json.decode(text)
      return found and found.pid == run.process:pid()
    end)
  end

  local function stop(signal)
    run.process:kill(signal or "TERM")
    local ended = run.finish()
    run = nil
    return ended
  end

  local function types()
    local out = {}
    for i, request in ipairs(receiver.requests) do
      out[i] = request.json and request.json.type or "?"
    end
    return out
  end

  before_each(function()
    folder = lib.folder()
    demo = folder:demo()
    receiver = stand.start()
    folder:write("skills/cart.lua", SKILL)
    folder:write("nano-sre.lua", config(demo.url,
      ('hook = { use = "webhook", url = "%s/hook", secret = { env = "HOOK_SECRET" } }')
        :format(receiver.url)))
    folder:write(".env", "HOOK_SECRET=" .. SECRET .. "\n")
  end)

  after_each(function()
    if run then stop "KILL" end
    receiver.close()
    demo.stop()
    folder:remove()
  end)

  it("tell of a fault once and of its end once, with what is needed and no secret", function()
    start()
    demo.fault("cart_500", true)
    await(function() return #receiver.requests >= 1 end)
    demo.fault("cart_500", false)
    await(function() return #receiver.requests >= 2 end)
    local ended = stop()
    expect(types()):same { "incident.opened", "incident.resolved" }
    local opened, resolved = receiver.requests[1], receiver.requests[2]
    local item = opened.json.data
    expect(item.title):is "[P1] Cart on shop is broken"
    expect(item.step):is "look"
    expect(item.cause):matches "500"
    expect(item.since):matches "^%d+%-%d+%-%d+T"
    expect(resolved.json.data.dedup_key):is(item.dedup_key)
    expect(opened.headers["webhook-id"] ~= resolved.headers["webhook-id"]):is(true)
    local signed = ("%s.%s.%s"):format(opened.headers["webhook-id"],
      opened.headers["webhook-timestamp"], opened.body)
    expect(opened.headers["webhook-signature"])
      :is("v1," .. sys.codec.base64(sys.codec.hmac_sha256("0123456789abcdef", signed)))
    for _, text in ipairs { opened.body, resolved.body, ended.stderr } do
      expect(text:find("verysecret123", 1, true)):is(nil)
      expect(text:find(SECRET, 1, true)):is(nil)
    end
  end)

  it("wait for a receiver that is down, over a kill, under the same id", function()
    local broken = true
    receiver.answer = function()
      if broken then return 503, { ["Retry-After"] = "1" }, "later" end
      return 200
    end
    start()
    demo.fault("cart_500", true)
    await(function() return #receiver.requests >= 1 end)
    stop "KILL"
    broken = false
    local before = #receiver.requests
    start()
    await(function() return #receiver.requests > before end)
    demo.fault("cart_500", false)
    await(function() return types()[#receiver.requests] == "incident.resolved" end)
    stop()
    for i = 2, before + 1 do
      expect(receiver.requests[i].headers["webhook-id"])
        :is(receiver.requests[1].headers["webhook-id"])
    end
    expect(#receiver.requests):is(before + 2)
  end)

  it("go by the alerter as it stands when they go", function()
    local function script(word)
      folder:write("alerters/mine.lua", ([[return alerter "mine" { needs = { "http" },
        options = { url = option.url { required = true } },
        send = function(a, message, o) a.post(o.url, { body = "%s " .. message.occasion }) end }]])
        :format(word))
    end
    script "one"
    folder:write("nano-sre.lua", config(demo.url,
      ('hook = { use = "mine", url = "%s/hook" }'):format(receiver.url)))
    start()
    demo.fault("cart_500", true)
    await(function() return #receiver.requests >= 1 end)
    folder:write("alerters/mine.lua", "return alerter 'mine' {") -- half-written: the old one counts
    demo.fault("cart_500", false)
    await(function() return #receiver.requests >= 2 end)
    script "two"
    demo.fault("cart_500", true)
    await(function() return #receiver.requests >= 3 end)
    local ended = stop()
    expect(receiver.requests[1].body):is "one opened"
    expect(receiver.requests[2].body):is "one resolved"
    expect(receiver.requests[3].body):is "two opened"
    expect(ended.stderr):matches "reload_failed.*mine.lua"
  end)

  it("are tested from the command line", function()
    local ended = folder:run { "alert", "test", "hook" }
    expect(ended.stdout):matches "^hook: sent"
    expect(ended.code):is(0)
    expect(receiver.requests[1].json.type):is "incident.test"
    expect(receiver.requests[1].json.data.test):is(true)
    receiver.answer = function() return 410 end
    ended = folder:run { "alert", "test", "hook" }
    expect(ended.code):is(3)
    expect(ended.stderr):matches "answered 410"
    ended = folder:run { "alert", "test", "hok" }
    expect(ended.code):is(2)
    expect(ended.stderr):matches "did you mean hook"
    local dry = folder:run { "alert", "test", "hook", "--dry-run" }
    expect(dry.code):is(3)
    expect(dry.stderr):matches "dry run"
    expect(#receiver.requests):is(2)
    ended = folder:run { "alert", "list" }
    expect(ended.stdout):matches "hook +%(webhook%) +alerts.hook"
    expect(ended.code):is(0)
  end)

  it("that cannot go are said before the daemon starts", function()
    folder:write("nano-sre.lua", config(demo.url, 'hook = { use = "slack", webhok_url = "x" }'))
    local ended = folder:run { "alert", "list" }
    expect(ended.code):is(2)
    expect(ended.stderr):matches 'did you mean "webhook_url"'
    local watched = folder:run { "watch" }
    expect(watched.code):is(2)
    expect(watched.stderr):matches 'did you mean "webhook_url"'
    folder:write("nano-sre.lua", config(demo.url, 'hok = { use = "stdout" }'))
    expect(folder:run({ "watch" }).stderr)
      :matches 'no alerter "hook" is configured, did you mean "hok"'
  end)
end)
