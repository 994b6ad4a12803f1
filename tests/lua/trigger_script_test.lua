-- A trigger's script, as a worker runs it: what it may ask for, and what is said when it is wrong.

local json = require "json"
local scripts = require "test.scripts"

local CHECKS = json.array {
  { name = "north/checkout", store = "north", store_url = "https://north.example",
    skill = "checkout", options = { "product" }, status = "FAIL" },
  { name = "south/checkout", store = "south", store_url = "https://south.example",
    skill = "checkout", options = { "product" } },
  { name = "south/search", store = "south", store_url = "https://south.example",
    skill = "search", options = {} },
}

local function run(source, more)
  local job = { mode = "trigger", script = "/project/launches.lua", trigger = "launches",
    checks = CHECKS, options = {}, start = { policy = { allow_private = true } } }
  for name, value in pairs(more or {}) do job[name] = value end
  return (scripts.run(source, job))
end

local function body(text, more)
  return run('return trigger "launches" { run = function(t, o) ' .. text .. " end }", more)
end

describe("a trigger's script", function()
  it("asks for runs by the name of a check, a skill or a shop", function()
    local outcome = body [[
      local started = t.run("checkout", { product = "board" })
      t.run("south/search")
      t.run("north", nil, { after = "2m" })
      t.log(started)]]
    expect(outcome.ok):is(true)
    expect(#outcome.runs):is(3)
    expect(outcome.runs[1].ids):same { "north/checkout", "south/checkout" }
    expect(outcome.runs[1].options):same { product = "board" }
    expect(outcome.runs[2].ids):same { "south/search" }
    expect(outcome.runs[3].after_ms):is(120000)
    expect(outcome.log[1]):matches "north/checkout"
  end)

  it("sees what there is, what happened and what it learned", function()
    local outcome = run([[return trigger "launches" { about = "x", timeout = "5s", every = "1m",
      hours = "mon-fri 08:00-18:00", options = { word = option.string {} }, run = function(t, o)
        t.log(t.checks[1].status .. " " .. t.stores[2].url .. " " .. t.event.body.sku
          .. " " .. t.learned.n .. " " .. o.word)
        t.learn { n = t.learned.n + 1 }
      end }]], { event = { kind = "webhook", body = { sku = "B-7" } }, learned = { n = 1 },
      options = { word = "hi" } })
    expect(outcome.message):is(nil)
    expect(outcome.learned):same { n = 2 }
    expect(outcome.log[1]):is "FAIL https://south.example B-7 1 hi"
  end)

  it("is told where it is wrong, and asks for nothing then", function()
    local function wrong(text, message, hint)
      local outcome = body('t.run("south/search") ' .. text)
      expect(outcome.ok):is(false)
      expect(outcome.runs):is(nil)
      expect(outcome.message):matches(message)
      if hint then expect(outcome.hint):matches(hint) end
      expect(outcome.where):is "launches.lua:1"
    end
    wrong('t.run("chekout")', 'nothing called "chekout" is watched', "checkout")
    wrong('t.run("checkout", { produkt = 1 })', 'has no option "produkt"', "product")
    wrong('t.run("south/search", { product = 1 })', "south/search has no option")
    wrong('t.run("checkout", "board")', "options must be a table")
    wrong('t.run("checkout", nil, { after = 5 })', "after is a time")
    wrong('t.run("checkout", nil, { wait = "5s" })', 'unknown field "wait"')
    wrong("for i = 1, 200 do t.run('checkout') end", "at most 100 times")
    wrong("t.learn()", "takes a value")
    wrong('t.http.get("https://north.example")', "does not declare that it needs http")
    wrong("error('no')", "no")
    wrong("t.rum('checkout')", "rum")
  end)

  it("has an end", function()
    local outcome = body("while true do end", { timeout_ms = 200 })
    expect(outcome.ok):is(false)
    outcome = run('return trigger "launches" { needs = { "http" }, '
      .. 'run = function(t) t.http.get("http://192.0.2.1/") end }', { timeout_ms = 100 })
    expect(outcome.ok):is(false)
  end)

  it("reaches the shops and what its manifest and options name, and nothing else", function()
    local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
    local task = sys.task.spawn(function()
      while true do
        local request = server:accept()
        if not request then return end
        server:respond(request.id, 200, {}, "ok")
      end
    end)
    local url = "http://127.0.0.1:" .. server:port()
    local source = ('return trigger "launches" { needs = { "http" }, options = { feed = '
      .. 'option.string { default = "" } }, run = function(t) t.log(t.http.get("%s").body) end }')
      :format(url)
    expect(run(source).message):matches "127.0.0.1"
    expect(run(source, { options = { feed = url } }).log[1]):is "ok"
    local shop = json.array { { name = "s/x", store = "s", store_url = url, skill = "x",
      options = {} } }
    expect(run(source, { checks = shop }).log[1]):is "ok"
    task:kill "over"
    server:close()
  end)

  it("is refused with what is wrong in its declaration", function()
    local function refused(fields, message)
      expect(run("return trigger 'launches' { " .. fields .. " }").message):matches(message)
    end
    refused("", "has no run function")
    refused("run = function() end, evry = '5m'", 'unknown field "evry"')
    refused("run = function() end, every = 5", "is not a duration")
    refused("run = function() end, every = '5m', cron = '* * * * *'", "has every and cron")
    refused("run = function() end, needs = { 'browser' }", "may need http and nothing else")
    expect(run("return skill 'x' { run = function() end }").message)
      :matches "launches.lua is a skill, not a trigger"
  end)
end)
