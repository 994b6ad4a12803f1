--- What the shop itself says about a product, asked without a browser: /products/<handle>.js, and
--- the Storefront API with a token. For skills that need "http".

local http = require "http"
local storefront = require "shop.storefront"

local truth = {}

local LIMIT = "15s"
local VERSION = "2026-07"

--- Asks the shop, with the session of its password if it has one. The jar is made once a run.
---@param t table
---@param path string
---@param options table?  http options
---@return table? response
---@return string? message
---@return string? code
function truth.ask(t, path, options)
  local all = { timeout = LIMIT, url = sys.codec.url_join(t.store.url .. "/", path),
    jar = truth.session(t) }
  for name, value in pairs(options or {}) do all[name] = value end
  return http.request(all)
end

local jars = setmetatable({}, { __mode = "k" })

--- The cookie jar of a run; one that has given the password, if there is one.
---@param t table
---@return http.Jar?
function truth.session(t)
  if jars[t] then return jars[t] end
  local jar = http.jar()
  jars[t] = jar
  if t.store.password then
    http.post(sys.codec.url_join(t.store.url .. "/", "/password"), { jar = jar, timeout = LIMIT,
      form = { form_type = "storefront_password", utf8 = "✓",
      password = require("run.secret").reveal(t.store.password) } })
  end
  return jar
end

--- The product of a page's address as /products/<handle>.js tells it.
---@param t table
---@param url string  of a product page
---@return table? product  { title, available, variants = { { id, price (cents), available } } }
---@return string? why
function truth.product(t, url)
  local handle = url:match("/products/([^/?#]+)")
  if not handle then return nil, "it is no product page" end
  local answer, why = truth.ask(t, "/products/" .. handle .. ".js")
  if not answer then return nil, why end
  if not answer.ok then return nil, ("/products/%s.js answered %d"):format(handle,
    answer.status) end
  local product = answer:json()
  if type(product) ~= "table" or type(product.variants) ~= "table" or #product.variants == 0 then
    return nil, ("/products/%s.js is no product"):format(handle)
  end
  return product
end

local QUERY = [[query($handle: String!) { product(handle: $handle) { title availableForSale
  variants(first: 100) { nodes { id availableForSale price { amount currencyCode } } } } }]]

--- The same product by the Storefront API.
---@param t table
---@param handle string
---@param token Secret|string
---@return table? product  { title, available, variants = { { id, price (cents), available } } }
---@return string? why
---@return http.Response? answer
function truth.storefront_product(t, handle, token)
  local answer, why = truth.ask(t, ("/api/%s/graphql.json"):format(VERSION), { method = "POST",
    headers = { ["X-Shopify-Storefront-Access-Token"] = token },
    json = { query = QUERY, variables = { handle = handle } } })
  if not answer then return nil, why end
  local body = answer.ok and answer:json()
  if type(body) ~= "table" then
    return nil, ("the Storefront API answered %d"):format(answer.status), answer
  end
  local first = type(body.errors) == "table" and body.errors[1]
  if first then return nil, "the Storefront API says: " .. tostring(first.message), answer end
  local one = type(body.data) == "table" and body.data.product
  if type(one) ~= "table" or not one.variants then return nil, "it does not know " .. handle,
    answer end
  local out = { title = one.title, available = one.availableForSale, variants = {} }
  for i, variant in ipairs(one.variants.nodes) do
    out.variants[i] = { id = tonumber(tostring(variant.id):match("(%d+)$")),
      available = variant.availableForSale,
      price = math.floor(tonumber(variant.price.amount) * 100 + 0.5) }
  end
  return out, nil, answer
end

--- Words for an amount of the shop.
truth.money = storefront.money

return truth
