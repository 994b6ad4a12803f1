--- Retries of an HTTP request, only when they are asked for. Used by http.lua.

local fault = require "fault"
local options = require "http.options"
local time = require "time"

local retry = {}

local KNOWN = { count = true, delay = true, max_delay = true, statuses = true, codes = true }
local SAFE = { GET = true, HEAD = true, OPTIONS = true, PUT = true, DELETE = true }
-- The request did not reach the server, so that sending it again cannot do a thing twice.
local NOT_SENT = { "connect", "dns-unreachable", "refused" }
local BROKEN = { "closed", "connect", "dns-unreachable", "protocol", "proxy", "refused", "timeout" }
local BUSY = { 429, 502, 503, 504 }
local REFUSED = { 429, 503 }

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

---@class http.Retry
---@field count number
---@field delay number      milliseconds before the first retry; doubled each time
---@field max_delay number
---@field statuses table<number, boolean>
---@field codes table<string, boolean>

--- Reads the option; nil (no retries) stays nil.
---@param signature string
---@param given table?
---@param method string
---@return http.Retry?
function retry.read(signature, given, method)
  if given == nil then return nil end
  for name in pairs(given) do
    if not KNOWN[name] then
      fault.usage(signature, ("retry has no field %q"):format(tostring(name)),
        "known are codes, count, delay, max_delay, statuses")
    end
  end
  local count = given.count or 2
  if type(count) ~= "number" or count < 0 or count > 100 or count % 1 ~= 0 then
    fault.usage(signature, "retry.count must be a whole number from 0 to 100")
  end
  for _, name in ipairs { "statuses", "codes" } do
    if given[name] ~= nil and type(given[name]) ~= "table" then
      fault.usage(signature, ("retry.%s must be a list"):format(name))
    end
  end
  local safe = SAFE[method]
  return {
    count = count,
    delay = options.milliseconds(signature, "retry.delay", given.delay or 500),
    max_delay = options.milliseconds(signature, "retry.max_delay", given.max_delay or 30000),
    statuses = set_of(given.statuses or (safe and BUSY or REFUSED)),
    codes = set_of(given.codes or (safe and BROKEN or NOT_SENT)),
  }
end

--- How long to wait before retry number n; nil: no more of them.
---@param plan http.Retry?
---@param n number              1 for the first retry
---@param answer http.Response? of the last attempt
---@param code string?          of its failure
---@return number? ms
function retry.delay(plan, n, answer, code)
  if not plan or n > plan.count then return nil end
  if answer and not plan.statuses[answer.status] then return nil end
  if code and not plan.codes[code] then return nil end
  local asked = answer and tonumber(answer.headers["retry-after"] or "")
  if answer and not asked and answer.headers["retry-after"] then
    asked = retry.seconds_until(answer.headers["retry-after"])
  end
  if asked then -- a server that wants more patience than we have is asked no more
    return asked * 1000 <= plan.max_delay and asked * 1000 or nil
  end
  local full = math.min(plan.delay * 2 ^ (n - 1), plan.max_delay)
  return full * (0.5 + sys.random.number() / 2) -- so that many do not come back at once
end

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
  Oct = 10, Nov = 11, Dec = 12 }

--- Seconds from now to an HTTP date; nil if it is none.
---@param text string  "Wed, 21 Oct 2026 07:28:00 GMT"
---@return number?
function retry.seconds_until(text)
  local day, month, year, clock =
    text:match("^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$")
  if not day or not MONTHS[month] then return nil end
  local at = time.parse_iso8601(("%s-%02d-%sT%sZ"):format(year, MONTHS[month], day, clock))
  return at and math.max(0, (at - time.now()) / 1000)
end

return retry
