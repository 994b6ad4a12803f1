--- From what the dispatcher decides to rows of the outbox: the message that an alerter gets.
--- Used by watch/core.lua and, for a message without a database, by watch/degraded.lua. Pure.

local json = require "json"
local time = require "time"

local tell = {}

-- The most urgent first: what a message with several items is about.
local RANK = { escalated = 1, opened = 2, changed = 3, again = 4, acknowledged = 5,
  resolved = 6, test = 7 }

local function iso(ms) return ms and time.iso8601(ms) or nil end

--- An incident as messages carry it (see watch/outbox.lua).
---@param incident table
---@param instance string  what makes this daemon's incidents different from another's
---@return table
function tell.incident(incident, instance)
  return {
    id = tonumber(incident.id) or incident.id, key = instance .. "/" .. incident.id,
    kind = incident.kind, status = incident.status, severity = incident.severity,
    title = incident.title, store_url = incident.store_url, store_name = incident.store_name,
    skill = incident.skill, step = incident.step, cause = incident.cause,
    fingerprint = incident.fingerprint, first_seen = iso(incident.first_seen),
    last_seen = iso(incident.last_seen), resolved_at = iso(incident.resolved_at),
    acknowledged_at = iso(incident.acknowledged_at), acknowledged_by = incident.acknowledged_by,
    acknowledged_text = incident.acknowledged_text, seen = incident.seen,
    run_id = incident.run_id, labels = incident.labels, evidence = incident.evidence,
  }
end

--- The row for a delivery of alert/dispatch.lua.
---@param delivery table
---@param instance string
---@param now number
---@return table row  for outbox.statement
function tell.row(delivery, instance, now)
  local items, occasion = {}, nil
  for i, item in ipairs(delivery.items) do
    local word = item.occasion:match("^%a+")
    if not occasion or RANK[word] < RANK[occasion] then occasion = word end
    items[i] = { occasion = item.occasion, incident = tell.incident(item.incident, instance) }
  end
  local key = sys.codec.sha256(table.concat({ instance, delivery.serial, delivery.alerter }, "\0"))
    :sub(1, 32)
  return {
    key = key, alerter = delivery.alerter, route = delivery.route, thread = delivery.thread or "",
    occasion = occasion, due_ms = now,
    message = { format = "nano-sre/alert", version = 1, key = key, alerter = delivery.alerter,
      route = delivery.route, created_at = iso(now), occasion = occasion,
      items = json.array(items) },
  }
end

return tell
