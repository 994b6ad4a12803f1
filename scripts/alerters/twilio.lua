-- api: 1
-- SMS by Twilio. Limit: 1600 characters; kept to two segments or so, because each is paid for.
local format = require "alert.format"

local function text_of(message, room)
  local first = message.text:match("^[^\n]*")
  return format.cut(message.title .. (first ~= "" and ": " .. first or ""), room)
end

return alerter "twilio" {
  about = "sends SMS by Twilio",
  needs = { "http", "http:api.twilio.com" },
  options = {
    account_sid = option.string { required = true, pattern = "^AC%x+$", about = "AC…" },
    auth_token = option.secret { required = true,
      about = "of the account, or the secret of the API key" },
    key_sid = option.string { pattern = "^SK%x+$", about = "SK…, to log in with an API key" },
    from = option.string { required = true,
      about = "+15005550006, or MG… for a messaging service" },
    to = option.list { required = true, about = "+15005550001, separated with commas" },
    length = option.number { default = 300, min = 70, max = 1600, about = "characters at most" },
    url = option.url { default = "https://api.twilio.com", about = "of the API" },
  },
  send = function(a, message, o)
    local path = ("%s/2010-04-01/Accounts/%s/Messages.json"):format(o.url, o.account_sid)
    local service = o.from:match("^MG%x+$")
    local ids, problem = {}, nil
    for _, number in ipairs(o.to) do
      local answer = a.post(path, { auth = { o.key_sid or o.account_sid, o.auth_token },
        accept = { 400 }, form = {
        To = number, From = not service and o.from or nil, MessagingServiceSid = service,
        Body = text_of(message, o.length),
      } })
      local told = answer:json()
      if type(told) ~= "table" then told = {} end
      if answer.status == 400 then -- one wrong number keeps nobody else from being told
        problem = ("%s: %s (%s)"):format(number, tostring(told.message), tostring(told.code))
        a.log("Twilio refused " .. problem)
      else
        ids[#ids + 1] = told.sid
      end
    end
    if #ids == 0 then a.refuse("Twilio: " .. (problem or "no recipient")) end
    return { id = table.concat(ids, ",") }
  end,
}
