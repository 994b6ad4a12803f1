--- What is known of one trigger: deliveries that it has seen, how many it may take, what it has
--- learned, what waits for its script. The last two are kept in watch_state, under
--- "trigger/NAME/…". Used by watch/triggers.lua and watch/trigger_files.lua.

local json = require "json"

local trigger_state = {}

local SEEN_MAX = 2000 -- in memory; older deliveries are looked up in the database

-- ---- deliveries that were seen ------------------------------------------------------------------

---@class TriggerSeen
local Seen = {}
Seen.__index = Seen

--- Notes a delivery. May wait for the database.
---@param name string    the trigger's
---@param keys string[]  each must be new
---@param db Db
---@return boolean new  false: one of them was there already
function Seen:add(name, keys, db)
  for _, key in ipairs(keys) do
    if self.set[key] then return false end
  end
  for _, key in ipairs(keys) do -- at once: the same may come again while the database is asked
    self.set[key] = true
    self.last = self.last + 1
    self[self.last] = key
  end
  while self.last - self.first >= SEEN_MAX do
    self.set[self[self.first]], self[self.first] = nil, nil
    self.first = self.first + 1
  end
  for _, key in ipairs(keys) do
    local rows = db:read("SELECT 1 FROM events WHERE dedupe_key = ?",
      ("trigger:%s:%s"):format(name, key))
    if rows and rows[1] then return false end
  end
  return true
end

--- A delivery was not taken in: it may come again.
function Seen:remove(keys)
  for _, key in ipairs(keys) do self.set[key] = nil end
end

-- ---- how many -----------------------------------------------------------------------------------

---@class TriggerRate  a bucket that fills evenly and holds a minute's worth
local Rate = {}
Rate.__index = Rate

--- Another limit from now on.
---@param per_minute number
function Rate:resize(per_minute)
  if self.limit == per_minute then return end
  self.limit, self.left = per_minute, per_minute
end

--- Takes one. Returns how long to wait when there is none left.
---@param now number  ms
---@return number? wait_ms
function Rate:take(now)
  local passed = math.max(0, now - (self.at or now))
  self.left = math.min(self.limit, self.left + passed * self.limit / 60000)
  self.at = now
  if self.left < 1 then return (1 - self.left) * 60000 / self.limit end
  self.left = self.left - 1
end

--- Nothing is known yet.
function trigger_state.new()
  return { seen = setmetatable({ set = {}, first = 1, last = 0 }, Seen),
    rate = setmetatable({}, Rate), counts = {}, queue = {}, untold = 0 }
end

-- ---- what is kept -------------------------------------------------------------------------------

local function put(name, value)
  return { "INSERT INTO watch_state (name, value) VALUES (?, ?) ON CONFLICT (name) "
    .. "DO UPDATE SET value = excluded.value", n = 2, "trigger/" .. name, json.encode(value) }
end

--- The statement that keeps an event until its script has seen it, and the one that forgets it.
function trigger_state.pending(name, item)
  return put(name .. "/pending/" .. item.id, { id = item.id, event = item.event, tries = 0 })
end
function trigger_state.done(name, item)
  return { "DELETE FROM watch_state WHERE name = ?", n = 1,
    ("trigger/%s/pending/%s"):format(name, item.id) }
end

--- The statement that keeps what a script learned (t.learn).
function trigger_state.learned(name, value) return put(name .. "/learned", { value = value }) end

--- The statement that keeps how files looked.
function trigger_state.files(name, files) return put(name .. "/files", files) end

--- The statement that forgets everything of a trigger that is gone.
function trigger_state.forget(name)
  return { "DELETE FROM watch_state WHERE name >= ? AND name < ?", n = 2,
    ("trigger/%s/"):format(name), ("trigger/%s0"):format(name) }
end

--- Everything that is kept, by trigger.
---@param db Db
---@return table<string, table>? saved  learned, files, pending
---@return Fault? trouble
function trigger_state.read(db)
  local rows, why = db:read("SELECT name, value FROM watch_state WHERE name >= 'trigger/' "
    .. "AND name < 'trigger0' ORDER BY name")
  if not rows then return nil, why end
  local saved = {}
  for _, row in ipairs(rows) do
    local name, what = row.name:match "^trigger/([^/]+)/(%l+)"
    local value = name and json.decode(row.value)
    if type(value) == "table" then
      saved[name] = saved[name] or { pending = {} }
      if what == "pending" then table.insert(saved[name].pending, value) end
      if what == "learned" then saved[name].learned = value.value end
      if what == "files" then saved[name].files = value end
    end
  end
  return saved
end

return trigger_state
