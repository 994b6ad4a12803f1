--- Working hours: windows such as "mon-fri 08:00-18:00, sat 10:00-14:00" in a time zone. A window
--- may cross midnight ("fri 22:00-02:00"). Used by schedule/plan.lua (when checks run) and by quiet
--- hours of alerts.

local hours = {}

local DAYS = { sun = 0, mon = 1, tue = 2, wed = 3, thu = 4, fri = 5, sat = 6 }
local WEEK = 7 * 1440 -- minutes

---@class Hours
local Hours = {}
Hours.__index = Hours

local function day_list(text)
  local days = {}
  for part in text:gmatch("[^/]+") do
    local from, to = part:lower():match("^(%a+)%-(%a+)$")
    local first, last = DAYS[from or part:lower()], DAYS[to or part:lower()]
    if not first or not last then return nil end
    local day = first
    days[day] = true
    while day ~= last do
      day = (day + 1) % 7
      days[day] = true
    end
  end
  return days
end

local function minute_of(text)
  local h, m = text:match("^(%d%d?):(%d%d)$")
  h, m = tonumber(h), tonumber(m)
  if not h or h > 24 or m > 59 or (h == 24 and m > 0) then return nil end
  return h * 60 + m
end

--- Parses windows: "DAYS FROM-TO" separated by commas; DAYS is a day, a range or "daily".
---@param text string
---@param where Zone
---@return Hours? hours
---@return string? problem
function hours.parse(text, where)
  local open = {} -- a flag for each minute of the week would do; spans are smaller
  for part in text:gmatch("[^,]+") do
    local day_text, from, to = part:match("^%s*(%S+)%s+([%d:]+)%s*%-%s*([%d:]+)%s*$")
    local days = day_text and (day_text:lower() == "daily" and day_list("sun-sat")
      or day_list(day_text))
    local starts, ends = from and minute_of(from), to and minute_of(to)
    if not days or not starts or not ends then
      return nil, ("%q is not a window such as \"mon-fri 08:00-18:00\""):format((part:gsub("^%s+",
        "")))
    end
    for day in pairs(days) do
      local length = (ends - starts) % 1440
      open[#open + 1] = { from = day * 1440 + starts, length = length == 0 and 1440 or length }
    end
  end
  if #open == 0 then return nil, "no window is given" end
  return setmetatable({ open = open, zone = where, text = text }, Hours)
end

local function minute_of_week(self, ms)
  local at = self.zone:calendar(math.floor(ms / 1000))
  return at.weekday * 1440 + at.hour * 60 + at.min
end

--- Whether the time lies in a window.
---@param ms number  since the epoch
function Hours:contains(ms)
  local now = minute_of_week(self, ms)
  for _, span in ipairs(self.open) do
    if (now - span.from) % WEEK < span.length then return true end
  end
  return false
end

--- The first full minute at or after ms that lies in a window.
---@return number ms
function Hours:next_opening(ms)
  if self:contains(ms) then return ms end
  local now, wait = minute_of_week(self, ms), WEEK
  for _, span in ipairs(self.open) do wait = math.min(wait, (span.from - now) % WEEK) end
  local minute = math.floor(ms / 60000)
  -- The clock may change in between: look around the estimate, hour by hour, then minute by minute.
  local at = (minute + math.max(0, wait - 90)) * 60000
  while not self:contains(at) do at = at + 60000 end
  return at
end

return hours
