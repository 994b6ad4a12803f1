--- nano-sre db: looks after the database.

local verb = {}

verb.examples = {
  { "nano-sre db check", "whether it is whole" },
  { "nano-sre db backup copy.db", "a copy, while everything goes on" },
  { "nano-sre db vacuum", "remove what is older than watch.keep, and give the space back" },
}

function verb.define(parser)
  parser:argument("action", "check, backup or vacuum"):choices { "check", "backup", "vacuum" }
  parser:argument("file", "where the copy goes"):args "?":argname "FILE"
end

local function refuse(message, hint)
  error(require("fault").new("usage", { message = message, hint = hint, code = "usage" }), 0)
end

local actions = {}

function actions.check(db, _, out)
  local rows, why = db:read "PRAGMA integrity_check"
  if not rows then error(why, 0) end
  if #rows == 1 and rows[1].integrity_check == "ok" then
    rows, why = db:read("SELECT (SELECT count(*) FROM check_runs) AS runs, (SELECT count(*) FROM "
      .. "incidents) AS incidents, (SELECT count(*) FROM outbox WHERE status = 'pending') AS "
      .. "messages")
    if not rows then error(why, 0) end
    out.line(("ok: %d runs, %d incidents, %d messages to send"):format(rows[1].runs,
      rows[1].incidents, rows[1].messages))
    return 0
  end
  for _, row in ipairs(rows) do out.line(row.integrity_check) end
  out.problem { message = "the database is damaged",
    hint = "restore a copy, or try `sqlite3 FILE .recover`" }
  return 3
end

function actions.backup(db, config, out, args)
  if not args.file then refuse("where does the copy go?", "nano-sre db backup FILE") end
  local paths = require "config.paths"
  local target = paths.absolute(args.file, config.cwd)
  if paths.is(target) then refuse(args.file .. " is there already", "choose another name") end
  -- Made beside its place and renamed, so that half a copy never has the name of a whole one.
  local part = target .. ".part"
  sys.files.remove(part)
  local ok, why = db:backup(part)
  if not ok then
    sys.files.remove(part)
    why.hint = why.hint or "is the folder there, with room for it, and may you write to it?"
    error(why, 0)
  end
  local renamed, text = sys.files.rename(part, target)
  if not renamed then refuse(text) end
  local stat = sys.files.stat(target)
  out.line(("%s: %.1f MB"):format(args.file, (stat and stat.size or 0) / 1048576))
  return 0
end

function actions.vacuum(db, config, out)
  local removed, why = require("watch.retention").clean(db, config:get "watch.keep",
    sys.clock.now())
  if not removed then error(why, 0) end
  local ok
  ok, why = db:vacuum()
  if not ok then error(why, 0) end
  out.line(("removed %d runs, %d events, %d incidents"):format(removed.check_runs, removed.events,
    removed.incidents))
  return 0
end

function verb.run(args)
  if args.file and args.action ~= "backup" then
    refuse(("db %s takes no file"):format(args.action), "SQLITE_DB_PATH chooses the database")
  end
  local config = require("watch.ask").config(args)
  local db = require("watch.offline").database(config)
  local code = actions[args.action](db, config, require "cli.out", args)
  db:close()
  return code
end

return verb
