--- Whether the shop refuses what its own pages ask for: 429 and 430, and how near the limits are.
--- For skills that need "http".

local storefront = require "shop.storefront"
local truth = require "shop.truth"

local throttle = {}

local REFUSED = { [429] = true, [430] = true }
local NEAR = 0.8 -- of a limit

local HINT = "an app, a bot or the theme asks too often, so shoppers see parts of pages missing: "
  .. "switch off the app that was added last, or ask its maker to ask less"

-- What was refused while one shop was looked at, told in one sentence.
local function tell(found, refused)
  if #refused == 0 then return end
  local words, wait = {}, nil
  for i, one in ipairs(refused) do
    words[i] = ("%s answered %d%s"):format(one.path, one.status,
      one.view and ", which the " .. one.view .. " asks for" or "")
    wait = wait or one.wait
  end
  found.bad(("the shop refuses requests as too many: %s%s"):format(table.concat(words, "; "),
    wait and ("; it says to wait %s s"):format(wait) or ""), { code = "rate-limited",
    url = refused[1].path, hint = HINT })
end

--- "32/40" → 32, 40.
---@param text string?
---@return number? used
---@return number? limit
function throttle.call_limit(text)
  local used, limit = (text or ""):match("^%s*(%d+)%s*/%s*(%d+)")
  return tonumber(used), tonumber(limit)
end

-- remaining and limit of the headers that servers send: RateLimit-*, X-RateLimit-*.
local function remaining(headers)
  for _, prefix in ipairs { "ratelimit-", "x-ratelimit-" } do
    local left, limit = tonumber(headers[prefix .. "remaining"]),
      tonumber(headers[prefix .. "limit"])
    if left and limit and limit > 0 then return left, limit end
  end
end

--- Reports what an answer says about limits.
---@param path string
---@param status number
---@param headers table<string, string>
---@param found table  shop.findings
function throttle.check_answer(path, status, headers, found)
  if REFUSED[status] then
    return tell(found, { { path = path, status = status, wait = headers["retry-after"] } })
  end
  local used, limit = throttle.call_limit(headers["x-shopify-shop-api-call-limit"])
  if not used then
    local left
    left, limit = remaining(headers)
    used = left and limit - left
  end
  if used and used >= NEAR * limit then
    found.poor(("%s is near its limit: %d of %d calls are used"):format(path, used, limit),
      { code = "rate-limit-near", url = path })
  end
end

-- The requests of the pages themselves that were refused.
local function of_views(views)
  local refused, seen = {}, {}
  for _, view in ipairs(views) do
    for _, request in ipairs(view.requests) do
      local path = storefront.path_of(request.url)
      if REFUSED[request.status] and not seen[path] then
        seen[path] = true
        refused[#refused + 1] = { path = path, status = request.status, view = view.name }
      end
    end
  end
  return refused, seen
end

--- Reports what the shop refuses of its own pages' requests, and of the addresses that themes and
--- headless shops live on, each asked once.
---@param t table
---@param views table[]
---@param found table
---@param handle string?  of a product
function throttle.check(t, views, found, handle)
  local refused, seen = of_views(views)
  local paths = { "/cart.js", "/products.json?limit=1" }
  if handle then paths[#paths + 1] = "/products/" .. handle .. ".js" end
  for _, path in ipairs(paths) do
    local answer, why = truth.ask(t, path)
    local name = path:gsub("%?.*$", "")
    if not answer then
      t.note(("%s was not answered: %s"):format(path, why))
    elseif not REFUSED[answer.status] then
      throttle.check_answer(name, answer.status, answer.headers, found)
    elseif not seen[name] then
      refused[#refused + 1] = { path = name, status = answer.status,
        wait = answer.headers["retry-after"] }
    end
  end
  tell(found, refused)
end

return throttle
