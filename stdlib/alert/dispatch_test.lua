local dispatch = require "alert.dispatch"
local hours = require "schedule.hours"
local zone = require "schedule.zone"

local MINUTE, HOUR = 60000, 3600000

-- A small world: incidents, a clock, and the log of what went out. Every step goes through JSON, as
-- a restart would.
local function world(routes, start)
  local w = { state = dispatch.new(), incidents = {}, silences = {}, now = start or 1000 * HOUR,
    log = {}, routes = routes }
  function w.open(id, fields)
    local incident = { id = id, status = "open", severity = "P1", store_url = "https://a.example",
      skill = "checkout",
      fingerprint = "f" .. id }
    for k, v in pairs(fields or {}) do incident[k] = v end
    w.incidents[id] = incident
  end
  function w.tick(ms)
    local stop = w.now + (ms or 0)
    while true do
      w.state = sys.codec.json_decode(sys.codec.json_encode(w.state))
      local out, wake = dispatch.due(w.state, w.incidents, { routes = w.routes,
        silences = w.silences }, w.now)
      for _, delivery in ipairs(out) do
        for _, item in ipairs(delivery.items) do
          w.log[#w.log + 1] = { at = w.now, to = delivery.alerter, id = item.incident.id,
            occasion = item.occasion,
            serial = delivery.serial }
        end
      end
      if w.now >= stop then return end
      w.now = math.min(stop, math.max(wake or stop, w.now + 1))
    end
  end
  function w.text()
    local parts = {}
    for _, entry in ipairs(w.log) do
      parts[#parts + 1] = ("%s:%s→%s"):format(entry.id, entry.occasion, entry.to)
    end
    return table.concat(parts, " ")
  end
  return w
end

local PLAIN = { { name = "all", to = { "slack" } } }

describe("alert.dispatch", function()
  it("tells once, and once that it is over", function()
    local w = world(PLAIN)
    w.open "1"
    w.tick(20000)
    expect(w.text()):is("") -- the group still collects
    w.tick(3 * HOUR)
    expect(w.text()):is("1:opened→slack")
    w.incidents["1"].status = "resolved"
    w.tick(2 * HOUR)
    expect(w.text()):is("1:opened→slack 1:resolved→slack")
  end)

  it("lets a parent that is over explain its children until they were looked at again", function()
    local w = world(PLAIN)
    w.open("1", { skill = "home", inhibits = { "checkout" } })
    w.open "2"
    w.tick(HOUR)
    expect(w.text()):is("1:opened→slack")
    w.incidents["1"].status, w.incidents["1"].inhibits_until = "resolved", w.now + 30 * MINUTE
    w.tick(20 * MINUTE)
    expect(w.text()):is("1:opened→slack 1:resolved→slack")
    w.tick(20 * MINUTE) -- the child is still broken: it was its own trouble
    expect(w.text()):is("1:opened→slack 1:resolved→slack 2:opened→slack")
  end)

  it("is silent in a maintenance window, and tells what is left after it", function()
    local w = world(PLAIN, 1699999200000) -- a Tuesday, 22:00
    w.silences = { { match = { skill = "checkout" },
      hours = hours.parse("tue 22:00-23:00", zone.load "UTC") } }
    w.open "1"
    w.tick(59 * MINUTE)
    expect(w.text()):is("")
    w.tick(5 * MINUTE)
    expect(w.text()):is("1:opened→slack")
  end)

  it("knows when nobody has to hear of a resolved incident any more", function()
    local w = world(PLAIN)
    w.open "1"
    w.tick(HOUR)
    w.incidents["1"].status = "resolved"
    expect(dispatch.is_done(w.state, w.incidents["1"])):is(false)
    w.tick(10 * MINUTE)
    expect(dispatch.is_done(w.state, w.incidents["1"])):is(true)
  end)

  it("says nothing of what came and went within the wait", function()
    local w = world(PLAIN)
    w.open "1"
    w.tick(10000)
    w.incidents["1"].status = "resolved"
    w.tick(HOUR)
    expect(w.text()):is("")
  end)

  it("makes one message of what happens together in a store", function()
    local w = world(PLAIN)
    w.open "1"
    w.open("2", { skill = "pixels" })
    w.open("3", { store_url = "https://b.example" })
    w.tick(MINUTE)
    expect(#w.log):is(3)
    expect(w.log[1].serial):is(w.log[2].serial)
    expect(w.log[3].serial ~= w.log[1].serial):is(true)
  end)

  it("reminds after four hours unless somebody acknowledged", function()
    local w = world(PLAIN)
    w.open "1"
    w.tick(9 * HOUR)
    expect(w.text()):is("1:opened→slack 1:again→slack 1:again→slack")
    w.incidents["1"].acknowledged_at = w.now
    w.tick(24 * HOUR)
    expect(w.text()):is("1:opened→slack 1:again→slack 1:again→slack 1:acknowledged→slack")
  end)

  it("tells at once that somebody has taken it, once, to those who know of it", function()
    local w = world { { name = "all", to = { "slack", "pagerduty" }, escalate = {
      { after = 15 * MINUTE, to = { "pagerduty", "boss" } } } } }
    w.open "1"
    w.open "2"
    w.incidents["2"].acknowledged_at = w.now -- before anybody was told
    w.tick(31000)
    w.tick(20 * MINUTE)
    local before = #w.log
    w.incidents["1"].acknowledged_at = w.now
    w.tick(1)
    local told = {}
    for i = before + 1, #w.log do told[#told + 1] = w.log[i].id .. w.log[i].occasion
      .. w.log[i].to end
    expect(told):same { "1acknowledgedslack", "1acknowledgedpagerduty", "1acknowledgedboss" }
    w.tick(5 * HOUR)
    expect(#w.log):is(before + 3)
    local text = w.text()
    expect(text:find("2:opened→slack", 1, true) < text:find("2:acknowledged→slack", 1, true))
      :is(true)
  end)

  it("tells of a taken incident neither in quiet hours nor in a digest", function()
    local utc = zone.load "UTC"
    local night = assert(hours.parse("daily 22:00-07:00", utc))
    local w = world({ { name = "all", to = { "slack" }, quiet = night, continue = true },
      { name = "sum", to = { "mail" }, digest = night } }, (20000 * 24 + 21) * HOUR)
    w.open "1"
    w.tick(MINUTE)
    w.tick(2 * HOUR)
    w.incidents["1"].acknowledged_at = w.now
    w.tick(HOUR)
    expect(w.text():find("acknowledged", 1, true)):is(nil)
    w.tick(9 * HOUR)
    expect(w.text()):matches "1:acknowledged→slack"
    expect(w.text():find("acknowledged→mail", 1, true)):is(nil)
  end)

  it("tells a changed cause at most once an hour", function()
    local w = world(PLAIN)
    w.open "1"
    w.tick(MINUTE)
    for i = 1, 30 do
      w.incidents["1"].fingerprint = "g" .. i
      w.tick(2 * MINUTE)
    end
    expect(w.text()):is("1:opened→slack 1:changed→slack")
  end)

  it("goes by severity, store, skill and label, on to the next route only if told", function()
    local w = world {
      { name = "page", match = { severity = { "P0", "P1" } }, to = { "pagerduty" },
        continue = true },
      { name = "team", match = { skill = "pixel*" }, to = { "ads" } },
      { name = "rest", to = { "slack" } },
    }
    w.open("1", { skill = "pixel_auditor" })
    w.open("2", { severity = "P3" })
    w.tick(MINUTE)
    table.sort(w.log, function(a, b) return a.id .. a.to < b.id .. b.to end)
    expect(w.text()):is("1:opened→ads 1:opened→pagerduty 2:opened→slack")
  end)

  it("keeps silences, and speaks when they end while the trouble goes on", function()
    local w = world(PLAIN)
    w.silences = { { match = { skill = "check*" }, starts = w.now, ends = w.now + 2 * HOUR } }
    w.open "1"
    w.tick(HOUR)
    expect(w.text()):is("")
    w.tick(2 * HOUR)
    expect(w.text()):is("1:opened→slack")
  end)

  it("does not tell children while the parent's trouble is open", function()
    local w = world(PLAIN)
    w.open("1", { skill = "home", inhibits = { "checkout" } })
    w.open "2"
    w.tick(HOUR)
    expect(w.text()):is("1:opened→slack")
    w.incidents["1"].status = "resolved"
    w.tick(HOUR)
    expect(w.text()):is("1:opened→slack 1:resolved→slack 2:opened→slack")
  end)

  it("escalates until acknowledged, and tells those as well that it is over", function()
    local w = world { { name = "all", to = { "slack" }, escalate = { { after = 15 * MINUTE,
      to = { "pagerduty" } },
      { after = 45 * MINUTE, to = { "boss" } } } } }
    w.open "1"
    w.tick(20 * MINUTE)
    w.incidents["1"].acknowledged_at = w.now
    w.tick(2 * HOUR)
    expect(w.text()):is("1:opened→slack 1:escalated:1→pagerduty "
      .. "1:acknowledged→slack 1:acknowledged→pagerduty")
    w.incidents["1"].status = "resolved"
    w.tick(HOUR)
    expect(w.text()):is("1:opened→slack 1:escalated:1→pagerduty "
      .. "1:acknowledged→slack 1:acknowledged→pagerduty "
      .. "1:resolved→slack 1:resolved→pagerduty")
  end)

  it("holds back in quiet hours, but never a P0", function()
    local utc = zone.load("UTC")
    local night = assert(hours.parse("daily 22:00-07:00", utc))
    local w = world({ { name = "all", to = { "slack" }, quiet = night } }, (20000 * 24 + 23) * HOUR)
    w.open "1"
    w.open("2", { severity = "P0", store_url = "https://b.example" })
    w.tick(6 * HOUR)
    expect(w.text()):is("2:opened→slack 2:again→slack")
    w.log = {}
    w.tick(2 * HOUR + MINUTE)
    expect(w.text()):is("1:opened→slack 2:again→slack")
  end)

  it("collects a digest and sends it when its window opens", function()
    local w = world({ { name = "low", to = { "mail" },
      digest = assert(hours.parse("daily 09:00-09:30", zone.load("UTC"))),
      group_by = {} } }, 20000 * 24 * HOUR)
    w.open("1", { severity = "P3" })
    w.tick(2 * HOUR)
    w.open("2", { severity = "P3", store_url = "https://b.example" })
    w.tick(6 * HOUR)
    expect(w.text()):is("")
    w.tick(2 * HOUR)
    expect(w.text()):is("1:opened→mail 2:opened→mail")
    expect(w.log[1].serial):is(w.log[2].serial)
  end)

  it("keeps its promises over random histories: told once, none forgotten, no storm", function()
    for round = 1, 40 do
      local w = world { { name = "a", match = { severity = { "P0", "P1" } }, to = { "x" },
        continue = true },
        { name = "b", to = { "y" } } }
      local opened_for, silenced = {}, {}
      for i = 1, 25 do
        local id = ("%d.%d"):format(round, i)
        local r = sys.random.number()
        if r < 0.6 then
          w.open(id, { severity = "P" .. math.floor(sys.random.number() * 4), store_url = "s"
            .. i % 3,
            skill = "k" .. i % 4 })
          if sys.random.number() < 0.2 then
            silenced[id] = true
            w.silences[#w.silences + 1] = { match = { store = "s" .. i % 3, skill = "k" .. i % 4 },
              starts = w.now,
              ends = w.now + 10000 * HOUR }
          end
        end
        for other, incident in pairs(w.incidents) do
          if incident.status == "open" and sys.random.number() < 0.15 then
            opened_for[other] = opened_for[other] or 0
            incident.status = "resolved"
          elseif sys.random.number() < 0.05 then
            incident.acknowledged_at = w.now
          end
        end
        w.tick(math.floor(sys.random.number() * 20 * MINUTE))
      end
      w.silences = {}
      w.tick(20 * MINUTE) -- whoever is still open must have been told by now
      local count, last = {}, {}
      for _, entry in ipairs(w.log) do
        local key = entry.id .. entry.to
        count[key] = count[key] or {}
        count[key][entry.occasion] = (count[key][entry.occasion] or 0) + 1
        if entry.occasion == "again" or entry.occasion == "changed" then
          expect(entry.at - last[key] >= HOUR):is(true)
        end
        if entry.occasion == "resolved" then expect(count[key].opened):is(1) end
        last[key] = entry.at
      end
      for id, incident in pairs(w.incidents) do
        for _, to in ipairs((incident.severity == "P0" or incident.severity == "P1")
          and { "x", "y" } or { "y" }) do
          local told = count[id .. to] or {}
          if incident.status == "open" then expect(told.opened):is(1) end
          expect((told.opened or 0) <= 1):is(true)
          expect((told.resolved or 0) <= (told.opened or 0)):is(true)
          expect((told.acknowledged or 0) <= (told.opened or 0)):is(true)
        end
      end
      -- Resolved ones that were told get their recovery.
      w.tick(2 * HOUR)
      for id, incident in pairs(w.incidents) do
        local told = 0
        for _, entry in ipairs(w.log) do
          if entry.id == id and entry.to == "y" then
            if entry.occasion == "opened" then told = told + 1 end
            if entry.occasion == "resolved" then told = told - 1 end
          end
        end
        expect(told):is(incident.status == "open" and 1 or 0)
      end
    end
  end)
end)
