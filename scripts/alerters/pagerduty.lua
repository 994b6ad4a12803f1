-- api: 1
-- PagerDuty, Events API v2: each incident triggers, is acknowledged and is resolved under its own
-- key, so a repeated request changes nothing. Limits: summary 1024, dedup_key 255.
local format = require "alert.format"

local ACTION = { resolved = "resolve", acknowledged = "acknowledge" }

local function links_of(message)
  local out = {}
  for i, link in ipairs(message.links) do out[i] = { href = link.url, text = link.text } end
  return #out > 0 and out or nil
end

local function event_of(message, item, o)
  local action = ACTION[item.status == "resolved" and "resolved" or item.occasion] or "trigger"
  local event = { routing_key = o.routing_key, event_action = action,
    dedup_key = format.cut(item.dedup_key, 255, "bytes") }
  if action ~= "trigger" then return event end
  event.client, event.links = "nano-sre", links_of(message)
  event.payload = {
    summary = format.cut(item.title .. (item.cause ~= "" and ": " .. item.cause or ""), 1024),
    source = item.store_url ~= "" and item.store_url or item.store_name or "nano-sre",
    severity = format.level(item.severity), timestamp = item.since,
    component = item.skill, group = item.store_name, class = item.kind,
    custom_details = { text = format.cut(item.text, 8000), cause = item.cause, step = item.step,
      incident = item.incident_id, seen = item.seen, occasion = item.occasion },
  }
  return event
end

return alerter "pagerduty" {
  about = "triggers and resolves PagerDuty alerts (Events API v2)",
  needs = { "http", "http:events.pagerduty.com" },
  dedup = true,
  options = {
    routing_key = option.secret { required = true,
      about = "the integration key of a service (32 characters)" },
    url = option.url { default = "https://events.pagerduty.com/v2/enqueue",
      about = "for the EU: https://events.eu.pagerduty.com/v2/enqueue" },
  },
  send = function(a, message, o)
    local key
    for _, item in ipairs(message.items) do
      a.post(o.url, { json = event_of(message, item, o) })
      key = key or item.dedup_key
      if message.test then -- leaves nothing behind
        a.post(o.url, { json = { routing_key = o.routing_key, event_action = "resolve",
          dedup_key = item.dedup_key } })
      end
    end
    return { id = key }
  end,
}
