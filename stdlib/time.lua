--- Time: durations as people write them ("90s", "1h30m"), timestamps as programs exchange them (ISO
--- 8601), and the clocks. Everything inside is milliseconds. Public.

local fault = require "fault"

local time = {}

local UNITS = { ms = 1, s = 1000, m = 60000, h = 3600000, d = 86400000, w = 604800000 }
local EXAMPLES = 'write it as "250ms", "90s", "30m", "1h30m" or "7d"'
local MAX = 3652500 * 86400000 -- ten thousand years

--- Milliseconds since the epoch, UTC.
---@return number ms
function time.now() return sys.clock.now() end

--- A clock that never jumps; only differences between two readings mean something.
---@return number ms  with fractions
function time.mono() return sys.clock.mono() end

--- Reads a duration: numbers with the units ms, s, m, h, d, w, the largest first. "0" needs no
--- unit.
---@param text string  "250ms", "90s", "1.5h", "1h30m"
---@return number? ms    nil if the text is no duration
---@return string? message  what is wrong and how to write it
---@return string? code     "invalid"
---@raise usage: text is not a string
function time.parse_duration(text)
  if type(text) ~= "string" then
    fault.usage("time.parse_duration(text)",
      ("text must be a string, not %s; %s"):format(type(text), EXAMPLES))
  end
  local function invalid(why)
    return nil, ('"%s" is not a duration: %s; %s'):format(text, why, EXAMPLES), "invalid"
  end
  if text == "0" then return 0 end
  if text == "" then return nil, "a duration is empty; " .. EXAMPLES, "invalid" end
  local total, at, last = 0, 1, math.huge
  while at <= #text do
    local number, unit, after = text:match("^(%d+%.?%d*)%s*(%a*)%s*()", at)
    if not number then return invalid(("unexpected %q"):format(text:sub(at, at))) end
    if unit == "" then return invalid(number .. " has no unit") end
    local size = UNITS[unit]
    if not size then return invalid(("there is no unit %q"):format(unit)) end
    if size >= last then return invalid("the units must go from large to small, each once") end
    total, last, at = total + tonumber(number) * size, size, after
  end
  if total > MAX then return invalid("it is too long") end
  return math.floor(total + 0.5)
end

-- "2m", "2m5s": two neighbouring units, the second left out when it is 0.
local function two_units(ms, large, large_name, small, small_name)
  local whole = math.floor(ms / small + 0.5) * small
  local rest = whole % large
  local text = ("%d%s"):format(math.floor(whole / large), large_name)
  return rest > 0 and ("%s%d%s"):format(text, rest / small, small_name) or text
end

--- Writes a duration for people, to about three digits: "85ms", "1.25s", "12.3s", "2m5s", "1h30m",
--- "3d4h". What it writes is read by `parse_duration`.
---@param ms number  not negative
---@return string
---@raise usage: not a number, or negative
function time.format_duration(ms)
  if type(ms) ~= "number" or not (ms >= 0 and ms < math.huge) then
    fault.usage("time.format_duration(ms)", "ms must be a number from 0, not " .. tostring(ms))
  end
  if ms < 999.5 then return ("%.0fms"):format(ms) end
  if ms < 59950 then
    local text = ms < 9995 and ("%.2f"):format(ms / 1000) or ("%.1f"):format(ms / 1000)
    return (text:gsub("%.?0+$", "")) .. "s"
  end
  if ms < 3599500 then return two_units(ms, UNITS.m, "m", UNITS.s, "s") end
  if ms < UNITS.d - 30000 then return two_units(ms, UNITS.h, "h", UNITS.m, "m") end
  return two_units(ms, UNITS.d, "d", UNITS.h, "h")
end

-- Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Counting years from March
-- puts the leap day at the end of the year.
local function days_of(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local function date_of(days)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local leaps = math.floor(doe / 1460) - math.floor(doe / 36524) + math.floor(doe / 146096)
  local yoe = math.floor((doe - leaps) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - math.floor((153 * mp + 2) / 5) + 1
end

--- A timestamp as ISO 8601 in UTC with milliseconds: "2024-06-07T12:34:56.789Z".
---@param ms number?  since the epoch; now if absent
---@return string
---@raise usage: not a number, or outside the years 0 to 9999
function time.iso8601(ms)
  if ms == nil then ms = time.now() end
  if type(ms) ~= "number" or not (ms >= -62167219200000 and ms < 253402300800000) then
    fault.usage("time.iso8601(ms)", "ms must be milliseconds since the epoch, not " .. tostring(ms))
  end
  ms = math.floor(ms)
  local year, month, day = date_of(math.floor(ms / UNITS.d))
  local rest = ms % UNITS.d
  return ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"):format(year, month, day,
    math.floor(rest / UNITS.h),
    math.floor(rest / UNITS.m) % 60, math.floor(rest / 1000) % 60, rest % 1000)
end

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function days_in(year, month)
  if month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) then return 29 end
  return MONTH_DAYS[month]
end

-- Milliseconds of "T12:34[:56[.789]]" plus the zone ("Z", "+02:00", "+0200"), nil if it is neither.
local function time_of_day(text)
  local h, m, rest = text:match("^[Tt ](%d%d):(%d%d)(.*)$")
  if not h then return nil end
  local s, after = rest:match("^:(%d%d)(.*)$")
  rest = after or rest
  local fraction, zone = rest:match("^(%.%d+)(.*)$")
  zone = zone or rest
  h, m, s = tonumber(h), tonumber(m), tonumber(s or 0)
  if h > 23 or m > 59 or s > 60 then return nil end -- 60: a leap second
  local offset = 0
  if zone ~= "Z" and zone ~= "z" then
    local sign, oh, om = zone:match("^([+-])(%d%d):?(%d%d)$")
    if not sign or tonumber(oh) > 23 or tonumber(om) > 59 then return nil end
    offset = (sign == "+" and 1 or -1) * (tonumber(oh) * UNITS.h + tonumber(om) * UNITS.m)
  end
  local millis = fraction and math.floor(tonumber("0" .. fraction) * 1000 + 1e-6) or 0
  return h * UNITS.h + m * UNITS.m + s * 1000 + millis - offset
end

--- Reads an ISO 8601 timestamp with its time zone, or a date (midnight UTC).
---@param text string  "2024-06-07T12:34:56.789Z", "2024-06-07T14:34:56+02:00", "2024-06-07"
---@return number? ms   since the epoch; nil if the text is no timestamp
---@return string? message
---@return string? code  "invalid"
---@raise usage: text is not a string
function time.parse_iso8601(text)
  if type(text) ~= "string" then
    fault.usage("time.parse_iso8601(text)", "text must be a string, not " .. type(text))
  end
  local year, month, day, rest = text:match("^(%d%d%d%d)-(%d%d)-(%d%d)(.*)$")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local in_day = rest == "" and 0 or rest and time_of_day(rest)
  if not in_day or month < 1 or month > 12 or day < 1 or day > days_in(year, month) then
    return nil, ('"%s" is not a timestamp such as 2024-06-07T12:34:56Z'):format(text), "invalid"
  end
  return days_of(year, month, day) * UNITS.d + in_day
end

return time
