-- api: 1
-- Telegram, by a bot. Limits, after the HTML has been read: a message 4096 characters, a picture's
-- caption 1024; a picture 10 MB.
local format = require "alert.format"

local PHOTO_MAX = 10 * 1024 * 1024

local function text_of(message, room)
  return "<b>" .. format.html(format.cut(message.title, 300, "utf16")) .. "</b>\n"
    .. format.html(format.cut(message.text, room, "utf16"))
end

local function read(a, answer)
  local told = answer:json()
  if type(told) ~= "table" then a.retry("Telegram answered no JSON") end
  if answer.status == 429 then
    local wait = type(told.parameters) == "table" and tonumber(told.parameters.retry_after) or 30
    a.retry("Telegram wants fewer messages", wait * 1000)
  end
  return told
end

local function send_photo(a, message, base, quiet, shot, o)
  local parts = { { name = "chat_id", value = o.chat_id }, { name = "parse_mode", value = "HTML" },
    { name = "caption", value = text_of(message, 700) },
    { name = "disable_notification", value = tostring(quiet) },
    { name = "photo", filename = shot.name, type = shot.type, value = shot.bytes } }
  if o.thread then
    parts[#parts + 1] = { name = "message_thread_id", value = ("%d"):format(o.thread) }
  end
  local answer = a.post(base .. "/sendPhoto", { accept = { 400, 413, 429 }, multipart = parts })
  if answer.status == 429 then return read(a, answer) end
  local told = answer:json()
  return type(told) == "table" and told or { ok = false, description = answer.status }
end

return alerter "telegram" {
  about = "sends messages by a Telegram bot",
  needs = { "http", "http:api.telegram.org" },
  options = {
    token = option.secret { required = true, pattern = "^%d+:[%w_-]+$",
      about = "of the bot, from @BotFather" },
    chat_id = option.string { required = true, about = "a number, or @channelname" },
    thread = option.number { about = "message_thread_id of a topic" },
    screenshot = option.boolean { default = true, about = "send the screenshot, too" },
    url = option.url { default = "https://api.telegram.org", about = "of the Bot API" },
  },
  send = function(a, message, o)
    local base, told = o.url .. "/bot" .. o.token, nil
    local quiet = message.severity == "P3" or message.status == "resolved"
    local shot = o.screenshot and message.status ~= "resolved" and a.screenshot() or nil
    if shot and #shot.bytes <= PHOTO_MAX then
      told = send_photo(a, message, base, quiet, shot, o)
      if not told.ok then a.log("no picture: " .. tostring(told.description)) end
    end
    if not told or not told.ok then -- no picture, or one that Telegram does not take
      told = read(a, a.post(base .. "/sendMessage", { accept = { 429 }, json = {
        chat_id = o.chat_id, message_thread_id = o.thread, text = text_of(message, 3500),
        parse_mode = "HTML", disable_notification = quiet,
        link_preview_options = { is_disabled = true } } }))
    end
    if not told.ok then a.refuse("Telegram: " .. tostring(told.description)) end
    return { id = tostring(told.result.message_id) }
  end,
}
