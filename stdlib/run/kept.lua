--- t.keep and t.kept: files that a run leaves for later runs of the same skill at the same shop.
--- Main says where (job.kept) and removes those that no run speaks of any more (service/kept.lua).
--- A file is never changed once it is there, so that what t.learn names stays what it was.

local fault = require "fault"
local guard = require "run.guard"

local kept = {}

local FILE_MAX = 64 * 1024 * 1024
local KEEP, KEPT = "t.keep(name, bytes)", "t.kept(name)"

local function folder_of(run)
  local base = run.job.kept
  return base and base .. "/" .. run.skill.name:gsub("[^%w_-]", "-")
end

--- t.keep
---@param run run.State
---@param name string
---@param bytes string
---@return string? name
---@return string? path  or why not
function kept.keep(run, name, bytes)
  if type(name) ~= "string" or not name:find("^[%w][%w._-]*$") or #name > 120 then
    guard.refuse(KEEP .. ": the name is made of letters, digits, dots, _ and -", 't.keep("a.json", '
      .. "text)")
  end
  if type(bytes) ~= "string" then guard.refuse(KEEP .. ": bytes must be a text") end
  local folder = folder_of(run)
  if not folder then return nil, "results of this run are not kept, and so no files" end
  if run.job.dry_run then return nil, "a dry run writes nothing" end
  local stem, extension = name:match("^(.-)(%.%w+)$")
  local unique = ("%s-%s%s"):format(stem or name, sys.random.uuid():sub(1, 8), extension or "")
  local ok, why = sys.files.make_dirs(folder)
  if ok then ok, why = sys.files.write(folder .. "/" .. unique, bytes) end
  if ok then return unique, folder .. "/" .. unique end
  fault.engine { code = "write", message = ("the file %s cannot be kept: %s"):format(name, why),
    hint = "see to the disk, or choose another database with SQLITE_DB_PATH: files are beside it" }
end

--- t.kept
---@param run run.State
---@param name string
---@return string? bytes
---@return string path  or why not
---@return string? code
function kept.read(run, name)
  if type(name) ~= "string" or not name:find("^[%w][%w._-]*$") then
    guard.refuse(KEPT .. ": takes a name that t.keep gave", "keep the name with t.learn")
  end
  local folder = folder_of(run)
  if not folder then return nil, "this run has no kept files", "nowhere" end
  local path = folder .. "/" .. name
  local bytes, why = sys.files.read(path, FILE_MAX)
  if not bytes then return nil, why end
  return bytes, path
end

return kept
