--- When results can't be written: one "engine degraded" message, by a way that needs no database,
--- and one that it is over. Messages about the shops that wait for the database meanwhile go the
--- same way. Called by watch/daemon.lua with what the journal says.

local outbox = require "watch.outbox"
local tell = require "watch.tell"

local degraded = {}

local KEEPS = { "nano-sre cannot keep its results", "nano-sre keeps its results again" }

---@class Degraded
local Degraded = {}
Degraded.__index = Degraded

---@param options table  box: MemoryOutbox; routes(): Route[]; instance(): string; now(): ms;
---   after_ms(): trouble shorter than this is nobody's business, and it is over when it was quiet
--- for
---   as long
---@return Degraded
function degraded.new(options)
  options.lent = {}
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
      items = { { incident = incident, occasion = occasion } } }, incident.instance, now))
  end
end

--- The journal could not write.
---@param why Fault
---@param since_ms number  for how long already
---@param means {[1]: string, [2]: string}?  what that means, and its end; default: results can't be
---  kept
---@return boolean told    now, for the first time
function Degraded:trouble(why, since_ms, means)
  self.calm_since = nil
  if self.incident or since_ms < self.after_ms() then return false end
  local now = self.now()
  means = means or KEEPS
  local cause = why.message .. (why.hint and " (" .. why.hint .. ")" or "")
  self.incident = { id = ("engine-%d"):format(now), kind = "engine", status = "open",
    severity = "P1", title = means[1] .. ": " .. why.message, headline = means[1], ends = means[2],
    cause = cause, step = "", store_url = "", store_name = "nano-sre", skill = "nano-sre",
    fingerprint = "engine-degraded-" .. (why.code or ""), first_seen = math.floor(now - since_ms),
    last_seen = now, seen = 1, instance = self.instance() }
  self:send(self.incident, "opened")
  return true
end

--- Takes messages that wait to be written, so that they go now. Their rows are written as lent,
--- when they are written; watch/service.lua says what became of them. Called while nothing is being
--- written; they go with send_lent, when that they are lent is kept beside the database.
---@param list table[]  {row =, statement =}, of transactions that wait
---@param note fun(statement: table)  gets what says of each that it is lent
---@return integer count  so many were taken
function Degraded:lend(list, note)
  local count = 0
  for _, message in ipairs(list) do
    if self.incident and not message.row.lent and self.box:room() > #self.lent then
      message.row.lent = true
      self.lent[#self.lent + 1] = message.row
      note(outbox.lend(message.statement))
      count = count + 1
    end
  end
  return count
end

--- Sends what was lent.
function Degraded:send_lent()
  for _, row in ipairs(self.lent) do self.box:put(row) end
  self.lent = {}
end

--- It can write again; over() says when that is so for good.
function Degraded:recovered()
  if self.incident then self.calm_since = self.now() end
end

--- Tells that it is over, once it was quiet for long enough.
---@param lost integer  results that were dropped meanwhile
---@return table? incident  the one that is over
function Degraded:over(lost)
  local incident = self.incident
  if not incident or not self.calm_since
    or self.now() - self.calm_since < self.after_ms() then return nil end
  self.incident, self.calm_since = nil, nil
  if lost > 0 then
    incident.cause = ("%s; %d results were dropped, because too much waited"):format(incident.cause,
      lost)
  end
  incident.headline = incident.ends
  incident.status, incident.resolved_at, incident.last_seen = "resolved", self.now(), self.now()
  self:send(incident, "resolved")
  return incident
end

return degraded
