--- The way from watch/core.lua to the database: transactions in their order, many in one commit.
--- When the database can't be written they wait here, bounded, and the next try comes after a
--- pause; nothing is skipped and nothing is written twice. Used by watch/daemon.lua.
---
--- Invariants: the database holds a prefix of what was put in. Every commit carries its own name in
--- watch_state ('journal'), so that a commit whose answer was lost is known to have happened.

local backoff = require "watch.backoff"

local journal = {}

local BATCH = 200        -- transactions in one commit
local FIRST_RETRY_MS, RETRY_CAP_MS = 250, 5000
local MAX_WAITING = 20000 -- beyond it results (never incidents or messages) are dropped
-- What another try will not mend: the transaction itself is wrong.
local HOPELESS = { exists = true, invalid = true }

---@class Journal
local Journal = {}
Journal.__index = Journal

---@class JournalOptions
---@field db Db
---@field clock {mono: fun(): number}?
---@field max_waiting integer?
---@field on_written fun(tx: table)?
---@field on_dropped fun(tx: table, why: Fault)?   it can never be written
---@field on_trouble fun(why: Fault, since_ms: number)?  after each failed commit
---@field on_recovered fun(after_ms: number)?

---@param options JournalOptions
---@return Journal
function journal.open(options)
  local nothing = function() end
  return setmetatable({
    db = options.db, max = options.max_waiting or MAX_WAITING,
    mono = options.clock and options.clock.mono or sys.clock.mono,
    on_written = options.on_written or nothing, on_dropped = options.on_dropped or nothing,
    on_trouble = options.on_trouble or nothing, on_recovered = options.on_recovered or nothing,
    first = 1, last = 0, serial = 0, boot = sys.codec.hex(sys.random.bytes(8)),
    failures = 0, dropped = 0, write_ms = 0, commits = 0,
  }, Journal)
end

--- How many transactions wait.
function Journal:waiting() return self.last - self.first + 1 end

--- The oldest results go when there are too many; what they changed is in later states.
function Journal:make_room()
  local kept, dropped, excess = {}, 0, self:waiting() - self.max
  for i = self.first, self.last do
    local tx = self[i]
    if dropped < excess + self.max / 10 and tx.kind == "run" and i > self.first + BATCH then
      dropped = dropped + 1
    else
      kept[#kept + 1] = tx
    end
  end
  for i = self.first, self.last do self[i] = nil end
  self.first, self.last = 1, #kept
  for i, tx in ipairs(kept) do self[i] = tx end
  self.dropped = self.dropped + dropped
end

--- Puts a transaction in; returns at once.
---@param tx table  statements, kind
function Journal:put(tx)
  self.last = self.last + 1
  self[self.last] = tx
  if self:waiting() > self.max * 1.1 then self:make_room() end
  if self.writer then self.writer:unpark() end
end

local function fence(self, name)
  return { "INSERT INTO watch_state (name, value) VALUES ('journal', ?) ON CONFLICT (name) "
    .. "DO UPDATE SET value = excluded.value", name, n = 1 }
end

--- A commit failed: did it happen all the same?
function Journal:did_happen(name)
  local rows = self.db:read "SELECT value FROM watch_state WHERE name = 'journal'"
  return rows and rows[1] and rows[1].value == name
end

--- Writes the first count transactions as one. Nil and the trouble when nothing was kept.
function Journal:commit(count)
  self.serial = self.serial + 1
  local name = ("%s-%d"):format(self.boot, self.serial)
  local statements = { fence(self, name) }
  for i = self.first, self.first + count - 1 do
    for _, statement in ipairs(self[i]) do statements[#statements + 1] = statement end
  end
  local started = self.mono()
  local ok, why = self.db:write(statements)
  if not ok and not HOPELESS[why.code] and self:did_happen(name) then ok = true end
  self.write_ms, self.commits = self.write_ms + (self.mono() - started), self.commits + 1
  return ok, why
end

--- The first count transactions are written.
function Journal:shift(count)
  local first = self.first
  self.first = first + count
  for i = first, first + count - 1 do
    local tx = self[i]
    self[i] = nil
    self.on_written(tx)
  end
end

--- One commit. Returns the trouble when it has to be tried again.
function Journal:step()
  local count = math.min(self:waiting(), BATCH)
  local ok, why = self:commit(count)
  if not ok and HOPELESS[why.code] and count > 1 then
    count = 1
    ok, why = self:commit(1)
  end
  if ok then
    self:shift(count)
    return nil
  end
  if HOPELESS[why.code] then
    local tx = self[self.first]
    self[self.first], self.first = nil, self.first + 1
    self.dropped = self.dropped + 1
    self.on_dropped(tx, why)
    return nil
  end
  return why
end

--- Writes until stop() is called and nothing waits. In a task of its own.
function Journal:run()
  self.writer = sys.task.current()
  while true do
    if self:waiting() == 0 then
      if self.stopping then break end
      self.idle = true
      sys.task.park()
      self.idle = false
    else
      local why = self:step()
      if why then
        self.failures = self.failures + 1
        self.trouble_since = self.trouble_since or self.mono()
        self.trouble = why
        self.on_trouble(why, self.mono() - self.trouble_since)
        if self.stopping and self.mono() > self.stopping then break end
        -- Not a park: what is put in meanwhile must not hurry a database that is in trouble.
        sys.clock.sleep(backoff.delay(self.failures, FIRST_RETRY_MS, RETRY_CAP_MS))
      elseif self.trouble_since then
        local since = self.trouble_since
        self.failures, self.trouble_since, self.trouble = 0, nil, nil
        self.on_recovered(self.mono() - since)
      end
    end
  end
  self.writer = nil
end

--- Writes what waits, then ends run(). With a database in trouble it gives up after limit_ms.
function Journal:stop(limit_ms)
  self.stopping = self.mono() + limit_ms
  if self.writer then self.writer:unpark() end
end

return journal
