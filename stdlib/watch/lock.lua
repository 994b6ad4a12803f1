--- One daemon for a database: a lock on a file beside it that the kernel gives back when the
--- process ends, however it ends. Used by watch/daemon.lua and watch/offline.lua.

local fault = require "fault"

local lock = {}

--- Takes the lock, or raises a fault.
---@param folder string  the database's
---@return userdata handle  held until it is collected or the process ends
function lock.take(folder)
  local path = folder .. "/watch.lock"
  local handle, why, code = sys.files.lock(path)
  if handle then return handle end
  if code == "busy" then
    local message = "another nano-sre watches with the database in " .. folder
    error(fault.new("engine", { message = message, code = "busy",
      hint = "stop it first, or choose another database (SQLITE_DB_PATH)" }), 0)
  end
  error(fault.new("engine", { message = why, code = code }), 0)
end

return lock
