-- Cron against a model that tries every minute.

local cron = require "schedule.cron"
local zone = require "schedule.zone"

-- The next match by looking at each minute of local time; nil after `days` days.
local function by_minutes(fields, after_ms, where, days)
  local start = math.floor(after_ms / 60000) * 60 + 60
  local seen
  for at = start, start + days * 86400, 60 do
    local date = where:calendar(at)
    local day = fields.day[date.day]
    local weekday = fields.weekday[date.weekday]
    local day_ok
    if fields.any_day or fields.any_weekday then day_ok = day and weekday else day_ok = day
      or weekday end
    if fields.minute[date.min] and fields.hour[date.hour] and fields.month[date.month]
      and day_ok then
      seen = at * 1000
      break
    end
  end
  return seen
end

local function utc(y, m, d, h, min)
  return (zone.days_from_civil(y, m, d) * 86400 + h * 3600 + min * 60) * 1000
end

describe("schedule.cron", function()
  it("finds known times", function()
    local function next_of(text, ...) return assert(cron.parse(text)):next(utc(...)) end
    expect(next_of("0 9 * * mon-fri", 2026, 11, 20, 9, 0)):is(utc(2026, 11, 23, 9, 0))
    expect(next_of("*/15 * * * *", 2026, 11, 20, 9, 7)):is(utc(2026, 11, 20, 9, 15))
    expect(next_of("0 0 29 2 *", 2026, 1, 1, 0, 0)):is(utc(2028, 2, 29, 0, 0))
    expect(next_of("@monthly", 2026, 12, 5, 0, 0)):is(utc(2027, 1, 1, 0, 0))
    -- either day field
    expect(next_of("0 12 13 * 5", 2026, 11, 20, 13, 0)):is(utc(2026, 11, 27, 12, 0))
    expect(next_of("0 0 30 2 *", 2026, 1, 1, 0, 0)):is(nil)
  end)

  it("agrees with a model that tries every minute", function()
    local berlin = assert(zone.load("Europe/Berlin"))
    local function field(high, low)
      local r = sys.random.number()
      if r < 0.4 then return "*" end
      if r < 0.6 then return "*/" .. math.floor(2 + sys.random.number() * 6) end
      local a = low + math.floor(sys.random.number() * (high - low + 1))
      if r < 0.8 then return tostring(a) end
      return a .. "-" .. math.min(high, a + 3) .. "," .. low
    end
    for _ = 1, 60 do
      local text = table.concat({ field(59, 0), field(23, 0), field(28, 1), "*", field(6, 0) }, " ")
      local parsed = assert(cron.parse(text))
      local after = utc(2026, 3 + math.floor(sys.random.number() * 8),
        1 + math.floor(sys.random.number() * 27), 5, 3)
      local want = by_minutes(parsed, after, zone.load("UTC"), 40)
      local got = parsed:next(after)
      if want and got ~= want then
        error(("%s after %d: %s, the model says %s"):format(text, after, tostring(got), want))
      end
      -- In a zone the two may differ only in the skipped or repeated hour.
      local there, model = parsed:next(after, berlin), by_minutes(parsed, after, berlin, 40)
      if model and there ~= model and math.abs(there - model) > 3600000 * 24 then
        error(("%s in Berlin after %d: %s, the model says %s"):format(text, after, tostring(there),
          model))
      end
    end
  end)

  it("runs a daily job once on the days when the clock changes", function()
    local berlin = assert(zone.load("Europe/Berlin"))
    local daily = assert(cron.parse("30 2 * * *"))
    local at, runs = utc(2026, 3, 27, 12, 0), {}
    for _ = 1, 3 do
      at = daily:next(at, berlin)
      runs[#runs + 1] = os.date("!%m-%d %H:%M", at / 1000)
    end
    expect(runs):same { "03-28 01:30", "03-29 01:00", "03-30 00:30" }
    at, runs = utc(2026, 10, 24, 12, 0), {}
    for _ = 1, 2 do
      at = daily:next(at, berlin)
      runs[#runs + 1] = os.date("!%m-%d %H:%M", at / 1000)
    end
    expect(runs):same { "10-25 00:30", "10-26 01:30" }
  end)

  it("says which field is wrong", function()
    for text, pattern in pairs {
      ["60 * * * *"] = "minute 60 is not between 0 and 59", ["* * * *"] = "has 4",
        ["* * * foo *"] = "is not a month",
      ["5-1 * * * *"] = "runs backwards", ["*/0 * * * *"] = "no step above 0",
    } do
      local parsed, problem = cron.parse(text)
      expect(parsed):is(nil)
      expect(problem):matches(pattern)
    end
  end)
end)
