--- Everything that the daemon remembers, as one transaction: for a database that somebody put in
--- the place of the one that was open (an older copy, what `.recover` got out, or none at all). Put
--- into the journal behind what waits there, it makes the new one agree with what goes on. Used by
--- watch/mend.lua.

local book = require "watch.book"
local core = require "watch.core"
local json = require "json"
local time = require "time"

local snapshot = {}

local function sql(text, ...) return { text, n = select("#", ...), ... } end

--- Messages that the database that was open had still to send, as statements for another one.
---@param db Db
---@return table[] statements  none when they can't be read
function snapshot.messages(db)
  local rows = db:read "SELECT * FROM outbox WHERE status = 'pending'"
  local out = {}
  for i, row in ipairs(rows or {}) do
    out[i] = sql("INSERT OR IGNORE INTO outbox (id, key, alerter, route, thread, occasion, "
      .. "message, created_at, attempts, due_ms, claimed) "
      .. "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.id,
      row.key, row.alerter, row.route, row.thread, row.occasion, row.message, row.created_at,
      row.attempts, row.due_ms, row.claimed)
  end
  return out
end

--- The transaction.
---@param heart WatchCore
---@param now number
---@return table tx
function snapshot.of(heart, now)
  local out = { kind = "state" }
  local function keep(name, value)
    out[#out + 1] = sql("INSERT INTO watch_state (name, value) VALUES (?, ?) "
      .. "ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
  end
  keep("instance", heart.instance)
  keep("dispatch", json.encode(heart.dispatch_state))
  for id, state in pairs(heart.tracks) do
    local live = heart.planner.live[id]
    out[#out + 1] = core.check_row(id, live and live.due_ms, state, now)
  end
  for _, incident in pairs(heart.book.incidents) do
    out[#out + 1] = book.row(incident, incident.first_seen)
    out[#out + 1] = book.entry(incident.id, now, "note", { author = "nano-sre",
      text = "the database was replaced; what is not in it from before is gone" })
  end
  for _, silence in ipairs(heart.silences) do
    out[#out + 1] = sql("INSERT OR IGNORE INTO silences (id, starts_at, ends_at, match, author, "
      .. "comment, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)", silence.id,
      time.iso8601(silence.starts), time.iso8601(silence.ends), json.encode(silence.match),
      silence.author, silence.comment, time.iso8601(now))
  end
  return out
end

return snapshot
