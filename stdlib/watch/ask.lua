--- What the verbs that talk about a watched project have in common: the configuration, a duration
--- as an argument, times and durations for people. Used by cli/verb/*.

local fault = require "fault"
local time = require "time"

local ask = {}

--- The configuration as it stands here. Tolerant: a broken nano-sre.lua must not keep anybody from
--- acknowledging an incident.
---@param args table
---@return Config
function ask.config(args)
  local session = require("cli.session").open(require("cli.flags").settings(args),
    { tolerant = true })
  session:close()
  return session.config
end

--- Says on stderr when the database is behind what the daemon knows.
---@param config Config
function ask.warn_if_behind(config)
  local daemon = require("watch.client").find(config)
  local why = daemon and daemon:behind()
  if why then
    sys.env.write(2, ("note: %s\n  → what follows is how it was before that; %s/metrics and "
      .. "messages are up to date\n"):format(why, daemon.url))
  end
end

--- Milliseconds of an argument such as "2h".
function ask.duration(text, name)
  local ms = time.parse_duration(text)
  if not ms or ms <= 0 then
    error(fault.new("usage", { message = ("%s must be a time such as 30m or 2h, not %q"):format(
      name, text), code = "usage" }), 0)
  end
  return ms
end

--- "3h12m ago", from an ISO 8601 timestamp.
function ask.ago(text)
  local ms = text and time.parse_iso8601(text)
  if not ms then return "-" end
  return time.format_duration(math.max(0, sys.clock.now() - ms)) .. " ago"
end

--- A timestamp without the part that says nothing to people: "2024-06-07 12:34:56".
function ask.at(text)
  return text and (text:gsub("T", " "):gsub("%.%d+Z$", "Z")) or "-"
end

--- The number of an incident or a silence.
function ask.id(text)
  if text:match "^#?%d+$" then return text:match "%d+" end
  error(fault.new("usage", { message = ("%q is not a number"):format(text), code = "usage" }), 0)
end

return ask
