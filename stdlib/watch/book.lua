--- The book of incidents: every one that is open, and those resolved that somebody still has to
--- hear of. Changes its own tables at once and returns the statements that keep the change; the
--- caller writes them in one transaction with what caused it. Used by watch/core.lua. Pure.

local fingerprint = require "incident.fingerprint"
local json = require "json"
local time = require "time"

local book = {}

local FORGET_MS = 7 * 86400000 -- a resolved incident is handed to the dispatcher for at most this

---@class Incident
---@field id string            digits; also the row's id
---@field kind "shop"|"engine"
---@field status "open"|"resolved"
---@field check_id string

---@class Book
local Book = {}
Book.__index = Book

---@return Book
function book.new() return setmetatable({ incidents = {}, serial = 0 }, Book) end

local function sql(text, ...) return { text, n = select("#", ...), ... } end

--- The statement for one entry of an incident's timeline.
---@param id string
---@param now number
---@param kind string
---@param fields table?  run_id, author, text, data
function book.entry(id, now, kind, fields)
  fields = fields or {}
  return sql("INSERT INTO incident_events (incident_id, timestamp, type, run_id, author, text, "
    .. "data) VALUES (?, ?, ?, ?, ?, ?, ?)", tonumber(id), time.iso8601(now), kind, fields.run_id,
    fields.author, fields.text, json.encode(fields.data or {}))
end

local function event(incident, now, kind, run_id)
  return require("service.db_record").event { type = "incident." .. kind,
    timestamp = time.iso8601(now), store_url = incident.store_url, skill = incident.skill,
    dedupe_key = kind ~= "changed" and ("incident.%s:%s"):format(kind, incident.id) or nil,
    data = { incident_id = tonumber(incident.id), run_id = run_id, severity = incident.severity,
      title = incident.title, kind = incident.kind } }
end

local function cut(text, length)
  if type(text) ~= "string" or #text <= length then return text end
  return text:sub(1, length) .. "…"
end

-- What a person wants to see at once, small enough to stay in memory and in every message.
local function evidence_of(result)
  local first = type(result.evidence) == "table" and result.evidence[1]
  if type(first) ~= "table" then first = {} end
  local cause = type(result.failure) == "table" and result.failure or result.error
  local out = { step = first.step, url = first.url, selector = first.selector,
    screenshot = first.screenshot, requests = {}, console = {},
    advice = type(cause) == "table" and cut(cause.hint, 500) or nil }
  for i, request in ipairs(type(first.requests) == "table" and first.requests or {}) do
    if i > 5 then break end
    out.requests[i] = type(request) == "table" and { method = request.method,
      url = cut(request.url, 300), status = request.status,
      error = cut(request.error or request.failure, 200) } or nil
  end
  for i, line in ipairs(type(first.console) == "table" and first.console or {}) do
    if i > 5 then break end
    out.console[i] = cut(type(line) == "table" and line.text or tostring(line), 300)
  end
  for _, shot in ipairs(type(result.screenshots) == "table" and result.screenshots or {}) do
    if shot.kind == "failure" and shot.path then out.screenshot = shot.path end
  end
  if #out.requests == 0 then out.requests = nil end
  if #out.console == 0 then out.console = nil end
  return next(out) and out or nil
end

local function details_of(incident)
  return json.encode { step = incident.step, cause = incident.cause, labels = incident.labels,
    inhibits = incident.inhibits and json.array(incident.inhibits), evidence = incident.evidence,
    run_id = incident.run_id, inhibits_until = incident.inhibits_until }
end

--- A trouble is believed: a new incident. Its statements go to out.
function Book:open(check, found, result, run_id, now, out)
  self.serial = self.serial + 1
  local incident = {
    id = tostring(self.serial), kind = found.kind, status = "open", check_id = check.id,
    store_url = found.store_url, store_name = check.store.name, skill = found.skill,
    severity = found.severity, title = cut(found.title or found.cause or "", 500),
    step = found.step, cause = cut(found.cause, 1000), fingerprint = found.fingerprint,
    first_seen = found.first_seen, last_seen = now, seen = found.seen, run_id = run_id,
    labels = check.labels, inhibits = found.kind == "shop" and check.inhibits or nil,
    evidence = evidence_of(result),
  }
  found.id = incident.id
  self.incidents[incident.id] = incident
  out[#out + 1] = sql("INSERT INTO incidents (id, created_at, store_url, skill_name, severity, "
    .. "title, details, status, kind, check_id, store_name, fingerprint, first_seen, last_seen, "
    .. "seen) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?)", self.serial,
    time.iso8601(now), incident.store_url, incident.skill, incident.severity, incident.title,
    details_of(incident), incident.kind, incident.check_id, incident.store_name,
    incident.fingerprint, time.iso8601(incident.first_seen), time.iso8601(now), incident.seen)
  out[#out + 1] = book.entry(incident.id, now, "opened", { run_id = run_id,
    text = incident.title, data = { cause = incident.cause, step = incident.step } })
  out[#out + 1] = event(incident, now, "opened", run_id)
  return incident
end

--- The trouble was seen again, perhaps with another cause.
function Book:seen(found, result, run_id, now, out)
  local incident = self.incidents[found.id]
  if not incident then return nil end
  incident.last_seen, incident.seen = found.last_seen, found.seen
  local changed = incident.fingerprint ~= found.fingerprint
  if changed then
    incident.fingerprint, incident.title = found.fingerprint, cut(result.summary or "", 500)
    local step, cause = fingerprint.cause(result)
    incident.step, incident.cause = step, cut(cause, 1000)
    incident.evidence, incident.run_id = evidence_of(result), run_id
    out[#out + 1] = book.entry(incident.id, now, "changed", { run_id = run_id,
      text = incident.title, data = { cause = incident.cause, step = incident.step } })
    out[#out + 1] = event(incident, now, "changed", run_id)
    out[#out + 1] = sql("UPDATE incidents SET title = ?, fingerprint = ?, details = ?, "
      .. "last_seen = ?, seen = ? WHERE id = ?", incident.title, incident.fingerprint,
      details_of(incident), time.iso8601(now), incident.seen, tonumber(incident.id))
  else
    out[#out + 1] = sql("UPDATE incidents SET last_seen = ?, seen = ? WHERE id = ?",
      time.iso8601(now), incident.seen, tonumber(incident.id))
  end
  return incident
end

--- An incident is over. why: {run_id} or {author, text}.
---@param calm_ms number?  how long it still explains its children's trouble
function Book:resolve(id, why, now, calm_ms, out)
  local incident = self.incidents[id]
  if not incident or incident.status ~= "open" then return nil end
  incident.status, incident.resolved_at = "resolved", now
  if calm_ms and incident.inhibits and #incident.inhibits > 0 then
    incident.inhibits_until = now + calm_ms
  end
  out[#out + 1] = sql("UPDATE incidents SET status = 'resolved', resolved_at = ?, details = ? "
    .. "WHERE id = ?", time.iso8601(now), details_of(incident), tonumber(id))
  out[#out + 1] = book.entry(id, now, "resolved", why)
  out[#out + 1] = event(incident, now, "resolved", why and why.run_id)
  return incident
end

--- Somebody takes care: it is not told again, nor escalated.
function Book:acknowledge(id, author, text, now, out)
  local incident = self.incidents[id]
  if not incident or incident.status ~= "open" then return nil end
  if incident.acknowledged_at then return incident end
  incident.acknowledged_at, incident.acknowledged_by = now, author
  incident.acknowledged_text = cut(text, 500)
  out[#out + 1] = sql("UPDATE incidents SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ?",
    time.iso8601(now), author, tonumber(id))
  out[#out + 1] = book.entry(id, now, "acknowledged", { author = author, text = text })
  out[#out + 1] = event(incident, now, "acknowledged")
  return incident
end

--- Drops what nobody has to hear of any more.
---@param is_done fun(incident: Incident): boolean
---@param now number
function Book:forget(is_done, now)
  for id, incident in pairs(self.incidents) do
    local over = incident.status == "resolved"
    local quiet = not incident.inhibits_until or now >= incident.inhibits_until
    if over and quiet and (is_done(incident) or now - incident.resolved_at > FORGET_MS) then
      self.incidents[id] = nil
    end
  end
end

local function ms_of(text) return type(text) == "string" and time.parse_iso8601(text) or nil end

--- Takes an incident in from its row.
---@param row table
function Book:load(row)
  local details = row.details and json.decode(row.details)
  if type(details) ~= "table" then details = {} end
  local incident = {
    id = tostring(row.id), kind = row.kind, status = row.status, check_id = row.check_id,
    store_url = row.store_url, store_name = row.store_name, skill = row.skill_name,
    severity = row.severity, title = row.title, fingerprint = row.fingerprint,
    first_seen = ms_of(row.first_seen), last_seen = ms_of(row.last_seen), seen = row.seen,
    resolved_at = ms_of(row.resolved_at), acknowledged_at = ms_of(row.acknowledged_at),
    acknowledged_by = row.acknowledged_by, step = details.step, cause = details.cause,
    labels = details.labels, inhibits = details.inhibits, evidence = details.evidence,
    run_id = details.run_id, inhibits_until = details.inhibits_until,
  }
  self.incidents[incident.id] = incident
end

--- How many are open, of each severity.
---@return table<string, integer>
function Book:open_counts()
  local counts = { P0 = 0, P1 = 0, P2 = 0, P3 = 0 }
  for _, incident in pairs(self.incidents) do
    if incident.status == "open" then
      counts[incident.severity] = (counts[incident.severity] or 0) + 1
    end
  end
  return counts
end

return book
