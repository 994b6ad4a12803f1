--- The demo store's APIs for apps: Admin GraphQL and REST, Storefront GraphQL, with Shopify's
--- limits, costs and error shapes. Used by demo/shop.lua. The access tokens are public: the store
--- lives on this machine and ends with the program.

local bucket = require "demo.api.bucket"
local catalog = require "demo.catalog"
local json = require "json"
local products_json = require "demo.products_json"
local response = require "demo.response"
local run = require "demo.api.run"
local schema = require "demo.api.schema"

local serve = {}

-- Token → what it may read. The second one is an app that was not granted much.
serve.tokens = {
  shpat_demo = { read_products = true, read_themes = true },
  shpat_demo_products = { read_products = true },
}
serve.storefront_token = "shpsf_demo"

local VERSIONS = { ["2025-10"] = true, ["2026-01"] = true, ["2026-04"] = true, ["2026-07"] = true }
local MAX_COST, POINTS, POINTS_PER_S = 1000, 2000, 100
local CALLS, CALLS_PER_S = 40, 2
local BUCKETS_MAX = 50

local function theme(id, name, role)
  return { id = ("gid://shopify/OnlineStoreTheme/%d"):format(id), name = name, role = role,
    processing = false, processingFailed = false, createdAt = "2024-08-30T10:00:00Z",
    updatedAt = "2024-10-12T07:21:00Z" }
end

local function webhook(id, topic, uri)
  return { id = ("gid://shopify/WebhookSubscription/%d"):format(id), topic = topic, uri = uri,
    format = "JSON", filter = "", includeFields = json.array {}, createdAt = "2024-09-02T09:00:00Z",
    updatedAt = "2024-09-02T09:00:00Z" }
end

--- What an API of a fresh shop begins with.
---@param now fun(): number  milliseconds
---@return table
function serve.new(now)
  local target = "https://app.alpenglow-outfitters.example/webhooks"
  return { now = now, buckets = {}, count = 0,
    themes = { theme(139012341, "Alpenglow", "MAIN"), theme(139012399, "Spring draft",
      "UNPUBLISHED") },
    webhooks = { webhook(1401, "ORDERS_CREATE", target), webhook(1402, "PRODUCTS_UPDATE", target),
      webhook(1403, "INVENTORY_LEVELS_UPDATE", target), webhook(1404, "APP_UNINSTALLED", target) },
  }
end

local function bucket_of(api, key, maximum, rate)
  if not api.buckets[key] then
    if api.count >= BUCKETS_MAX then api.buckets, api.count = {}, 0 end
    api.buckets[key], api.count = bucket.new(maximum, rate, api.now), api.count + 1
  end
  return api.buckets[key]
end

local function context_of(shop, view, scopes)
  return { shop = catalog.shop, base = view.base, products = shop.products, scopes = scopes,
    themes = shop.api.themes, webhooks = shop.api.webhooks }
end

local function read_request(request)
  local value = json.decode(request.body or "")
  if type(value) ~= "table" or type(value.query) ~= "string" then return nil end
  if type(value.variables) ~= "table" then value.variables = nil end
  if type(value.operationName) ~= "string" then value.operationName = nil end
  return value
end

local function extensions(requested, actual, points)
  return { cost = { requestedQueryCost = requested, actualQueryCost = actual or json.null,
    throttleStatus = { maximumAvailable = POINTS, currentlyAvailable = points:available(),
    restoreRate = POINTS_PER_S } } }
end

local DOCUMENTATION = "https://shopify.dev/api/usage/limits"

-- Raised inside of a resolver: a GraphQL error of its own.
local function answer_of(prepared)
  local ok, data, errors, actual = pcall(prepared.answer)
  if ok then return data, errors, actual end
  if type(data) == "table" and data.graphql then return nil, { data.graphql }, 0 end
  error(data, 0)
end

local function graphql(definition, asked, context, points)
  local prepared, problem = run.prepare(definition, asked, context)
  if not prepared then return { errors = { problem } } end
  local cost = prepared.cost
  if cost > MAX_COST then
    return { errors = { { message = ("Query cost is %d, which exceeds the single query max cost "
      .. "limit (%d)."):format(cost, MAX_COST), extensions = { code = "MAX_COST_EXCEEDED",
      cost = cost, maxCost = MAX_COST, documentation = DOCUMENTATION } } } }
  end
  if points and not points:take(cost) then
    return { errors = { { message = "Throttled", extensions = { code = "THROTTLED",
      documentation = DOCUMENTATION } } }, extensions = extensions(cost, nil, points) }
  end
  local data, errors, actual = answer_of(prepared)
  if points then points:give_back(cost - actual) end
  return { data = data, errors = #errors > 0 and errors or nil,
    extensions = points and extensions(cost, actual, points) or nil }
end

local function unauthorized()
  return response.json({ errors = "[API] Invalid API key or access token (unrecognized login or "
    .. "wrong password)" }, 401)
end

local function admin_token(request)
  local token = request.headers["x-shopify-access-token"] or ""
  return serve.tokens[token], token
end

local function admin(shop, request, view, version)
  if not VERSIONS[version] then return nil end
  local scopes, token = admin_token(request)
  if not scopes then return unauthorized() end
  local asked = read_request(request)
  if not asked then return response.json({ errors =
    "Required parameter missing or invalid: query" }, 400) end
  local points = bucket_of(shop.api, "graphql " .. token, POINTS, POINTS_PER_S)
  return response.json(graphql(schema.admin, asked, context_of(shop, view, scopes), points))
end

local function storefront(shop, request, view, version)
  if not VERSIONS[version] then return nil end
  local token = request.headers["x-shopify-storefront-access-token"]
  if token and token ~= serve.storefront_token then
    return response.json({ errors = { { message = "", extensions = { code = "UNAUTHORIZED" } } } },
      401)
  end
  local asked = read_request(request)
  if not asked then return response.json({ errors =
    "Required parameter missing or invalid: query" }, 400) end
  return response.json(graphql(schema.storefront, asked, context_of(shop, view, {})))
end

-- One REST call: counted, refused when there were too many, and told in a header.
local function rest(read)
  return function(shop, request, view, version, id)
    local scopes, token = admin_token(request)
    if not VERSIONS[version] then return nil end
    if not scopes then return unauthorized() end
    local calls = bucket_of(shop.api, "rest " .. token, CALLS, CALLS_PER_S)
    local out
    if calls:take(1) then
      out = read(shop, request, view, id)
    else
      out = response.json({ errors = ("Exceeded %d calls per second for api client. Reduce request "
        .. "rates to resume uninterrupted service."):format(CALLS_PER_S) }, 429)
      out.headers["retry-after"] = "2.0"
    end
    if out then
      out.headers["x-shopify-shop-api-call-limit"] = ("%d/%d"):format(CALLS - calls:available(),
        CALLS)
    end
    return out
  end
end

local function rest_products(shop, request, view)
  local limit = math.min(math.max(tonumber(request.query.limit) or 50, 1), 250)
  local since, list = tonumber(request.query.since_id) or 0, json.array {}
  for _, product in ipairs(shop.products) do
    if product.id > since and #list < limit then
      local one = products_json.rest(product, view.base, true)
      one.status = "active"
      list[#list + 1] = one
    end
  end
  return response.json { products = list }
end

local function rest_count(shop) return response.json { count = #shop.products } end

local function rest_shop()
  local it = catalog.shop
  return response.json { shop = { id = it.id, name = it.name, email = it.email, domain = it.domain,
    myshopify_domain = it.domain, currency = it.currency, plan_name = "basic" } }
end

local function rest_webhooks(shop)
  local list = json.array {}
  for i, one in ipairs(shop.api.webhooks) do
    list[i] = { id = tonumber(one.id:match("%d+$")), address = one.uri, format = "json",
      topic = one.topic:lower():gsub("_(%a+)$", "/%1"), created_at = one.createdAt,
      updated_at = one.updatedAt, api_version = "2026-07" }
  end
  return response.json { webhooks = list }
end

--- { method, pattern, handler }, tried in order.
serve.list = {
  { "POST", "^/admin/api/([%d-]+)/graphql%.json$", admin },
  { "POST", "^/api/([%d-]+)/graphql%.json$", storefront },
  { "GET", "^/admin/api/([%d-]+)/products%.json$", rest(rest_products) },
  { "GET", "^/admin/api/([%d-]+)/products/count%.json$", rest(rest_count) },
  { "GET", "^/admin/api/([%d-]+)/shop%.json$", rest(rest_shop) },
  { "GET", "^/admin/api/([%d-]+)/webhooks%.json$", rest(rest_webhooks) },
}

return serve
