--- Changes to incidents and silences: through the daemon that runs, else on the database itself.
--- Used by cli/verb/incident.lua and silence.lua.

local core = require "watch.core"
local fault = require "fault"
local paths = require "config.paths"
local restore = require "watch.restore"

local offline = {}

--- Opens the database of a configuration for reading. The daemon may have it open, too.
---@param config Config
---@return Db
function offline.database(config)
  local path = config:get "database"
  if not paths.is(path) then
    error(fault.new("usage", { message = "there is no database " .. paths.display(path, config.cwd),
      hint = "`nano-sre watch` makes it; SQLITE_DB_PATH chooses another" }), 0)
  end
  local db, why = require("service.db").open(path)
  if not db then error(why, 0) end
  return db
end

local function on_database(config, name, ...)
  local lock = require("watch.lock").take(paths.folder(config:get "database"))
  local db = offline.database(config)
  local now = sys.clock.now()
  local folder = paths.folder(config:get "database")
  local left, saved, why
  left, why = require("watch.spool").open(folder):replay(db)
  if left then saved, why = restore.read(db, now) end
  if not saved then error(why, 0) end
  local statements = {}
  local one = core.new { emit = function(tx)
    for _, statement in ipairs(tx) do statements[#statements + 1] = statement end
  end }
  one.mute = true
  one:restore(saved)
  local arguments = { n = select("#", ...), ... }
  arguments[arguments.n + 1] = now
  local value, message, code = require("watch.actions")[name](one,
    unpack(arguments, 1, arguments.n + 1))
  if value and #statements > 0 then
    local ok
    ok, why = db:write(statements)
    if not ok then error(why, 0) end
  end
  db:close()
  lock:release()
  if not value then error(fault.new("usage", { message = message, code = code }), 0) end
  return value
end

--- Does one of watch/actions.lua. Raises a fault with its message.
---@param config Config
---@param path string    the API's
---@param body table
---@param name string    the action, and …
---@param ... any        its arguments between core and now
---@return table
function offline.act(config, path, body, name, ...)
  local daemon = require("watch.client").find(config)
  if daemon then return daemon:post(path, body) end
  return on_database(config, name, ...)
end

--- Who does it, for the timeline.
function offline.author()
  return sys.env.get "SUDO_USER" or sys.env.get "USER" or ("uid %d"):format(sys.env.uid())
end

return offline
