--- The outbox: messages that have to go out, one row for each alerter that is to tell one. The
--- daemon puts rows in together with the run that caused them (one transaction); whoever delivers
--- (alert/*) claims rows that are due, sends them, and marks what became of each.
---
---    local box = outbox.open(db)            -- table `outbox`; or outbox.memory() (no database)
---    local rows, trouble = box:claim(now_ms, 20)
---    for each row in a task of its own:     -- row.alerter, row.message, row.key, row.attempts
---      box:begin(row)                       -- right before it leaves
---      box:mark(row, { sent = true }, now_ms)
---      box:mark(row, { error = "503", retry_after_ms = 30000 }, now_ms)   -- tried again later
---      box:mark(row, { error = "410 gone", permanent = true }, now_ms)    -- never again: dead
---      box:mark(row, { error = "busy", deferred = true, retry_after_ms = 5000 }, now_ms) -- no try
---    sleep until box:next_at(), or until box:wait() says that something was put in
---
--- A row: id, key (unique for ever and the same at every try: hand it to receivers that can tell a
--- repeated message, such as a webhook-id or dedup_key), alerter, route, thread, occasion,
--- attempts, created_at, message:
---    { format = "nano-sre/alert", version = 1, key, alerter, route, created_at (ISO 8601),
---      occasion = "opened"|"changed"|"again"|"escalated"|"resolved"|"test",   -- the most urgent
---      items = { { occasion, incident = { id, kind ("shop"|"engine"), status, severity, title,
---        store_url, store_name, skill, step, cause, fingerprint, first_seen, last_seen,
---        resolved_at?, acknowledged_at? (ISO 8601), seen, run_id, labels, evidence? } } … } }
---
--- Invariants. A row that is claimed is not claimed again before its lease (LEASE_MS) is over, so a
--- delivery must end before that; a crash in between gives it back at once (recover). What had
--- begun by then, and what ended without an answer (mark with doubt = true), may have reached the
--- receiver: row.doubt says so from then on, and alert/send.lua decides. Within one
--- thread (the messages about one group to one alerter) rows go out in order: a "resolved" waits
--- for its "opened". A mark that cannot be written (locked database) is kept and written later; the
--- row is not handed out meanwhile. A row that was not sent in GIVE_UP_MS and
--- TRIES tries is dead.

local backoff = require "watch.backoff"
local json = require "json"
local time = require "time"

local outbox = {}

outbox.LEASE_MS = 120000
outbox.FIRST_RETRY_MS = 5000
outbox.RETRY_CAP_MS = 1800000
outbox.GIVE_UP_MS = 86400000
outbox.TRIES = 8 -- at least, before it is given up: nobody may have been there for a day

-- The column `claimed` is a set of these. SENDING is written before a message leaves: whoever finds
-- it after a crash does not know whether it arrived.
local CLAIMED, SENDING, DOUBT = 1, 2, 4

local function sql(text, ...) return { text, n = select("#", ...), ... } end

--- The statement that puts a message in. It is there once, however often it is put.
---@param row table   key, alerter, route, thread, occasion, message (table), due_ms
---@return table
function outbox.statement(row)
  return sql("INSERT INTO outbox (key, alerter, route, thread, occasion, message, created_at, "
    .. "due_ms, claimed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING", row.key,
    row.alerter, row.route, row.thread or "", row.occasion, json.encode(row.message),
    time.iso8601(row.due_ms), row.due_ms, 0)
end

--- Changes a statement that is not written yet: somebody else sends the row, and will say what
--- became of it (`settled`). After a crash it is given back, in doubt.
---@param statement table  of outbox.statement
---@return table statement  that says the same of the row, for who has the first one already
function outbox.lend(statement)
  statement[9] = statement[9] + outbox.GIVE_UP_MS -- due_ms
  statement[10] = CLAIMED + SENDING
  return sql("UPDATE outbox SET due_ms = ?, claimed = ? WHERE key = ? AND status = 'pending'",
    statement[9], statement[10], statement[2])
end

--- The statement with what became of a row that was lent.
---@param key string
---@param status "sent"|"dead"
---@param outcome table  as for mark
---@param now_ms number
---@return table
function outbox.settled(key, status, outcome, now_ms)
  return sql("UPDATE outbox SET status = ?, claimed = 0, error = ?, sent_at = ?, "
    .. "attempts = attempts + 1 WHERE key = ? AND status = 'pending'", status, outcome.error,
    outcome.sent and time.iso8601(now_ms) or nil, key)
end

-- What a mark changes: status, due_ms, error, sent.
local function outcome_of(row, outcome, now_ms)
  if outcome.sent then return "sent", row.due_ms, nil, time.iso8601(now_ms) end
  local born = time.parse_iso8601(row.created_at) or now_ms
  local wait = outcome.retry_after_ms or 0
  if not outcome.deferred then
    wait = math.max(wait, backoff.delay(row.attempts, outbox.FIRST_RETRY_MS, outbox.RETRY_CAP_MS))
  end
  local late = now_ms + wait > born + outbox.GIVE_UP_MS and row.attempts >= outbox.TRIES
  local dead = outcome.permanent or late
  return dead and "dead" or "pending", now_ms + wait, outcome.error or "unknown trouble", nil
end

-- Who waits for something to do: both kinds of outbox have it.
local Waiting = {}

--- Waits until something was put in or marked, or the time is over.
---@param timeout_ms number?
function Waiting:wait(timeout_ms)
  if self.noted then self.noted = false return end
  self.waiter = sys.task.current()
  sys.task.park(timeout_ms)
  self.waiter, self.noted = nil, false
end

--- Wakes whoever waits: called after rows were put in.
function Waiting:notify()
  if not (self.waiter and self.waiter:unpark()) then self.noted = true end
end

-- ---- in the database ----------------------------------------------------------------------------

---@class Outbox
local Outbox = setmetatable({}, { __index = Waiting })
Outbox.__index = Outbox

--- The outbox of a database.
---@param db Db
---@return Outbox
function outbox.open(db)
  return setmetatable({ db = db, unmarked = {} }, Outbox)
end

-- The first row of each thread; the others wait for it.
local HEADS = [[outbox o WHERE o.status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM outbox older WHERE older.status = 'pending' AND older.alerter = o.alerter
      AND older.thread = o.thread AND older.id < o.id)]]

local CLAIM = [[
UPDATE outbox SET claimed = (claimed & ]] .. DOUBT .. [[) | ]] .. CLAIMED .. [[,
  attempts = attempts + 1, due_ms = ?1 + ?2 WHERE id IN (
  SELECT o.id FROM ]] .. HEADS .. [[ AND o.due_ms <= ?1 ORDER BY o.id LIMIT ?3)
RETURNING id, key, alerter, route, thread, occasion, message, created_at, attempts, due_ms,
  claimed & ]] .. DOUBT .. [[ AS doubt]]

local function mark_statement(row, outcome, now_ms)
  local status, due_ms, why, sent_at = outcome_of(row, outcome, now_ms)
  return sql("UPDATE outbox SET status = ?, claimed = ?, due_ms = ?, error = ?, sent_at = ?, "
    .. "attempts = attempts - ? WHERE id = ? AND status = 'pending'", status,
    (row.doubt or outcome.doubt) and DOUBT or 0, due_ms, why, sent_at,
    outcome.deferred and 1 or 0, row.id), status
end

--- Marks that could not be written yet.
function Outbox:write_marks()
  local ids, statements = {}, {}
  for id, statement in pairs(self.unmarked) do
    ids[#ids + 1], statements[#statements + 1] = id, statement
  end
  if #ids == 0 then return true end
  local ok, why = self.db:write(statements)
  if not ok then return nil, why end
  for i, id in ipairs(ids) do
    if self.unmarked[id] == statements[i] then self.unmarked[id] = nil end
  end
  return true
end

--- Takes rows that are due, the oldest first.
---@param now_ms number
---@param limit integer
---@return table[]? rows
---@return Fault? trouble  of the database: try again later
function Outbox:claim(now_ms, limit)
  local ok, why = self:write_marks()
  if not ok then return nil, why end
  local results
  results, why = self.db:write { sql(CLAIM, now_ms, outbox.LEASE_MS, limit) }
  if not results then return nil, why end
  local rows = {}
  for _, row in ipairs(results[1].rows or {}) do
    if not self.unmarked[row.id] then
      row.message, row.doubt = json.decode(row.message) or {}, row.doubt ~= 0
      rows[#rows + 1] = row
    end
  end
  table.sort(rows, function(a, b) return a.id < b.id end)
  return rows
end

--- A row leaves now. Only when this is written it may.
---@param row table  as claim returned it
---@return boolean|nil ok
---@return Fault? trouble
function Outbox:begin(row)
  local ok, why = self.db:write { sql("UPDATE outbox SET claimed = claimed | ? WHERE id = ?",
    SENDING, row.id) }
  if not ok then return nil, why end
  return true
end

--- Says what became of a row. Never fails: what cannot be written now is written later.
---@param row table        as claim returned it
---@param outcome table    {sent = true} | {error=, retry_after_ms=?, permanent=?,
---   deferred=?: it was not tried, doubt=?: it may have arrived all the same}
---@param now_ms number
---@return "sent"|"pending"|"dead" status
function Outbox:mark(row, outcome, now_ms)
  local statement, status = mark_statement(row, outcome, now_ms)
  self.unmarked[row.id] = statement
  self:write_marks()
  self:notify()
  return status
end

--- When the next row is due.
---@return number? ms   nil: the outbox is empty
---@return Fault? trouble
function Outbox:next_at()
  local rows, why = self.db:read("SELECT min(o.due_ms) AS at FROM " .. HEADS)
  if not rows then return nil, why end
  return rows[1] and rows[1].at
end

--- Gives back what was claimed by a process that is gone. Once, at start, before the first claim.
---@param now_ms number
---@return boolean|nil ok
---@return Fault? trouble
function Outbox:recover(now_ms)
  local ok, why = self.db:write { sql("UPDATE outbox SET due_ms = min(due_ms, ?1), "
    .. "claimed = CASE WHEN claimed & (?2 | ?3) THEN ?3 ELSE 0 END "
    .. "WHERE status = 'pending' AND claimed & ?4", now_ms, SENDING, DOUBT, CLAIMED) }
  if not ok then return nil, why end
  return true
end

-- ---- in memory: for what must be told although the database can't be written --------------------

---@class MemoryOutbox
local Memory = setmetatable({}, { __index = Waiting })
Memory.__index = Memory

local MEMORY_MAX = 100 -- rows

--- An outbox that needs no database and forgets everything with the process.
---@return MemoryOutbox
function outbox.memory() return setmetatable({ rows = {}, serial = 0 }, Memory) end

--- How many more rows there is room for.
---@return integer
function Memory:room() return MEMORY_MAX - #self.rows end

--- Puts a message in; see outbox.statement for the row. False: there is no room.
---@param row table
---@return boolean
function Memory:put(row)
  for _, other in ipairs(self.rows) do
    if other.key == row.key then return true end
  end
  if #self.rows >= MEMORY_MAX then return false end
  self.serial = self.serial + 1
  self.rows[#self.rows + 1] = { id = self.serial, key = row.key, alerter = row.alerter,
    route = row.route, thread = row.thread or "", occasion = row.occasion, message = row.message,
    created_at = time.iso8601(row.due_ms), due_ms = row.due_ms, attempts = 0, lent = row.lent }
  self:notify()
  return true
end

--- As Outbox:begin; nothing outlives the process that could be in doubt.
function Memory:begin() return true end

--- As Outbox:claim.
function Memory:claim(now_ms, limit)
  local rows, busy = {}, {}
  for _, row in ipairs(self.rows) do
    local thread = row.alerter .. "\0" .. row.thread
    if not busy[thread] and row.due_ms <= now_ms and #rows < limit then
      row.attempts, row.due_ms = row.attempts + 1, now_ms + outbox.LEASE_MS
      rows[#rows + 1] = row
    end
    busy[thread] = true
  end
  return rows
end

--- As Outbox:mark.
function Memory:mark(row, outcome, now_ms)
  local status, due_ms = outcome_of(row, outcome, now_ms)
  row.due_ms, row.doubt = due_ms, row.doubt or outcome.doubt
  if outcome.deferred then row.attempts = row.attempts - 1 end
  if status ~= "pending" then
    for i, other in ipairs(self.rows) do
      if other == row then table.remove(self.rows, i) break end
    end
  end
  self:notify()
  return status
end

--- As Outbox:next_at.
function Memory:next_at()
  local at, busy = nil, {}
  for _, row in ipairs(self.rows) do
    local thread = row.alerter .. "\0" .. row.thread
    if not busy[thread] then at = math.min(at or row.due_ms, row.due_ms) end
    busy[thread] = true
  end
  return at
end

--- Nothing survives in memory.
function Memory:recover() return true end

return outbox
