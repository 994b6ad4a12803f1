--- What the database can't take is kept in a file beside it meanwhile, so that it outlives the
--- process: `watch.spool`, one transaction a line, in order. Appended to by watch/journal.lua while
--- there is trouble, removed when everything is written, read back at the next start before
--- anything else. Best effort: a disk that is full takes neither.

local json = require "json"

local spool = {}

local MAX_BYTES = 256 * 1024 * 1024
local BATCH = 200
local NULL = sys.codec.null

---@class Spool
local Spool = {}
Spool.__index = Spool

--- The spool in the database's folder.
---@param folder string
---@return Spool
function spool.open(folder)
  return setmetatable({ path = folder .. "/watch.spool", bytes = 0 }, Spool)
end

local function line_of(boot, tx)
  local statements = {}
  for i, statement in ipairs(tx) do
    local parameters = {}
    for k = 2, statement.n and statement.n + 1 or #statement do
      local value = statement[k]
      if value == nil then value = NULL end
      parameters[k - 1] = value
    end
    statements[i] = { statement[1], json.array(parameters) }
  end
  return json.encode { boot = boot, seq = tx.seq, kind = tx.kind, statements = statements }
end

--- Keeps transactions.
---@param boot string  the name of their journal
---@param list table[]  with seq
---@return boolean|nil ok
---@return string? why
function Spool:append(boot, list)
  local lines = {}
  for _, tx in ipairs(list) do
    local fine, line = pcall(line_of, boot, tx) -- bytes that are no text stay in memory alone
    if fine then lines[#lines + 1] = line end
  end
  -- The line break first: what came before may be half a line.
  local text = "\n" .. table.concat(lines, "\n") .. "\n"
  if self.bytes + #text > MAX_BYTES then return nil, "watch.spool is full" end
  self.used = true -- whatever comes of it: there may be a file
  local ok, why = sys.files.write(self.path, text, { append = true, mode = 384, sync = true })
  if not ok then return nil, why end
  self.bytes = self.bytes + #text
  return true
end

--- Everything is in the database.
function Spool:clear()
  if not self.used then return end
  sys.files.remove(self.path)
  self.bytes, self.used = 0, false
end

local function statements_of(entry)
  local out = {}
  for i, statement in ipairs(entry.statements) do
    local parameters = statement[2]
    local one = { statement[1], n = #parameters }
    for k, value in ipairs(parameters) do
      if value ~= NULL then one[k + 1] = value end
    end
    out[i] = one
  end
  return out
end

-- The transactions of the file that the database does not have. Half a line (a crash, a full disk)
-- is left out.
local function read(path, written)
  local text = sys.files.read(path, MAX_BYTES + 1048576)
  local list = {}
  local boot, seq = (written or ""):match "^(%x+)%-(%d+)$"
  for line in (text or ""):gmatch "[^\n]+" do
    local entry = json.decode(line)
    if type(entry) == "table" and type(entry.statements) == "table"
      and not (entry.boot == boot and entry.seq <= tonumber(seq)) then
      list[#list + 1] = entry
    end
  end
  return list, text ~= nil
end

-- Writes entries[first … last] as one, with the journal's name, so that a crash repeats nothing.
local function write(db, entries, first, last)
  local name = ("%s-%d"):format(entries[last].boot, entries[last].seq)
  local statements = { spool.fence(name) }
  for i = first, last do
    for _, one in ipairs(statements_of(entries[i])) do statements[#statements + 1] = one end
  end
  return db:write(statements)
end

--- The statement that marks a commit with its journal's name and its last transaction's number.
---@param name string
---@return table
function spool.fence(name)
  return { "INSERT INTO watch_state (name, value) VALUES ('journal', ?) ON CONFLICT (name) "
    .. "DO UPDATE SET value = excluded.value", name, n = 1 }
end

--- Brings what an earlier process left into the database. Before anything else is read from it.
---@param db Db
---@return integer|nil count   transactions that were written
---@return Fault|integer|nil   the trouble; or how many could never be written
function Spool:replay(db)
  local rows, why = db:read "SELECT value FROM watch_state WHERE name = 'journal'"
  if not rows then return nil, why end
  local entries, there = read(self.path, rows[1] and rows[1].value)
  local at, done, lost = 1, 0, 0
  while at <= #entries do
    local last, ok = math.min(#entries, at + BATCH - 1), nil
    ok, why = write(db, entries, at, last)
    if not ok and (why.code == "exists" or why.code == "invalid") then
      last = at -- one of them is wrong by itself
      ok, why = write(db, entries, at, at)
      if not ok and (why.code == "exists" or why.code == "invalid") then
        ok, lost = true, lost + 1
        done = done - 1
      end
    end
    if not ok then return nil, why end
    done, at = done + last - at + 1, last + 1
  end
  if there then sys.files.remove(self.path) end
  return done, lost
end

return spool
