-- What leaves: messages through the pump, old rows through retention.

local db = require "service.db"
local outbox = require "watch.outbox"
local pump = require "watch.pump"
local retention = require "watch.retention"
local time = require "time"

local NOW = assert(time.parse_iso8601 "2024-06-07T12:00:00Z")
local DAY = 86400000

describe("watch.pump", function()
  local function row(key, thread)
    return { key = key, alerter = "a", thread = thread or key, occasion = "opened",
      message = { key = key }, due_ms = NOW }
  end

  it("sends everything, again what failed, and in order", function()
    local box, now, log, failures = outbox.memory(), NOW, {}, { b = 2 }
    local statuses = {}
    for _, one in ipairs { row "a", row("b", "t"), row("c", "t"), row "d" } do box:put(one) end
    local one = pump.new { box = box, now = function() return now end,
      send = function(item)
        sys.clock.sleep(1)
        if (failures[item.key] or 0) > 0 then
          failures[item.key] = failures[item.key] - 1
          now = now + 20000 -- time goes on
          if failures[item.key] == 1 then error "the receiver is down" end
          return { error = "503", retry_after_ms = 10 }
        end
        log[#log + 1] = item.key
        return item.key == "d" and { error = "gone", permanent = true } or { sent = true }
      end,
      on_sent = function(item, status) statuses[#statuses + 1] = item.key .. ":" .. status end }
    local task = sys.task.spawn(one.run, one)
    while #box.rows > 0 do
      sys.clock.sleep(2)
      now = now + 1000
      box:notify()
    end
    one:stop()
    task:join()
    table.sort(statuses)
    expect(statuses):same { "a:sent", "b:pending", "b:pending", "b:sent", "c:sent", "d:dead" }
    local order = table.concat(log):gsub("[ad]", "")
    expect(order):is "bc"
  end)
end)

describe("watch.retention", function()
  it("removes what is old, and nothing that is still needed", function()
    local folder = assert(sys.files.temp_dir "nano-keep-")
    local store = assert(db.open(folder .. "/x.db"))
    local old, new = time.iso8601(NOW - 100 * DAY), time.iso8601(NOW - DAY)
    local statements = {}
    local function add(sql, ...) statements[#statements + 1] = { sql, ... } end
    for i = 1, 1200 do
      local at = i <= 1100 and old or new
      add("INSERT INTO check_runs (timestamp, store_url, skill_name, status, run_id) VALUES "
        .. "(?, 's', 'k', 'PASS', ?)", at, "r" .. i)
      add("INSERT INTO events (timestamp, type) VALUES (?, 'x')", at)
    end
    local incident = "INSERT INTO incidents (id, created_at, resolved_at, store_url, skill_name, "
      .. "severity, title, status) VALUES (?, ?, ?, 's', 'k', 'P1', 't', ?)"
    statements[#statements + 1] = { incident, 1, old, nil, "open", n = 4 }
    add(incident, 2, old, old, "resolved")
    add(incident, 3, old, new, "resolved")
    for id = 1, 3 do
      add("INSERT INTO incident_events (incident_id, timestamp, type) VALUES (?, ?, 'note')", id,
        old)
    end
    for _, status in ipairs { "pending", "sent" } do
      add("INSERT INTO outbox (key, alerter, occasion, message, created_at, status, due_ms) VALUES "
        .. "(?, 'a', 'opened', '{}', ?, ?, 1)", status, old, status)
    end
    assert(store:write(statements))
    local pauses = 0
    local removed = assert(retention.clean(store, 90 * DAY, NOW,
      function() pauses = pauses + 1 end))
    expect(removed.check_runs):is(1100)
    expect(pauses >= 4):is(true)
    local function count(name) return store:read("SELECT count(*) AS n FROM " .. name)[1].n end
    expect(count "check_runs"):is(100)
    expect(count "events"):is(100)
    expect(count "incidents"):is(2)
    expect(count "incident_events"):is(1)
    expect(count "outbox"):is(1)
    expect(store:read("SELECT status FROM outbox")[1].status):is "pending"
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)
end)
