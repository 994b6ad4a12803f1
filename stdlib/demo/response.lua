--- Responses of the demo store as plain tables { status, headers, cookies, body, delay_ms? }, so
--- that every page can be tested without a server. Used by demo/shop.lua and its routes.

local json = require "json"

local response = {}

--- headers: by lower-case name. cookies: Set-Cookie lines. delay_ms: how long the server is to wait
--- before it answers.
---@class DemoResponse
---@field status number
---@field headers table<string, string>
---@field cookies string[]
---@field body string
---@field delay_ms number?

---@return DemoResponse
function response.new(status, kind, text, cache)
  return {
    status = status, headers = { ["content-type"] = kind, ["cache-control"] = cache }, cookies = {},
    body = text,
  }
end

function response.html(text, status)
  return response.new(status or 200, "text/html; charset=utf-8", text, "no-cache")
end

function response.text(text, status)
  return response.new(status or 200, "text/plain; charset=utf-8", text, "no-cache")
end

function response.json(value, status)
  return response.new(status or 200, "application/json; charset=utf-8", json.encode(value),
    "no-store")
end

--- As the Ajax addresses that end in .js answer.
function response.javascript(value, status)
  return response.new(status or 200, "text/javascript; charset=utf-8", json.encode(value),
    "no-store")
end

function response.redirect(location, status)
  local out = response.html("", status or 302)
  out.headers.location = location
  return out
end

--- Something that may be kept for a year because its URL changes with it.
function response.static(kind, data, etag)
  local out = response.new(200, kind, data, "public, max-age=31557600, immutable")
  out.headers.etag = etag
  return out
end

--- Adds a cookie for the whole shop.
---@param out DemoResponse
---@param name string
---@param value string  without characters that a cookie cannot hold
---@param max_age number?  seconds; a session cookie if absent
---@param http_only boolean?
function response.set_cookie(out, name, value, max_age, http_only)
  out.cookies[#out.cookies + 1] = ("%s=%s; path=/%s; SameSite=Lax%s"):format(name, value,
    max_age and "; max-age=" .. max_age or "", http_only and "; HttpOnly" or "")
  return out
end

return response
