--- Cron expressions: "minute hour day-of-month month day-of-week", lists, ranges, steps, names, and
--- @hourly and friends, in a time zone. The rules are those of crontab(5): when both day fields are
--- restricted, either may match. In the hour that spring skips a job runs at the jump; in the hour
--- that autumn repeats it runs once, the first time. Used by the scheduler. Pure: knows no clock.

local zone = require "schedule.zone"

local cron = {}

local MONTHS = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9,
  oct = 10, nov = 11, dec = 12 }
local DAYS = { sun = 0, mon = 1, tue = 2, wed = 3, thu = 4, fri = 5, sat = 6 }
local FIELDS = {
  { name = "minute", low = 0, high = 59 },
  { name = "hour", low = 0, high = 23 },
  { name = "day of month", low = 1, high = 31 },
  { name = "month", low = 1, high = 12, words = MONTHS },
  { name = "day of week", low = 0, high = 7, words = DAYS },
}
local SHORT = { ["@hourly"] = "0 * * * *", ["@daily"] = "0 0 * * *", ["@midnight"] = "0 0 * * *",
  ["@weekly"] = "0 0 * * 0", ["@monthly"] = "0 0 1 * *", ["@yearly"] = "0 0 1 1 *",
    ["@annually"] = "0 0 1 1 *" }

local function number_of(field, text)
  local n = tonumber(text:match("^%d+$")) or (field.words and field.words[text:lower()])
  if not n then return nil, ("%q is not a %s"):format(text, field.name) end
  if n < field.low or n > field.high then
    return nil, ("%s %d is not between %d and %d"):format(field.name, n, field.low, field.high)
  end
  return n
end

local function add_part(field, set, part)
  local range, step = part:match("^([^/]+)/(%d+)$")
  range, step = range or part, tonumber(step)
  if part:find("/", 1, true) and (not step or step == 0) then
    return nil, ("%q has no step above 0"):format(part)
  end
  local low, high
  if range == "*" then
    low, high = field.low, field.name == "day of week" and 6 or field.high
  else
    local from, to = range:match("^([%w]+)%-([%w]+)$")
    local problem
    low, problem = number_of(field, from or range)
    if not low then return nil, problem end
    if to then
      high, problem = number_of(field, to)
      if not high then return nil, problem end
      if high < low then return nil, ("the range %q runs backwards"):format(range) end
    else
      high = step and field.high or low
    end
  end
  for n = low, high, step or 1 do set[field.name == "day of week" and n % 7 or n] = true end
  return true
end

---@class Cron
---@field text string
local Cron = {}
Cron.__index = Cron

--- Parses an expression.
---@param text string
---@return Cron? cron
---@return string? problem  which field is wrong, and how
function cron.parse(text)
  local source = SHORT[text] or text
  local parts = {}
  for part in source:gmatch("%S+") do parts[#parts + 1] = part end
  if #parts ~= 5 then
    return nil,
      ("a cron expression has 5 fields (minute hour day month weekday), %q has %d"):format(text,
      #parts)
  end
  local sets = {}
  for i, field in ipairs(FIELDS) do
    sets[i] = {}
    for part in (parts[i] .. ","):gmatch("([^,]*),") do
      local ok, problem = add_part(field, sets[i], part)
      if not ok then return nil, ("%s: %s"):format(text, problem) end
    end
  end
  return setmetatable({ text = text, minute = sets[1], hour = sets[2], day = sets[3],
    month = sets[4], weekday = sets[5],
    any_day = parts[3]:sub(1, 1) == "*", any_weekday = parts[5]:sub(1, 1) == "*" }, Cron)
end

--- Whether the expression allows the day.
---@param date table  as os.date("!*t") gives it: day, month, wday
---@return boolean
function Cron:matches_day(date)
  if not self.month[date.month] then return false end
  local day, weekday = self.day[date.day], self.weekday[date.wday - 1]
  if self.any_day or self.any_weekday then return day and weekday end
  return day or weekday
end

local function sorted(set, high)
  local list = {}
  for n = 0, high do
    if set[n] then list[#list + 1] = n end
  end
  return list
end

--- The first time after `after_ms` at which the expression matches, in the zone; nil when there is
--- none within 30 years (the 30th of February).
---@param after_ms number  milliseconds since the epoch
---@param where Zone?  default UTC
---@return number? ms
function Cron:next(after_ms, where)
  where = where or zone.load("UTC")
  local after = math.floor(after_ms / 1000)
  local hours, minutes = sorted(self.hour, 23), sorted(self.minute, 59)
  local start = math.floor((after + where:offset(after)) / 86400) - 1
  for day = start, start + 366 * 30 do
    if self:matches_day(os.date("!*t", day * 86400)) then
      for _, hour in ipairs(hours) do
        for _, minute in ipairs(minutes) do
          local at = where:first_at(day * 86400 + hour * 3600 + minute * 60)
          if at > after then return at * 1000 end
        end
      end
    end
  end
  return nil
end

return cron
