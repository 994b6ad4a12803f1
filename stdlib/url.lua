--- URLs and query strings, after RFC 3986 with the leniency that browsers have towards links found
--- in pages. Public. Pure: no I/O, no state.

local codec = sys.codec
local fault = require "fault"

local url = {}

local DEFAULT_PORTS = { http = 80, https = 443, ws = 80, wss = 443, ftp = 21 }

local function need_string(signature, name, value)
  if type(value) ~= "string" then
    fault.usage(signature, ("%s must be a string, not %s"):format(name, type(value)))
  end
end

---@class Url
---@field scheme string     lower case
---@field userinfo string?  "name:password", still percent-encoded
---@field host string?      lower case; an IPv6 address without its brackets
---@field port number?      as written, else the scheme's usual one
---@field path string
---@field query string?     without "?", still percent-encoded
---@field fragment string?  without "#"
---@field origin string?    "https://shop.example:8443"; the port only if it is not the usual one

local function bracketed(host)
  return host:find(":", 1, true) and "[" .. host .. "]" or host
end

--- Splits an absolute URL into its parts.
---@param text string
---@return Url? parts  nil if the text is no absolute URL
---@return string? message
---@return string? code  "invalid"
---@raise usage: text is not a string
function url.parse(text)
  need_string("url.parse(text)", "text", text)
  local parts, message, code = codec.url_parse(text)
  if not parts then return nil, ('"%s" is not a URL: %s'):format(text, message), code end
  local usual = DEFAULT_PORTS[parts.scheme]
  parts.port = parts.port or usual
  if parts.host and parts.host ~= "" then
    local port = parts.port and parts.port ~= usual and ":" .. parts.port or ""
    parts.origin = parts.scheme .. "://" .. bracketed(parts.host) .. port
  end
  return parts
end

--- Puts parts together again; the opposite of `parse`.
---@param parts Url  scheme is required, origin is not looked at
---@return string
---@raise usage: no scheme
function url.build(parts)
  if type(parts) ~= "table" or type(parts.scheme) ~= "string" then
    fault.usage("url.build(parts)", "parts must be a table with a scheme")
  end
  local out = { parts.scheme, ":" }
  if parts.host then
    out[#out + 1] = "//"
    if parts.userinfo then out[#out + 1] = parts.userinfo .. "@" end
    out[#out + 1] = bracketed(parts.host)
    if parts.port and parts.port ~= DEFAULT_PORTS[parts.scheme] then
      out[#out + 1] = ":" .. parts.port
    end
  end
  out[#out + 1] = parts.path or ""
  if parts.query then out[#out + 1] = "?" .. parts.query end
  if parts.fragment then out[#out + 1] = "#" .. parts.fragment end
  return table.concat(out)
end

--- The absolute URL that a link means on a page.
---@param base string  URL of the page
---@param ref string   the link: "/cart", "../x", "//cdn.example/a.js", "?page=2", …
---@return string? url  plain ASCII; nil if base or the result is no URL
---@return string? message
---@return string? code  "invalid"
---@raise usage: not strings
function url.join(base, ref)
  need_string("url.join(base, ref)", "base", base)
  need_string("url.join(base, ref)", "ref", ref)
  return codec.url_join(base, ref)
end

--- Percent-encodes text for use inside a path segment or a query.
---@param text string|number
---@return string
function url.encode(text)
  if type(text) == "number" then text = tostring(text) end
  need_string("url.encode(text)", "text", text)
  return codec.url_encode(text)
end

--- Decodes %XX. A percent sign without two hex digits stays; "+" stays (see `decode_query`).
---@param text string
---@return string
function url.decode(text)
  need_string("url.decode(text)", "text", text)
  return codec.url_decode(text)
end

local function add_pair(out, name, value)
  if getmetatable(value) == false and require("run.secret").is(value) then
    fault.usage("url.encode_query(params)", name .. " is a secret, which stays a handle",
      "requests take it: { query = { … } }, { form = { … } }")
  end
  if type(value) == "boolean" or type(value) == "number" then value = tostring(value) end
  if type(name) ~= "string" or type(value) ~= "string" then
    fault.usage("url.encode_query(params)",
      ("%s must be text, a number or a boolean, not %s"):format(
      tostring(name), type(value)))
  end
  out[#out + 1] = codec.url_encode(name) .. "=" .. codec.url_encode(value)
end

--- Encodes parameters as a query string. Names are sorted; a list as value repeats its name. A list
--- of { name, value } pairs keeps its order.
---@param params table  { page = 2, ["ids[]"] = { 1, 2 } } or { { "a", "1" }, { "a", "2" } }
---@return string query  without "?"; a space is %20
---@raise usage: a value that is no text, number or boolean
function url.encode_query(params)
  if type(params) ~= "table" then
    fault.usage("url.encode_query(params)", "params must be a table, not " .. type(params))
  end
  local out = {}
  if params[1] ~= nil then
    for _, pair in ipairs(params) do add_pair(out, pair[1], pair[2]) end
    return table.concat(out, "&")
  end
  local names = {}
  for name in pairs(params) do
    if type(name) ~= "string" then
      fault.usage("url.encode_query(params)", "names must be strings, not " .. type(name))
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = params[name]
    if type(value) == "table" and getmetatable(value) ~= false then
      for _, item in ipairs(value) do add_pair(out, name, item) end
    else
      add_pair(out, name, value)
    end
  end
  return table.concat(out, "&")
end

--- Decodes a query string or a form body ("+" is a space).
---@param query string?  without "?"; nil counts as ""
---@return table<string,string> values  by name; the last of a repeated name
---@return string[][] pairs             { {name, value}, … } in order, repeated names too
function url.decode_query(query)
  if query == nil then query = "" end
  need_string("url.decode_query(query)", "query", query)
  local values, list = {}, {}
  for piece in query:gmatch("[^&]+") do
    piece = piece:gsub("%+", " ")
    local name, value = piece:match("^([^=]*)=(.*)$")
    name = codec.url_decode(name or piece)
    value = codec.url_decode(value or "")
    values[name] = value
    list[#list + 1] = { name, value }
  end
  return values, list
end

--- The URL with parameters set: those already there are replaced, others and the fragment are kept.
---@param text string  an absolute URL
---@param params table  as for `encode_query`, by name; false removes a parameter
---@return string? url  nil if text is no URL
---@return string? message
---@return string? code
function url.with_query(text, params)
  local parts, message, code = url.parse(text)
  if not parts then return nil, message, code end
  local keep, add = {}, {}
  for _, pair in ipairs((select(2, url.decode_query(parts.query)))) do
    if params[pair[1]] == nil then keep[#keep + 1] = pair end
  end
  for name, value in pairs(params) do
    if value ~= false then add[name] = value end
  end
  local kept, added = url.encode_query(keep), url.encode_query(add)
  local query = kept .. (kept ~= "" and added ~= "" and "&" or "") .. added
  parts.query = query ~= "" and query or nil
  return url.build(parts)
end

return url
