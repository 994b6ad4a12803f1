--- What people do to incidents and silences, on a core that is loaded: in the daemon
--- (watch/api.lua) or on a database that no daemon has (watch/offline.lua). Every function returns
--- an answer, or nil, a message and a code ("not-found", "invalid", "busy").

local book = require "watch.book"
local time = require "time"

local actions = {}

local TEXT_MAX = 4000

local function text_of(value)
  if type(value) ~= "string" or value == "" then return nil end
  return value:sub(1, TEXT_MAX)
end

local function brief(incident)
  return { id = tonumber(incident.id), status = incident.status, severity = incident.severity,
    title = incident.title, store = incident.store_name, skill = incident.skill }
end

local function missing(id, core)
  if core.book.incidents[id] then
    return nil, ("incident %s is resolved already"):format(id), "invalid"
  end
  return nil, ("there is no open incident %s"):format(id), "not-found"
end

--- The incident is somebody's: that is told, then nothing but its end.
function actions.ack(core, id, request, now)
  local incident = core:acknowledge(id, text_of(request.author), text_of(request.text), now)
  if not incident then return missing(id, core) end
  return brief(incident)
end

--- The incident is over, says a person.
function actions.resolve(core, id, request, now)
  local incident = core:resolve(id, text_of(request.author), text_of(request.text), now)
  if not incident then return missing(id, core) end
  return brief(incident)
end

--- A line in the incident's timeline; also of one that is over.
function actions.note(core, id, request, now)
  local text = text_of(request.text)
  if not text then return nil, "a note needs a text", "invalid" end
  if tonumber(id) > core.book.serial then return missing(id, core) end
  core.emit { kind = "incident",
    book.entry(id, now, "note", { author = text_of(request.author), text = text }) }
  return { id = tonumber(id) }
end

--- Adds a silence: match, for_ms (from now) or starts and ends, author, comment.
function actions.silence(core, request, now)
  local match = type(request.match) == "table" and request.match or nil
  if not match or next(match) == nil then
    return nil, "a silence needs a match, such as store=… or skill=…", "invalid"
  end
  local starts = tonumber(request.starts) or now
  local ends = tonumber(request.ends) or request.for_ms and starts + tonumber(request.for_ms)
  if not ends or ends <= now then
    return nil, "a silence needs an end in the future", "invalid"
  end
  core.silence_serial = (core.silence_serial or 0) + 1
  local silence = core:silence({ id = core.silence_serial, match = match, starts = starts,
    ends = ends, author = text_of(request.author), comment = text_of(request.comment) }, now)
  return { id = silence.id, ends_at = time.iso8601(silence.ends) }
end

--- Ends a silence.
function actions.expire(core, id, now)
  local silence = core:expire(tonumber(id), now)
  if not silence then
    return nil, ("there is no silence %s that is not over"):format(id), "not-found"
  end
  return { id = silence.id }
end

--- The checks that a name means: a check's id, a skill's or a store's name.
---@param core WatchCore
---@param name string
---@return WatchCheck[]? checks
---@return string? problem
function actions.find_checks(core, name)
  local found = {}
  for _, check in ipairs(core.planner.order) do
    if check.id == name or check.skill == name or check.store.name == name then
      found[#found + 1] = check
    end
  end
  if #found > 0 then return found end
  local names = {}
  for _, check in ipairs(core.planner.order) do
    names[check.id], names[check.skill] = true, true
  end
  local nearest = require("run.nearest").find(name, names)
  return nil, ("nothing called %q is watched%s"):format(name,
    nearest and (", did you mean %q?"):format(nearest) or "")
end

--- Runs checks now, or after the run of theirs that goes on.
function actions.trigger(core, name, now)
  local found, why = actions.find_checks(core, name)
  if not found then return nil, why, "not-found" end
  local wanted, answer = {}, { started = {}, queued = {} }
  for i, check in ipairs(found) do wanted[i] = { id = check.id, trigger = "manual" } end
  for i, outcome in ipairs(core:request(wanted, now)) do
    table.insert(outcome == "started" and answer.started or answer.queued, wanted[i].id)
  end
  return { started = require("json").array(answer.started),
    queued = require("json").array(answer.queued) }
end

return actions
