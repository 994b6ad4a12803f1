--- Whether the shop refuses what its own pages ask for: 429 and 430, and how near the limits are.
--- For skills that need "http".

local storefront = require "shop.storefront"
local truth = require "shop.truth"

local throttle = {}

local REFUSED = { [429] = true, [430] = true }
local NEAR = 0.8 -- of a limit

local function say(found, path, answer_status, retry_after, what)
  found.bad(("the shop refuses requests: %s answered %d (too many requests)%s%s"):format(path,
    answer_status, retry_after and (", try again in %s s"):format(retry_after) or "",
    what and ", asked for by the " .. what or ""), { code = "rate-limited", url = path,
    hint = "an app, a bot or the theme asks too often; shoppers see parts of pages missing" })
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
  if REFUSED[status] then return say(found, path, status, headers["retry-after"]) end
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

--- Reports requests of the pages themselves that were refused.
---@param views table[]
---@param found table
function throttle.check_views(views, found)
  local seen = {}
  for _, view in ipairs(views) do
    for _, request in ipairs(view.requests) do
      local path = storefront.path_of(request.url)
      if REFUSED[request.status] and not seen[path] then
        seen[path] = true
        say(found, path, request.status, nil, view.name)
      end
    end
  end
end

--- Asks the addresses that themes and headless shops live on, each once.
---@param t table
---@param found table
---@param handle string?  of a product
function throttle.probe(t, found, handle)
  local paths = { "/cart.js", "/products.json?limit=1" }
  if handle then paths[#paths + 1] = "/products/" .. handle .. ".js" end
  for _, path in ipairs(paths) do
    local answer, why = truth.ask(t, path)
    if not answer then
      t.note(("%s was not answered: %s"):format(path, why))
    else
      throttle.check_answer(path:gsub("%?.*$", ""), answer.status, answer.headers, found)
    end
  end
end

return throttle
