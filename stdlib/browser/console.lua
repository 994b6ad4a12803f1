--- What the page said: console lines and uncaught exceptions, kept as they came and decoded when
--- somebody asks.

local console = {}

local KEEP, RAW_MAX, TEXT_MAX = 100, 8192, 2000

local decode = sys.codec.json_decode

---@class browser.Console
---@field lines table[]   oldest first
---@field errors table[]
local Console = {}
Console.__index = Console

---@return browser.Console
function console.new()
  return setmetatable({ lines = {}, errors = {}, count = 0 }, Console)
end

local function clip(text, max)
  if #text <= max then return text end
  return text:sub(1, max) .. " …"
end

-- A line is numbered, so that one can wait for the next.
local function number(self, entry)
  self.count = self.count + 1
  entry.seq = self.count
  return entry
end

local function keep(list, entry)
  list[#list + 1] = entry
  if #list > KEEP then table.remove(list, 1) end
end

-- What one argument of console.log looks like.
local function shown(argument)
  if argument.type == "string" then return argument.value end
  if argument.unserializableValue then return argument.unserializableValue end
  if argument.type == "undefined" then return "undefined" end
  local value = argument.value
  if value ~= nil and value ~= sys.codec.null and type(value) ~= "table" then
    return tostring(value)
  end
  return argument.description or argument.subtype or argument.type
end

local function place(trace, fallback_url, fallback_line)
  local frame = trace and trace.callFrames and trace.callFrames[1]
  local url = frame and frame.url or fallback_url
  local line = frame and frame.lineNumber or fallback_line
  if not url or url == "" then return nil end
  return url, line and line + 1
end

local function read_line(raw)
  local event = decode(raw)
  local parts = {}
  for i, argument in ipairs(event.args or {}) do parts[i] = shown(argument) end
  local url, line = place(event.stackTrace)
  return { type = event.type == "warning" and "warn" or event.type, url = url, line = line,
    text = clip(table.concat(parts, " "), TEXT_MAX), at = event.timestamp }
end

local function read_error(raw)
  local event = decode(raw)
  local details = event.exceptionDetails
  local thrown = details.exception or {}
  local stack = thrown.description or (thrown.value ~= nil and tostring(thrown.value))
    or details.text or "unknown error"
  local url, line = place(details.stackTrace, details.url, details.lineNumber)
  local unhandled = (details.text or ""):find("in promise", 1, true) ~= nil
  return { message = clip(stack:match("^[^\n]*"), TEXT_MAX), stack = clip(stack, TEXT_MAX),
    url = url, line = line, at = event.timestamp, unhandled_rejection = unhandled or nil }
end

-- A large line is cut down at once: a page that logs its state must not fill our memory.
local function entry(raw, read)
  if #raw > RAW_MAX then return { decoded = read(raw) } end
  return { raw = raw, read = read }
end

--- Runtime.consoleAPICalled
---@param raw string
function Console:on_line(raw) keep(self.lines, number(self, entry(raw, read_line))) end

--- Runtime.exceptionThrown; it is a console line as well.
---@param raw string
function Console:on_error(raw)
  local one = entry(raw, read_error)
  keep(self.errors, one)
  keep(self.lines, number(self, { error = one }))
end

--- Page.javascriptDialogOpening
---@param event table
function Console:on_dialog(event)
  keep(self.lines, number(self, { decoded = { type = "dialog",
    text = clip(("%s: %s"):format(event.type, event.message), TEXT_MAX),
    url = event.url, at = sys.clock.now() } }))
end

local function decoded(one)
  if one.error then
    local found = decoded(one.error)
    return { type = "error", text = found.message, url = found.url, line = found.line,
      at = found.at }
  end
  if not one.decoded then one.decoded, one.raw = one.read(one.raw), nil end
  return one.decoded
end

local function copy_of(one)
  local copy = {}
  for key, value in pairs(decoded(one)) do copy[key] = value end
  return copy
end

local function copies(list, last)
  local out = {}
  for i = math.max(1, #list - (last or KEEP) + 1), #list do out[#out + 1] = copy_of(list[i]) end
  return out
end

--- The first line behind number seq that test() takes; kind "error": an exception, as read_errors
--- gives it.
---@param kind "console"|"error"|"dialog"
---@return table?
function Console:find_after(seq, kind, test)
  for _, one in ipairs(self.lines) do
    if one.seq > seq and (kind ~= "error" or one.error) then
      local found = copy_of(kind == "error" and one.error or one)
      local fits = kind == "error" or (kind == "dialog") == (found.type == "dialog")
      if fits and test(found) then return found end
    end
  end
end

--- The last lines, oldest first: { type, text, url, line, at }.
---@param last integer?
---@return table[]
function Console:read_lines(last) return copies(self.lines, last) end

--- The uncaught exceptions, oldest first: { message, stack, url, line, at, unhandled_rejection }.
---@param last integer?
---@return table[]
function Console:read_errors(last) return copies(self.errors, last) end

return console
