-- api: 1
-- Telegram, by a bot. Limit: 4096 characters after the HTML has been read.
local format = require "alert.format"

return alerter "telegram" {
  about = "sends messages by a Telegram bot",
  needs = { "http", "http:api.telegram.org" },
  options = {
    token = option.secret { required = true, pattern = "^%d+:[%w_-]+$",
      about = "of the bot, from @BotFather" },
    chat_id = option.string { required = true, about = "a number, or @channelname" },
    thread = option.number { about = "message_thread_id of a topic" },
    url = option.url { default = "https://api.telegram.org", about = "of the Bot API" },
  },
  send = function(a, message, o)
    local quiet = message.severity == "P3" or message.status == "resolved"
    local text = "<b>" .. format.html(format.cut(message.title, 300, "utf16")) .. "</b>\n"
      .. format.html(format.cut(message.text, 3500, "utf16"))
    local answer = a.post(o.url .. "/bot" .. o.token .. "/sendMessage", { accept = { 429 }, json = {
      chat_id = o.chat_id, message_thread_id = o.thread, text = text, parse_mode = "HTML",
      disable_notification = quiet, link_preview_options = { is_disabled = true },
    } })
    local told = answer:json()
    if type(told) ~= "table" then a.retry("Telegram answered no JSON") end
    if answer.status == 429 then
      local wait = type(told.parameters) == "table" and tonumber(told.parameters.retry_after) or 30
      a.retry("Telegram wants fewer messages", wait * 1000)
    end
    if not told.ok then a.refuse("Telegram: " .. tostring(told.description)) end
    return { id = tostring(told.result.message_id) }
  end,
}
