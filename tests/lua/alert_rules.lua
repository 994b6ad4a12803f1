--- What the vendors publish about their payloads, as checks that raise. Loaded by
--- tests/lua/alerters_test.lua. Above each vendor stands where the rules are published.

local rules = {}

local function length(text) return #(text:gsub("[\128-\191]", "")) end
local function utf16(text) return length(text) + #(text:gsub("[^\240-\247]", "")) end

local function text(value, name, max, min)
  if type(value) ~= "string" then error(("%s is a %s, not a text"):format(name, type(value)), 0) end
  if length(value) < (min or 1) then error(name .. " is empty", 0) end
  if length(value) > max then
    error(("%s has %d characters, %d are allowed"):format(name, length(value), max), 0)
  end
end

local function must(value, problem)
  if not value then error(problem, 0) end
  return value
end

local function one_of(value, name, ...)
  for i = 1, select("#", ...) do
    if value == (select(i, ...)) then return end
  end
  error(("%s: %s is not allowed"):format(name, tostring(value)), 0)
end

local function is_json(request)
  must((request.headers["content-type"] or ""):find("^application/json"),
    "the content type is not JSON")
  must(type(request.json) == "table", "the body is not JSON")
end

-- A form with files: its parts by name.
local function parts_of(request)
  local list = require("server.multipart").parse(request.body, request.headers["content-type"])
  local parts = {}
  for _, part in ipairs(list) do parts[part.name] = part end
  return parts
end

local function is_png(part, name, max)
  must(part and part.filename and part.type == "image/png", name .. " is no file")
  must(part.value:sub(1, 8) == "\137PNG\r\n\26\n", name .. " is no PNG")
  must(#part.value <= max, name .. " is too big")
end

-- https://docs.slack.dev/reference/block-kit/blocks (header, section, context)
-- https://docs.slack.dev/reference/block-kit/composition-objects/text-object
-- https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks takes no files
local function slack_text(object, name, max)
  one_of(object.type, name .. ".type", "plain_text", "mrkdwn")
  must(object.type == "plain_text" or object.emoji == nil,
    name .. ": emoji is for plain_text alone")
  text(object.text, name, max)
  if object.type == "mrkdwn" then
    local plain = object.text:gsub("<https?://[^|>]*|[^<>]*>", ""):gsub("&amp;", ""):gsub("&lt;",
      ""):gsub("&gt;", "")
    must(not plain:find("[<>&]"), name .. " has characters that must be escaped: " .. plain)
  end
end

local BLOCKS = {
  header = function(block) must(block.text.type == "plain_text", "a header is plain_text")
    slack_text(block.text, "header", 150) end,
  section = function(block)
    must(block.text or block.fields, "a section has neither text nor fields")
    if block.text then slack_text(block.text, "section", 3000) end
    must(#(block.fields or {}) <= 10, "a section has at most 10 fields")
    for _, field in ipairs(block.fields or {}) do slack_text(field, "field", 2000) end
  end,
  context = function(block)
    must(#block.elements >= 1 and #block.elements <= 10, "a context has 1 to 10 elements")
    for _, element in ipairs(block.elements) do slack_text(element, "context", 2000) end
  end,
}

function rules.slack(request)
  is_json(request)
  text(request.json.text, "text", 40000)
  local attachment = request.json.attachments[1]
  must(attachment.color:match("^#%x%x%x%x%x%x$"), "color")
  must(#attachment.blocks <= 50, "at most 50 blocks")
  for _, block in ipairs(attachment.blocks) do must(BLOCKS[block.type],
    "block type " .. tostring(block.type))(block) end
end

-- https://discord.com/developers/docs/resources/message#embed-object-embed-limits: measured after
-- the white space around a text has been dropped; 10 embeds, 6000 characters in all of them
-- https://discord.com/developers/docs/resources/webhook#execute-webhook
-- https://discord.com/developers/docs/reference#uploading-files: files[n] beside payload_json,
-- 10 MiB
function rules.discord(request)
  local raw, body = request.body, request.json
  if (request.headers["content-type"] or ""):find("^multipart/form%-data") then
    local parts = parts_of(request)
    is_png(parts["files[0]"], "files[0]", 10 * 1024 * 1024)
    raw = parts.payload_json.value
    body = require("json").decode(raw)
    must(body.embeds[1].image.url == "attachment://" .. parts["files[0]"].filename,
      "the image is not the attachment")
  else
    is_json(request)
    must(not body.embeds[1].image, "an image without a file")
  end
  must(request.query == "wait=true" or request.path:find("wait=true", 1, true), "wait")
  must(raw:find('"parse":%['), "allowed_mentions.parse must be an array")
  must(#body.embeds >= 1 and #body.embeds <= 10, "1 to 10 embeds")
  if body.content then text(body.content, "content", 2000) end
  local total = 0
  local function part(value, name, max)
    value = type(value) == "string" and value:match("^%s*(.-)%s*$") or value
    text(value, name, max)
    must(utf16(value) <= max, name .. " is too long in UTF-16")
    total = total + utf16(value)
  end
  for _, embed in ipairs(body.embeds) do
    part(embed.title, "title", 256)
    part(embed.description, "description", 4096)
    part(embed.footer.text, "footer", 2048)
    must(embed.color % 1 == 0 and embed.color >= 0 and embed.color <= 0xFFFFFF, "color")
    must(#(embed.fields or {}) <= 25, "at most 25 fields")
    for _, field in ipairs(embed.fields or {}) do
      part(field.name, "field name", 256)
      part(field.value, "field value", 1024)
    end
    if embed.url then must(#embed.url <= 2048 and embed.url:find("^https?://"), "url") end
  end
  must(total <= 6000, "more than 6000 characters in all embeds")
end

-- https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/…
-- …/add-incoming-webhook: 28 KB, four requests a second
-- …/connectors-using: workflows take adaptive cards and nothing else
-- https://adaptivecards.io/explorer/ (elements and their styles); Teams shows up to version 1.5
function rules.teams(request)
  is_json(request)
  must(#request.body <= 28 * 1024,
    ("the message has %d bytes, 28 KB are allowed"):format(#request.body))
  must(request.json.type == "message", "type")
  local attachment = request.json.attachments[1]
  must(attachment.contentType == "application/vnd.microsoft.card.adaptive", "contentType")
  local card = attachment.content
  must(card.type == "AdaptiveCard" and card.version:match("^1%.[0-5]$"),
    "an AdaptiveCard up to 1.5")
  must(card["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json", "$schema")
  local function element(block)
    one_of(block.type, "element", "TextBlock", "Container", "FactSet")
    if block.type == "TextBlock" then text(block.text, "TextBlock", 28000) end
    if block.type == "Container" then
      one_of(block.style, "style", "default", "emphasis", "good", "attention", "warning", "accent")
      for _, item in ipairs(block.items) do element(item) end
    end
    for _, fact in ipairs(block.facts or {}) do text(fact.title, "fact", 100) text(fact.value,
      "fact", 1000) end
  end
  for _, block in ipairs(card.body) do element(block) end
  must(request.body:find('"actions":%['), "actions must be an array")
  for _, action in ipairs(card.actions) do
    must(action.type == "Action.OpenUrl" and action.url:find("^https?://"), "action")
    text(action.title, "action title", 100)
  end
end

-- https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and …/overview/: summary 1024,
-- dedup_key 255 characters, 512 KB; images need an address that is open to all, so there are none
function rules.pagerduty(request)
  is_json(request)
  local event = request.json
  must(#event.routing_key == 32, "a routing key has 32 characters")
  one_of(event.event_action, "event_action", "trigger", "acknowledge", "resolve")
  must(#event.dedup_key >= 1 and #event.dedup_key <= 255, "dedup_key: 1 to 255")
  must(#request.body <= 512 * 1024, "512 KB")
  if event.event_action ~= "trigger" then return end
  text(event.payload.summary, "summary", 1024)
  text(event.payload.source, "source", 1024)
  one_of(event.payload.severity, "severity", "critical", "error", "warning", "info")
  for _, link in ipairs(event.links or {}) do must(link.href:find("^https?://") and link.text,
    "link") end
end

-- https://docs.opsgenie.com/docs/alert-api#create-alert and #add-note-to-alert
function rules.opsgenie(request)
  is_json(request)
  must((request.headers.authorization or ""):match("^GenieKey %S+$"), "Authorization: GenieKey …")
  local body = request.json
  if request.path:find("/v2/alerts/", 1, true) then
    must(request.path:match("^/v2/alerts/[^/]+/%a+"), "the alias must be one part of the path: "
      .. request.path)
    text(body.note, "note", 25000)
    text(body.source, "source", 100)
    return
  end
  text(body.message, "message", 130)
  text(body.alias, "alias", 512)
  text(body.description, "description", 15000)
  if body.entity then text(body.entity, "entity", 512) end
  text(body.source, "source", 100)
  for _, responder in ipairs(body.responders or {}) do
    one_of(responder.type, "responder", "team", "user", "escalation", "schedule")
    must(responder.name or responder.id or responder.username, "a responder without a name")
  end
  one_of(body.priority, "priority", "P1", "P2", "P3", "P4", "P5")
  must(#body.tags <= 20, "at most 20 tags")
  for _, tag in ipairs(body.tags) do text(tag, "tag", 50) end
  local total = 0
  for name, value in pairs(body.details) do
    must(type(name) == "string" and type(value) == "string", "details are texts")
    total = total + length(name) + length(value)
  end
  must(total <= 8000, "details have more than 8000 characters")
end

local function telegram_html(html, name, max)
  local bare = html:gsub("</?b>", "")
  must(not bare:gsub("&[lg]t;", ""):gsub("&amp;", ""):gsub("&quot;", ""):find("[<>&]"),
    "the HTML is not escaped")
  bare = bare:gsub("&%a+;", ".")
  must(utf16(bare) >= 1 and utf16(bare) <= max, ("%s: %d characters"):format(name, max))
end

-- https://core.telegram.org/bots/api#sendmessage: 1 to 4096 characters after entities parsing
-- https://core.telegram.org/bots/api#sendphoto: caption 0 to 1024, a photo 10 MB, width and height
-- 10000 together, their ratio 20; uploaded as multipart/form-data (#sending-files)
-- https://core.telegram.org/bots/api#html-style: <, > and & that are no tag must be escaped
function rules.telegram(request)
  local method = request.path:match("^/bot%d+:[%w_-]+/(%a+)$")
  if method == "sendPhoto" then
    local parts = parts_of(request)
    must(parts.chat_id and parts.parse_mode.value == "HTML", "chat_id, parse_mode")
    telegram_html(parts.caption.value, "caption", 1024)
    is_png(parts.photo, "photo", 10 * 1024 * 1024)
    return
  end
  must(method == "sendMessage", request.path)
  is_json(request)
  must(request.json.chat_id, "chat_id")
  must(request.json.parse_mode == "HTML", "parse_mode")
  telegram_html(request.json.text, "text", 4096)
end

-- https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource: a form; To
-- in E.164, one of From and MessagingServiceSid; Body up to 1,600 characters (error 14103, 21617)
function rules.twilio(request)
  must(request.headers["content-type"] == "application/x-www-form-urlencoded", "a form is wanted")
  must((request.headers.authorization or ""):match("^Basic "), "basic authentication")
  must(request.path:match("^/2010%-04%-01/Accounts/AC%x+/Messages%.json$"), request.path)
  local form = require("url").decode_query(request.body)
  must(form.To:match("^%+%d+$"), "To in E.164")
  must(#form.To <= 16, "E.164 has at most 15 digits")
  must((form.From == nil) ~= (form.MessagingServiceSid == nil), "From or MessagingServiceSid")
  text(form.Body, "Body", 1600)
end

-- https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md: headers,
-- "msg_id.timestamp.payload", v1 = HMAC-SHA-256 as base64, whsec_ = base64 of 24 to 64 bytes, an
-- id without a full stop, a type of parts with full stops, an ISO 8601 timestamp
function rules.webhook(request)
  is_json(request)
  local headers = request.headers
  must(headers["webhook-id"] and headers["webhook-id"]:find("^[^.%s]+$"), "webhook-id")
  must(headers["webhook-timestamp"]:match("^%d+$"), "webhook-timestamp in seconds")
  local signed = headers["webhook-id"] .. "." .. headers["webhook-timestamp"] .. "." .. request.body
  local wanted = "v1," .. sys.codec.base64(sys.codec.hmac_sha256("a secret of 24 bytes ...",
    signed))
  must(headers["webhook-signature"] == wanted, "the signature is wrong")
  must(request.json.type:match("^incident%.%a+$") and type(request.json.data) == "table"
    and require("time").parse_iso8601(request.json.timestamp), "envelope")
  must(not request.body:find("/tmp/", 1, true), "a path of this machine went out")
end

-- https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml: postableAlerts, a
-- list; labels required, labelSet has texts alone, date-time is RFC 3339, generatorURL a URI
-- https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels: names of labels
function rules.alertmanager(request)
  is_json(request)
  must(request.path == "/api/v2/alerts" and request.body:sub(1, 1) == "[", "a list of alerts")
  for _, alert in ipairs(request.json) do
    must(alert.labels.alertname, "alertname")
    must(alert.generatorURL == nil or alert.generatorURL:find("^https?://[^%s]+$"), "generatorURL")
    for name in pairs(alert) do
      one_of(name, "a field", "labels", "annotations", "startsAt", "endsAt", "generatorURL")
    end
    for name, value in pairs(alert.labels) do
      must(name:match("^[%a_][%w_]*$") and type(value) == "string" and value ~= "",
        "label " .. name)
    end
    for name, value in pairs(alert.annotations) do must(name:match("^[%a_][%w_]*$") and type(value)
      == "string", name) end
    for _, field in ipairs { "startsAt", "endsAt" } do
      must(alert[field]:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d[%d.]*Z$"),
        field .. " in RFC 3339")
    end
    must(alert.endsAt >= alert.startsAt, "it ends before it begins")
  end
end

-- https://docs.github.com/en/rest/issues/issues#create-an-issue and …/comments; the API's version
-- in X-GitHub-Api-Version; what is too long is answered with 422: a title beyond 256 characters, a
-- body beyond 65536
function rules.github(request)
  must((request.headers.authorization or ""):match("^Bearer "), "Bearer")
  must(request.headers["user-agent"], "a user agent is wanted")
  must(request.headers["x-github-api-version"] == "2022-11-28", "API version")
  if request.method == "GET" then return end
  is_json(request)
  if request.json.title then text(request.json.title, "title", 256) end
  if request.json.body then text(request.json.body, "body", 65536) end
  if request.json.state then
    one_of(request.json.state, "state", "open", "closed")
    one_of(request.json.state_reason, "state_reason", "completed", "not_planned", "reopened",
      "duplicate")
  end
end

return rules
