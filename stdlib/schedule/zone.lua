--- Time zones from the system's own database (/usr/share/zoneinfo, RFC 8536), because a shop's
--- hours are local hours. Used by schedule/cron.lua and schedule/hours.lua. A loaded zone is
--- immutable.

local zone = {}

local FOLDER = "/usr/share/zoneinfo/"
local DAY = 86400

local byte = string.byte

local function u32(data, at)
  local a, b, c, d = byte(data, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

local function i32(data, at)
  local n = u32(data, at)
  return n >= 2147483648 and n - 4294967296 or n
end

local function i64(data, at)
  return i32(data, at) * 4294967296 + u32(data, at + 4)
end

-- The header's six counts, then the sizes of the data block that follows for times of `width`
-- bytes.
local function read_header(data, at)
  if data:sub(at, at + 3) ~= "TZif" then return nil end
  local h = { version = byte(data, at + 4), isut = u32(data, at + 20), isstd = u32(data, at + 24),
    leap = u32(data, at + 28), times = u32(data, at + 32), types = u32(data, at + 36),
      chars = u32(data, at + 40) }
  function h.size(width)
    return h.times * (width + 1) + h.types * 6 + h.chars + h.leap * (width + 4) + h.isstd + h.isut
  end
  return h
end

local function read_block(data, at, header, width)
  local transitions = {}
  local read = width == 8 and i64 or i32
  local indexes = at + header.times * width
  local types = indexes + header.times
  local function offset_of(index) return i32(data, types + index * 6) end
  for i = 0, header.times - 1 do
    transitions[#transitions + 1] = { at = read(data, at + i * width),
      offset = offset_of(byte(data, indexes + i)) }
  end
  local first
  for i = 0, header.types - 1 do
    if byte(data, types + i * 6 + 4) == 0 then
      first = offset_of(i)
      break
    end
  end
  return transitions, first or (header.types > 0 and offset_of(0)) or 0
end

-- ---- the rule behind the last transition: "CET-1CEST,M3.5.0,M10.5.0/3"

local function days_from_civil(y, m, d)
  if m <= 2 then y = y - 1 end
  local era = math.floor(y / 400)
  local yoe = y - era * 400
  local doy = math.floor((153 * (m + (m > 2 and -3 or 9)) + 2) / 5) + d - 1
  return era * 146097 + yoe * 365 + math.floor(yoe / 4) - math.floor(yoe / 100) + doy - 719468
end

local function year_of(seconds)
  local year = 1970 + math.floor(seconds / (365.2425 * DAY))
  while seconds >= days_from_civil(year + 1, 1, 1) * DAY do year = year + 1 end
  while seconds < days_from_civil(year, 1, 1) * DAY do year = year - 1 end
  return year
end

local function clock_seconds(text)
  local sign, h, m, s = text:match("^([+-]?)(%d+):?(%d*):?(%d*)$")
  if not h then return nil end
  local seconds = tonumber(h) * 3600 + (tonumber(m) or 0) * 60 + (tonumber(s) or 0)
  return sign == "-" and -seconds or seconds
end

local function leap(y) return y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) end

-- The day of `year` on which a rule's date falls, as days since the epoch.
local function rule_day(date, year)
  local month, week, weekday = date:match("^M(%d+)%.(%d+)%.(%d+)$")
  if month then
    month, week, weekday = tonumber(month), tonumber(week), tonumber(weekday)
    local first = days_from_civil(year, month, 1)
    local day = first + (weekday - (first + 4)) % 7 + (week - 1) * 7
    local next_month = month == 12 and days_from_civil(year + 1, 1, 1) or days_from_civil(year,
      month + 1, 1)
    while day >= next_month do day = day - 7 end
    return day
  end
  local julian = date:match("^J(%d+)$")
  local start = days_from_civil(year, 1, 1)
  if julian then
    local n = tonumber(julian)
    return start + n - 1 + (leap(year) and n >= 60 and 1 or 0)
  end
  return start + tonumber(date)
end

local function split_name(text)
  local quoted, rest = text:match("^(%b<>)(.*)$")
  if quoted then return quoted, rest end
  return text:match("^(%a+)(.*)$")
end

-- Returns fn(seconds) → offset in seconds, or nil when the text is not a rule.
local function parse_rule(text)
  local _, rest = split_name(text)
  if not rest then return nil end
  local std, after = rest:match("^([+-]?[%d:]+)(.*)$")
  local standard = std and clock_seconds(std)
  if not standard then return nil end
  standard = -standard
  if after == "" then return function() return standard end end
  local _, tail = split_name(after)
  local dst, dates = (tail or ""):match("^([+-]?[%d:]*),(.+)$")
  if not dates then return nil end
  local summer = dst ~= "" and -clock_seconds(dst) or standard + 3600
  local from_date, from_time, to_date, to_time = dates:match("^([^,/]+)/?([^,]*),([^,/]+)/?(.*)$")
  if not from_date then return nil end
  local from_at = from_time ~= "" and clock_seconds(from_time) or 7200
  local to_at = to_time ~= "" and clock_seconds(to_time) or 7200
  return function(seconds)
    local year = year_of(seconds + standard)
    local starts = rule_day(from_date, year) * DAY + from_at - standard
    local ends = rule_day(to_date, year) * DAY + to_at - summer
    local is_summer
    if starts < ends then is_summer = seconds >= starts and seconds < ends
    else is_summer = seconds >= starts or seconds < ends end
    return is_summer and summer or standard
  end
end

-- ---- the zone

---@class Zone
---@field name string
local Zone = {}
Zone.__index = Zone

--- Seconds east of UTC at that time.
---@param seconds number  since the epoch
---@return number
function Zone:offset(seconds)
  local list = self.transitions
  local count = #list
  if count == 0 or seconds < list[1].at then
    return count == 0 and self.rule and self.rule(seconds) or self.first
  end
  if seconds >= list[count].at and self.rule then return self.rule(seconds) end
  local low, high = 1, count
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if list[middle].at <= seconds then low = middle else high = middle - 1 end
  end
  return list[low].offset
end

--- The local calendar at that time: {year, month, day, hour, min, sec, weekday (0 Sunday), seconds
--- (local, since 1970)}.
function Zone:calendar(seconds)
  local at = seconds + self:offset(seconds)
  local days = math.floor(at / DAY)
  local rest = at - days * DAY
  local date = os.date("!*t", days * DAY)
  return { year = date.year, month = date.month, day = date.day, hour = math.floor(rest / 3600),
    min = math.floor(rest % 3600 / 60), sec = rest % 60, weekday = (days + 4) % 7, seconds = at }
end

--- The time at which the local clock first shows `local_seconds` (local, since 1970). A time that
--- the clock skips (the hour lost in spring) gives the moment of the jump; one that it shows twice
--- gives the first.
---@return number seconds  since the epoch
function Zone:first_at(local_seconds)
  local best
  -- An offset in force within a day on either side is the only candidate.
  for _, probe in ipairs { local_seconds - DAY, local_seconds, local_seconds + DAY } do
    local candidate = local_seconds - self:offset(probe)
    if candidate + self:offset(candidate) == local_seconds and (not best or candidate < best) then
      best = candidate
    end
  end
  if best then return best end
  -- the jump lies between: local time is below, then above
  local low, high = local_seconds - DAY, local_seconds + DAY
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if middle + self:offset(middle) < local_seconds then low = middle else high = middle end
  end
  return high
end

local cache = {}

--- The zone of that name ("Europe/Berlin", "UTC").
---@param name string
---@return Zone? zone
---@return string? problem
function zone.load(name)
  if cache[name] then return cache[name] end
  if name == "UTC" then
    cache[name] = setmetatable({ name = name, transitions = {}, first = 0 }, Zone)
    return cache[name]
  end
  if not name:match("^[%w_+/-]+$") then
    return nil, ("%q is not a time zone's name, such as Europe/Berlin"):format(name)
  end
  local data = sys.files.read(FOLDER .. name, 1024 * 1024)
  local header = data and read_header(data, 1)
  if not header then
    return nil,
      ("there is no time zone %q in %s (names look like Europe/Berlin; the package is tzdata)")
        :format(name, FOLDER)
  end
  local at, width = 45, 4
  if header.version > 0 then
    at = 45 + header.size(4)
    header = read_header(data, at)
    at, width = at + 44, 8
  end
  local transitions, first = read_block(data, at, header, width)
  local rule = width == 8 and parse_rule(data:sub(at + header.size(8)):match("^\n([^\n]*)") or "")
    or nil
  cache[name] = setmetatable({ name = name, transitions = transitions, first = first, rule = rule },
    Zone)
  return cache[name]
end

zone.days_from_civil = days_from_civil

return zone
