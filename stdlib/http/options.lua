--- The options of an HTTP request: checked, with messages that name the function which was called,
--- and turned into the plain ones of sys.http. Used by http.lua.

local fault = require "fault"
local json = require "json"
local secret = require "run.secret"
local time = require "time"

local options = {}

local KINDS = {
  url = "string", method = "string", headers = "table", query = "table",
  body = "string", json = "any", form = "table", multipart = "table", auth = "table",
  connect_timeout = "duration", first_byte_timeout = "duration", timeout = "duration",
  max_body = "number", max_redirects = "number", jar = "table",
  proxy = "string", http_version = "string", connect_to = "string", ca_pem = "string",
  insecure = "boolean", fresh_connection = "boolean", keep_encoded = "boolean", retry = "table",
}
-- Go to sys.http as they are.
local PLAIN = { "max_body", "max_redirects", "proxy", "http_version", "connect_to", "ca_pem",
  "insecure", "fresh_connection", "keep_encoded" }
local TIMES = { "connect_timeout", "first_byte_timeout", "timeout" }

local function known_words()
  local out = {}
  for word in pairs(KINDS) do out[#out + 1] = word end
  table.sort(out)
  return "known are " .. table.concat(out, ", ")
end

--- Milliseconds of a duration: "10s", or a number that is milliseconds already.
---@param signature string
---@param name string
---@param value string|number
---@return number
function options.milliseconds(signature, name, value)
  if type(value) == "number" then
    if value >= 0 and value < 1e12 then return value end
    fault.usage(signature, name .. " must be milliseconds from 0")
  end
  local ms, message = time.parse_duration(value)
  if not ms then fault.usage(signature, ("%s: %s"):format(name, message)) end
  return ms
end

local function check_kind(signature, name, value)
  local kind, got = KINDS[name], type(value)
  if not kind then
    fault.usage(signature, ("there is no option %q"):format(tostring(name)), known_words())
  elseif kind == "duration" then
    if got ~= "number" and got ~= "string" then
      fault.usage(signature, ('%s must be a duration such as "10s", not a %s'):format(name, got))
    end
  elseif kind ~= "any" and got ~= kind then
    fault.usage(signature, ("%s must be a %s, not a %s"):format(name, kind, got))
  end
end

local function check_range(signature, name, value, most)
  if value and not (value >= 0 and value <= most) then
    fault.usage(signature, ("%s must be from 0 to %.0f, not %s"):format(name, most,
      tostring(value)))
  end
end

local function header_value(signature, name, value)
  value = secret.reveal(value)
  if type(value) == "number" then return tostring(value) end
  if type(value) == "string" or value == false then return value end
  local problem = "header %s: the value must be text, a list of texts, or false, not a %s"
  fault.usage(signature, problem:format(tostring(name), type(value)))
end

-- { name, value, name, value, … }, sorted by name so that the same request is the same bytes.
local function flat_headers(signature, headers)
  local names, out = {}, {}
  for name in pairs(headers) do
    if type(name) ~= "string" then
      fault.usage(signature, 'headers must be a table such as { ["Accept-Language"] = "de" }')
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = headers[name]
    local list = type(value) == "table" and not secret.is(value) and value or { value }
    for _, item in ipairs(list) do
      out[#out + 1] = name
      out[#out + 1] = header_value(signature, name, item)
    end
  end
  return out
end

local function has_header(flat, wanted)
  for i = 1, #flat, 2 do
    if flat[i]:lower() == wanted then return true end
  end
  return false
end

local function add_header(flat, name, value)
  if not has_header(flat, name:lower()) then
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
end

-- Deeper than json.encode goes, which then says so; a table may contain itself.
local DEPTH_MAX = 1001

-- What goes to the shop, with the texts of secrets in the place of their handles. Copies what it
-- changes: the script holds the table.
local function revealed(value, depth)
  if type(value) ~= "table" then return value end
  if secret.is(value) then return secret.reveal(value) end
  if depth > DEPTH_MAX then return value end
  local copy
  for key, content in next, value do
    local shown = revealed(content, depth + 1)
    if not rawequal(shown, content) then
      if not copy then
        copy = setmetatable({}, debug.getmetatable(value)) -- the mark of a JSON list
        for k, v in next, value do rawset(copy, k, v) end
      end
      rawset(copy, key, shown)
    end
  end
  return copy or value
end

-- The same for parameters. In an address a secret is written with escapes, and an address is shown.
local function revealed_params(params)
  local function hide(value)
    if secret.is(value) then secret.new(sys.codec.url_encode(secret.reveal(value))) end
    if type(value) == "table" and not secret.is(value) then
      for _, item in next, value do hide(item) end
    end
  end
  for _, value in next, params do hide(value) end
  return revealed(params, 1)
end

local function set_body(signature, given, out, headers)
  local count = 0
  for _, name in ipairs { "body", "json", "form", "multipart" } do
    if given[name] ~= nil then count = count + 1 end
  end
  if count > 1 then
    fault.usage(signature, "only one of body, json, form and multipart can be sent")
  end
  if given.json ~= nil then
    out.body = json.encode(revealed(given.json, 1))
    add_header(headers, "Content-Type", "application/json")
    add_header(headers, "Accept", "application/json")
  elseif given.form ~= nil then
    out.body = require("url").encode_query(revealed_params(given.form))
    add_header(headers, "Content-Type", "application/x-www-form-urlencoded")
  elseif given.multipart ~= nil then
    local kind
    out.body, kind = require("http.multipart").build(signature, given.multipart)
    add_header(headers, "Content-Type", kind)
  else
    out.body = given.body
  end
end

local function set_auth(signature, auth, headers)
  local user, password = secret.reveal(auth[1]), secret.reveal(auth[2])
  if type(user) ~= "string" or type(password) ~= "string" then
    fault.usage(signature, "auth must be { user, password }")
  end
  add_header(headers, "Authorization", "Basic " .. sys.codec.base64(user .. ":" .. password))
end

--- What sys.http.request and sys.http.open take.
---@param signature string  of the function that the user called, for messages
---@param given table
---@param jar_handle fun(jar: table): userdata?
---@return table? out
---@return string? message  the URL cannot be used
---@return string? code     "invalid"
---@raise usage: an unknown option, or one of a wrong kind
function options.plain(signature, given, jar_handle)
  for name, value in pairs(given) do check_kind(signature, name, value) end
  if given.url == nil then fault.usage(signature, "the url is missing") end
  local out = { url = given.url, method = given.method and given.method:upper() }
  if given.query then
    local message, code
    out.url, message, code = require("url").with_query(given.url, revealed_params(given.query))
    if not out.url then return nil, message, code end
  end
  for _, name in ipairs(PLAIN) do out[name] = given[name] end
  check_range(signature, "max_body", given.max_body, 1e15)
  check_range(signature, "max_redirects", given.max_redirects, 1000)
  for _, name in ipairs(TIMES) do
    if given[name] ~= nil then out[name] = options.milliseconds(signature, name, given[name]) end
  end
  if given.jar then
    out.jar = jar_handle(given.jar)
    if not out.jar then fault.usage(signature, "jar must be one that http.jar() made") end
  end
  local headers = flat_headers(signature, given.headers or {})
  set_body(signature, given, out, headers)
  if given.auth then set_auth(signature, given.auth, headers) end
  if #headers > 0 then out.headers = headers end
  return out
end

return options
