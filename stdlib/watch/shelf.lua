--- What service/baselines.lua and service/learned.lua read and put, for the daemon: reads come from
--- the database, what is put goes the way of the results (watch/journal.lua), so that a run never
--- waits for a database in trouble and nothing that was learned is lost. Used by watch/daemon.lua.

local db = require "service.db"
local json = require "json"

local shelf = {}

---@class Shelf
local Shelf = {}
Shelf.__index = Shelf

---@param options table  db: Db; put: fun(tx: table)
---@return Shelf
function shelf.new(options)
  return setmetatable({ db = options.db, put = options.put, waiting = {} }, Shelf)
end

local function key_of(store_url, skill) return tostring(store_url) .. "\0" .. skill end

--- As Db:baseline_get; what is not written yet counts.
function Shelf:baseline_get(store_url, skill)
  local tx = self.waiting[key_of(store_url, skill)]
  if tx then return { data = json.decode(tx.data) } end
  return self.db:baseline_get(store_url, skill)
end

--- As Db:baseline_put; never fails.
function Shelf:baseline_put(store_url, skill, data)
  local tx = { kind = "state", db.baseline_statement(store_url, skill, data),
    baseline = key_of(store_url, skill), data = json.encode(data) }
  self.waiting[tx.baseline] = tx
  self.put(tx)
  return true
end

--- As Db:metric_history.
function Shelf:metric_history(...) return self.db:metric_history(...) end

--- A transaction of the journal is written.
function Shelf:written(tx)
  if tx.baseline and self.waiting[tx.baseline] == tx then self.waiting[tx.baseline] = nil end
end

return shelf
