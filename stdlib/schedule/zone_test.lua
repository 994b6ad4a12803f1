-- Zones against the C library's own answer, which date(1) gives.

local zone = require "schedule.zone"

local ZONES = { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
  "America/Sao_Paulo",
  "Pacific/Auckland", "Africa/Casablanca", "Asia/Tehran", "UTC" }

-- Offsets at many times by one call of date(1) that reads them from standard input.
local function reference(name, times)
  local process = assert(sys.process.spawn { argv = { "/bin/date", "-f", "-", "+%z" },
    stdin = "pipe", stdout = "pipe",
    stderr = "null", env = { TZ = name } })
  local lines = {}
  for i, at in ipairs(times) do lines[i] = "@" .. at end
  process:write(table.concat(lines, "\n") .. "\n")
  process:close_stdin()
  local text = ""
  repeat
    local chunk = assert(process:read("stdout"))
    text = text .. chunk
  until chunk == ""
  process:wait()
  local offsets = {}
  for sign, h, m in text:gmatch("([+-])(%d%d)(%d%d)") do
    local seconds = tonumber(h) * 3600 + tonumber(m) * 60
    offsets[#offsets + 1] = sign == "-" and -seconds or seconds
  end
  return offsets
end

describe("schedule.zone", function()
  for _, name in ipairs(ZONES) do
    it("knows the offsets of " .. name .. " as the C library does", function()
      local where = assert(zone.load(name))
      local times = {}
      -- 1990 to 2090: random times, and both sides of every hour around changes of offset.
      for i = 1, 400 do times[i] = math.floor(631152000 + sys.random.number() * 3155760000) end
      local previous
      for at = 1704067200, 1704067200 + 2 * 366 * 86400, 86400 do
        local now = where:offset(at)
        if previous and now ~= previous then
          for h = -26, 2 do
            times[#times + 1] = at + h * 3600
            times[#times + 1] = at + h * 3600 - 1
          end
        end
        previous = now
      end
      local want = reference(name, times)
      expect(#want):is(#times)
      for i, at in ipairs(times) do
        if where:offset(at) ~= want[i] then
          error(("%s at %d: %d, the C library says %d"):format(name, at, where:offset(at), want[i]))
        end
      end
    end)
  end

  it("finds the time of a local hour that spring skips and autumn repeats", function()
    local berlin = assert(zone.load("Europe/Berlin"))
    local function local_seconds(y, m, d, h, min)
      return zone.days_from_civil(y, m, d) * 86400 + h * 3600 + min * 60
    end
    -- 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC.
    expect(berlin:first_at(local_seconds(2026, 3, 29, 2, 30))):is(1774746000)
    -- 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC; 02:30 comes first at 00:30 UTC.
    expect(berlin:first_at(local_seconds(2026, 10, 25, 2, 30))):is(1792888200)
  end)

  it("names the zone that does not exist", function()
    local none, problem = zone.load("Europe/Atlantis")
    expect(none):is(nil)
    expect(problem):matches("Atlantis")
    none, problem = zone.load("../../etc/passwd")
    expect(none):is(nil)
    expect(problem):matches("not a time zone")
  end)
end)
