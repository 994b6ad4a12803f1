--- A client of Shopify's Admin GraphQL API that knows its costs: it waits as long as the bucket
--- needs, no longer, and tells what went wrong in words. For skills that need "http".
---
---   local admin = shop.admin { url = "https://x.myshopify.com", token = o.token }
---   local data, message, code = admin:query("{ shop { name } }")
---   admin.cost  -- { requested, actual, available, maximum, restore_rate } of the last answer

local http = require "http"
local json = require "json"
local time = require "time"

local admin = {}

local VERSION, LIMIT = "2026-07", "30s"
local TRIES, WAIT_MAX_MS, WAIT_UNKNOWN_MS = 5, 60000, 1000

---@class shop.Admin
---@field cost table?       of the last answer: { requested, actual, available, maximum,
---  restore_rate }
---@field spent number      points that all answers cost
---@field waited_ms number  time spent waiting for the bucket
local Admin = {}
Admin.__index = Admin

local tokens = setmetatable({}, { __mode = "k" }) -- not among the fields that scripts can print

--- Makes a client.
---@param options { url: string, token: Secret|string, version: string? }
---@return shop.Admin
function admin.new(options)
  local self = setmetatable({ url = ("%s/admin/api/%s/graphql.json"):format(
    options.url:gsub("/+$", ""), options.version or VERSION), spent = 0, waited_ms = 0 }, Admin)
  tokens[self] = options.token
  return self
end

-- What a status says; nil for one whose body is to be read.
local STATUS = {
  [401] = "the shop does not know this access token (401): it was revoked, or is another shop's",
  [402] = "the shop is frozen (402): its bill is not paid",
  [403] = "the shop refuses this access token (403)",
  [404] = "there is no Admin API at this address (404)",
  [423] = "the shop is locked (423)",
}

local function number_of(value) return type(value) == "number" and value or nil end

local function keep_cost(self, body)
  local cost = type(body.extensions) == "table" and body.extensions.cost
  if type(cost) ~= "table" then return end
  local bucket = type(cost.throttleStatus) == "table" and cost.throttleStatus or {}
  self.cost = { requested = number_of(cost.requestedQueryCost),
    actual = number_of(cost.actualQueryCost),
    available = number_of(bucket.currentlyAvailable), maximum = number_of(bucket.maximumAvailable),
    restore_rate = number_of(bucket.restoreRate) }
  self.spent = self.spent + (self.cost.actual or 0)
end

local function scopes_of(one)
  local more = type(one.extensions) == "table" and one.extensions or {}
  local needed = type(more.requiredAccess) == "string" and more.requiredAccess
  return needed and (": it needs " .. needed:gsub("%.$", "")) or ""
end

local function words_of(one)
  local more = type(one.extensions) == "table" and one.extensions or {}
  local code = more.code
  if code == "ACCESS_DENIED" then
    return "the access token may not do this" .. scopes_of(one), "access-denied"
  elseif code == "MAX_COST_EXCEEDED" then
    return tostring(one.message) .. " Ask for fewer items at once.", "too-expensive"
  elseif code == "THROTTLED" then
    return "the shop's API limit is used up by this app", "throttled"
  elseif code == "SHOP_INACTIVE" then
    return "the shop is not active", "shop-inactive"
  end
  return tostring(one.message), code == "INTERNAL_SERVER_ERROR" and "server" or "graphql"
end

--- How long to wait until the bucket holds what a query needs.
---@param cost table?  see Admin.cost
---@return number ms
function admin.wait_ms(cost)
  if not cost or not cost.requested or not cost.available or not cost.restore_rate
    or cost.restore_rate <= 0 then return WAIT_UNKNOWN_MS end
  local missing = cost.requested - cost.available
  return math.min(WAIT_MAX_MS, math.max(100, math.ceil(missing / cost.restore_rate * 1000)))
end

-- Mutations tell their refusals in userErrors, at the end of an answer that looks well.
local function user_errors(data)
  local out = {}
  for _, payload in pairs(type(data) == "table" and data or {}) do
    local list = type(payload) == "table" and payload.userErrors
    for _, one in ipairs(type(list) == "table" and list or {}) do
      local field = type(one.field) == "table" and table.concat(one.field, ".") or ""
      out[#out + 1] = (field ~= "" and field .. ": " or "") .. tostring(one.message)
    end
  end
  return #out > 0 and table.concat(out, "; ") or nil
end

-- One request. → data | nil, message, code
local function attempt(self, body)
  local answer, why, code = http.post(self.url, { timeout = LIMIT, json = body,
    headers = { ["X-Shopify-Access-Token"] = tokens[self] } })
  if not answer then return nil, "the Admin API does not answer: " .. why, code end
  if answer.status == 429 or answer.status == 430 then
    local wait = tonumber(answer.headers["retry-after"])
    self.cost = nil
    return nil, "the shop's API limit is used up (429)", "throttled", wait and wait * 1000
  end
  if STATUS[answer.status] then return nil, STATUS[answer.status], "http-status" end
  local value = answer:json()
  if answer.status >= 400 or type(value) ~= "table" then
    return nil, ("the Admin API answered %d%s"):format(answer.status,
      type(value) == "table" and "" or " with something that is no JSON"), "http-status"
  end
  keep_cost(self, value)
  local errors = value.errors
  if type(errors) == "string" then return nil, errors, "graphql" end
  if type(errors) == "table" and errors[1] then
    local message, kind = words_of(errors[1])
    return nil, message, kind, nil, type(value.data) == "table" and value.data or nil
  end
  return value.data
end

--- Asks, and waits and asks again while the API's bucket is too empty.
---@param query string
---@param variables table?
---@return table? data
---@return string? message  in words
---@return string? code     "throttled", "access-denied", "too-expensive", "user-errors", "graphql",
---"server", "http-status", or one of http's
---@return table? partial   what came in spite of the error
function Admin:query(query, variables)
  local body = { query = query, variables = variables and next(variables) and variables or nil }
  for try = 1, TRIES do
    local data, message, code, wait, partial = attempt(self, body)
    if data and data ~= json.null then
      local refused = user_errors(data)
      if refused then return nil, "the shop refuses: " .. refused, "user-errors", data end
      return data
    end
    if code ~= "throttled" or try == TRIES then return nil, message or "no data came", code,
      partial end
    wait = wait or admin.wait_ms(self.cost)
    self.waited_ms = self.waited_ms + wait
    sys.clock.sleep(wait)
  end
end

--- How much of the bucket is left, in words: "1980 of 2000 points"; nil before the first answer.
---@return string?
function Admin:quota()
  local cost = self.cost
  if not cost or not cost.available or not cost.maximum then return nil end
  return ("%d of %d points, %d/s come back"):format(cost.available, cost.maximum,
    cost.restore_rate or 0)
end

--- "1.2s" of the time spent waiting.
---@return string
function Admin:waited() return time.format_duration(self.waited_ms) end

return admin
