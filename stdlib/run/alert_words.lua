--- `a`, the first argument of an alerter's send function. Every function raises when it fails, with
--- an outcome that says whether another try makes sense, so that a script is a straight line. Used
--- by run/alert.lua; works in the user's task.

local events = require "run.events"
local fault = require "fault"
local frames = require "run.frames"
local guard = require "run.guard"
local secret = require "run.secret"
local time = require "time"

local alert_words = {}

local BYTES_MAX = 8 * 1024 * 1024
local TEXT_MAX, PRINT_MAX = 400, 65536
local ANSWER_MAX = 300 -- of a receiver's own words in a message

-- Statuses after which the same request may succeed.
local AGAIN = { [408] = true, [425] = true, [429] = true }

local outcomes = setmetatable({}, { __mode = "k" }) -- fault → outcome

--- The outcome that a raised value stands for; nil: any other error.
---@param value any
---@return table?
function alert_words.outcome(value)
  return type(value) == "table" and outcomes[value] or nil
end

local function raise(retry, message, after_ms)
  local raised = fault.new("failure", { message = message, code = retry and "later" or "refused",
    where = frames.where() })
  outcomes[raised] = { ok = false, retry = retry, retry_after_ms = after_ms, message = message,
    where = raised.where }
  error(raised, 0)
end

local function milliseconds(value)
  if type(value) == "number" then return math.max(0, value) end
  return type(value) == "string" and time.parse_duration(value) or nil
end

-- What the receiver wants to be waited for: Retry-After, in seconds or as a date.
local function asked_wait(answer)
  local text = answer.headers["retry-after"]
  local seconds = text and (tonumber(text) or require("http.retry").seconds_until(text))
  return seconds and seconds >= 0 and seconds < 86400 and seconds * 1000 or nil
end

local function reveal(value)
  local plain = secret.reveal(value)
  if type(plain) ~= "table" or plain ~= value then return plain end
  local copy = {}
  for key, content in pairs(value) do copy[key] = reveal(content) end
  return setmetatable(copy, debug.getmetatable(value))
end

local BODIES = { json = true, form = true, body = true, multipart = true }

local function host_of(url)
  return url:match("^%a[%w+.-]*://[^/?#]*@?([^/?#:]+)") or "the receiver"
end

local function shorten(text)
  text = text:gsub("[%s%c]+", " ")
  return #text > ANSWER_MAX and text:sub(1, ANSWER_MAX):gsub("[\128-\255]+$", "") .. " …" or text
end

local function judge(answer, host, accept)
  if accept[answer.status] or answer.status >= 200 and answer.status < 300 then return answer end
  local retry = AGAIN[answer.status] or answer.status >= 500
  local limited = answer.headers["x-ratelimit-remaining"] == "0" or answer.headers["retry-after"]
  if answer.status == 403 and limited then retry = true end
  raise(retry and true or false, ("%s answered %d%s"):format(host, answer.status,
    answer.body ~= "" and ": " .. shorten(answer.body) or ""), asked_wait(answer))
end

-- a.request(url, options) and its short forms.
local function request(method, url, given)
  url = secret.reveal(url)
  if type(url) ~= "string" then
    guard.refuse("a." .. method:lower() .. "(url, options): url must be a text")
  end
  local all, accept = { timeout = "20s", max_redirects = 3, max_body = BYTES_MAX }, {}
  for name, value in pairs(given or {}) do
    if name == "accept" then
      for _, status in ipairs(value) do accept[status] = true end
    else
      all[name] = BODIES[name] and reveal(value) or value
    end
  end
  all.url, all.method = url, all.method or method
  local answer, message, code = require("http").request(all)
  if not answer then
    raise(code ~= "denied" and code ~= "invalid", secret.scrub(message))
  end
  return judge(answer, host_of(url), accept)
end

local NEVER = { rejected = true, auth = true, denied = true, invalid = true }

local function send_mail(given)
  local sent, message, code = require("mail").send(given)
  if not sent then raise(not NEVER[code], message) end
  return sent
end

local function need_text(signature, text)
  if type(text) ~= "string" then guard.refuse(signature .. ": takes a text") end
  return #text > TEXT_MAX and text:sub(1, TEXT_MAX) .. " …" or text
end

-- The picture that a message names; nil when there is none or it is gone.
local function screenshot(message)
  local shot = message.screenshot
  if type(shot) ~= "table" or type(shot.path) ~= "string" then return nil end
  local bytes = sys.files.read(shot.path, BYTES_MAX)
  return bytes and { bytes = bytes, name = shot.name, type = "image/png" } or nil
end

--- Makes a and the options as the script sees them.
---@param found run.Alerter
---@param job table
---@param options table  resolved
---@param into table     prints: receives what a.print shows
---@return table a
---@return table options
function alert_words.make(found, job, options, into)
  local a, known = { name = job.alerter or found.name, version = job.version }, {}
  for name in pairs(found.options) do known[name] = true end
  function a.log(text) events.log("info", need_text("a.log(text)", text)) end
  function a.retry(text, after)
    raise(true, need_text("a.retry(message[, after])", text), milliseconds(after))
  end
  function a.refuse(text) raise(false, need_text("a.refuse(message)", text)) end
  function a.screenshot() return screenshot(job.message) end
  --- Shows a text to whoever runs nano-sre, on standard output.
  function a.print(text)
    if type(text) ~= "string" then guard.refuse("a.print(text): takes a text") end
    into.prints[#into.prints + 1] = secret.scrub(text:sub(1, PRINT_MAX))
  end
  for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE" } do
    a[method:lower()] = function(url, given)
      if not found.needs.has.http then
        guard.refuse("a." .. method:lower() .. ": the script does not declare that it needs http",
          'add "http" to needs', "needs")
      end
      return request(method, url, given)
    end
  end
  --- Raw bytes. A key "whsec_…" stands for the bytes that its base64 says.
  function a.hmac_sha256(key, text)
    key = secret.reveal(key)
    local coded = key:match("^whsec_(.+)$")
    return sys.codec.hmac_sha256(coded and sys.codec.unbase64(coded) or key, text)
  end
  function a.mail(given)
    if not found.needs.has.mail then
      guard.refuse("a.mail: the script does not declare that it needs mail",
        'add "mail" to needs', "needs")
    end
    return send_mail(given)
  end
  return guard.readonly("a", a, {}), guard.readonly("the options", options, known)
end

return alert_words
