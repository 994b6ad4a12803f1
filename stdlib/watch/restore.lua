--- Reads what the daemon remembers from the database. Called once, at start (watch/daemon.lua,
--- watch/offline.lua).

local json = require "json"
local time = require "time"

local restore = {}

local RECENT_MS = 7 * 86400000

local function sql(text, ...) return { text, n = select("#", ...), ... } end

-- A name that makes this database's incidents and messages different from any other's.
local function instance_of(db, saved)
  if saved.instance then return saved.instance end
  local name = sys.codec.hex(sys.random.bytes(6))
  local ok, why = db:write { sql("INSERT INTO watch_state (name, value) VALUES ('instance', ?) "
    .. "ON CONFLICT (name) DO NOTHING", name) }
  if not ok then return nil, why end
  return name
end

local function load_checks(db, saved)
  local rows, why = db:read "SELECT id, last_due_ms, track FROM checks"
  if not rows then return nil, why end
  for _, row in ipairs(rows) do
    local state = json.decode(row.track)
    if type(state) == "table" and state.recent then saved.tracks[row.id] = state end
    saved.last_due[row.id] = row.last_due_ms
  end
  return true
end

local function load_incidents(db, saved, now)
  local rows, why = db:read("SELECT * FROM incidents WHERE check_id IS NOT NULL AND "
    .. "(status = 'open' OR resolved_at >= ?) ORDER BY id", time.iso8601(now - RECENT_MS))
  if not rows then return nil, why end
  saved.incidents = rows
  rows, why = db:read("SELECT max(coalesce((SELECT max(id) FROM incidents), 0), "
    .. "coalesce((SELECT max(incident_id) FROM incident_events), 0)) AS id")
  if not rows then return nil, why end
  saved.incident_serial = rows[1].id
  return true
end

--- Silences that are not over, as alert/dispatch.lua takes them.
---@return table[]? silences
---@return Fault? trouble
function restore.silences(db, now)
  local rows, why = db:read("SELECT * FROM silences WHERE ends_at > ? ORDER BY id",
    time.iso8601(now))
  if not rows then return nil, why end
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = { id = row.id, match = json.decode(row.match) or {}, author = row.author,
      comment = row.comment, starts = time.parse_iso8601(row.starts_at),
      ends = time.parse_iso8601(row.ends_at) }
  end
  return list
end

-- Runs that were asked for and have not ended, by check.
local function requests_of(named)
  local found = {}
  for name, value in pairs(named) do
    local id = name:match "^requests/(.*)$"
    local list = id and json.decode(value)
    if type(list) == "table" then found[id] = list end
  end
  return found
end

--- Everything, for Core:restore.
---@param db Db
---@param now number
---@return table? saved
---@return Fault? trouble
function restore.read(db, now)
  local saved = { tracks = {}, last_due = {} }
  local rows, why = db:read "SELECT name, value FROM watch_state"
  if not rows then return nil, why end
  local named = {}
  for _, row in ipairs(rows) do named[row.name] = row.value end
  saved.instance, why = instance_of(db, named)
  if not saved.instance then return nil, why end
  local state = named.dispatch and json.decode(named.dispatch)
  if type(state) == "table" and state.told and state.groups then saved.dispatch = state end
  saved.journal = named.journal
  saved.requests = requests_of(named)
  local ok
  ok, why = load_checks(db, saved)
  if ok then ok, why = load_incidents(db, saved, now) end
  if ok then saved.silences, why = restore.silences(db, now) end
  if not saved.silences then return nil, why end
  rows, why = db:read "SELECT seq FROM sqlite_sequence WHERE name = 'silences'"
  if not rows then return nil, why end
  saved.silence_serial = rows[1] and rows[1].seq or 0
  return saved
end

return restore
