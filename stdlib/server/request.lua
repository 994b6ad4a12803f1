--- What a handler of `server` gets: the request of sys.server with its query, cookies and form read
--- when they are first looked at. Used by server.lua.

local json = require "json"
local multipart = require "server.multipart"
local url = require "url"

local request = {}

---@class server.Request
---@field method string             "GET", "POST", …
---@field path string               decoded: "/products/red shoe"
---@field query_text string         as it came, without "?"
---@field query table<string, string>    decoded; the last of a repeated name
---@field query_pairs string[][]    { {name, value}, … }, repeated names too
---@field params table<string, string>   what the route's ":names" stand for
---@field headers table<string, string>  names in lower case; repeated ones joined with ", "
---@field cookies table<string, string>
---@field body string
---@field form table<string, string>     fields of a posted form, {} if the body is none; the last
---  of a repeated name; not files
---@field form_pairs string[][]     { {name, value}, … }, repeated names too
---@field files server.Part[]       files of a posted form
---@field remote string             the client's address
---@field tls boolean
local Request = {}

--- The body as JSON.
---@return any value   nil if it is not JSON
---@return string? message
---@return string? code  "invalid"
function Request:json()
  return json.decode(self.body)
end

-- "a=1; b=2" → { a = "1", b = "2" }; of a repeated name the first counts, as it is the most
-- specific one.
local function read_cookies(text)
  local cookies = {}
  for pair in (text or ""):gmatch("[^;]+") do
    local name, value = pair:match("^%s*([^=%s]+)%s*=%s*(.-)%s*$")
    if name and cookies[name] == nil then cookies[name] = value:match('^"(.*)"$') or value end
  end
  return cookies
end

local function read_form(self)
  local kind = (self.headers["content-type"] or ""):lower()
  local form, pairs_, files = {}, {}, {}
  if kind:find("^application/x%-www%-form%-urlencoded") then
    form, pairs_ = url.decode_query(self.body)
  elseif kind:find("^multipart/form%-data") then
    for _, part in ipairs(multipart.parse(self.body, self.headers["content-type"]) or {}) do
      if part.filename then
        files[#files + 1] = part
      else
        form[part.name] = part.value
        pairs_[#pairs_ + 1] = { part.name, part.value }
      end
    end
  end
  self.form, self.form_pairs, self.files = form, pairs_, files
end

local function read_query(self)
  self.query, self.query_pairs = url.decode_query(self.query_text)
end

local LAZY = {
  query = read_query, query_pairs = read_query,
  form = read_form, form_pairs = read_form, files = read_form,
  cookies = function(self) self.cookies = read_cookies(self.headers.cookie) end,
}

local META = {
  __index = function(self, name)
    local read = LAZY[name]
    if not read then return Request[name] end
    read(self)
    return rawget(self, name)
  end,
}

--- Makes a request of what sys.server gave.
---@param raw table
---@return server.Request
function request.wrap(raw)
  raw.query_text, raw.query = raw.query, nil
  return setmetatable(raw, META)
end

return request
