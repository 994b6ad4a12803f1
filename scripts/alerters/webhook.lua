-- api: 1
-- Any receiver of JSON, signed as Standard Webhooks says (standardwebhooks.com): the id is the
-- same at every retry.
local crypto = require "crypto"
local json = require "json"
local time = require "time"

return alerter "webhook" {
  about = "posts the whole message as JSON, signed as Standard Webhooks say",
  needs = { "http" },
  dedup = true,
  options = {
    url = option.secret { required = true, pattern = "^https?://", about = "of the receiver" },
    secret = option.secret {
      about = "whsec_… (base64), shared with the receiver; without it nothing is signed" },
    headers = option.list { default = {}, about = "more headers, as Name: value" },
  },
  send = function(a, message, o)
    message.screenshot = nil -- a path on this machine
    local body = json.encode { type = "incident." .. message.occasion,
      timestamp = message.created_at, data = message }
    local stamp = ("%d"):format(math.floor(time.now() / 1000))
    local headers = { ["Content-Type"] = "application/json", ["webhook-id"] = message.id,
      ["webhook-timestamp"] = stamp }
    if o.secret then
      local signature = a.hmac_sha256(o.secret, message.id .. "." .. stamp .. "." .. body)
      headers["webhook-signature"] = "v1," .. crypto.base64(signature)
    end
    for _, line in ipairs(o.headers) do
      local name, value = line:match("^([%w-]+):%s*(.-)%s*$")
      if not name then a.refuse(("headers: %q is not Name: value"):format(line)) end
      headers[name] = value
    end
    a.post(o.url, { headers = headers, body = body })
    return { id = message.id }
  end,
}
