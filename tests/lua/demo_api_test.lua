-- The demo store's APIs for apps: what they answer, what it costs, and how they refuse.

local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/lua/demo_visitor.lua",
  "tests/lua/demo_visitor.lua"))()
local shop_module = require "demo.shop"

local shop, me, now

before_each(function()
  now = 0
  shop = shop_module.new { now = function() return now end }
  me = lib.visitor(shop)
end)

local function post(path, query, variables, headers)
  headers["content-type"] = "application/json"
  local out = me.request("POST", path, { headers = headers,
    body = json.encode { query = query, variables = variables } })
  return me.json(out), out
end

local function admin(query, variables, token)
  return post("/admin/api/2026-07/graphql.json", query, variables,
    { ["x-shopify-access-token"] = token or "shpat_demo" })
end

describe("Admin GraphQL", function()
  it("answers with data, aliases, variables, fragments and pages", function()
    local got = admin([[query Q($n: Int = 5, $after: String) {
      it: shop { name myshopifyDomain __typename }
      products(first: $n, after: $after) { pageInfo { hasNextPage endCursor }
        edges { cursor node { ...P variants(first: 2) { nodes { price sku } } } } } }
      fragment P on Product { handle title @skip(if: true) }]], { n = 2 })
    expect(got.data.it):same { name = "Alpenglow Outfitters",
      myshopifyDomain = "alpenglow-outfitters.myshopify.com", __typename = "Shop" }
    expect(#got.data.products.edges):is(2)
    local first = got.data.products.edges[1].node
    expect(first.handle):is("alpenglow-snowboard")
    expect(first.title):is(nil)
    expect(first.variants.nodes[1].price):is("489.95")
    local more = admin("query($n: Int, $after: String) { products(first: $n, after: $after) "
      .. "{ nodes { handle } pageInfo { hasNextPage hasPreviousPage } } }",
      { n = 50, after = got.data.products.pageInfo.endCursor })
    expect(more.data.products.nodes[1].handle):is("whiteout-goggles")
    expect(more.data.products.pageInfo):same { hasNextPage = false, hasPreviousPage = true }
  end)

  -- Requested costs that Shopify's own API answered for queries of the same shape.
  for query, cost in pairs {
    ["{ shop { name } }"] = 1,
    ["{ products(first: 10) { nodes { id } } }"] = 6,
    ["{ products(first: 250) { edges { cursor node { id title } } pageInfo { hasNextPage } } }"] =
      13,
    ["{ products(first: 5) { nodes { id variants(first: 3) { nodes { id } } } } }"] = 17,
    ["{ shop { plan { displayName } } }"] = 1,
    ["{ products(first: 1) { nodes { priceRangeV2 { minVariantPrice { amount } } } } }"] = 4,
  } do
    it("asks its price for " .. query, function()
      expect(admin(query).extensions.cost.requestedQueryCost):is(cost)
    end)
  end

  it("gives back what a query did not use, and fills up with time", function()
    local cost = admin("{ products(first: 250) { nodes { id } } }").extensions.cost
    expect(cost.requestedQueryCost):is(13)
    expect(cost.actualQueryCost):is(6) -- twelve products
    expect(cost.throttleStatus):same { maximumAvailable = 2000, currentlyAvailable = 1994,
      restoreRate = 100 }
    now = now + 50
    expect(admin("{ shop { name } }").extensions.cost.throttleStatus.currentlyAvailable):is(1998)
  end)

  it("throttles without data when the bucket is too empty", function()
    local dear = "{ products(first: 250) { nodes { variants(first: 250) { nodes { id "
      .. "product { id variants(first: 2) { nodes { id } } } } } } } }"
    local got
    for _ = 1, 200 do
      got = admin(dear)
      if got.errors then break end
    end
    expect(got.errors[1].message):is("Throttled")
    expect(got.errors[1].extensions.code):is("THROTTLED")
    expect(got.data):is(nil)
    expect(got.extensions.cost.actualQueryCost):is(json.null)
    local cost = got.extensions.cost
    now = now + (cost.requestedQueryCost - cost.throttleStatus.currentlyAvailable) * 10
    expect(admin(dear).errors):is(nil)
  end)

  it("refuses what is too dear for any bucket", function()
    local got = admin("{ products(first: 250) { nodes { variants(first: 250) { nodes { product { "
      .. "variants(first: 250) { nodes { id } } } } } } } }")
    expect(got.errors[1].extensions.code):is("MAX_COST_EXCEEDED")
    expect(got.errors[1].message):matches("^Query cost is %d+, which exceeds the single query max")
  end)

  it("tells of unknown tokens, missing scopes, unknown fields and broken queries", function()
    local got, out = admin("{ shop { name } }", nil, "nope")
    expect(out.status):is(401)
    expect(got.errors):matches("Invalid API key or access token")
    got = admin("{ shop { name } themes(first: 1) { nodes { id } } }", nil, "shpat_demo_products")
    expect(got.errors[1].extensions.code):is("ACCESS_DENIED")
    expect(got.data.themes):is(json.null)
    expect(got.data.shop.name):is("Alpenglow Outfitters")
    got = admin("{ shop { nam } }")
    expect(got.errors[1].extensions.code):is("undefinedField")
    expect(admin("{ shop { name }").errors[1].message):matches("^Parse error on end of document")
    expect(admin("{ shop }").errors[1].message):matches("must have selections")
    expect(admin("{ products { nodes { id } } }").errors[1].message):matches("one of first or last")
    expect(admin("mutation { x }").errors[1].message):matches("no mutations")
  end)

  it("lists themes and webhook subscriptions", function()
    local got = admin("{ themes(first: 5, roles: [MAIN]) { nodes { name role } } "
      .. "webhookSubscriptions(first: 9) { nodes { topic uri apiVersion { handle } } } }")
    expect(got.data.themes.nodes):same { { name = "Alpenglow", role = "MAIN" } }
    expect(#got.data.webhookSubscriptions.nodes):is(4)
  end)
end)

describe("Admin REST", function()
  local function get(path)
    return me.get("/admin/api/2026-07" .. path, { ["x-shopify-access-token"] = "shpat_demo" })
  end

  it("counts calls in a header and refuses the forty-first", function()
    local out = get "/products.json?limit=3"
    expect(#me.json(out).products):is(3)
    expect(out.headers["x-shopify-shop-api-call-limit"]):is("1/40")
    for _ = 2, 40 do out = get "/products/count.json" end
    expect(out.headers["x-shopify-shop-api-call-limit"]):is("40/40")
    out = get "/shop.json"
    expect(out.status):is(429)
    expect(out.headers["retry-after"]):is("2.0")
    expect(me.json(out).errors):matches("Exceeded 2 calls per second")
    now = now + 1000
    expect(get("/webhooks.json").status):is(200)
    expect(me.get("/admin/api/2026-07/shop.json").status):is(401)
  end)
end)

describe("Storefront GraphQL", function()
  it("shows buyers prices, with a token or without, and refuses a wrong one", function()
    local query = [[{ product(handle: "summit-mug") { title availableForSale variants(first: 1) {
      nodes { price { amount currencyCode } } } } }]]
    local path = "/api/2026-07/graphql.json"
    local got = post(path, query, nil, { ["x-shopify-storefront-access-token"] = "shpsf_demo" })
    expect(got.data.product.variants.nodes[1].price):same { amount = "19.00", currencyCode = "USD" }
    expect(post(path, query, nil, {}).data.product.availableForSale):is(true)
    local _, out = post(path, query, nil, { ["x-shopify-storefront-access-token"] = "x" })
    expect(out.status):is(401)
    expect(post(path, '{ product(handle: "no") { id } }', nil, {}).data.product):is(json.null)
  end)
end)
