--- What the demo store's GraphQL APIs know: types and where their fields come from. The parents are
--- products and variants of demo/catalog.lua. Used by demo/api/serve.lua. Amounts of the catalogue
--- are in cents.

local html = require "demo.html"

local schema = {}

local SCALAR = { kind = "scalar" }

local function scalar(get) return { kind = "scalar", get = get } end
local function object(of, get, more)
  local out = { kind = "object", of = of, get = get }
  for key, value in pairs(more or {}) do out[key] = value end
  return out
end
local function connection(of, get, scope)
  return { kind = "connection", of = of, get = get, scope = scope }
end

local function gid(kind, id) return ("gid://shopify/%s/%.0f"):format(kind, id) end
local function money(cents, context)
  return { amount = html.decimal(cents), currencyCode = context.shop.currency }
end

local MONEY = { amount = SCALAR, currencyCode = SCALAR }
local COUNT = { count = SCALAR, precision = scalar(function() return "EXACT" end) }

local function range(product)
  local low, high = math.huge, 0
  for _, variant in ipairs(product.variants) do
    low, high = math.min(low, variant.price), math.max(high, variant.price)
  end
  return { low = low, high = high }
end
local RANGE = {
  minVariantPrice = object("MoneyV2", function(r, _, context) return money(r.low, context) end,
    { free = true }),
  maxVariantPrice = object("MoneyV2", function(r, _, context) return money(r.high, context) end,
    { free = true }),
}

local function stock_of(product)
  local total = 0
  for _, variant in ipairs(product.variants) do total = total + variant.stock end
  return total
end

local function picture(image, context)
  return image and { id = gid("MediaImage", image.id), altText = image.alt, alt = image.alt,
    url = ("%s/cdn/shop/files/%s.png?v=1"):format(context.base, image.name) }
end
local IMAGE = { id = SCALAR, url = SCALAR, altText = SCALAR }
local MEDIA = { id = SCALAR, alt = SCALAR }

-- `query:` of products and productVariants knows status:, title: and handle:.
local function matching(list, query)
  if type(query) ~= "string" then return list end
  local out = {}
  for _, product in ipairs(list) do
    local fits = true
    for key, wanted in query:lower():gmatch("(%w+):'?\"?([%w_-]+)") do
      local value = key == "status" and "active" or tostring(product[key] or ""):lower()
      fits = fits and value:find(wanted, 1, true) ~= nil
    end
    if fits then out[#out + 1] = product end
  end
  return out
end

local function products(_, values, context) return matching(context.products, values.query) end

local function all_variants(_, values, context)
  local out = {}
  for _, product in ipairs(matching(context.products, values.query)) do
    for _, variant in ipairs(product.variants) do
      out[#out + 1] = setmetatable({ product = product }, { __index = variant })
    end
  end
  return out
end

local function by_id(_, values, context)
  for _, product in ipairs(context.products) do
    if gid("Product", product.id) == values.id or product.handle == values.handle then
      return product
    end
  end
end

local function themes(_, values, context)
  local out = {}
  for _, theme in ipairs(context.themes) do
    local fits = not values.roles
    for _, role in ipairs(values.roles or {}) do fits = fits or role == theme.role end
    if fits then out[#out + 1] = theme end
  end
  return out
end

local PRODUCT = {
  id = scalar(function(p) return gid("Product", p.id) end), title = SCALAR, handle = SCALAR,
  vendor = SCALAR, description = scalar(function(p) return p.text end),
  createdAt = scalar(function(p) return p.created_at end),
  updatedAt = scalar(function(p) return p.updated_at or p.created_at end),
}
local VARIANT = { title = SCALAR, sku = SCALAR, position = SCALAR,
  id = scalar(function(v) return gid("ProductVariant", v.id) end) }

local function extend(base, more)
  local out = {}
  for _, fields in ipairs { base, more } do
    for name, definition in pairs(fields) do out[name] = definition end
  end
  return out
end

local function optional_price(variant)
  return variant.compare_at_price and html.decimal(variant.compare_at_price)
end

--- The Admin API.
schema.admin = { root = "QueryRoot", types = {
  QueryRoot = {
    shop = object("Shop", function(_, _, context) return context.shop end),
    themes = connection("OnlineStoreTheme", themes, "read_themes"),
    products = connection("Product", products, "read_products"),
    productsCount = object("Count", function(_, _,
      context) return { count = #context.products } end,
      { scope = "read_products" }),
    product = object("Product", by_id, { scope = "read_products" }),
    productVariants = connection("ProductVariant", all_variants, "read_products"),
    webhookSubscriptions = connection("WebhookSubscription",
      function(_, _, context) return context.webhooks end),
  },
  Shop = {
    id = scalar(function(s) return gid("Shop", s.id) end), name = SCALAR, email = SCALAR,
    myshopifyDomain = scalar(function(s) return s.domain end),
    currencyCode = scalar(function(s) return s.currency end),
    plan = object("ShopPlan", function() return { displayName = "Basic",
      partnerDevelopment = false } end,
      { free = true }),
  },
  ShopPlan = { displayName = SCALAR, partnerDevelopment = SCALAR },
  OnlineStoreTheme = { id = SCALAR, name = SCALAR, role = SCALAR, processing = SCALAR,
    processingFailed = SCALAR, createdAt = SCALAR, updatedAt = SCALAR },
  Product = extend(PRODUCT, {
    status = scalar(function() return "ACTIVE" end), tags = SCALAR,
    productType = scalar(function(p) return p.type end), totalInventory = scalar(stock_of),
    featuredMedia = object("Media", function(p, _, context) return picture(p.images[1],
      context) end),
    priceRangeV2 = object("ProductPriceRangeV2", range),
    variants = connection("ProductVariant", function(p) return p.variants end),
    variantsCount = object("Count", function(p) return { count = #p.variants } end),
  }),
  ProductPriceRangeV2 = RANGE, MoneyV2 = MONEY, Media = MEDIA, Count = COUNT,
  ProductVariant = extend(VARIANT, {
    price = scalar(function(v) return html.decimal(v.price) end),
    compareAtPrice = scalar(optional_price),
    inventoryQuantity = scalar(function(v) return v.stock end),
    availableForSale = scalar(function(v) return v.available end),
    product = object("Product", function(v) return v.product end),
  }),
  WebhookSubscription = { id = SCALAR, topic = SCALAR, uri = SCALAR, format = SCALAR,
    filter = SCALAR,
    includeFields = SCALAR, createdAt = SCALAR, updatedAt = SCALAR,
    apiVersion = object("ApiVersion", function() return { handle = "2026-07",
      supported = true } end) },
  ApiVersion = { handle = SCALAR, supported = SCALAR },
} }

--- The Storefront API: what buyers may see.
schema.storefront = { root = "QueryRoot", types = {
  QueryRoot = {
    shop = object("Shop", function(_, _, context) return context.shop end),
    products = connection("Product", products), product = object("Product", by_id),
    productByHandle = object("Product", by_id),
  },
  Shop = { name = SCALAR, id = scalar(function(s) return gid("Shop", s.id) end) },
  Product = extend(PRODUCT, {
    availableForSale = scalar(function(p) return p.available end),
    featuredImage = object("Image", function(p, _, context) return picture(p.images[1],
      context) end),
    priceRange = object("ProductPriceRange", range),
    variants = connection("ProductVariant", function(p) return p.variants end),
  }),
  ProductPriceRange = RANGE, MoneyV2 = MONEY, Image = IMAGE,
  ProductVariant = extend(VARIANT, {
    availableForSale = scalar(function(v) return v.available end),
    price = object("MoneyV2", function(v, _, context) return money(v.price, context) end,
      { free = true }),
  }),
} }

return schema
