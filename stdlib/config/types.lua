--- From what a person wrote (in nano-sre.lua, in the environment, as a flag) to a checked value,
--- and back to text. Every parser returns the value, or nil and what was expected. Called by
--- config/load.lua. Pure.

local time = require "time"

local types = {}

local MINUTE_MS = 60000
local YES = { ["true"] = true, ["1"] = true, yes = true, on = true }
local NO = { ["false"] = true, ["0"] = true, no = true, off = true }

local parsers = {}

function parsers.string(raw)
  if type(raw) == "string" then return raw end
  if type(raw) == "number" then return tostring(raw) end
  return nil, "a text"
end

function parsers.path(raw)
  if type(raw) == "string" and raw ~= "" and not raw:find("%z") then return raw end
  return nil, "a path"
end

--- The one form under which results of a shop are kept: scheme and host in lower case, no default
--- port, no slash at the end, no query, no fragment. A missing scheme means https, on this machine
--- http.
function parsers.url(raw)
  local expected = "a URL such as https://my-shop.example"
  if type(raw) ~= "string" or raw:find("[%c%s]") then return nil, expected end
  local text = raw
  if not text:find("^%a[%w+.-]*://") then
    if not text:find("^[%w.-]+%w") then return nil, expected end
    local is_local = text:find("^localhost%f[^%w.-]") or text:find("^127%.")
    text = (is_local and "http://" or "https://") .. text
  end
  local url = require "url"
  local parts = url.parse(text)
  if not parts or not parts.host or parts.host == "" then return nil, expected end
  if parts.scheme ~= "http" and parts.scheme ~= "https" then
    return nil, "a URL that begins with https:// or http://"
  end
  return url.build {
    scheme = parts.scheme, userinfo = parts.userinfo, host = parts.host, port = parts.port,
    path = parts.path:gsub("/+$", ""),
  }
end

function parsers.boolean(raw)
  if type(raw) == "boolean" then return raw end
  if type(raw) == "string" then
    local word = raw:lower()
    if YES[word] then return true end
    if NO[word] then return false end
  end
  return nil, "true or false"
end

--- Milliseconds.
function parsers.duration(raw)
  local ms = type(raw) == "string" and time.parse_duration(raw)
  if ms and ms > 0 then return ms end
  return nil, 'a time with its unit, such as "90s", "2m" or "500ms"'
end

--- Like duration, but a bare number means minutes, as CHECK_INTERVAL_MINUTES always did.
function parsers.minutes(raw)
  local number = tonumber(raw)
  if number and number > 0 then return number * MINUTE_MS end
  local value = parsers.duration(raw)
  if value then return value end
  return nil, 'a number of minutes, or a time such as "30m"'
end

function parsers.integer(raw, setting)
  local number = tonumber(raw)
  local expected = ("a whole number from %d to %d"):format(setting.min, setting.max)
  if not number or number % 1 ~= 0 or number < setting.min or number > setting.max then
    return nil, expected
  end
  return number
end

--- How many results: few enough to remember.
function parsers.count(raw)
  return parsers.integer(raw, { min = 1, max = 100 })
end

function parsers.choice(raw, setting)
  for _, choice in ipairs(setting.choices) do
    if raw == choice then return choice end
  end
  return nil, table.concat(setting.choices, " or ")
end

--- A Lua list, a JSON array, or words between commas.
function parsers.list(raw)
  local expected = "a list of texts"
  if type(raw) == "string" then
    if raw:find("^%s*%[") then
      local ok, value = pcall(sys.codec.json_decode, raw)
      if not ok or type(value) ~= "table" then
        return nil, "a JSON array, or words between commas"
      end
      raw = value
    else
      local words = {}
      for word in raw:gmatch("[^,]+") do words[#words + 1] = word:match("^%s*(.-)%s*$") end
      return words
    end
  end
  if type(raw) ~= "table" then return nil, expected end
  local count = 0
  for key, value in pairs(raw) do
    count = count + 1
    if type(key) ~= "number" or type(value) ~= "string" then return nil, expected end
  end
  return count == #raw and raw or nil, expected
end

--- Arguments of a program: texts that begin with "--", whole, because they may hold commas.
function parsers.arguments(raw)
  if type(raw) == "string" then raw = { raw } end
  local list, expected = parsers.list(raw)
  if not list then return nil, expected end
  for _, word in ipairs(list) do
    if not word:find("^%-%-%w") then
      return nil, ('a list of arguments that begin with --, such as { "--no-sandbox" }, not %q')
        :format(word)
    end
  end
  return list
end

--- Checks and converts what a person wrote for a setting.
---@param setting table   an entry of config/schema.lua
---@param raw any
---@return any|nil value, string|nil expected
function types.parse(setting, raw)
  return parsers[setting.type](raw, setting)
end

--- A URL without the credentials that it may carry.
---@param url string
---@return string
function types.public_url(url)
  return (url:gsub("^(%a[%w+.-]*://)[^/@]*@", "%1"))
end

--- A value as `nano-sre config` shows it. A secret is never shown, not even its length.
---@param setting table
---@param value any
---@return string
function types.show(setting, value)
  if value == nil then return "" end
  if setting.secret then return "••••" end
  if setting.type == "duration" or setting.type == "minutes" then
    return time.format_duration(value)
  end
  if setting.type == "arguments" then return table.concat(value, " ") end
  if setting.type == "list" then return table.concat(value, ", ") end
  if setting.type == "url" then return types.public_url(value) end
  return tostring(value)
end

return types
