--- Keeps results in the database, without ever standing in their way: the database is opened while
--- the first skill runs, trouble with it is told once, and a result that can't be kept is still
--- reported. Called by cli/session.lua.

local paths = require "config.paths"

---@class Keeper
local Keeper = {}
Keeper.__index = Keeper

local keeper = {}

local HINT = "`nano-sre doctor` looks closer; SQLITE_DB_PATH chooses another file"

local function open(path)
  local folder = paths.folder(path)
  if not paths.is(folder, "dir") then
    local ok, why = sys.files.make_dirs(folder)
    if not ok then return nil, { message = why } end
  end
  return require("service.db").open(path)
end

--- Begins to open the database; returns at once.
---@param path string
---@param cwd string
---@param on_problem fun(problem: table)  told of what could not be kept
---@return Keeper
function keeper.open(path, cwd, on_problem)
  return setmetatable({
    path = path, cwd = cwd, on_problem = on_problem, opening = sys.task.spawn(open, path),
  }, Keeper)
end

-- The open database, nil when it can't be used. Several tasks may wait here at once.
function Keeper:database()
  if not self.opening then return self.db end
  local joined, db, why = self.opening:join()
  if self.opening then -- the first of those that waited
    self.opening = nil
    if not joined then db, why = nil, { message = tostring(db) } end
    self.db = db
    if not db then
      self.on_problem {
        message = "results are not kept: " .. why.message, hint = why.hint or HINT,
        where = paths.display(self.path, self.cwd),
      }
    end
  end
  return self.db
end

--- Compares a result with the baselines, which may turn PASS into WARN, and records it. Waits.
---@param result table  changed in place
---@param options table  update_baseline; given: { what the run had learned before }, kept: the
---  folder of its files
function Keeper:keep(result, options)
  local db = self:database()
  if not db then return end
  if options.update_baseline and result.learned ~= nil then
    local before = require("service.learned").get(db, result.store_url, result.skill)
    result.learned = require("service.pictures").merged(before, result.learned)
  end
  local ok, why = require("service.baselines").apply(db, result,
    { update = options.update_baseline })
  if ok then
    ok, why = require("service.learned").keep(db, result, { given = options.given,
      folder = options.kept })
  end
  if ok then ok, why = db:record_result(result) end
  if not ok then
    self.on_problem {
      message = ("the result of %s was not kept: %s"):format(result.skill, why.message),
      hint = why.hint or HINT,
    }
  end
end

--- What earlier runs of a skill learned about a shop; nil when there is nothing. Waits.
---@param store_url string
---@param skill string
---@return any
function Keeper:learned(store_url, skill)
  local db = self:database()
  return db and (require("service.learned").get(db, store_url, skill))
end

--- The folder for the files of t.keep.
---@param store_url string
---@return string
function Keeper:kept_folder(store_url)
  return require("service.kept").folder(self.path, store_url)
end

--- Closes the database. Waits.
function Keeper:close()
  local db = self:database()
  if db then db:close() end
end

return keeper
