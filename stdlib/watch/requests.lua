--- The runs that somebody asked for (a trigger, a person) and that have not started yet: one short
--- line for each check. Pure: told the time. Used by watch/planner.lua.
---
--- Invariant: a request that was taken in is followed by a run that starts at its time or later,
--- with its options. Two requests share a run when that holds for both, so that a storm of them
--- leads to at most two runs for each set of options, and to no more than MAX altogether.

local json = require "json"

local requests = {}

requests.MAX = 16

---@class CheckRequest
---@field at number          ms; not before
---@field trigger string     "manual", "trigger NAME"
---@field options table?     over those of the check
---@field due_ms number      made here: the name of the run among those of its check

---@class CheckRequests
local Requests = {}
Requests.__index = Requests

---@return CheckRequests
function requests.new() return setmetatable({ list = {}, last_due = 0 }, Requests) end

local function key_of(options)
  return options and next(options) ~= nil and json.encode(options) or ""
end

--- Takes a request in.
---@param request CheckRequest
---@param now number
---@return "added"|"joined"|nil how
---@return string? code  "busy": too many wait
function Requests:add(request, now)
  local key, same = key_of(request.options), {}
  for _, other in ipairs(self.list) do
    if other.key == key then
      if math.max(other.at, now) >= request.at then return "joined" end
      same[#same + 1] = other
    end
  end
  if #same >= 2 then
    same[2].at = request.at -- the first stays, so that a storm cannot put it off for ever
  elseif #self.list >= requests.MAX then
    return nil, "busy"
  else
    request.key = key
    request.due_ms = math.max(request.due_ms or now, self.last_due + 1)
    self.last_due = request.due_ms
    table.insert(self.list, request)
  end
  table.sort(self.list, function(a, b)
    return a.at < b.at or a.at == b.at and a.due_ms < b.due_ms
  end)
  return "added"
end

--- The clock was set back: none waits for a time that now lies far ahead.
---@param now number
---@return boolean any
function Requests:hurry(now)
  for _, request in ipairs(self.list) do request.at = math.min(request.at, now) end
  return #self.list > 0
end

--- Takes the first that may start now.
---@param now number
---@return CheckRequest?
function Requests:take(now)
  local first = self.list[1]
  if first and first.at <= now then return table.remove(self.list, 1) end
end

--- As it is kept in the database; also what runs at present, until it has ended.
---@param running CheckRequest?
---@return table[]
function Requests:plain(running)
  local out = {}
  local function add(request)
    out[#out + 1] = { at = request.at, due_ms = request.due_ms, trigger = request.trigger,
      options = request.options }
  end
  if running then add(running) end
  for _, request in ipairs(self.list) do add(request) end
  return out
end

return requests
