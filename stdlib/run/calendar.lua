--- os.time and os.date for scripts, in UTC whatever the machine's time zone is: a run gives the
--- same result on a laptop, in CI and when it is executed again from its recording. Pure: the time
--- comes in as an argument.

local guard = require "run.guard"

local calendar = {}

local DAYS = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" }
local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December" }

-- Days since 1970-01-01 of a date; years begin in March here, so that the leap day is the last one.
local function days_of(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  local leap_days = math.floor(year_of_era / 4) - math.floor(year_of_era / 100)
  return era * 146097 + year_of_era * 365 + leap_days + day_of_year - 719468
end

--- The fields of a time, as os.date("*t") gives them.
---@param seconds number  since 1970, UTC
---@return table
function calendar.fields(seconds)
  seconds = math.floor(seconds)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = math.floor(z / 146097)
  local day_of_era = z - era * 146097
  local leap_days = math.floor(day_of_era / 1460) - math.floor(day_of_era / 36524)
    + math.floor(day_of_era / 146096)
  local year_of_era = math.floor((day_of_era - leap_days) / 365)
  local day_of_year = day_of_era
    - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local shifted = math.floor((5 * day_of_year + 2) / 153)
  local month = shifted < 10 and shifted + 3 or shifted - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return { year = year, month = month, day = day_of_year - math.floor((153 * shifted + 2) / 5) + 1,
    hour = math.floor(rest / 3600), min = math.floor(rest / 60) % 60, sec = rest % 60,
    wday = (days + 4) % 7 + 1,
    yday = days - days_of(year, 1, 1) + 1, isdst = false }
end

--- Seconds since 1970 of the fields year, month, day (hour 12, min 0, sec 0 by default); fields out
--- of their range carry over, as in C. Raises like os.time when a field is missing.
---@param at table
---@return number
function calendar.seconds(at)
  local function field(name, default)
    local value = tonumber(at[name]) or default
    if not value then guard.refuse(("os.time: field '%s' missing in date table"):format(name)) end
    return math.floor(value)
  end
  local months = field("year") * 12 + field("month") - 1
  local days = days_of(math.floor(months / 12), months % 12 + 1, 1) + field("day") - 1
  return ((days * 24 + field("hour", 12)) * 60 + field("min", 0)) * 60 + field("sec", 0)
end

local COMPOSED = { c = "%a %b %e %H:%M:%S %Y", x = "%m/%d/%y", X = "%H:%M:%S", D = "%m/%d/%y",
  F = "%Y-%m-%d",
  T = "%H:%M:%S", R = "%H:%M" }

local SIMPLE = {
  a = function(f) return DAYS[f.wday]:sub(1, 3) end,
  A = function(f) return DAYS[f.wday] end,
  b = function(f) return MONTHS[f.month]:sub(1, 3) end,
  B = function(f) return MONTHS[f.month] end,
  d = function(f) return ("%02d"):format(f.day) end,
  e = function(f) return ("%2d"):format(f.day) end,
  H = function(f) return ("%02d"):format(f.hour) end,
  I = function(f) return ("%02d"):format((f.hour + 11) % 12 + 1) end,
  j = function(f) return ("%03d"):format(f.yday) end,
  m = function(f) return ("%02d"):format(f.month) end,
  M = function(f) return ("%02d"):format(f.min) end,
  p = function(f) return f.hour < 12 and "AM" or "PM" end,
  S = function(f) return ("%02d"):format(f.sec) end,
  w = function(f) return tostring(f.wday - 1) end,
  y = function(f) return ("%02d"):format(f.year % 100) end,
  Y = function(f) return tostring(f.year) end,
  Z = function() return "UTC" end,
  z = function() return "+0000" end,
  ["%"] = function() return "%" end,
}

--- A time as text. format as in C's strftime, or "*t" for a table; a leading "!" changes nothing.
---@param format string
---@param seconds number
---@return string|table
function calendar.format(format, seconds)
  format = format:gsub("^!", "")
  local f = calendar.fields(seconds)
  if format:sub(1, 2) == "*t" then return f end
  format = format:gsub("%%([cxXDFTR])", COMPOSED)
  return (format:gsub("%%(.?)", function(letter)
    local make = SIMPLE[letter]
    if not make then guard.refuse(("os.date: unknown conversion '%%%s'"):format(letter)) end
    return make(f)
  end))
end

return calendar
