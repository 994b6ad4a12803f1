--- Loads what has changed: skills, the files beside them, nano-sre.lua, .env. Started by a saved
--- file (inotify), SIGHUP, POST /-/reload. A reload is a transaction: configuration and checks are
--- built beside the old ones and swapped when they are whole. A script that cannot be loaded keeps
--- its old version, and a wrong configuration keeps everything. Used by watch/service.lua.

local fault = require "fault"
local paths = require "config.paths"

local reload = {}

local QUIET_MS = 60      -- a burst of changes ends after so much silence
local BURST_MS = 400     -- but is looked at after this at the latest

---@class Reload
local Reload = {}
Reload.__index = Reload

---@param daemon Daemon
---@return Reload
function reload.new(daemon)
  return setmetatable({ daemon = daemon, waiting = {} }, Reload)
end

--- One folder, and those that skills have modules in.
function Reload:folders()
  local daemon = self.daemon
  local config, set = daemon.config, {}
  local root = config.project and config.project.root or daemon.cwd
  for _, base in ipairs { root, daemon.cwd .. "/scripts" } do
    for _, name in ipairs { "skills", "alerters", "triggers" } do
      set[base .. "/" .. name] = true
    end
    set[base] = true
  end
  set[daemon.cwd] = true
  for _, scripts in ipairs { daemon.scripts, daemon.trigger_scripts } do
    for path, script in pairs(scripts.by_path) do
      for file in pairs(script.modules or {}) do
        set[paths.folder(paths.folder(path) .. "/" .. file)] = true
      end
    end
  end
  return set
end

--- Watches every folder that matters now.
function Reload:watch_folders()
  for folder in pairs(self:folders()) do
    if paths.is(folder, "dir") then
      local ok, why = self.watch:add(folder)
      if not ok then
        self.daemon.log:say("warn", "reload.not_watched", { "folder", folder, "why", why })
      end
    end
  end
end

-- Only these can change what runs; a database or a log beside them must not.
local function is_ours(path)
  return path:find "%.lua$" or path:find "/$" or path:find "/%.env$" or not path:find "%.[^/]*$"
end

--- Waits until the burst that has begun is over. Returns whether anything of it is ours.
function Reload:gather(first)
  local ours, deadline = false, sys.clock.mono() + BURST_MS
  local list = first
  while list do
    for _, path in ipairs(list) do ours = ours or is_ours(path) ~= nil and is_ours(path) end
    local left = deadline - sys.clock.mono()
    if left <= 0 then break end
    list = self.watch:next(math.min(QUIET_MS, left))
  end
  return ours
end

--- Watches the files until the daemon stops. In a task of its own.
function Reload:run()
  local why
  self.watch, why = sys.files.watch()
  if not self.watch then
    self.daemon.log:say("warn", "reload.not_watched", { "why", why })
    return
  end
  self:watch_folders()
  while not self.daemon.stopping do
    local list = self.watch:next()
    if list and self:gather(list) and not self.daemon.stopping then
      self:request "file"
    end
  end
end

local function outcome_of(ok, value)
  if ok then return { ok = true } end
  local problem = fault.is(value) and value or { message = tostring(value) }
  return { ok = false, problems = { { message = problem.message, where = problem.where,
    hint = problem.hint, excerpt = problem.details and problem.details.excerpt } } }
end

--- Settings that are not a check's: the API moves, the database stays until the next start. What
--- could not be done is a problem of the reload, each time, as long as it is so.
function Reload:settings(config)
  local daemon, problems = self.daemon, {}
  local database = config:get "database"
  if database ~= daemon.database then
    local message = "database is %s now, but the daemon has had %s open since its start: "
      .. "everything else was taken"
    problems[1] = { setting = "database", message = message:format(
      paths.display(database, daemon.cwd), paths.display(daemon.database, daemon.cwd)),
      hint = "stop nano-sre watch and start it again" }
  end
  if daemon.api then
    local new, trouble = daemon.api:move(config)
    if new then
      daemon.api = new
      sys.task.spawn(new.run, new)
      daemon.log:say("info", "api.listening", { "url", new.url })
    elseif trouble then
      problems[#problems + 1] = { setting = "watch.listen", message = trouble.message
        .. "; it goes on at " .. daemon.api.url }
    end
  end
  local told = {}
  for _, problem in ipairs(problems) do
    told[problem.setting] = problem.message
    if (self.told_settings or {})[problem.setting] ~= problem.message then
      daemon:tell_config_broken(problem)
    end
  end
  self.told_settings = told
  return problems
end

--- The whole of one reload. Returns what it came to.
function Reload:perform(why)
  local daemon = self.daemon
  local ok, made, broken, config = xpcall(daemon.read, function(err)
    return fault.is(err) and err or debug.traceback(tostring(err), 2)
  end, daemon)
  if not ok then
    local outcome = outcome_of(false, made)
    local text = outcome.problems[1].message
    if text ~= self.told then -- a burst of saves of one mistake is told once
      self.told = text
      daemon:tell_config_broken(outcome.problems[1])
    end
    return outcome
  end
  self.told = nil
  daemon:apply(made, config)
  daemon.reloads = daemon.reloads + 1
  local outcome = { ok = #broken == 0, checks = #made.checks, problems = {} }
  local now_broken = {}
  for i, problem in ipairs(broken) do
    now_broken[problem.script] = true
    outcome.problems[i] = problem
    local before = daemon.broken[problem.script]
    if not before or before.message ~= problem.message or before.where ~= problem.where then
      daemon:tell_broken(problem)
    end
  end
  for _, problem in ipairs(self:settings(config)) do
    outcome.ok = false
    outcome.problems[#outcome.problems + 1] = problem
  end
  for path in pairs(daemon.broken) do
    if not now_broken[path] then daemon.broken[path] = nil end
  end
  daemon.log:say("info", "watch.reloaded", { "why", why, "checks", #made.checks, "broken",
    #broken > 0 and #broken })
  daemon:add_event("script.reloaded", { why = why, checks = #made.checks, broken = #broken })
  daemon:notify("reloaded", outcome)
  if self.watch then self:watch_folders() end
  return outcome
end

--- Reloads, and waits for the outcome. Requests that come while one goes on share the next.
---@param why string  "file", "signal", "api"
---@return {ok: boolean, checks: integer?, problems: table[]}
function Reload:request(why)
  local me = sys.task.current()
  local ticket = {}
  if self.active then
    table.insert(self.waiting, { task = me, ticket = ticket })
    while not ticket.outcome do sys.task.park() end
    return ticket.outcome
  end
  self.active = true
  local outcome
  repeat
    local served = self.waiting
    self.waiting = {}
    local next_outcome = self:perform(why)
    outcome = outcome or next_outcome
    for _, one in ipairs(served) do
      one.ticket.outcome = next_outcome
      one.task:unpark()
    end
  until #self.waiting == 0
  self.active = false
  return outcome
end

return reload
