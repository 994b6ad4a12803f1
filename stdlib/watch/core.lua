--- The heart of the watch daemon: checks become launches, results become incidents, incidents
--- become messages. It changes its own tables at once, never waits, and hands every change out as
--- one transaction (a list of statements) through `emit`, in order: what is in the database is
--- always a state that this module has been in. It knows no clock: every function is told the time,
--- so that a test can drive months in seconds. Used by watch/daemon.lua, and by the verbs that work
--- on a database that no daemon has.

local book = require "watch.book"
local dispatch = require "alert.dispatch"
local json = require "json"
local outbox = require "watch.outbox"
local planner = require "watch.planner"
local record = require "service.db_record"
local tell = require "watch.tell"
local time = require "time"
local track = require "incident.track"

local core = {}

local CONFIRM_MIN_MS, CONFIRM_MAX_MS = 5000, 10000
local SET_BACK_MS = 2000 -- less is what keeping time does

---@class WatchCore
local Core = {}
Core.__index = Core

---@class WatchSetup
---@field checks WatchCheck[]
---@field limits {concurrency: integer, browsers: integer}
---@field routes Route[]
---@field maintenance table[]  silences of the configuration: match, hours or starts and ends

--- @param options table  emit(tx): tx = {statements…, kind="run"|"incident"|"state"};
---   chance(): [0,1) (sys.random.number if absent)
--- @return WatchCore
function core.new(options)
  return setmetatable({
    emit = options.emit, chance = options.chance or sys.random.number,
    instance = "new", planner = planner.new { concurrency = 1, browsers = 1 },
    book = book.new(), tracks = {}, dispatch_state = dispatch.new(), silences = {},
    setup = { checks = {}, routes = {}, maintenance = {} }, counts = { runs = {}, alerts = 0 },
    dirty = true,
  }, Core)
end

local function sql(text, ...) return { text, n = select("#", ...), ... } end

-- ---- state --------------------------------------------------------------------------------------

--- Takes in what watch/restore.lua read from the database. Before configure.
function Core:restore(saved)
  self.instance = saved.instance
  self.book.serial = saved.incident_serial or 0
  for _, row in ipairs(saved.incidents or {}) do self.book:load(row) end
  self.tracks, self.last_due = saved.tracks or {}, saved.last_due or {}
  self.dispatch_state = saved.dispatch or dispatch.new()
  self.dispatch_text = json.encode(self.dispatch_state)
  self.silences, self.silence_serial = saved.silences or {}, saved.silence_serial or 0
  self.saved_requests = saved.requests
end

--- Both kinds of silences, as alert/dispatch.lua takes them; what is over goes.
function Core:all_silences(now)
  local list = {}
  for _, silence in ipairs(self.setup.maintenance) do list[#list + 1] = silence end
  for i = #self.silences, 1, -1 do
    if self.silences[i].ends <= now then table.remove(self.silences, i) end
  end
  for _, silence in ipairs(self.silences) do list[#list + 1] = silence end
  return list
end

-- What waits to be run at somebody's request, or runs so, as the database keeps it.
local function requests_statement(id, live)
  local list = live and live.requests:plain(live.launch and live.launch.request)
  if not list or #list == 0 then
    return sql("DELETE FROM watch_state WHERE name = ?", "requests/" .. id)
  end
  return sql("INSERT INTO watch_state (name, value) VALUES (?, ?) ON CONFLICT (name) "
    .. "DO UPDATE SET value = excluded.value", "requests/" .. id, json.encode(list))
end

-- A trigger's script has a track like a check's, so that somebody hears when it breaks.
local function trigger_id(name) return ":trigger/" .. name end

--- The checks, limits, routes and windows from now on. Incidents of a check that is no longer
--- watched end: nobody could say when they are over.
---@param setup WatchSetup
---@param now number
function Core:configure(setup, now)
  self.setup = setup
  self.planner:configure(setup.checks, setup.limits, now, self.last_due)
  self.last_due = nil
  local out, known = { kind = "incident" }, {}
  for id, list in pairs(self.saved_requests or {}) do
    for _, request in ipairs(list) do self.planner:request(id, request, now) end
    if not self.planner.live[id] then out[#out + 1] = requests_statement(id) end
  end
  self.saved_requests = nil
  for _, trigger in ipairs(setup.triggers or {}) do known[trigger_id(trigger.name)] = true end
  for id, incident in pairs(self.book.incidents) do
    if incident.status == "open" and incident.check_id and not known[incident.check_id]
      and not self.planner.checks[incident.check_id] then
      self.book:resolve(id, { text = "no longer watched" }, now, nil, out)
      self.tracks[incident.check_id] = nil
      out[#out + 1] = sql("DELETE FROM checks WHERE id = ?", incident.check_id)
    end
  end
  self.dirty = true
  self:dispatch(now, out)
  if #out > 0 then self.emit(out) end
end

-- ---- runs ---------------------------------------------------------------------------------------

--- The name of a run, the same whenever it is tried: nothing is recorded twice.
---@return string
function core.run_id(check_id, due_ms, attempt)
  return sys.codec.sha256(("%s\0%d\0%d"):format(check_id, due_ms, attempt)):sub(1, 32)
end

--- Puts what is due in line; see Planner:advance.
function Core:advance(now)
  if self.last_now and now < self.last_now - SET_BACK_MS then
    self.planner:replan(now)
    self.dirty = true
  end
  self.last_now = now
  return self.planner:advance(now)
end

--- The next run that may start now. The caller runs it and calls finish.
---@return Launch?
function Core:take(now)
  local launch = self.planner:take(now)
  if not launch then return nil end
  launch.run_id = core.run_id(launch.check.id, launch.due_ms, launch.attempt)
  launch.late_ms = math.max(0, now - launch.due_ms)
  local last = self.planner.live[launch.check.id].last
  launch.previous_address = last and last.address
  return launch
end

-- How long a parent that has recovered goes on explaining its children: until each has had the
-- time to be looked at again.
local function calm_of(self, check)
  local longest = 0
  for _, other in ipairs(self.setup.checks) do
    if other.store.name == check.store.name then
      for _, child in ipairs(check.inhibits or {}) do
        if other.skill == child then
          longest = math.max(longest, (other.every_ms or 3600000) * other.policy.passes)
        end
      end
    end
  end
  return longest + 60000
end

--- Takes a result into the check's track and the book of incidents.
function Core:follow(check, result, run_id, now, out)
  local state = self.tracks[check.id] or track.new()
  self.tracks[check.id] = state
  local incident_id
  for _, found in ipairs(track.result(state, result, check.store.url, check.policy, now)) do
    local incident
    if found.type == "opened" then
      incident = self.book:open(check, found.incident, result, run_id, now, out)
    elseif found.type == "seen" then
      incident = self.book:seen(found.incident, result, run_id, now, out)
    else
      incident = self.book:resolve(found.incident.id, { run_id = run_id }, now,
        calm_of(self, check), out)
    end
    incident_id = incident and tonumber(incident.id) or incident_id
    if found.type ~= "seen" or found.changed then self.dirty = true end
    out.changes = out.changes or {}
    table.insert(out.changes, { type = found.type, incident = incident })
  end
  return state, incident_id
end

local function track_statement(id, due_ms, state, now)
  return sql("INSERT INTO checks (id, last_due_ms, track, updated_at) VALUES "
    .. "(?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET last_due_ms = excluded.last_due_ms, "
    .. "track = excluded.track, updated_at = excluded.updated_at", id, due_ms,
    json.encode(state), time.iso8601(now))
end

-- At which address of the shop a run looked.
local function address_of(result)
  local conditions = type(result.details) == "table" and result.details.conditions
  return type(conditions) == "table" and conditions.address or nil
end

--- A run has ended. Emits one transaction with everything that follows from it.
---@param launch Launch
---@param result table
---@param now number
---@return table[] changes  {type="opened"|"seen"|"resolved", incident=}
function Core:finish(launch, result, now)
  local check = launch.check
  self.planner:finished(launch, now - launch.started_ms)
  local live = self.planner.live[check.id]
  if not live then return {} end -- taken out of the configuration while it ran
  live.last = { status = result.status, at = now, duration_ms = result.duration_ms or 0,
    summary = result.summary, address = address_of(result) }
  self.counts.runs[result.status] = (self.counts.runs[result.status] or 0) + 1
  local out = record.statements(result, launch.run_id,
    { check_id = check.id, attempt = launch.attempt, trigger = launch.trigger },
    { check_id = check.id, due_ms = launch.due_ms, attempt = launch.attempt })
  out.kind = "run"
  local state, incident_id = self:follow(check, result, launch.run_id, now, out)
  record.set_incident(out, incident_id)
  out[#out + 1] = track_statement(check.id, live.due_ms, state, now)
  if launch.request then out[#out + 1] = requests_statement(check.id, live) end
  if out.changes then out.kind = "incident" end
  self:dispatch(now, out)
  self.emit(out)
  if track.is_suspicious(state, check.policy) and launch.attempt < check.policy.fails then
    local wait = CONFIRM_MIN_MS + (CONFIRM_MAX_MS - CONFIRM_MIN_MS) * self.chance()
    self.planner:soonest(check.id, now + wait, launch.due_ms, math.max(1, launch.attempt) + 1,
      "confirm", launch.options)
  end
  return out.changes or {}
end

--- A trigger's script ran: trouble of the monitor's own after three failures in a row, and its end.
---@param name string
---@param problem table?  message, where; nil: it came to its end
---@param now number
function Core:trigger_ran(name, problem, now)
  local id = trigger_id(name)
  local state = self.tracks[id]
  if not problem and not (state and state.errors > 0) then return end -- as always
  local skill = "trigger " .. name
  local check = { id = id, skill = skill, store = { name = "nano-sre", url = "" }, labels = {},
    policy = track.DEFAULTS }
  local message = problem and (problem.where and problem.where .. ": " or "") .. problem.message
  local out = { kind = "state" }
  state = self:follow(check, { status = problem and "ERROR" or "PASS", skill = skill,
    summary = message, error = problem and { message = message } }, nil, now, out)
  out[#out + 1] = track_statement(id, nil, state, now)
  if out.changes then out.kind = "incident" end
  self:dispatch(now, out)
  self.emit(out)
end

--- A launch that was given up (the daemon stops): nothing is recorded, it is due again.
function Core:abandon(launch) self.planner:forget(launch) end

--- Runs checks beside their schedule; see Planner:request. What is taken in is kept, so that it
--- happens though the daemon is killed.
---@param list table[]  id, trigger, and if wanted at (ms) and options
---@param now number
---@param out table?    statements that are to be written with it, unless all of it is refused
---@return string[] outcomes  of each: "started", "queued", "joined", "not-found" or "busy"
---@return boolean emitted
function Core:request(list, now, out)
  local outcomes, taken = {}, #list == 0
  out = out or {}
  out.kind = "state"
  for i, wanted in ipairs(list) do
    local how, code = self.planner:request(wanted.id, { at = wanted.at or now,
      trigger = wanted.trigger, options = wanted.options }, now)
    if how and how ~= "joined" then
      out[#out + 1] = requests_statement(wanted.id, self.planner.live[wanted.id])
    end
    outcomes[i], taken = how or code, taken or how ~= nil
  end
  local emits = taken and #out > 0
  if emits then self.emit(out) end
  return outcomes, emits
end

-- ---- messages -----------------------------------------------------------------------------------

--- Adds to a transaction the messages that are due, and the dispatcher's state when it changed.
function Core:dispatch(now, out)
  if self.mute then return end -- nobody delivers: the daemon will, when it runs
  if not self.dirty and now < (self.dispatch_at or math.huge) then return end
  self.dirty = false
  local deliveries, wake = dispatch.due(self.dispatch_state, self.book.incidents,
    { routes = self.setup.routes, silences = self:all_silences(now) }, now)
  self.dispatch_at = wake
  for _, delivery in ipairs(deliveries) do
    local row = tell.row(delivery, self.instance, now)
    out[#out + 1] = outbox.statement(row)
    out.kind, out.alerts = "incident", (out.alerts or 0) + 1
    for _, item in ipairs(delivery.items) do
      out[#out + 1] = book.entry(item.incident.id, now, "alerted",
        { text = delivery.alerter, data = { occasion = item.occasion, key = row.key } })
    end
  end
  self.counts.alerts = self.counts.alerts + #deliveries
  self.book:forget(function(one) return dispatch.is_done(self.dispatch_state, one) end, now)
  local text = json.encode(self.dispatch_state)
  if text ~= self.dispatch_text then
    self.dispatch_text = text
    out[#out + 1] = sql("INSERT INTO watch_state (name, value) VALUES ('dispatch', ?) "
      .. "ON CONFLICT (name) DO UPDATE SET value = excluded.value", text)
  end
end

--- What is due without anything having happened: messages.
function Core:tick(now)
  local out = { kind = "state" }
  self:dispatch(now, out)
  if #out > 0 then self.emit(out) end
end

--- When advance or tick have something to do, nil: never.
---@return number? ms
function Core:next_at()
  local at = self.planner:next_at()
  if self.dispatch_at then at = math.min(at or self.dispatch_at, self.dispatch_at) end
  return at
end

-- ---- what people do -----------------------------------------------------------------------------

--- Makes a change of a person one transaction, with the messages that follow from it.
function Core:change(now, fn)
  local out = { kind = "incident" }
  local value = fn(out)
  if not value then return nil end
  self.dirty = true
  self:dispatch(now, out)
  self.emit(out)
  return value
end

--- Somebody takes care of an incident. Nil: it is not open.
function Core:acknowledge(id, author, text, now)
  return self:change(now, function(out)
    return self.book:acknowledge(id, author, text, now, out)
  end)
end

--- Somebody says that an incident is over; the check begins anew. Nil: it is not open.
function Core:resolve(id, author, text, now)
  return self:change(now, function(out)
    local incident = self.book:resolve(id, { author = author, text = text }, now, nil, out)
    local state = incident and self.tracks[incident.check_id]
    if state then
      state[incident.kind] = nil
      if incident.kind == "shop" then
        state.recent, state.failing_since = "", nil
      else
        state.errors = 0
      end
      out[#out + 1] = sql("UPDATE checks SET track = ? WHERE id = ?", json.encode(state),
        incident.check_id)
    end
    return incident
  end)
end

--- Adds a silence, which has its id then.
---@param silence table  id, match, starts, ends (ms), author, comment
function Core:silence(silence, now)
  return self:change(now, function(out)
    self.silences[#self.silences + 1] = silence
    out[#out + 1] = sql("INSERT INTO silences (id, starts_at, ends_at, match, author, comment, "
      .. "created_at) VALUES (?, ?, ?, ?, ?, ?, ?)", silence.id, time.iso8601(silence.starts),
      time.iso8601(silence.ends), json.encode(silence.match), silence.author, silence.comment,
      time.iso8601(now))
    return silence
  end)
end

--- Ends a silence now. Nil: there is none of this id that is not over.
function Core:expire(id, now)
  return self:change(now, function(out)
    for _, silence in ipairs(self.silences) do
      if silence.id == id and silence.ends > now then
        silence.ends = now
        out[#out + 1] = sql("UPDATE silences SET ends_at = ? WHERE id = ?", time.iso8601(now), id)
        return silence
      end
    end
  end)
end

return core
