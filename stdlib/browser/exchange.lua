--- Requests and responses as scripts see them: read-only, with fields for what is known and methods
--- for what the browser must be asked.
---
---   request.url .method .type .headers .post_data .failure .duration_ms .redirected_from .response
---          .timing .initiator .from ("page", "iframe", "worker")
---   response.url .status .status_text .ok .headers .mime .from_cache .ttfb_ms .request
---   response:text() response:json() response:body()

local fault = require "fault"
local face = require "browser.face"
local glob = require "browser.glob"
local json = require "json"
local nearest = require "run.nearest"
local world = require "browser.world"

local exchange = {}

local BODY_MS = 10000
local BODY_MAX = 5 * 1024 * 1024

local request_face, response_face -- tables of getters; below, as each gives the other

local function copy(headers)
  local out = {}
  for name, value in pairs(headers or {}) do out[name] = value end
  return out
end

local function body_of(hidden)
  local tab, of = hidden.tab, hidden.exchange
  local what = "response:text() of " .. of:request().url
  local deadline = sys.clock.mono() + BODY_MS
  while not of:is_over() and sys.clock.mono() < deadline do
    world.check_alive(tab)
    tab.changed:wait(deadline - sys.clock.mono())
  end
  -- What a worker or a frame of another process asked for is kept in its own session.
  local answer, text, code = tab.browser:call("Network.getResponseBody",
    sys.codec.json_encode { requestId = of.id }, of.target and of.target.session or tab.session,
    BODY_MS)
  if not answer then
    if code ~= "cdp" then world.raise(tab, what, text, code) end
    fault.failure { code = "no-body",
      message = ("%s: the browser has no body (%s)"):format(what, text),
      hint = "a body goes when the page goes on to the next document; read it before" }
  end
  answer = sys.codec.json_decode(answer)
  local body = answer.base64Encoded and sys.codec.unbase64(answer.body) or answer.body
  if #body > BODY_MAX then
    fault.failure { code = "too-large",
      message = ("%s: the body has %.1f MB; %d are read at most"):format(what, #body / 1048576,
      BODY_MAX / 1048576) }
  end
  return body
end
exchange.body_of = body_of

local response_methods = {
  --- The body as text. Raises a failure when the browser has not kept it.
  text = function(hidden) return body_of(hidden) end,
  --- The same, for what is no text: the bytes.
  body = function(hidden) return body_of(hidden) end,
  --- The body, decoded. Raises a failure when it is no JSON.
  json = function(hidden)
    local body = body_of(hidden)
    local value, why = json.decode(body)
    if value == nil and why then
      fault.failure { code = "not-json",
        message = ("%s answered no JSON: %s"):format(hidden.exchange:request().url, why) }
    end
    return value
  end,
}

local response_getters = {
  url = function(hidden) return hidden.exchange:response().url end,
  status = function(hidden) return hidden.exchange:response().status end,
  status_text = function(hidden) return hidden.exchange:response().status_text end,
  ok = function(hidden)
    local status = hidden.exchange:response().status
    return status >= 200 and status <= 299
  end,
  headers = function(hidden) return copy(hidden.exchange:response().headers) end,
  mime = function(hidden) return hidden.exchange:response().mime end,
  from_cache = function(hidden) return hidden.exchange:response().from_cache or false end,
  ttfb_ms = function(hidden) return hidden.exchange:response().ttfb_ms end,
  request = function(hidden) return request_face(hidden) end,
}

local request_getters = {
  url = function(hidden) return hidden.exchange:request().url end,
  method = function(hidden) return hidden.exchange:request().method end,
  type = function(hidden) return hidden.exchange:request().type end,
  headers = function(hidden) return copy(hidden.exchange:request().headers) end,
  post_data = function(hidden) return hidden.exchange:post_data() end,
  from = function(hidden) return (hidden.exchange:source()) end,
  failure = function(hidden) return hidden.exchange.failure end,
  duration_ms = function(hidden) return hidden.exchange:duration() end,
  timing = function(hidden) return hidden.exchange:timing() end,
  initiator = function(hidden) return copy(hidden.exchange:request().initiator) end,
  redirected_from = function(hidden)
    local previous = hidden.exchange.previous
    return previous and exchange.request(hidden.tab, previous)
  end,
  response = function(hidden) return hidden.exchange:response() and response_face(hidden) end,
}

request_face = face.maker("request", {}, request_getters)
response_face = face.maker("response", response_methods, response_getters)

--- The request of an exchange.
---@param tab browser.Tab
---@param of browser.Exchange
---@return Request
function exchange.request(tab, of)
  return request_face { tab = tab, exchange = of }
end

--- The response of an exchange, nil while there is none.
---@return Response?
function exchange.response(tab, of)
  return of:response() and response_face { tab = tab, exchange = of } or nil
end

local LIST = { post_data = true, url = true }

--- page:requests: the last requests of page, frames and workers, oldest first; a redirect is one
--- entry for each address, except those that the browser made itself (HSTS).
---@param tab browser.Tab
---@param options table?  post_data: what each sent as well; url: only those to such addresses, a
---  glob or a function(url)
---@return table[]
function exchange.list(tab, options)
  local signature = "page:requests{url, post_data}"
  for key in pairs(options or {}) do
    if not LIST[key] then
      fault.usage(signature, ("unknown option %q"):format(tostring(key)),
        nearest.hint(key, LIST))
    end
  end
  local with_data = options and options.post_data
  local test = options and options.url and glob.compile(signature, options.url)
  local list, loader = {}, tab.document.loader
  for one in tab.network:after(0) do
    if (not test or test(one:url())) and not one:is_internal() then
      local summary = one:summary(loader)
      summary.post_data = with_data and one:post_data() or nil
      list[#list + 1] = summary
    end
  end
  return list
end

return exchange
