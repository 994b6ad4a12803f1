-- api: 1
-- Discord, by a channel's webhook. Limits: title 256, description 4096, 25 fields (256/1024), all
-- embeds 6000 together; a file 10 MB.
local format = require "alert.format"
local json = require "json"

local FILE_MAX = 10 * 1000 * 1000

local function embed_of(message)
  local embed = {
    title = format.cut(format.markdown(message.title), 256, "utf16"),
    description = format.cut(format.markdown(message.text), 3500, "utf16"),
    color = format.colour_number(message), timestamp = message.created_at,
    footer = { text = "nano-sre" },
  }
  if #message.items == 1 then
    embed.fields = {}
    for i, fact in ipairs(format.facts(message.items[1])) do
      local value = format.cut(format.markdown(fact.value), 200, "utf16")
      embed.fields[i] = { name = fact.name, value = value, inline = true }
    end
  end
  local link = message.links[1]
  if link then embed.url = link.url end
  return embed
end

return alerter "discord" {
  about = "posts into a Discord channel by a webhook",
  needs = { "http" },
  options = {
    webhook_url = option.secret { required = true, pattern = "^https?://",
      about = "https://discord.com/api/webhooks/…" },
    mention = option.string { about = "put before P0 and P1, such as @here or <@&ROLE_ID>" },
    screenshot = option.boolean { default = true, about = "put the screenshot into the message" },
  },
  send = function(a, message, o)
    local urgent = o.mention and message.status ~= "resolved" and not message.test
      and (message.severity == "P0" or message.severity == "P1")
    local payload = {
      content = urgent and format.cut(o.mention, 2000) or nil,
      embeds = { embed_of(message) },
      allowed_mentions = { parse = urgent and { "everyone", "roles", "users" } or json.array() },
    }
    local shot = o.screenshot and message.status ~= "resolved" and a.screenshot() or nil
    local body = { json = payload }
    if shot and #shot.bytes <= FILE_MAX then
      payload.embeds[1].image = { url = "attachment://screenshot.png" }
      body = { multipart = { { name = "payload_json", value = json.encode(payload) },
        { name = "files[0]", filename = "screenshot.png", type = shot.type,
          value = shot.bytes } } }
    end
    body.query = { wait = "true" } -- answered when the message is there, with its id
    local made = a.post(o.webhook_url, body):json()
    return { id = type(made) == "table" and made.id or nil }
  end,
}
