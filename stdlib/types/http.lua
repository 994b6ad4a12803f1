---@meta http

---@class http.Timings
---@field redirects number   milliseconds of all hops before the last one
---@field dns number
---@field connect number     TCP connection
---@field tls number         TLS handshake
---@field first_byte number  from being connected to the first byte: the server's own time
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
---@field url string              where the answer came from, after redirects
---@field body string             decompressed; "" for a stream
---@field headers table<string, string>  looked up in any case; repeated ones joined with ", "
---@field redirects { status: number, url: string }[]  the hops before
---@field timings http.Timings
---@field certificate http.Certificate?  nil without TLS
---@field http_version string     "1.1", "2"
---@field remote_ip string
---@field remote_port number
---@field reused boolean          an open connection was used again
---@field attempts number         1, more after retries
local Response = {}

--- Every value of a header, in order (Set-Cookie).
---@param name string
---@return string[]
function Response:header_values(name) end

--- The body as JSON.
---@return any value  json.null for null
---@return string? message
---@return string? code  "protocol"
function Response:json() end

---@class http.RetryOptions
---@field count number?             further attempts, default 2
---@field delay string|number?      before the first of them, default 500 ms; doubled each time
---@field max_delay string|number?  default 30 s
---@field statuses number[]?        default 429, 502, 503, 504; for POST and PATCH 429 and 503
---@field codes string[]?           default those of a broken connection

--- One part of a form with files.
---@class http.Part
---@field name string
---@field value string
---@field filename string?  makes it a file
---@field type string?      of a file, e.g. "image/png"

---@class http.Options
---@field url string?
---@field method string?             GET if absent
---@field headers table<string, string|string[]|false>?  false: do not send it
---@field query table?               parameters added to the URL
---@field body string?
---@field json any?                  sent as JSON, with its content type
---@field form table?                sent as a form
---@field multipart http.Part[]?     sent as a form with files
---@field auth string[]?             { user, password }
---@field timeout string|number?     "30s" or milliseconds; of everything; default 30 s, 0: none
---@field connect_timeout string|number?     name, connection and TLS; default 10 s
---@field first_byte_timeout string|number?  default none
---@field max_body number?           bytes after decompression; default 10 MB, 0: no cap
---@field max_redirects number?      default 10; 0: a redirect is the answer
---@field jar http.Jar?              cookies shared between requests
---@field proxy string?              URL of a proxy, or "env"; default none
---@field http_version string?       "1.0", "1.1", "2", "2-prior-knowledge"
---@field connect_to string?         "host:port" to connect to instead of the URL's
---@field ca_pem string?             authorities to trust instead of the system's
---@field insecure boolean?          accept any certificate
---@field fresh_connection boolean?  look up, connect and shake hands anew
---@field keep_encoded boolean?      do not decompress
---@field retry http.RetryOptions?   repeat failed attempts

---@class http.Stream: http.Response
local Stream = {}

--- The next piece of the body; nil at the end, nil, message, code on failure.
---@param timeout string|number?
---@return string? piece
---@return string? message
---@return string? code
function Stream:read(timeout) end

--- Ends the transfer.
function Stream:close() end

---@class http.Cookie
---@field name string
---@field value string
---@field domain string
---@field path string?
---@field subdomains boolean?
---@field secure boolean?
---@field http_only boolean?
---@field expires number?  seconds since the epoch

---@class http.Jar
local Jar = {}

---@return http.Cookie[]
function Jar:cookies() end

---@param cookie http.Cookie
function Jar:set(cookie) end

--- Drops every cookie.
function Jar:clear() end

--- HTTP requests. Declare "http" in needs; network goes to the store and to the hosts named there.
---@class nano.http
local http = {}

---@param url string
---@param options http.Options?
---@return http.Response? response
---@return string? message
---@return string? code
function http.get(url, options) end

---@param url string
---@param options http.Options?
---@return http.Response? response
---@return string? message
---@return string? code
function http.head(url, options) end

---@param url string
---@param options http.Options?
---@return http.Response? response
---@return string? message
---@return string? code
function http.post(url, options) end

---@param url string
---@param options http.Options?
---@return http.Response? response
---@return string? message
---@return string? code
function http.put(url, options) end

---@param url string
---@param options http.Options?
---@return http.Response? response
---@return string? message
---@return string? code
function http.patch(url, options) end

---@param url string
---@param options http.Options?
---@return http.Response? response
---@return string? message
---@return string? code
function http.delete(url, options) end

---@param options http.Options  url is required
---@return http.Response? response
---@return string? message
---@return string? code
function http.request(options) end

---@param options http.Options  url is required
---@return http.Stream? stream  when the headers have come
---@return string? message
---@return string? code
function http.open(options) end

--- The addresses of a name.
---@param host string
---@return string[]? addresses
---@return string? message
---@return string? code  "dns" or "dns-unreachable"
function http.resolve(host) end

--- A cookie jar for several requests.
---@return http.Jar? jar
---@return string? message
---@return string? code
function http.jar() end

return http
