--- The daemon's log: an event's name and its fields, as logfmt or JSON, one line each, to stderr.
--- The last lines are kept for the terminal view. Secrets are taken out of every line.

local redact = require "redact"
local time = require "time"

local log = {}

local KEPT = 200
local LEVELS = { debug = 1, info = 2, warn = 3, error = 4 }

---@class WatchLog
local Log = {}
Log.__index = Log

---@param options {format: "logfmt"|"json", level: string?, write: fun(line: string)?, silent:
---  boolean?}
---@return WatchLog
function log.new(options)
  return setmetatable({ format = options.format or "logfmt", silent = options.silent,
    least = LEVELS[options.level or "info"], secrets = {}, recent = {},
    write = options.write or function(line) sys.env.write(2, line .. "\n") end }, Log)
end

--- A value that never stands in the log (a password, a token).
function Log:hide(secret)
  if type(secret) == "string" and #secret >= 4 then self.secrets[secret] = true end
end

--- Whether personal data is taken out as well (REDACT_PII).
function Log:hide_personal_data(on) self.pii = on and true or false end

--- The text without secrets.
function Log:clean(text)
  text = redact.text(text, { pii = self.pii })
  for secret in pairs(self.secrets) do
    local at, last = text:find(secret, 1, true)
    while at do
      text = text:sub(1, at - 1) .. "•••" .. text:sub(last + 1)
      at, last = text:find(secret, at, true)
    end
  end
  return text
end

local function quote(text)
  if text == "" or text:find('[%s"=%c]') then
    text = text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", "\\n"):gsub("%c", " ")
    return '"' .. text .. '"'
  end
  return text
end

local function number_text(value)
  return value % 1 == 0 and ("%d"):format(value) or ("%.3f"):format(value):gsub("0+$", "")
end

local function logfmt(at, level, event, fields)
  local parts = { "ts=" .. at, "level=" .. level, "event=" .. event }
  for i = 1, table.maxn(fields), 2 do
    local name, value = fields[i], fields[i + 1]
    if value ~= nil and value ~= false then
      parts[#parts + 1] = name .. "="
        .. quote(type(value) == "number" and number_text(value) or tostring(value))
    end
  end
  return table.concat(parts, " ")
end

local function as_json(at, level, event, fields)
  local entry = { ts = at, level = level, event = event }
  for i = 1, table.maxn(fields), 2 do
    if fields[i + 1] ~= nil and fields[i + 1] ~= false then entry[fields[i]] = fields[i + 1] end
  end
  return require("json").encode(entry)
end

--- Writes a line.
---@param level "debug"|"info"|"warn"|"error"
---@param event string   "run.finished"
---@param fields table   name, value, name, value, …; nil and false are left out
function Log:say(level, event, fields)
  if LEVELS[level] < self.least then return end
  local at = time.iso8601()
  local list = fields or {}
  local line = self:clean((self.format == "json" and as_json or logfmt)(at, level, event, list))
  self.recent[#self.recent + 1] = line
  if #self.recent > KEPT then table.remove(self.recent, 1) end
  if not self.silent then self.write(line) end
end

return log
