--- When results can't be written: one "engine degraded" message, by a way that needs no database,
--- and one that it is over. Called by watch/daemon.lua with what the journal says.

local tell = require "watch.tell"

local degraded = {}

local AFTER_MS = 10000 -- trouble shorter than this is nobody's business

---@class Degraded
local Degraded = {}
Degraded.__index = Degraded

---@param options table  box: MemoryOutbox; routes(): Route[]; instance(): string; now(): ms;
---   after_ms?
---@return Degraded
function degraded.new(options)
  options.after_ms = options.after_ms or AFTER_MS
  return setmetatable(options, Degraded)
end

-- The same routes as for an incident of the monitor; without one that fits, the first.
local function alerters(routes, incident)
  local match, seen, list = require "alert.match", {}, {}
  local function add(route)
    for _, name in ipairs(route.to) do
      if not seen[name] then seen[name], list[#list + 1] = true, name end
    end
  end
  for _, route in ipairs(routes) do
    if match.fits(route.match, incident) then
      add(route)
      if not route.continue then break end
    end
  end
  if #list == 0 and routes[1] then add(routes[1]) end
  return list
end

--- Puts a message to everybody concerned into the outbox in memory.
function Degraded:send(incident, occasion)
  local now = self.now()
  self.serial = (self.serial or 0) + 1
  for _, name in ipairs(alerters(self.routes(), incident)) do
    self.box:put(tell.row({ alerter = name, route = "engine", thread = "engine",
      serial = ("degraded-%d-%d"):format(incident.first_seen, self.serial),
      items = { { incident = incident, occasion = occasion } } }, self.instance(), now))
  end
end

--- The journal could not write.
---@param why Fault
---@param since_ms number  for how long already
---@return boolean told    now, for the first time
function Degraded:trouble(why, since_ms)
  if self.incident or since_ms < self.after_ms then return false end
  local now = self.now()
  self.incident = { id = ("engine-%d"):format(now), kind = "engine", status = "open",
    severity = "P1", title = "nano-sre cannot keep its results: " .. why.message,
    cause = why.message, step = "", store_url = "", store_name = "nano-sre", skill = "nano-sre",
    fingerprint = "engine-degraded-" .. (why.code or ""), first_seen = math.floor(now - since_ms),
    last_seen = now, seen = 1 }
  self:send(self.incident, "opened")
  return true
end

--- It can write again.
---@return table? incident  the one that is over
function Degraded:recovered()
  local incident = self.incident
  if not incident then return nil end
  self.incident = nil
  incident.status, incident.resolved_at, incident.last_seen = "resolved", self.now(), self.now()
  self:send(incident, "resolved")
  return incident
end

return degraded
