-- api: 1
-- Prometheus Alertmanager, API v2. An alert that nobody repeats is over for it at endsAt, so that
-- lies behind our next reminder (`keep`).
local format = require "alert.format"
local json = require "json"
local time = require "time"

local function label(value) return format.cut(tostring(value), 500, "bytes") end

local function labels_of(item, o)
  local out = { alertname = label(item.skill or "nano-sre"), job = "nano-sre",
    severity = format.level(item.severity),
    store = label(item.store_name or ""), instance = label(item.store_url or ""),
      kind = label(item.kind),
    incident = label(item.dedup_key) }
  for name, value in pairs(item.labels) do
    if type(name) == "string" and name:match("^[%a_][%w_]*$") and not out[name] then
      out[name] = label(value)
    end
  end
  for _, line in ipairs(o.labels) do
    local name, value = line:match("^([%a_][%w_]*)=(.+)$")
    if name then out[name] = value end
  end
  for name, value in pairs(out) do
    if value == "" then out[name] = nil end -- an empty label is none
  end
  return out
end

local function alert_of(item, message, o)
  local ends = item.status == "resolved" and (item.resolved_at or message.created_at)
    or time.iso8601(time.parse_iso8601(message.created_at) + o.keep)
  return { labels = labels_of(item, o), startsAt = item.since, endsAt = ends,
    generatorURL = message.links[1] and message.links[1].url or nil,
    annotations = { summary = format.cut(item.title, 500),
      description = format.cut(item.text, 4000) } }
end

return alerter "alertmanager" {
  about = "sends alerts to Prometheus Alertmanager (API v2)",
  needs = { "http" },
  dedup = true,
  options = {
    url = option.url { required = true, about = "http://127.0.0.1:9093" },
    user = option.string { about = "for basic authentication" },
    password = option.secret { about = "for basic authentication" },
    labels = option.list { default = {}, about = "more labels, as name=value" },
    keep = option.duration { default = "6h",
      about = "an open alert ends after this unless it is told again" },
  },
  send = function(a, message, o)
    local alerts = json.array()
    for i, item in ipairs(message.items) do alerts[i] = alert_of(item, message, o) end
    a.post(o.url:gsub("/+$", "") .. "/api/v2/alerts", { json = alerts,
      auth = o.user and { o.user, o.password or "" } or nil })
  end,
}
