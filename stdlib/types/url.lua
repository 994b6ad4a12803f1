---@meta url

---@class Url
---@field scheme string     lower case
---@field userinfo string?  "name:password", still percent-encoded
---@field host string?      lower case; an IPv6 address without its brackets
---@field port number?      as written, else the scheme's usual one
---@field path string
---@field query string?     without "?"
---@field fragment string?  without "#"
---@field origin string?    "https://shop.example"

--- URLs and query strings.
---@class nano.url
local url = {}

---@param text string  an absolute URL
---@return Url? parts
---@return string? message
---@return string? code  "invalid"
function url.parse(text) end

---@param parts Url
---@return string
function url.build(parts) end

--- The absolute URL that a link means on a page.
---@param base string
---@param ref string
---@return string? url
---@return string? message
---@return string? code  "invalid"
function url.join(base, ref) end

--- Percent-encodes text for a path segment or a query.
---@param text string|number
---@return string
function url.encode(text) end

---@param text string
---@return string
function url.decode(text) end

--- Names sorted; a list as value repeats its name; a list of { name, value } pairs keeps its order.
---@param params table
---@return string query  without "?"
function url.encode_query(params) end

---@param query string?  without "?"
---@return table<string, string> values  the last of a repeated name
---@return string[][] pairs              { {name, value}, … } in order
function url.decode_query(query) end

--- The URL with parameters set; false removes one.
---@param text string
---@param params table
---@return string? url
---@return string? message
---@return string? code  "invalid"
function url.with_query(text, params) end

return url
