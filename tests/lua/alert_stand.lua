--- A stand-in for the receivers of alerts: a local HTTP server that keeps what it is sent and
--- answers as it is told. Loaded by tests/lua/alerters_test.lua.

local json = require "json"

local stand = {}

--- Starts one. answer(request) → status, headers, body; "close" as status: the connection breaks.
---@param answer (fun(request: table): any, table?, string?)?
---@return table  url, requests, answer, close()
function stand.start(answer)
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  local self = { url = "http://127.0.0.1:" .. server:port(), requests = {}, answer = answer }
  self.task = sys.task.spawn(function()
    while true do
      local request = server:accept()
      if not request then return end
      request.json = request.body ~= "" and json.decode(request.body) or nil
      self.requests[#self.requests + 1] = request
      local status, headers, body
      if self.answer then status, headers, body = self.answer(request, #self.requests) end
      if status ~= "never" then
        server:respond(request.id, status or 200, headers or {}, body or "ok")
      end
    end
  end)
  function self.respond(request, status) server:respond(request.id, status, {}, "ok") end
  function self.last() return self.requests[#self.requests] end
  function self.close()
    self.task:kill("over")
    server:close()
  end
  return self
end

--- A port at which nobody listens.
function stand.nowhere()
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  local port = server:port()
  server:close()
  return "http://127.0.0.1:" .. port
end

-- ---- what the vendors want and answer ----------------------------------------------------------

local WHSEC = "whsec_" .. sys.codec.base64("a secret of 24 bytes ...")
--- The options of each alerter, for a stand-in at a URL.
stand.OPTIONS = {
  slack = function(url) return { webhook_url = url .. "/services/T/B/x", mention = "<!here>" } end,
  discord = function(url)
    return { webhook_url = url .. "/api/webhooks/1/x", mention = "@here" }
  end,
  teams = function(url) return { webhook_url = url .. "/workflows/1" } end,
  pagerduty = function(url)
    return { routing_key = ("0123456789abcdef"):rep(2), url = url .. "/v2/enqueue" }
  end,
  opsgenie = function(url)
    return { api_key = "og-key-1234", url = url, teams = { "web" }, tags = { "shop" } }
  end,
  telegram = function(url)
    return { token = "123456:AAF_secret-token", chat_id = "-100", url = url }
  end,
  twilio = function(url)
    return { account_sid = "AC0123abcd", auth_token = "tw-token-1", from = "+15005550006",
      to = { "+15005550001", "+15005550002" }, url = url }
  end,
  webhook = function(url) return { url = url .. "/hook", secret = WHSEC } end,
  alertmanager = function(url) return { url = url .. "/" } end,
  github = function(url) return { repo = "me/shop", token = "ghp_tokentokentoken", url = url } end,
}

--- What the vendors answer when all is well.
function stand.kind_answer(name)
  return function(request)
    if name == "telegram" then return 200, nil, '{"ok":true,"result":{"message_id":7}}' end
    if name == "discord" then return 200, nil, '{"id":"77"}' end
    if name == "twilio" then return 201, nil, '{"sid":"SM1","status":"queued"}' end
    if name == "github" then
      if request.method == "GET" then return 200, nil, "[]" end
      return 201, nil, '{"number":12,"body":"' .. "" .. '"}'
    end
    if name == "pagerduty" or name == "opsgenie" then
      return 202, nil, '{"status":"success","requestId":"og1"}'
    end
    return 200
  end
end

-- ---- incidents ----------------------------------------------------------------------------------

local NUMBER = 41

--- An incident as the outbox carries it.
function stand.incident(more)
  local incident = { id = NUMBER, key = "inst/" .. NUMBER, kind = "shop", status = "open",
    severity = "P1",
    title = "checkout: the button is gone", store_url = "https://shop.example",
      store_name = "Snow & <Shop>",
    skill = "checkout", step = "add to cart",
      cause = 'no element matches role=button[name="Add to cart"]',
    fingerprint = "f", first_seen = "2026-05-04T10:00:00Z", last_seen = "2026-05-04T10:05:00Z",
      seen = 3,
    run_id = "r1", labels = { team = "web" },
      evidence = { url = "https://shop.example/products/board_1",
      requests = { { method = "POST", url = "https://shop.example/cart/add.js", status = 500 } },
      console = { "TypeError: x is undefined" } } }
  for name, value in pairs(more or {}) do incident[name] = value end
  return incident
end

--- A row of the outbox with these items: { occasion, incident }.
function stand.row(alerter, occasion, items)
  local list = {}
  for i, item in ipairs(items) do list[i] = { occasion = item[1], incident = item[2] } end
  return { key = "0123456789abcdef0123456789abcdef", alerter = alerter, route = "default",
    message = {
    format = "nano-sre/alert", version = 1, key = "0123456789abcdef0123456789abcdef",
      alerter = alerter,
    route = "default", created_at = "2026-05-04T10:05:00Z", occasion = occasion, items = list } }
end

local picture

--- The path of a picture, made once.
function stand.picture()
  if not picture then
    picture = assert(sys.files.temp_dir("nano-sre-alert-")) .. "/failure.png"
    assert(sys.files.write(picture, assert(sys.files.read("tests/fuzz/png/palette.png", 1e6))))
  end
  return picture
end

--- Removes it.
function stand.remove_picture()
  if picture then sys.files.remove(picture:match("^(.*)/"), { recursive = true }) end
  picture = nil
end

--- The rows that every alerter must be able to tell.
function stand.rows(alerter)
  local long = ("Überlänge 😀 *_[x](y) <b> & "):rep(1500)
  local many = {}
  for i = 1, 40 do
    many[i] = { i % 3 == 0 and "resolved" or "opened", stand.incident { id = i, key = "inst/" .. i,
      status = i % 3 == 0 and "resolved" or "open", severity = "P" .. i % 4,
        cause = long:sub(1, 2000),
      resolved_at = i % 3 == 0 and "2026-05-04T10:04:00Z" or nil } }
  end
  return {
    opened = stand.row(alerter, "opened", { { "opened", stand.incident() } }),
    changed = stand.row(alerter, "changed", { { "changed", stand.incident() } }),
    again = stand.row(alerter, "again", { { "again", stand.incident() } }),
    escalated = stand.row(alerter, "escalated",
      { { "escalated:1", stand.incident { severity = "P0" } } }),
    acknowledged = stand.row(alerter, "acknowledged", { { "acknowledged",
      stand.incident { acknowledged_at = "2026-05-04T10:05:00Z", acknowledged_by = "Anna",
        acknowledged_text = "on it" } } }),
    pictured = stand.row(alerter, "opened", { { "opened", stand.incident { evidence = {
      url = "https://shop.example/cart", screenshot = stand.picture() } } } }),
    resolved = stand.row(alerter, "resolved", { { "resolved", stand.incident { status = "resolved",
      resolved_at = "2026-05-04T10:05:00Z" } } }),
    grouped = stand.row(alerter, "opened", { { "opened", stand.incident() },
      { "resolved", stand.incident { id = 42, key = "inst/42", skill = "search",
        status = "resolved",
        severity = "P2", resolved_at = "2026-05-04T10:03:00Z" } } }),
    huge = stand.row(alerter, "opened",
      { { "opened", stand.incident { title = long, cause = long, step = long,
      store_name = long, skill = ("s"):rep(64), key = "inst/" .. ("k"):rep(600),
      evidence = { url = "https://shop.example/" .. ("a"):rep(3000), console = { long } } } } }),
    many = stand.row(alerter, "opened", many),
    bare = stand.row(alerter, "opened",
      { { "opened", { id = 1, key = "i/1", kind = "engine", status = "open",
      severity = "P1", title = "nano-sre cannot keep its results", store_url = "",
        store_name = "nano-sre",
      skill = "nano-sre", step = "", cause = "disk full", first_seen = "2026-05-04T10:00:00Z",
        seen = 1 } } }),
  }
end

return stand
