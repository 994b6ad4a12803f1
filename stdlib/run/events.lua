--- What a run tells main while it goes on: JSON objects with a "type", without secrets. Every line
--- that leaves a run goes through here.

local json = require "json"
local secret = require "run.secret"

local events = {}

local LOG_LINES_MAX, LOG_TEXT_MAX = 2000, 8192
local log_lines = 0

--- Sends one event.
---@param kind string    "step.started", "step.finished", "log", "result"
---@param fields table
function events.send(kind, fields)
  local event = secret.scrub(fields)
  event.type = kind
  sys.host.send(json.encode(event))
end

--- Sends a line of the run's log. A run that logs without end is cut off, and says so once.
---@param level "debug"|"info"|"warn"
---@param text string
function events.log(level, text)
  log_lines = log_lines + 1
  if log_lines > LOG_LINES_MAX then return end
  if log_lines == LOG_LINES_MAX then
    level, text = "warn", "more log lines of this run are dropped"
  end
  if #text > LOG_TEXT_MAX then text = text:sub(1, LOG_TEXT_MAX) .. " …" end
  events.send("log", { level = level, text = text })
end

return events
