--- The way from watch/core.lua to the database: transactions in their order, many in one commit.
--- When the database can't be written they wait here, bounded, and in the spool (watch/spool.lua);
--- the next try comes after a pause; nothing is skipped and nothing is written twice. Used by
--- watch/daemon.lua.
---
--- Invariants: the database holds a prefix of what was put in (without what was dropped because too
--- much waited). Every commit carries the number of its last transaction in watch_state
--- ('journal'), so that a commit whose answer was lost is known to have happened.

local backoff = require "watch.backoff"

local spool = require "watch.spool"

local journal = {}

local BATCH = 200        -- transactions in one commit
local FIRST_RETRY_MS, RETRY_CAP_MS = 250, 2000
-- Beyond these the oldest results (never incidents or messages) are dropped.
local MAX_WAITING, MAX_BYTES = 20000, 128 * 1024 * 1024
local DROPS = { run = true, event = true }
-- What another try will not mend: the transaction itself is wrong.
local HOPELESS = { exists = true, invalid = true }

---@class Journal
local Journal = {}
Journal.__index = Journal

---@class JournalOptions
---@field db Db
---@field clock {mono: fun(): number}?
---@field max_waiting integer?
---@field max_bytes integer?
---@field spool Spool?
---@field mend fun(why: Fault): boolean?  a commit failed: whether something was done about it, so
---  that it is tried again at once
---@field on_written fun(tx: table)?
---@field on_dropped fun(tx: table, why: Fault)?   it can never be written
---@field on_overflow fun(count: integer)?         so many results were dropped: too much waits
---@field on_trouble fun(why: Fault, since_ms: number)?  after each failed commit
---@field on_aside fun()?   after that, when what waits was put into the spool, as far as possible
---@field on_recovered fun(after_ms: number)?

---@param options JournalOptions
---@return Journal
function journal.open(options)
  local nothing = function() end
  return setmetatable({
    db = options.db, max = options.max_waiting or MAX_WAITING,
    max_bytes = options.max_bytes or MAX_BYTES, spool = options.spool,
    mend = options.mend or nothing, on_aside = options.on_aside or nothing,
    on_overflow = options.on_overflow or nothing,
    mono = options.clock and options.clock.mono or sys.clock.mono,
    on_written = options.on_written or nothing, on_dropped = options.on_dropped or nothing,
    on_trouble = options.on_trouble or nothing, on_recovered = options.on_recovered or nothing,
    first = 1, last = 0, serial = 0, bytes = 0, spooled = 0,
    boot = sys.codec.hex(sys.random.bytes(8)),
    failures = 0, dropped = 0, write_ms = 0, commits = 0,
  }, Journal)
end

--- How many transactions wait.
function Journal:waiting() return self.last - self.first + 1 end

-- About what a transaction takes in memory.
local function size_of(tx)
  local size = 200
  for _, statement in ipairs(tx) do
    for k = 2, statement.n and statement.n + 1 or #statement do
      local value = statement[k]
      size = size + (type(value) == "string" and #value or 8)
    end
  end
  return size
end

--- The oldest results go when there are too many; what they changed is in later states.
function Journal:make_room()
  local kept, dropped, waiting = {}, 0, self:waiting()
  for i = self.first, self.last do
    local tx = self[i]
    local much = waiting - dropped > self.max * 0.9 or self.bytes > self.max_bytes * 0.9
    if much and DROPS[tx.kind] and i > self.first + BATCH then
      dropped = dropped + 1
      self.bytes = self.bytes - tx.bytes
    else
      kept[#kept + 1] = tx
    end
  end
  for i = self.first, self.last do self[i] = nil end
  self.first, self.last = 1, #kept
  for i, tx in ipairs(kept) do self[i] = tx end
  self.dropped = self.dropped + dropped
  if dropped > 0 then self.on_overflow(dropped) end
end

--- Puts a transaction in; returns at once.
---@param tx table  statements, kind
function Journal:put(tx)
  self.last, self.serial = self.last + 1, self.serial + 1
  self[self.last] = tx
  tx.seq, tx.bytes = self.serial, size_of(tx)
  self.bytes = self.bytes + tx.bytes
  -- Looked at now and then only: it is for nothing when nothing can be dropped.
  local crowded = self:waiting() > self.max or self.bytes > self.max_bytes
  if crowded and self.serial % 100 == 0 then self:make_room() end
  if self.writer then self.writer:unpark() end
end

--- The first count transactions are written.
function Journal:shift(count)
  local first = self.first
  self.first = first + count
  for i = first, first + count - 1 do
    local tx = self[i]
    self[i] = nil
    self.bytes = self.bytes - tx.bytes
    self.on_written(tx)
  end
end

--- A commit failed, or its answer was lost: takes out what is written all the same. False: nobody
--- knows yet.
function Journal:settle()
  local rows = self.db:read "SELECT value FROM watch_state WHERE name = 'journal'"
  if not rows then return false end
  local boot, seq = (rows[1] and rows[1].value or ""):match "^(%x+)%-(%d+)$"
  if boot ~= self.boot then return true end
  local count = 0
  while self[self.first + count] and self[self.first + count].seq <= tonumber(seq) do
    count = count + 1
  end
  self:shift(count)
  return true
end

--- Waits until everything that was put in by now is written; not while there is trouble.
---@param limit_ms number
---@return boolean written
function Journal:await(limit_ms)
  local seq, deadline = self.serial, self.mono() + limit_ms
  while self[self.first] and self[self.first].seq <= seq do
    if self.trouble or self.mono() > deadline then return false end
    sys.clock.sleep(2)
  end
  return true
end

--- Writes the first count transactions as one. Nil and the trouble when nothing was kept.
function Journal:commit(count)
  local statements = {}
  for i = self.first, self.first + count - 1 do
    for _, statement in ipairs(self[i]) do statements[#statements + 1] = statement end
  end
  table.insert(statements, 1,
    spool.fence(("%s-%d"):format(self.boot, self[self.first + count - 1].seq)))
  local started = self.mono()
  local ok, why = self.db:write(statements)
  self.write_ms, self.commits = self.write_ms + (self.mono() - started), self.commits + 1
  return ok, why
end

--- One commit. Returns the trouble when it has to be tried again.
function Journal:step()
  if self.unsettled then
    if not self:settle() then return self.unsettled end
    self.unsettled = nil
  end
  local count = math.min(self:waiting(), BATCH)
  if count == 0 then return nil end
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
    self.bytes, self.dropped = self.bytes - tx.bytes, self.dropped + 1
    self.on_dropped(tx, why)
    return nil
  end
  local waiting = self:waiting()
  if not self:settle() then self.unsettled = why end
  if self:waiting() < waiting then return nil end
  return why
end

--- Keeps what waits on disk too, as far as it goes.
function Journal:keep_aside()
  if not self.spool then return false end
  local list = {}
  for i = self.first, self.last do
    if self[i].seq > self.spooled then list[#list + 1] = self[i] end
  end
  if #list == 0 then return true end
  local ok, why = self.spool:append(self.boot, list)
  self.spool_trouble = why
  if ok then self.spooled = list[#list].seq end
  return ok
end

--- A step failed: what that means until the next.
function Journal:suffer(why, started)
  self.failures = self.failures + 1
  self.trouble_since = self.trouble_since or started
  self.trouble = why
  self.on_trouble(why, self.mono() - self.trouble_since)
  self:keep_aside()
  self.on_aside()
  if self.mend(why) then return end
  -- Not a park: what is put in meanwhile must not hurry a database that is in trouble.
  sys.clock.sleep(backoff.delay(self.failures, FIRST_RETRY_MS, RETRY_CAP_MS))
end

--- It can be written again.
function Journal:recover()
  local since = self.trouble_since
  self.failures, self.trouble_since, self.trouble = 0, nil, nil
  self.on_recovered(self.mono() - since)
end

--- Writes until stop() is called and nothing waits. In a task of its own.
function Journal:run()
  self.writer = sys.task.current()
  while true do
    if self:waiting() == 0 then
      if self.spool then self.spool:clear() end
      if self.stopping then break end
      self.idle = true
      sys.task.park()
      self.idle = false
    else
      local started = self.mono()
      local why = self:step()
      if why then
        if self.stopping and self.mono() > self.stopping then break end -- keep_aside has them
        self:suffer(why, started)
      elseif self.trouble_since then
        self:recover()
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
