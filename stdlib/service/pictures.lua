--- The baselines that there are, for `nano-sre baseline`: what skills learned about shops, the
--- pictures among it (the list of visual/album.lua, in files of service/kept.lua), and what figures
--- are usual. Main's side; reads and writes the database.

local baselines = require "service.baselines"
local kept = require "service.kept"

local pictures = {}

local KEY = "nano_sre"

---@class BaselineRow
---@field store_url string
---@field skill string
---@field data table?       ours; nil when there is only what past runs say
---@field all table?        the whole row
---@field pictures table[]  may be empty
---@field metrics table[]   what is usual, as the last run was told it

local function ours(data)
  local mine = type(data) == "table" and data[KEY]
  return type(mine) == "table" and mine or nil
end

local function list_in(data)
  local learned = type(data) == "table" and data.learned
  local list = type(learned) == "table" and learned.pictures
  local out = {}
  for _, entry in ipairs(type(list) == "table" and list or {}) do
    if type(entry) == "table" and type(entry.name) == "string" then out[#out + 1] = entry end
  end
  return out
end

local function usual(db, store_url, skill)
  local runs, why = db:recent_runs { store_url = store_url, skill = skill, limit = 1,
    status = { "PASS", "WARN" } } -- the others are not held against figures
  if not runs then return nil, why end
  local details = runs[1] and runs[1].details
  local found = type(details) == "table" and details.baselines
  return type(found) == "table" and type(found.metrics) == "table" and found.metrics or {}
end

--- Every skill and shop of which something is known, sorted.
---@param db Db
---@return BaselineRow[]? rows
---@return Fault? trouble
function pictures.list(db)
  local names, why = db:read("SELECT store_url, skill_name FROM baselines UNION SELECT store_url, "
    .. "skill_name FROM metrics GROUP BY store_url, skill_name ORDER BY 1, 2")
  if not names then return nil, why end
  local out = {}
  for _, name in ipairs(names) do
    local row, trouble = db:baseline_get(name.store_url, name.skill_name)
    if not row and trouble then return nil, trouble end
    local metrics
    metrics, trouble = usual(db, name.store_url, name.skill_name)
    if not metrics then return nil, trouble end
    local data = row and ours(row.data)
    if data or #metrics > 0 then
      out[#out + 1] = { store_url = name.store_url, skill = name.skill_name, data = data,
        all = row and row.data, pictures = list_in(data), metrics = metrics }
    end
  end
  return out
end

--- What a run learned that took everything anew (--update-baseline): the pictures of pages that it
--- did not look at stay.
---@param before any   what was known
---@param learned any  of the run
---@return any
function pictures.merged(before, learned)
  local new = list_in { learned = learned }
  if #new == 0 then return learned end
  local known = {}
  for _, entry in ipairs(new) do known[entry.name] = true end
  for _, entry in ipairs(list_in { learned = before }) do
    if not known[entry.name] then new[#new + 1] = entry end
  end
  return { pictures = new }
end

local function put(db, row)
  return db:baseline_put(row.store_url, row.skill, row.all)
end

--- The pictures of that list that wait for approval become the baselines.
---@param db Db
---@param row BaselineRow
---@param chosen table[]  entries of row.pictures
---@param now string      ISO 8601
---@return table[]? approved
---@return Fault? trouble
function pictures.approve(db, row, chosen, now)
  local done = {}
  for _, entry in ipairs(chosen) do
    local pending = type(entry.pending) == "table" and entry.pending
    if pending then
      entry.picture, entry.snapshot, entry.width = pending.picture, pending.snapshot, pending.width
      entry.path, entry.taken_at = pending.path or entry.path, pending.seen_at
      entry.approved_at, entry.pending = now, nil
      done[#done + 1] = entry
    end
  end
  if #done == 0 then return done end
  local ok, why = put(db, row)
  if not ok then return nil, why end
  return done
end

--- Pictures are forgotten: the next run takes new ones.
---@param db Db
---@param row BaselineRow
---@param chosen table[]   entries of row.pictures
---@param folder string    of the shop's kept files
---@return boolean|nil ok
---@return Fault? trouble
function pictures.forget(db, row, chosen, folder)
  local gone, left = {}, {}
  for _, entry in ipairs(chosen) do gone[entry] = true end
  for _, entry in ipairs(row.pictures) do
    if not gone[entry] then left[#left + 1] = entry end
  end
  row.data.learned = #left > 0 and { pictures = left } or nil
  local ok, why = put(db, row)
  if not ok then return nil, why end
  kept.tidy(folder, row.skill, row.data.learned)
  return true
end

--- Everything that is known of a skill at a shop is forgotten, what is usual included.
---@param db Db
---@param row BaselineRow
---@param folder string
---@return boolean|nil ok
---@return Fault? trouble
function pictures.reset(db, row, folder)
  local ok, why
  if row.data then
    ok, why = baselines.reset(db, row.store_url, row.skill)
  else
    ok, why = db:baseline_put(row.store_url, row.skill,
      { [KEY] = { since = require("service.db_record").now() } })
  end
  if not ok then return nil, why end
  kept.tidy(folder, row.skill, nil)
  return true
end

return pictures
