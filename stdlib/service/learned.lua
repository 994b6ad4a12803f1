--- What a skill learned about a shop (t.learn) for its next run there (t.learned): kept in the
--- table `baselines`, beside the figures of service/baselines.lua. Called by whoever runs skills
--- and keeps results: cli/keeper.lua and watch/daemon.lua.

local json = require "json"
local kept = require "service.kept"

local learned = {}

-- The same part of the row that service/baselines.lua has; it begins anew with the baseline.
local KEY = "nano_sre"

-- A run that broke, or that saw nothing, has learned nothing.
local COUNTS = { PASS = true, WARN = true, FAIL = true }

local function mine(row)
  local data = row and type(row.data) == "table" and row.data[KEY]
  return type(data) == "table" and data or nil
end

--- What the last run left for the next one.
---@param db Db
---@param store_url string?
---@param skill string
---@return any value       nil when there is nothing
---@return Fault? trouble
function learned.get(db, store_url, skill)
  if not store_url then return nil end
  local row, why = db:baseline_get(store_url, skill)
  if not row then return nil, why end
  local data = mine(row)
  return data and data.learned
end

-- Whether what is known now is still what the run was given. Somebody may have approved a picture
-- meanwhile, or begun anew; then what the run learned is out of date.
local function is_as_given(data, given)
  local function text(value) return value ~= nil and json.encode(value) or "" end
  return text(data.learned) == text(given)
end

--- Keeps what a result brings, in the place of what was known. Nothing to keep is fine.
---@param db Db
---@param result table
---@param options table?  given: { what the run was given }, which must still be what is known;
---  folder: of the shop's kept files (service/kept.lua), those that are named no more are removed
---@return boolean|nil ok
---@return Fault? trouble
function learned.keep(db, result, options)
  if result.learned == nil or not COUNTS[result.status] or not result.store_url then return true end
  local row, why = db:baseline_get(result.store_url, result.skill)
  if not row and why then return nil, why end
  local all = row and row.data
  if type(all) ~= "table" then all = { previous = all } end
  local data = mine(row) or {}
  if options and options.given and not is_as_given(data, options.given[1]) then return true end
  data.learned = result.learned
  all[KEY] = data
  local ok
  ok, why = db:baseline_put(result.store_url, result.skill, all)
  if ok and options and options.folder then
    kept.tidy(options.folder, result.skill, result.learned, sys.clock.now())
  end
  return ok, why
end

return learned
