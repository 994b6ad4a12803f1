--- The answer to an HTTP request as scripts see it. Made by http.lua from what sys.http gives;
--- headers are taken apart only when somebody looks at them, since most checks look at the status
--- alone.

local json = require "json"

local response = {}

---@class http.Timings
---@field redirects number   milliseconds of all hops before the last one; the other phases are
---  those of the last
---@field dns number         look-up of the name
---@field connect number     TCP connection
---@field tls number         TLS handshake
---@field first_byte number  from being connected to the first byte of the answer: the server's own
---  time
---@field transfer number    first to last byte
---@field total number       the sum

---@class http.Certificate
---@field subject string     "CN=shop.example"
---@field issuer string
---@field names string       "shop.example, www.shop.example"
---@field not_before string  ISO 8601
---@field not_after string   ISO 8601: when it expires
---@field verify string      "ok", "not checked", or why it is not trusted
---@field protocol string    "TLSv1.3"

---@class http.Response
---@field status number
---@field ok boolean              status 200 to 299
---@field url string              where the answer came from, after redirects; without user name and
---  password
---@field body string             decompressed; "" for a stream
---@field headers table<string, string>  names in lower case, looked up in any case; repeated ones
---  joined with ", "
---@field redirects { status: number, url: string }[]  the hops before
---@field timings http.Timings
---@field certificate http.Certificate?  nil without TLS
---@field http_version string     "1.1", "2"
---@field remote_ip string
---@field remote_port number
---@field reused boolean          an open connection was used again
---@field attempts number         1, more after retries
local Response = {}
local methods = {}

local Headers = {
  __index = function(self, name)
    return type(name) == "string" and rawget(self, name:lower()) or nil
  end,
  __metatable = false,
}

-- { {name in lower case, value}, … } in the order in which they came.
local function parse_headers(block)
  local list = {}
  for line in block:gmatch("([^\r\n]+)") do
    local name, value = line:match("^([^:%s]+):%s*(.-)%s*$")
    if name then
      list[#list + 1] = { name:lower(), value }
    elseif #list > 0 then -- the obsolete way to continue a line
      list[#list][2] = list[#list][2] .. " " .. (line:match("^%s*(.-)%s*$"))
    end
  end
  return list
end

local function header_list(self)
  local list = rawget(self, "header_list")
  if not list then
    list = parse_headers(self.header_block)
    rawset(self, "header_list", list)
  end
  return list
end

local function header_table(self)
  local out = {}
  for _, header in ipairs(header_list(self)) do
    local name, value = header[1], header[2]
    out[name] = out[name] and out[name] .. ", " .. value or value
  end
  out = setmetatable(out, Headers)
  rawset(self, "headers", out)
  return out
end

Response.__metatable = false
Response.__index = function(self, key)
  if key == "headers" then return header_table(self) end
  return methods[key]
end

--- Every value of a header, in order: the way to read Set-Cookie, whose values contain commas.
---@param name string  in any case
---@return string[]
function methods:header_values(name)
  local out, wanted = {}, name:lower()
  for _, header in ipairs(header_list(self)) do
    if header[1] == wanted then out[#out + 1] = header[2] end
  end
  return out
end

--- The body as JSON.
---@return any value       json.null for null; nil if the body is no JSON
---@return string? message what was there instead
---@return string? code    "protocol"
function methods:json()
  local value, message, code = json.decode(self.body)
  if code == nil then return value end
  local text = ("the answer from %s (status %d) is %s"):format(self.url, self.status, message)
  return nil, text, "protocol"
end

--- Turns what sys.http gave into a response, in place.
---@param raw table
---@param attempts number
---@return http.Response
function response.wrap(raw, attempts)
  raw.ok = raw.status >= 200 and raw.status < 300
  raw.attempts = attempts
  raw.body = raw.body or ""
  return setmetatable(raw, Response)
end

return response
