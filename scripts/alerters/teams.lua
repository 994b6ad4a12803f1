-- api: 1
-- Microsoft Teams, by a workflow ("post to a channel when a webhook request is received"). Limit:
-- 28 KB a message.
local format = require "alert.format"
local json = require "json"

local STYLE = { OK = "good", P0 = "attention", P1 = "attention", P2 = "warning", P3 = "accent",
  TEST = "default" }

local function block(text, more)
  local out = { type = "TextBlock", text = text, wrap = true }
  for name, value in pairs(more or {}) do out[name] = value end
  return out
end

local function card_of(message, room)
  local body = {
    { type = "Container", style = STYLE[format.tag(message)] or "default", bleed = true,
      items = { block(format.cut(format.markdown(message.title), 300),
        { weight = "Bolder", size = "Medium" }) } },
  }
  -- In a TextBlock a line ends where a paragraph does.
  body[#body + 1] = block((format.cut(format.markdown(message.text), room):gsub("\n", "\n\n")))
  if #message.items == 1 then
    local facts = {}
    for i, fact in ipairs(format.facts(message.items[1])) do
      facts[i] = { title = fact.name, value = format.cut(fact.value, 300) }
    end
    body[#body + 1] = { type = "FactSet", facts = facts }
  end
  local actions = json.array()
  for i, link in ipairs(message.links) do
    actions[i] = { type = "Action.OpenUrl", title = format.cut(link.text, 60), url = link.url }
  end
  return { ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
    type = "AdaptiveCard",
    version = "1.4", body = body, actions = actions, msteams = { width = "Full" } }
end

return alerter "teams" {
  about = "posts an adaptive card into a Teams channel by a workflow's webhook",
  needs = { "http" },
  options = {
    webhook_url = option.secret { required = true, pattern = "^https?://",
      about = "the workflow's URL" },
  },
  send = function(a, message, o)
    a.post(o.webhook_url, { json = { type = "message", attachments = { {
      contentType = "application/vnd.microsoft.card.adaptive", contentUrl = json.null,
      content = card_of(message, 5000),
    } } } })
  end,
}
