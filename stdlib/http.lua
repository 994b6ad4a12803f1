--- HTTP requests. Public, for scripts that declare "http" in their needs.
---
---    local http = require "http"
---    local res, message, code = http.get(t.store.url .. "/cart.js", { timeout = "5s" })
---    if not res then … message says what happened, code is one word
---    print(res.status, res.headers["content-type"], res.timings.total, res:json().item_count)
---
--- An answer of any status is a response; only what kept an answer from coming is a failure: "dns"
--- (no such name), "dns-unreachable" (the own network), "refused", "connect", "timeout" (the
--- message names the phase), "tls", "closed", "protocol" (not HTTP), "redirects" (endless),
--- "too-large", "proxy", "private-address" and "denied" (not allowed), "invalid" (the request
--- itself).

local fault = require "fault"
local options = require "http.options"
local response = require "http.response"
local seen = require "http.seen"

local http = {}

---@class http.Options
---@field url string?
---@field method string?             GET if absent
---@field headers table<string, string|string[]|false>?  a list sends the header several times,
---  false sends it not at all
---@field query table?               parameters added to the URL
---@field body string?
---@field json any?                  sent as JSON, with its content type
---@field form table?                sent as a form
---@field multipart http.Part[]?     sent as a form with files
---@field auth string[]?             { user, password }
---@field timeout string|number?     "30s" or milliseconds; of everything together; default 30 s, 0:
---  none
---@field connect_timeout string|number?     name, connection and TLS; default 10 s
---@field first_byte_timeout string|number?  from the request being sent to the first byte of the
---  answer; default none
---@field max_body number?           bytes after decompression; default 10 MB, 0: no cap
---@field max_redirects number?      default 10; 0: a redirect is the answer
---@field jar http.Jar?              cookies shared between requests; without one they live for one
---  request
---@field proxy string?              URL of a proxy, or "env" for what the environment says; default
---  none
---@field http_version string?       "1.0", "1.1", "2", "2-prior-knowledge"; default the best both
---  can
---@field connect_to string?         "host:port" to connect to instead of the URL's
---@field ca_pem string?             authorities to trust instead of the system's
---@field insecure boolean?          accept any certificate
---@field fresh_connection boolean?  look up, connect and shake hands anew
---@field keep_encoded boolean?      do not decompress
---@field retry http.RetryOptions?    repeat failed attempts; default: one attempt

---@class http.RetryOptions
---@field count number?             further attempts, default 2
---@field delay string|number?      before the first of them, default 500 ms; doubled each time
---@field max_delay string|number?  default 30 s; a server that asks for more is not asked again
---@field statuses number[]?        default 429, 502, 503, 504; for POST and PATCH 429 and 503
---@field codes string[]?           default those of a broken connection; for POST and PATCH those
---  where the request was certainly not sent

-- What scripts hold → handle of sys.http.
local jars, streams = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

local function jar_handle(jar)
  return jars[jar]
end

local function run(signature, given)
  local plain, message, code = options.plain(signature, given, jar_handle)
  if not plain then return nil, message, code end
  local retry = given.retry ~= nil and require "http.retry" -- loaded for those that ask for it
  local plan = retry and retry.read(signature, given.retry, plain.method or "GET")
  local attempts = 0
  while true do
    attempts = attempts + 1
    if attempts == 1 and seen.is_first(plain.url) then plain.fresh_connection = true end
    local raw, text, why = sys.http.request(plain)
    if attempts == 1 and raw then seen.note(raw.url, raw.remote_ip) end
    local answer = raw and response.wrap(raw, attempts)
    local wait = retry and retry.delay(plan, attempts, answer, why)
    if not wait then
      if answer then return answer end
      return nil, attempts > 1 and ("%s (%d attempts)"):format(text, attempts) or text, why
    end
    sys.clock.sleep(wait)
  end
end

local function need_options(signature, given)
  if type(given) ~= "table" then
    fault.usage(signature, "a table of options is wanted, not a " .. type(given))
  end
end

local function with_method(method)
  local signature = ("http.%s(url[, options])"):format(method:lower())
  return function(url, given)
    if type(url) ~= "string" then
      fault.usage(signature, "url must be a string, not a " .. type(url))
    end
    if given ~= nil then need_options(signature, given) end
    local all = {}
    for name, value in pairs(given or {}) do all[name] = value end
    all.url, all.method = url, method
    return run(signature, all)
  end
end

--- Fetches a URL.
---@type fun(url: string, options: http.Options?): http.Response?, string?, string?
http.get = with_method "GET"

--- As get, but the server is asked for the headers alone.
---@type fun(url: string, options: http.Options?): http.Response?, string?, string?
http.head = with_method "HEAD"

--- Sends options.body, options.json, options.form or options.multipart.
---@type fun(url: string, options: http.Options?): http.Response?, string?, string?
http.post = with_method "POST"

--- As post, with the method PUT.
---@type fun(url: string, options: http.Options?): http.Response?, string?, string?
http.put = with_method "PUT"

--- As post, with the method PATCH.
---@type fun(url: string, options: http.Options?): http.Response?, string?, string?
http.patch = with_method "PATCH"

--- Sends a DELETE request.
---@type fun(url: string, options: http.Options?): http.Response?, string?, string?
http.delete = with_method "DELETE"

--- Sends any request.
---@param given http.Options  url is required
---@return http.Response? response
---@return string? message    what kept an answer from coming
---@return string? code
---@raise usage: an unknown option, or one of a wrong kind
function http.request(given)
  local signature = "http.request{ url = …, … }"
  need_options(signature, given)
  return run(signature, given)
end

---@class http.Stream: http.Response  its body is ""; timings.total is the time to the head
local Stream = {}

--- The next piece of the body, as it comes.
---@param timeout string|number?  how long to wait for it
---@return string? piece    nil at the end
---@return string? message  nil at the end as well: only a failure has a message
---@return string? code
function Stream:read(timeout)
  local ms = timeout and options.milliseconds("stream:read([timeout])", "timeout", timeout)
  local piece, message, code = streams[self]:read(ms)
  if piece == "" then return nil end
  return piece, message, code
end

--- Ends the transfer; what has not been read is dropped. Streams that nobody holds end by
--- themselves.
function Stream:close()
  streams[self]:close()
end

--- Begins a request whose body is read in pieces while it comes; the server is made to wait for a
--- slow reader. There is no cap on the size and no retry; options.timeout limits the whole
--- transfer.
---@param given http.Options  url is required
---@return http.Stream? stream  when the headers have come
---@return string? message
---@return string? code
---@raise usage: as request
function http.open(given)
  local signature = "http.open{ url = …, … }"
  need_options(signature, given)
  if given.retry ~= nil then fault.usage(signature, "a stream cannot be retried") end
  local plain, message, code = options.plain(signature, given, jar_handle)
  if not plain then return nil, message, code end
  local handle, raw
  handle, message, code = sys.http.open(plain)
  if not handle then return nil, message, code end
  raw, message, code = handle:head()
  if not raw then return nil, message, code end
  raw.read, raw.close = Stream.read, Stream.close
  streams[raw] = handle
  return response.wrap(raw, 1)
end

--- The addresses of a name, as this machine's resolver tells them.
---@param host string
---@return string[]? addresses
---@return string? message
---@return string? code  "dns" (there is no such name) or "dns-unreachable" (the resolver does not
---  answer)
---@raise usage: not a string
function http.resolve(host)
  if type(host) ~= "string" then
    fault.usage("http.resolve(host)", "host must be a string, not a " .. type(host))
  end
  return sys.http.resolve(host)
end

---@class http.Cookie
---@field name string
---@field value string
---@field domain string
---@field path string?        default "/"
---@field subdomains boolean? sent to names below domain as well
---@field secure boolean?     only over TLS
---@field http_only boolean?  not for JavaScript
---@field expires number?     seconds since the epoch; nil: with the session

---@class http.Jar
local Jar = {}
-- By a function: jar.__index must not give the methods away.
local JarMeta = { __index = function(_, key) return Jar[key] end, __metatable = false }

local function handle_of(jar, signature)
  return jars[jar] or fault.usage(signature, "it is called with the jar before the colon")
end

--- A cookie jar for several requests.
---@return http.Jar? jar
---@return string? message
---@return string? code
function http.jar()
  local handle, message, code = sys.http.jar()
  if not handle then return nil, message, code end
  local jar = setmetatable({}, JarMeta)
  jars[jar] = handle
  return jar
end

local LINE = "^(#?[^\t]*)\t(%u+)\t([^\t]*)\t(%u+)\t(%d+)\t([^\t]*)\t([^\t]*)$"

--- The cookies in the jar.
---@return http.Cookie[]
function Jar:cookies()
  local out = {}
  for line in handle_of(self, "jar:cookies()"):list():gmatch("[^\n]+") do
    local domain, subdomains, path, secure, expires, name, value = line:match(LINE)
    if domain then
      local bare = domain:match("^#HttpOnly_(.*)$")
      out[#out + 1] = {
        name = name, value = value, domain = ((bare or domain):gsub("^%.", "")), path = path,
        subdomains = subdomains == "TRUE", secure = secure == "TRUE", http_only = bare ~= nil,
        expires = expires ~= "0" and tonumber(expires) or nil,
      }
    end
  end
  return out
end

--- Puts a cookie into the jar.
---@param cookie http.Cookie
---@raise usage: name, value or domain is missing, or something contains control characters
function Jar:set(cookie)
  local signature = "jar:set{ name = …, value = …, domain = … }"
  local handle = handle_of(self, signature)
  for _, field in ipairs { "name", "value", "domain", "path" } do
    local text = cookie[field] or field == "path" and "/"
    if type(text) ~= "string" or text:find("%c") then
      fault.usage(signature, field .. " must be text without control characters")
    end
  end
  local function word(on) return on and "TRUE" or "FALSE" end
  local line = table.concat({
    (cookie.http_only and "#HttpOnly_" or "") .. cookie.domain, word(cookie.subdomains),
    cookie.path or "/", word(cookie.secure), ("%d"):format(cookie.expires or 0),
    cookie.name, cookie.value,
  }, "\t")
  if not handle:add(line) then fault.usage(signature, "this is no cookie") end
end

--- Drops every cookie.
function Jar:clear()
  handle_of(self, "jar:clear()"):clear()
end

return http
