--- Files that set triggers off: one that appears or changes. inotify says that something happened
--- in a folder; what happened is seen by comparing, so that the order in which a program writes,
--- renames and removes does not matter, and a change while nobody watched counts at the next start.
--- Used by watch/triggers.lua.

local trigger_state = require "watch.trigger_state"

local trigger_files = {}

local SETTLE_MS = 500     -- a file counts when it has not changed for so long
local LOOK_MS = 10000     -- folders that are not there yet, network mounts that say nothing
local FILES_MAX = 1000    -- of one pattern

---@class TriggerFiles
local Files = {}
Files.__index = Files

---@param daemon Daemon
---@return TriggerFiles
function trigger_files.new(daemon)
  return setmetatable({ daemon = daemon, changing = {} }, Files)
end

--- The triggers from now on.
---@param triggers Triggers
function Files:configure(triggers)
  self.triggers = triggers
  if self.watch then self:watch_folders() end
end

--- Takes folders that exist among those that are watched.
function Files:watch_folders()
  for _, trigger in ipairs(self.triggers.list) do
    if trigger.file and sys.files.stat(trigger.file.folder) then
      self.watch:add(trigger.file.folder)
    end
  end
end

-- How the files of a pattern look: size, time and inode of each.
local function look(file)
  local found, count = {}, 0
  for _, item in ipairs(sys.files.list(file.folder) or {}) do
    if item.kind ~= "dir" and item.name:find(file.pattern) and count < FILES_MAX then
      local stat = sys.files.stat(file.folder .. "/" .. item.name)
      if stat and stat.kind == "file" then
        count = count + 1
        found[item.name] = ("%.0f/%.0f"):format(stat.size or 0, stat.mtime_ms or 0)
      end
    end
  end
  return found
end

-- Compares, and fires for what has changed and is still now. Returns whether something is not.
function Files:compare(trigger)
  local state = self.triggers.states[trigger.name]
  local seen, found = state.files, look(trigger.file)
  local changing = self.changing[trigger.name] or {}
  self.changing[trigger.name] = changing
  if not seen then -- the first look ever: what is there already is no news
    state.files = found
    self.daemon.journal:put { kind = "state", trigger_state.files(trigger.name, found) }
    return false
  end
  local now, moving, names = sys.clock.mono(), false, {}
  for name, looks in pairs(found) do
    local change = changing[name]
    if seen[name] == looks then
      changing[name] = nil
    elseif not change or change.looks ~= looks then
      changing[name], moving = { looks = looks, since = now }, true
    elseif now - change.since < SETTLE_MS then
      moving = true
    else
      changing[name], names[#names + 1] = nil, name
    end
  end
  table.sort(names)
  local gone = false
  for name in pairs(seen) do
    if not found[name] then seen[name], gone = nil, true end -- the next one of this name is new
  end
  for _, name in ipairs(names) do seen[name] = found[name] end
  if gone and #names == 0 then
    self.daemon.journal:put { kind = "state", trigger_state.files(trigger.name, seen) }
  end
  for i, name in ipairs(names) do
    local taken = self.triggers:take(trigger, { kind = "file", path = trigger.file.folder .. "/"
      .. name, name = name }, i == #names and { trigger_state.files(trigger.name, seen) } or nil)
    if taken.busy then seen[name] = nil end -- told again with the next look
  end
  return moving
end

--- Looks whenever something happens, until stop. In a task of its own.
function Files:run()
  local why
  self.watch, why = sys.files.watch()
  if not self.watch then
    self.daemon.log:say("warn", "trigger.not_watched", { "why", why })
  end
  while not self.stopped do
    local moving = false
    if self.watch then self:watch_folders() end
    for _, trigger in ipairs(self.triggers.list) do
      if trigger.file and not self.stopped then
        moving = self:compare(trigger) or moving
      end
    end
    local wait = moving and SETTLE_MS / 2 or LOOK_MS
    if self.watch then self.watch:next(wait) else sys.clock.sleep(wait) end
  end
end

--- Ends run().
function Files:stop() self.stopped = true end

return trigger_files
