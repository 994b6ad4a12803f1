--- The daemon and a database in trouble: who is told, what is tried, and starting while it is in
--- trouble already. Gives the class Daemon its methods. Used by watch/daemon.lua.

local fault = require "fault"
local json = require "json"
local journal = require "watch.journal"
local paths = require "config.paths"
local restore = require "watch.restore"
local snapshot = require "watch.snapshot"
local spool = require "watch.spool"

local mend = {}

-- What may pass without anybody changing the configuration.
local PASSES = { locked = true, full = true, readonly = true, io = true, corrupt = true,
  memory = true }
local FIRST_MS, CAP_MS = 500, 5000
local BUSY_MS = 1000 -- what is locked for longer is tried again, and others get their turn

-- Another file is where the database was. It is taken when it is ours, or new.
local function take_replacement(daemon)
  local messages
  local ok, why = daemon.db:reopen(function(new)
    local rows, trouble = new:read "SELECT value FROM watch_state WHERE name = 'instance'"
    if not rows then return nil, trouble end
    if rows[1] and rows[1].value ~= daemon.core.instance then
      return nil, fault.new("engine", { code = "moved",
        message = ("the database %s was replaced by that of another nano-sre"):format(
          daemon.db.path),
        hint = "put the right one there, or start again to go on with this one" })
    end
    messages = snapshot.messages(daemon.db)
    return true
  end)
  if not ok then return nil, why end
  daemon.log:say("warn", "store.replaced", { "path", daemon.db.path })
  messages.kind = "state"
  if #messages > 0 then daemon.journal:put(messages) end
  daemon.journal:put(snapshot.of(daemon.core, daemon.now()))
  return true
end

-- What was told is remembered beside the database: a restart tells it no second time, and can say
-- that it is over.
local function told_file(daemon)
  return paths.folder(daemon.config:get "database") .. "/watch.degraded"
end

local function keep_told(daemon)
  sys.files.write(told_file(daemon), json.encode(daemon.degraded.incident), { mode = 384 })
end

local function on_trouble(daemon, why, since_ms)
  if daemon.journal.failures == 1 then
    daemon.log:say("warn", "store.trouble", { "code", why.code, "why", why.message })
  end
  if daemon.degraded:trouble(why, since_ms) then
    daemon.dropped_before = daemon.journal.dropped
    daemon.log:say("error", "engine.degraded", { "code", why.code, "why", why.message,
      "hint", why.hint, "waiting", daemon.journal:waiting(),
      "aside", daemon.journal.spool_trouble or "watch.spool" })
    keep_told(daemon)
    daemon:notify("degraded", why)
  end
  local lent, journal_of = 0, daemon.journal
  local function note(statement) journal_of:put { kind = "state", statement } end
  for i = journal_of.first, journal_of.last do
    local messages = journal_of[i].messages
    if messages then lent = lent + daemon.degraded:lend(messages, note) end
  end
  if lent > 0 then daemon.log:say("info", "alert.without_database", { "count", lent }) end
end

-- Tells that it is over when it stays so.
local function settle(daemon)
  local after, incident, lost = daemon.config:get "watch.degraded_after", nil, nil
  while daemon.degraded.calm_since do
    local left = after - (daemon.now() - daemon.degraded.calm_since)
    sys.clock.sleep(math.max(1, math.min(after, left)))
    lost = (daemon.journal and daemon.journal.dropped or 0) - (daemon.dropped_before or 0)
    incident = daemon.degraded:over(lost)
    if incident then break end
  end
  if not incident then return end
  sys.files.remove(told_file(daemon))
  daemon.log:say("info", "engine.recovered", { "was", incident.cause, "dropped",
    lost > 0 and lost })
  if not daemon.journal then return end
  daemon:add_event("engine.degraded", { since = incident.first_seen, cause = incident.cause,
    dropped = lost })
end

local function on_recovered(daemon, after_ms)
  daemon.log:say("info", "store.recovered", { "after_ms", after_ms, "waiting",
    daemon.journal:waiting() })
  daemon.degraded:recovered()
  sys.task.spawn(settle, daemon)
end

--- Gives the class of daemons its methods.
---@param Daemon table
function mend.extend(Daemon)
  --- Opens the ways out that need no database.
  function Daemon:open_degraded()
    self.memory_box = require("watch.outbox").memory()
    local told = json.decode(sys.files.read(told_file(self), 65536) or "")
    self.degraded = require("watch.degraded").new { box = self.memory_box, now = self.now,
      routes = function() return self.setup.routes end,
      instance = function() return self.core and self.core.instance or "starting" end,
      after_ms = function() return self.config:get "watch.degraded_after" end,
      incident = type(told) == "table" and told.first_seen and told or nil }
  end

  --- Opens the way into the database.
  function Daemon:open_journal()
    local log = self.log
    self.outbox = require("watch.outbox").open(self.db)
    self.shelf = require("watch.shelf").new { db = self.db,
      put = function(tx) self.journal:put(tx) end }
    self.journal = journal.open {
      db = self.db, spool = self.spool,
      on_written = function(tx)
        self.shelf:written(tx)
        if tx.messages then self.outbox:notify() end
        if tx.on_written then tx.on_written() end
      end,
      on_dropped = function(tx, why)
        log:say("error", "journal.dropped", { "kind", tx.kind, "why", why.message })
      end,
      on_overflow = function(count)
        log:say("error", "journal.overflow", { "dropped", count, "waiting",
          self.journal:waiting() })
      end,
      on_trouble = function(why, since_ms) on_trouble(self, why, since_ms) end,
      on_aside = function() self.degraded:send_lent() end,
      on_recovered = function(after_ms) on_recovered(self, after_ms) end,
      mend = function(why)
        if why.code ~= "moved" then return false end
        local ok, trouble = take_replacement(self)
        if not ok and trouble.message ~= self.mend_told then
          self.mend_told = trouble.message
          log:say("error", "store.not_reopened", { "code", trouble.code, "why", trouble.message,
            "hint", trouble.hint })
        end
        return ok
      end,
    }
  end

  --- Opens the database, alone, and reads what is remembered. Raises.
  function Daemon:open_database()
    local path = self.config:get "database"
    self.folder = paths.folder(path)
    if not paths.is(self.folder, "dir") then
      local ok, why = sys.files.make_dirs(self.folder)
      if not ok then
        error(fault.new("engine", { message = why, code = "state" }), 0)
      end
    end
    self.lock = self.lock or require("watch.lock").take(self.folder)
    local db, why = require("service.db").open(path, { busy_timeout_ms = BUSY_MS })
    if not db then error(why, 0) end
    local saved, left, lost
    self.spool = spool.open(self.folder)
    left, lost = self.spool:replay(db)
    if left then
      saved, why = restore.read(db, self.now())
    else
      why = lost
    end
    if saved then
      local ok
      ok, why = require("watch.outbox").open(db):recover(self.now())
      if not ok then saved = nil end
    end
    if not saved then
      db:close()
      error(why, 0)
    end
    if left > 0 or lost > 0 then
      self.log:say("warn", "spool.replayed", { "count", left, "lost", lost > 0 and lost })
    end
    self.db, self.database = db, path
    return saved
  end

  --- The same, however long it takes. Somebody is told when it takes long; nothing is watched until
  --- then, because nobody knows what is broken and who was told.
  ---@return table? saved  nil: the daemon was told to stop meanwhile
  function Daemon:await_database()
    local backoff, since = require "watch.backoff", sys.clock.mono()
    local failures = 0
    while not self.stopping do
      local ok, saved = pcall(self.open_database, self)
      if ok then
        if failures > 0 or self.degraded.incident then
          self.log:say("info", "store.recovered", { "after_ms", sys.clock.mono() - since })
          self.degraded:recovered()
          sys.task.spawn(settle, self)
        end
        return saved
      end
      local why = saved
      if not (fault.is(why) and PASSES[why.code]) then error(why, 0) end
      failures = failures + 1
      if failures == 1 then
        self.log:say("error", "store.trouble", { "code", why.code, "why", why.message, "hint",
          why.hint, "waiting", "nothing is watched until the database can be opened" })
        self:notify("waiting", why)
      end
      if self.degraded:trouble(why, sys.clock.mono() - since,
        { "nano-sre cannot open its database, and watches nothing", "nano-sre watches again" }) then
        self.log:say("error", "engine.degraded", { "code", why.code, "why", why.message })
        keep_told(self)
      end
      sys.clock.sleep(backoff.delay(failures, FIRST_MS, CAP_MS))
    end
    return nil
  end
end

return mend
