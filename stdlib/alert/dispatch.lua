--- Who is told what, and when: routes, grouping, rate limit, silences, inhibition, quiet hours,
--- digest, escalation, resolved messages. Pure: takes incidents and the time, returns deliveries;
--- everything that it must remember is in one plain table, which the watch daemon keeps in the
--- store in the same transaction as the deliveries. So a restart neither repeats nor forgets one,
--- and there is no storm.
---
--- A delivery is due once for each (incident, route, occasion); an occasion is "opened", "changed",
--- "again" (still open), "acknowledged", "escalated:N" or "resolved". The last ones go only where
--- an opened one went.

local match = require "alert.match"

local dispatch = {}

---@class Route
---@field name string
---@field to string[]             alerters
---@field match table?            see alert/match.lua; absent: everything
---@field continue boolean?       go on to the next route after this one
---@field group_by string[]?      incident fields that make one message (default store_url)
---@field group_wait number       ms to collect before the first message of a group (30 s)
---@field group_interval number   ms between messages of a group (5 min)
---@field repeat_interval number  ms after which a trouble that is still open is told again (4 h)
---@field rate_interval number    ms between two messages about one incident (1 h)
---@field quiet Hours?            held back in these hours, but for P0
---@field digest Hours?           told only when this window opens (one message for all)
---@field escalate {after: number, to: string[]}[]?  ms after the first message, unless acknowledged

dispatch.DEFAULTS = { group_wait = 30000, group_interval = 300000, repeat_interval = 14400000,
  rate_interval = 3600000 }

--- What is remembered: groups by key, told by incident and route. Plain data.
function dispatch.new()
  return { groups = {}, told = {}, serial = 0 }
end

local function setting(route, name)
  return route[name] or dispatch.DEFAULTS[name]
end

local function routes_of(routes, incident)
  local found = {}
  for _, route in ipairs(routes) do
    if match.fits(route.match, incident) then
      found[#found + 1] = route
      if not route.continue then break end
    end
  end
  return found
end

local function group_key(route, incident)
  local parts = { route.name }
  for _, field in ipairs(route.group_by or { "store_url" }) do
    parts[#parts + 1] = tostring(incident[field])
  end
  return table.concat(parts, "\0")
end

local function is_on(silence, now)
  if silence.hours then return silence.hours:contains(now) end
  return silence.starts <= now and now < silence.ends
end

local function is_silenced(silences, incident, now)
  for _, silence in ipairs(silences or {}) do
    if is_on(silence, now) and match.fits(silence.match, incident) then return true end
  end
  return false
end

-- A parent's trouble explains its children's: they are not told while it is open, nor for the time
-- after it in which they have not been looked at again (inhibits_until). The open incidents that
-- inhibit are few: found once a call.
local function inhibitors_of(incidents, now)
  local found = {}
  for _, incident in pairs(incidents) do
    local on = incident.status == "open"
      or (incident.inhibits_until and now < incident.inhibits_until)
    if on and incident.inhibits and #incident.inhibits > 0 then found[#found + 1] = incident end
  end
  return found
end

-- Returns whether, and when that ends if it is known.
local function is_inhibited(inhibitors, incident)
  for _, other in ipairs(inhibitors) do
    if other.id ~= incident.id and other.store_url == incident.store_url then
      for _, child in ipairs(other.inhibits) do
        if child == incident.skill then
          return true, other.status ~= "open" and other.inhibits_until or nil
        end
      end
    end
  end
  return false
end

local function told_of(state, incident, route)
  local key = incident.id .. "\0" .. route.name
  state.told[key] = state.told[key] or { level = 0 }
  return state.told[key]
end

-- What this route still has to hear of the incident at `now`: an occasion, or nil and when to look
-- again.
local function occasion_of(told, incident, route, now)
  if incident.status == "resolved" then
    if told.opened_at and not told.resolved_at then return "resolved" end
    return nil
  end
  if not told.opened_at then return "opened" end
  if incident.acknowledged_at then return nil end
  local rate_free = told.last_at + setting(route, "rate_interval")
  if told.fingerprint ~= incident.fingerprint then
    if now >= rate_free then return "changed" end
    return nil, rate_free
  end
  local again_at = told.last_at + setting(route, "repeat_interval")
  if now >= again_at then return "again" end
  return nil, again_at
end

local function escalation_of(told, incident, route, now)
  local step = route.escalate and route.escalate[told.level + 1]
  local told_and_open = told.opened_at and incident.status == "open"
  if not step or not told_and_open or incident.acknowledged_at then return nil end
  local at = told.opened_at + step.after
  if now >= at then return step end
  return nil, at
end

local function held_until(route, incident, now, occasion)
  if route.digest and not route.digest:contains(now) then return route.digest:next_opening(now) end
  local may_wait = incident.severity ~= "P0" and occasion ~= "resolved"
  if route.quiet and may_wait and route.quiet:contains(now) then
    local at = now
    while route.quiet:contains(at) do at = (math.floor(at / 60000) + 1) * 60000 end
    return at
  end
  return nil
end

local function soonest(a, b)
  if not a then return b end
  if not b then return a end
  return math.min(a, b)
end

-- thread: what has to reach an alerter in the order in which it was said.
local function add_delivery(out, state, route, thread, to, items, now)
  for _, alerter in ipairs(to) do
    state.serial = state.serial + 1
    out[#out + 1] = { serial = state.serial, alerter = alerter, route = route.name,
      thread = thread, items = items, created = now }
  end
end

local function note(told, item, now)
  told.last_at = now
  if item.occasion == "opened" then told.opened_at = now end
  if item.occasion == "resolved" then told.resolved_at = now end
  told.fingerprint = item.incident.fingerprint
end

-- One group of one route: everything that is due goes out as one message, if the group's interval
-- allows one now.
local function flush_group(state, route, key, members, now, out)
  local group = state.groups[key] or { since = now }
  local due, wake = {}, nil
  for _, incident in ipairs(members) do
    local told = told_of(state, incident, route)
    local occasion, later = occasion_of(told, incident, route, now)
    wake = soonest(wake, later)
    local hold = occasion and held_until(route, incident, now, occasion)
    if hold then wake = soonest(wake, hold)
    elseif occasion then
      due[#due + 1] = { incident = incident, occasion = occasion, told = told }
    end
  end
  if #due == 0 then
    if not group.last_at then state.groups[key] = nil end
    return wake
  end
  state.groups[key] = group
  local free_at = group.last_at and group.last_at + setting(route, "group_interval")
    or group.since + setting(route, "group_wait")
  if now < free_at then return soonest(wake, free_at) end
  local items = {}
  for i, item in ipairs(due) do
    note(item.told, item, now)
    items[i] = { incident = item.incident, occasion = item.occasion }
  end
  group.last_at = now
  add_delivery(out, state, route, key, route.to, items, now)
  return soonest(wake,
    now + math.min(setting(route, "repeat_interval"), setting(route, "rate_interval")))
end

local function escalate(state, route, incident, now, out)
  local told = told_of(state, incident, route)
  local step, later = escalation_of(told, incident, route, now)
  while step do
    told.level = told.level + 1
    add_delivery(out, state, route, route.name .. "\0" .. incident.id, step.to,
      { { incident = incident, occasion = "escalated:" .. told.level } }, now)
    step, later = escalation_of(told, incident, route, now)
  end
  return later
end

-- That somebody has taken it goes at once to everybody who was told, an escalation's too: it keeps
-- others from getting up. A digest tells what is still open when it is due.
local function tell_acknowledged(state, route, key, incident, now, out)
  if not incident.acknowledged_at or incident.status ~= "open" or route.digest then return nil end
  local told = told_of(state, incident, route)
  if not told.opened_at or told.acknowledged then return nil end
  local hold = held_until(route, incident, now, "acknowledged")
  if hold then return hold end
  told.acknowledged = true
  local item, seen = { { incident = incident, occasion = "acknowledged" } }, {}
  local function tell(thread, alerters)
    for _, alerter in ipairs(alerters or {}) do
      if not seen[alerter] then add_delivery(out, state, route, thread, { alerter }, item, now) end
      seen[alerter] = true
    end
  end
  tell(key, route.to)
  for level = 1, told.level do
    local step = route.escalate and route.escalate[level]
    tell(route.name .. "\0" .. incident.id, step and step.to)
  end
end

-- A recovery goes to whoever an escalation reached, too.
local function tell_escalated(state, route, incident, now, out)
  local told = told_of(state, incident, route)
  if incident.status ~= "resolved" or told.escalated_resolved or told.level == 0 then return end
  told.escalated_resolved = true
  for level = 1, told.level do
    local step = route.escalate and route.escalate[level]
    add_delivery(out, state, route, route.name .. "\0" .. incident.id, step and step.to or {},
      { { incident = incident, occasion = "resolved" } }, now)
  end
end

--- Whether everybody who was told of a resolved incident has been told that it is over, so that it
--- need not be handed in any more. `told` of routes that no longer exist stays unfinished: the
--- caller sets a limit in time.
---@param state table
---@param incident table
---@return boolean
function dispatch.is_done(state, incident)
  local prefix = incident.id .. "\0"
  for key, told in pairs(state.told) do
    if key:sub(1, #prefix) == prefix then
      if told.opened_at and not told.resolved_at then return false end
      if told.level > 0 and not told.escalated_resolved then return false end
    end
  end
  return true
end

-- What belongs to incidents that are no longer handed in, and groups that have been empty for
-- longer than any interval.
local function forget(state, incidents, groups, now)
  for key, group in pairs(state.groups) do
    local idle = now - (group.last_at or group.since)
    if not groups[key] and idle > dispatch.DEFAULTS.group_interval * 12 then
      state.groups[key] = nil
    end
  end
  for key in pairs(state.told) do
    if not incidents[key:match("^(.-)%z")] then state.told[key] = nil end
  end
end

--- What has to go out now.
---@param state table        from dispatch.new or the store; changed in place
---@param incidents table<string, table>  every open incident and those resolved lately, by id:
-- {id, status, severity,
---  store_url, skill, fingerprint, acknowledged_at, inhibits, labels}
---@param config {routes: Route[], silences: table[]}  a silence: match, and starts and ends (ms) or
---  hours (Hours)
---@param now number         ms since the epoch
---@return table[] deliveries  {serial, alerter, route, items={{incident, occasion}…}, created}
---@return number? wake      when to ask again, though nothing else has happened
function dispatch.due(state, incidents, config, now)
  local out, wake, groups, order = {}, nil, {}, {}
  local ids = {}
  for id in pairs(incidents) do ids[#ids + 1] = id end
  table.sort(ids)
  local inhibitors = inhibitors_of(incidents, now)
  for _, id in ipairs(ids) do
    local incident = incidents[id]
    local inhibited, ends = is_inhibited(inhibitors, incident)
    if incident.status == "open" and ends then wake = soonest(wake, ends) end
    local quiet = incident.status == "open"
      and (inhibited or is_silenced(config.silences, incident, now))
    if not quiet then
      for _, route in ipairs(routes_of(config.routes, incident)) do
        local key = group_key(route, incident)
        if not groups[key] then
          groups[key] = { route = route, members = {} }
          order[#order + 1] = key
        end
        table.insert(groups[key].members, incident)
      end
    end
  end
  for _, key in ipairs(order) do
    local group = groups[key]
    wake = soonest(wake, flush_group(state, group.route, key, group.members, now, out))
    for _, incident in ipairs(group.members) do
      wake = soonest(wake, escalate(state, group.route, incident, now, out))
      wake = soonest(wake, tell_acknowledged(state, group.route, key, incident, now, out))
      tell_escalated(state, group.route, incident, now, out)
    end
  end
  for _, silence in ipairs(config.silences or {}) do
    if silence.hours then
      -- When a window ends is not known, only whether it is open: looked at again with the next
      -- minute.
      if silence.hours:contains(now) then
        wake = soonest(wake, (math.floor(now / 60000) + 1) * 60000)
      end
    elseif silence.ends > now then
      wake = soonest(wake, silence.ends)
    end
  end
  forget(state, incidents, groups, now)
  return out, wake
end

return dispatch
