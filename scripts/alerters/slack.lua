-- api: 1
-- Slack, by an incoming webhook. Limits: 50 blocks, header 150, section 3000, 10 fields of 2000
-- characters.
local format = require "alert.format"

local function facts(item)
  local fields = {}
  for i, fact in ipairs(format.facts(item)) do
    if i > 10 then break end
    fields[i] = { type = "plain_text", emoji = false,
      text = format.cut(fact.name .. "\n" .. fact.value, 2000) }
  end
  return { type = "section", fields = fields }
end

local function blocks_of(message)
  local blocks = {
    { type = "header", text = { type = "plain_text", text = format.cut(message.title, 150),
      emoji = false } },
    { type = "section", text = { type = "plain_text", text = format.cut(message.text, 3000),
      emoji = false } },
  }
  if #message.items == 1 then blocks[#blocks + 1] = facts(message.items[1]) end
  local links = {}
  for i, link in ipairs(message.links) do
    links[i] = ("<%s|%s>"):format(link.url:gsub("[<>|]", ""), format.slack(link.text))
  end
  if #links > 0 then
    blocks[#blocks + 1] = { type = "context",
      elements = { { type = "mrkdwn", text = format.cut(table.concat(links, "  ·  "), 2000) } } }
  end
  return blocks
end

return alerter "slack" {
  about = "posts into a Slack channel by an incoming webhook",
  needs = { "http" },
  options = {
    webhook_url = option.secret { required = true, pattern = "^https?://",
      about = "https://hooks.slack.com/services/…" },
    mention = option.string { about = "put before P0 and P1, such as <!here> or <@U012ABCDEF>" },
  },
  send = function(a, message, o)
    local urgent = o.mention and message.status ~= "resolved" and not message.test
      and (message.severity == "P0" or message.severity == "P1")
    a.post(o.webhook_url, { json = {
      text = (urgent and o.mention .. " " or "") .. format.cut(format.slack(message.title), 3000),
      attachments = { { color = format.colour(message), blocks = blocks_of(message) } },
    } })
  end,
}
