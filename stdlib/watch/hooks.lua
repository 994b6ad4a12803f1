--- Whether a webhook is what it says it is, and what it says. Pure: the request, the trigger's
--- settings, the time. Used by watch/triggers.lua.
---
--- Everything is judged by the body's bytes as they came; signatures are compared in constant time,
--- and what is wrong with one is not told, so that nobody can feel his way.
---
--- github    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
--- standard  https://github.com/standard-webhooks/standard-webhooks (spec/standard-webhooks.md)
--- hmac      HMAC-SHA-256 of the body, as hex or base64, in a header of its own

local codec = sys.codec
local json = require "json"
local url = require "url"

local hooks = {}

local TOLERANCE_S = 300 -- of a timestamp, both ways
local ID_MAX = 200

---@class HookRefusal
---@field status integer
---@field message string  for the sender

local function refuse(status, message) return nil, { status = status, message = message } end
local function unauthorized() return refuse(401, "the signature is missing or wrong") end

-- Whether one of the secrets makes this signature of a text. All are tried, whichever fits.
local function is_signed(secrets, text, given, encode)
  local fits = false
  for _, secret in ipairs(secrets) do
    if codec.equal(encode(codec.hmac_sha256(secret, text)), given) then fits = true end
  end
  return fits
end

-- GitHub sends JSON as it is, or as the field of a form.
local function github_body(request)
  local kind = (request.headers["content-type"] or ""):lower()
  if kind:find "^application/x%-www%-form%-urlencoded" then
    local payload = url.decode_query(request.body).payload
    return payload and json.decode(payload)
  end
  return json.decode(request.body)
end

local function includes(list, value)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end

local function digest(request) return codec.sha256(request.body) end

local function text_of(value) return type(value) == "string" and value or nil end

local forms = {}

-- The signature says nothing of the delivery's id; the body, which it does cover, is never the
-- same for two statuses, so both must be new.
function forms.github(hook, request)
  local headers = request.headers
  local given = (headers["x-hub-signature-256"] or ""):match "^sha256=(%x+)$"
  if not given or not is_signed(hook.secrets, request.body, given:lower(), codec.hex) then
    return unauthorized()
  end
  local id, name = headers["x-github-delivery"], headers["x-github-event"]
  if not id or not name then
    return refuse(400, "X-GitHub-Delivery and X-GitHub-Event are missing")
  end
  local event = { form = "github", id = id, name = name, keys = { id, digest(request) } }
  if name == "ping" then
    event.ignored = "pong"
    return event
  end
  if not includes(hook.events, name) then
    event.ignored = ("%s is none of %s"):format(name, table.concat(hook.events, ", "))
    return event
  end
  local body = github_body(request)
  if type(body) ~= "table" then return refuse(400, "the body is no JSON object") end
  event.body = body
  if name ~= "deployment_status" then return event end
  local status = type(body.deployment_status) == "table" and body.deployment_status or {}
  local deployment = type(body.deployment) == "table" and body.deployment or {}
  local where = text_of(status.environment) or text_of(deployment.environment)
  event.about = { state = text_of(status.state), environment = where,
    sha = text_of(deployment.sha), ref = text_of(deployment.ref),
    repository = type(body.repository) == "table" and text_of(body.repository.full_name) or nil }
  if not includes(hook.states, status.state) then
    event.ignored = ("the state is %s"):format(tostring(status.state))
  elseif hook.environments and not includes(hook.environments, where) then
    event.ignored = ("the environment is %s"):format(tostring(where))
  end
  return event
end

-- A secret "whsec_…" stands for the bytes that its base64 says.
local function bytes_of(secret)
  local coded = secret:match "^whsec_(.+)$"
  return coded and codec.unbase64(coded) or secret
end

function forms.standard(hook, request, now)
  local headers = request.headers
  local id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
  local signatures = headers["webhook-signature"]
  local seconds = stamp and stamp:match "^%d+$" and tonumber(stamp)
  if not id or not seconds or not signatures then return unauthorized() end
  local secrets = {}
  for i, secret in ipairs(hook.secrets) do secrets[i] = bytes_of(secret) end
  local signed, fits = id .. "." .. stamp .. "." .. request.body, false
  for given in signatures:gmatch "%f[^%s,%z]v1,([%w+/=]+)" do
    if is_signed(secrets, signed, given, codec.base64) then fits = true end
  end
  if not fits then return unauthorized() end
  local off = math.abs(now / 1000 - seconds)
  if off > TOLERANCE_S then
    return refuse(401, ("the timestamp is %d seconds off, at most %d are allowed"):format(off,
      TOLERANCE_S))
  end
  return { form = "standard", id = id, keys = { id } }
end

-- Without an id of its own a delivery is known by its body, for as long as a retry may take.
function forms.hmac(hook, request, now)
  local given, encode = request.headers[hook.header] or "", codec[hook.encoding]
  if given:sub(1, #hook.prefix) ~= hook.prefix then return unauthorized() end
  given = given:sub(#hook.prefix + 1)
  if hook.encoding == "hex" then given = given:lower() end
  if not is_signed(hook.secrets, request.body, given, encode) then return unauthorized() end
  local id = hook.id and request.headers[hook.id]
  if hook.id and not id then return refuse(400, ("the header %s is missing"):format(hook.id)) end
  local event = { form = "hmac", id = id, keys = { id } }
  if not id then event.keys[1] = ("%s/%d"):format(digest(request), math.floor(now / 60000)) end
  return event
end

--- Judges a request.
---@param hook table      see watch/trigger_settings.lua
---@param request table   headers (names in lower case), body
---@param now number      ms
---@return table? event   form, id?, keys (each must be new), name?, body? (JSON) or text?, about?,
---  ignored?
---@return HookRefusal? refusal
function hooks.judge(hook, request, now)
  request.body = request.body or ""
  local event, refusal = forms[hook.form](hook, request, now)
  if event and event.id and (#event.id > ID_MAX or event.id:find "[%c\128-\255]") then
    return refuse(400, "the id of the delivery is too long or has odd characters")
  end
  if event and not event.body then
    local body = json.decode(request.body)
    if type(body) == "table" then event.body = body else event.text = request.body end
  end
  return event, refusal
end

return hooks
