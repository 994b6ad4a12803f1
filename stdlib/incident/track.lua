--- From results to incidents: when a trouble is believed, when it is over. One tracker a check
--- (store and skill). Pure: takes a result and the time, changes its small state table, returns
--- what happened. The watch daemon keeps the state in the store in the same transaction as the run,
--- so that a restart goes on exactly here.
---
--- FAIL is the shop's trouble: believed after `fails` of the last `of` results. ERROR is the
--- monitor's: it opens an incident of its own kind ("engine") after `errors` in a row, and never
--- counts as a failure or a recovery of the shop. SKIP counts for nothing.

local fingerprint = require "incident.fingerprint"

local track = {}

---@class TrackPolicy
---@field fails integer    FAILs that open an incident (default 2)
---@field of integer       among that many results (default 3)
---@field passes integer   PASSes in a row that resolve it (default 2)
---@field errors integer   ERRORs in a row that open an engine incident (default 3)
---@field severity string  "P0" to "P3"

track.DEFAULTS = { fails = 2, of = 3, passes = 2, errors = 3, severity = "P1" }

--- The state of a check that has not run yet. Plain data, kept as JSON.
function track.new()
  return { recent = "", passes = 0, errors = 0 }
end

local function count(text, letter)
  local _, n = text:gsub(letter, "")
  return n
end

local function opened(kind, result, store_url, policy, now)
  local step, cause = fingerprint.cause(result)
  return {
    type = "opened", kind = kind,
    incident = {
      kind = kind, store_url = store_url, skill = result.skill,
      severity = kind == "engine" and "P2" or result.severity or policy.severity,
      title = result.summary, step = step, cause = cause,
      fingerprint = fingerprint.of(store_url, result),
      first_seen = now, last_seen = now, seen = 1,
    },
  }
end

-- The shop's side: FAIL and PASS (WARN is a PASS with a remark).
local function follow_shop(state, result, store_url, policy, now, events)
  local failed = result.status == "FAIL"
  state.recent = (state.recent .. (failed and "F" or "P")):sub(-policy.of)
  state.passes = failed and 0 or state.passes + 1
  if failed and state.shop then
    local new = fingerprint.of(store_url, result)
    state.shop.last_seen, state.shop.seen = now, state.shop.seen + 1
    local changed = new ~= state.shop.fingerprint
    if changed then state.shop.fingerprint = new end
    events[#events + 1] = { type = "seen", kind = "shop", incident = state.shop, changed = changed,
      title = result.summary }
  elseif failed and count(state.recent, "F") >= policy.fails then
    local event = opened("shop", result, store_url, policy, now)
    -- It began with the first failure that counted, not with the one that tipped the scale.
    event.incident.first_seen = state.failing_since or now
    event.incident.seen = count(state.recent, "F")
    state.shop = event.incident
    events[#events + 1] = event
  elseif not failed and state.shop and state.passes >= policy.passes then
    events[#events + 1] = { type = "resolved", kind = "shop", incident = state.shop }
    state.shop = nil
    state.recent = ""
  end
  if failed then
    state.failing_since = state.failing_since or now
  elseif not state.shop and count(state.recent, "F") == 0 then
    state.failing_since = nil
  end
end

local function follow_engine(state, result, store_url, policy, now, events)
  if result.status == "ERROR" then
    state.errors = state.errors + 1
    if state.engine then
      state.engine.last_seen, state.engine.seen = now, state.engine.seen + 1
    elseif state.errors >= policy.errors then
      local event = opened("engine", result, store_url, policy, now)
      event.incident.seen = state.errors
      state.engine = event.incident
      events[#events + 1] = event
    end
    return
  end
  state.errors = 0
  if state.engine then
    events[#events + 1] = { type = "resolved", kind = "engine", incident = state.engine }
    state.engine = nil
  end
end

--- Takes one finished result.
---@param state table      from track.new or the store; changed in place
---@param result table
---@param store_url string
---@param policy TrackPolicy
---@param now number       ms since the epoch
---@return table[] events  {type="opened"|"seen"|"resolved", kind="shop"|"engine", incident=…}
function track.result(state, result, store_url, policy, now)
  local events = {}
  if result.status == "SKIP" then return events end
  follow_engine(state, result, store_url, policy, now, events)
  if result.status ~= "ERROR" then follow_shop(state, result, store_url, policy, now, events) end
  return events
end

--- Whether a failure that is not believed yet deserves another look before the next due time.
function track.is_suspicious(state, policy)
  return not state.shop and state.recent:sub(-1) == "F" and count(state.recent, "F") < policy.fails
end

return track
