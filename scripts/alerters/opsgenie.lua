-- api: 1
-- Opsgenie, Alert API. Limits: message 130, alias 512, description 15000, 20 tags of 50, details
-- 8000 together, entity 512, note 25000.
local format = require "alert.format"

-- Ours begin with P0, theirs with P1.
local PRIORITY = { P0 = "P1", P1 = "P2", P2 = "P3", P3 = "P5" }

local function alert_of(item, o)
  local tags = { "nano-sre", item.severity, item.kind }
  for i, tag in ipairs(o.tags) do
    if i <= 15 then tags[#tags + 1] = format.cut(tag, 50) end
  end
  local responders = {}
  for i, team in ipairs(o.teams) do responders[i] = { name = team, type = "team" } end
  return {
    message = format.cut(item.title, 130), alias = format.cut(item.dedup_key, 512, "bytes"),
    description = format.cut(item.text, 15000), priority = PRIORITY[item.severity] or "P3",
    entity = item.store_url ~= "" and format.cut(item.store_url, 512) or nil,
    source = "nano-sre", tags = tags,
    responders = #responders > 0 and responders or nil,
    details = { skill = item.skill, step = item.step, incident = tostring(item.incident_id),
      store = item.store_name, since = item.since },
  }
end

return alerter "opsgenie" {
  about = "creates, acknowledges and closes Opsgenie alerts",
  needs = { "http", "http:api.opsgenie.com" },
  options = {
    api_key = option.secret { required = true, about = "of an API integration" },
    url = option.url { default = "https://api.opsgenie.com",
      about = "for the EU: https://api.eu.opsgenie.com" },
    teams = option.list { default = {}, about = "teams that respond" },
    tags = option.list { default = {}, about = "more tags" },
  },
  send = function(a, message, o)
    local headers = { Authorization = "GenieKey " .. o.api_key }
    local id
    local function act(item, what, body)
      local path = ("%s/v2/alerts/%s/%s"):format(o.url, require("url").encode(item.dedup_key), what)
      a.post(path, { headers = headers, query = { identifierType = "alias" }, json = body,
        accept = { 404 } })
    end
    for _, item in ipairs(message.items) do
      local note = { source = "nano-sre", note = format.cut(item.text, 25000) }
      if item.status == "resolved" then
        act(item, "close", note)
      elseif item.occasion == "acknowledged" then
        act(item, "acknowledge", note)
      else
        local answer = a.post(o.url .. "/v2/alerts", { headers = headers,
          json = alert_of(item, o) })
        id = id or (answer:json() or {}).requestId
        if message.test then act(item, "close", note) end
      end
    end
    return { id = id }
  end,
}
