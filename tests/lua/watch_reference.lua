-- What the watch daemon must have done, worked out again from the runs that it recorded, by code
-- that shares nothing with it. Used by stdlib/watch/model_test.lua and
-- tests/e2e/watch_kill_test.lua: local reference = assert(sys.load_trusted(sys.files.read(…), …))()

local time = require "time"

local reference = {}

-- Incidents that the recorded runs of one check must have led to: 2 of 3 FAIL open, 2 others close;
-- 3 ERROR in a row open one of the engine, anything else closes it.
local function incidents_of(statuses)
  local opened, shop, engine = { shop = 0, engine = 0, resolved = 0 }, false, false
  local recent, passes, errors = {}, 0, 0
  for _, status in ipairs(statuses) do
    if status == "ERROR" then
      errors = errors + 1
      if errors == 3 then engine, opened.engine = true, opened.engine + 1 end
    else
      if engine then engine, opened.resolved = false, opened.resolved + 1 end
      errors = 0
      recent[#recent + 1] = status
      if #recent > 3 then table.remove(recent, 1) end
      passes = status == "FAIL" and 0 or passes + 1
      local fails = 0
      for _, one in ipairs(recent) do fails = fails + (one == "FAIL" and 1 or 0) end
      if not shop and status == "FAIL" and fails >= 2 then
        shop, opened.shop = true, opened.shop + 1
      elseif shop and passes >= 2 then
        shop, opened.resolved, recent = false, opened.resolved + 1, {}
      end
    end
  end
  opened.open = (shop and 1 or 0) + (engine and 1 or 0)
  return opened
end

--- Holds the incidents against the runs. Raises; returns how many there were.
---@param store Db
function reference.incidents(store)
  local by_check = {}
  for _, run in ipairs(assert(store:read "SELECT check_id, status FROM check_runs ORDER BY id")) do
    by_check[run.check_id] = by_check[run.check_id] or {}
    table.insert(by_check[run.check_id], run.status)
  end
  local counted = assert(store:read("SELECT check_id, sum(kind = 'shop') AS shop, "
    .. "sum(kind = 'engine') AS engine, sum(status = 'resolved') AS resolved, "
    .. "sum(status = 'open') AS open FROM incidents GROUP BY check_id"))
  local have = {}
  for _, row in ipairs(counted) do have[row.check_id] = row end
  local total = 0
  for id, statuses in pairs(by_check) do
    local want, got = incidents_of(statuses), have[id] or { shop = 0, engine = 0, resolved = 0,
      open = 0 }
    for _, field in ipairs { "shop", "engine", "resolved", "open" } do
      if want[field] ~= got[field] then
        error(("%s: %d %s incidents, the results say %d: %s"):format(id, got[field], field,
          want[field], table.concat(statuses, " ")))
      end
    end
    total = total + want.shop + want.engine
  end
  return total
end

-- What each alerter was told of each incident, in order.
local function told_of(store)
  local told = {}
  for _, row in ipairs(assert(store:read "SELECT alerter, message FROM outbox ORDER BY id")) do
    for _, item in ipairs(require("json").decode(row.message).items) do
      local key = row.alerter .. " " .. item.incident.id
      told[key] = told[key] or {}
      table.insert(told[key], item.occasion)
    end
  end
  return told
end

--- Holds the messages against the incidents: each told once, none forgotten that lasted longer than
--- long_ms, none left without its end that ended before calm_since. Raises; returns how many pairs
--- of alerter and incident there were.
function reference.told(store, calm_since, long_ms)
  local told, count = told_of(store), 0
  for key, list in pairs(told) do
    count = count + 1
    local text = table.concat(list, " ")
    if not text:match "^opened" or select(2, text:gsub("opened", "")) ~= 1
      or select(2, text:gsub("resolved", "")) > 1 or text:match "resolved ." then
      error(key .. " was told: " .. text)
    end
  end
  for _, one in ipairs(assert(store:read "SELECT * FROM incidents")) do
    local created = time.parse_iso8601(one.created_at)
    local ended = one.resolved_at and time.parse_iso8601(one.resolved_at)
    for _, alerter in ipairs { "a", "b" } do
      local text = table.concat(told[alerter .. " " .. one.id] or {}, " ")
      local lasted = (ended or calm_since) - created
      if lasted > long_ms and text == "" then
        error(("%s never heard of incident %d, open for %d s"):format(alerter, one.id,
          lasted / 1000))
      end
      if ended and ended < calm_since and text ~= "" and not text:match "resolved$" then
        error(("%s never heard that incident %d is over: %s"):format(alerter, one.id, text))
      end
    end
  end
  return count
end

return reference
