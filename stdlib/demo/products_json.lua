--- Products as Shopify's JSON addresses show them: /products/<handle>.js (cents),
--- /products/<handle>.json and /products.json (decimal text). Used by demo/routes_catalog.lua.

local html = require "demo.html"
local json = require "json"

local products_json = {}

local function or_null(value)
  if value == nil then return json.null end
  return value
end

local function image_url(picture, base)
  return ("%s/cdn/shop/files/%s.png?v=1"):format(base, picture.name)
end

local function options(product)
  if #product.options == 0 then
    return { { name = "Title", position = 1, values = { "Default Title" } } }
  end
  local list = {}
  for i, option in ipairs(product.options) do
    list[i] = { name = option.name, position = i, values = { unpack(option.values) } }
  end
  return list
end

local function variant_options(product, variant)
  if #product.options == 0 then return "Default Title" end
  return variant.options[1], variant.options[2], variant.options[3]
end

local function ajax_variant(product, variant, base)
  local one, two, three = variant_options(product, variant)
  local picture = variant.image
  return {
    id = variant.id, title = variant.title, option1 = or_null(one), option2 = or_null(two),
    option3 = or_null(three),
    sku = variant.sku, requires_shipping = true, taxable = true, available = variant.available,
    name = #product.options > 0 and product.title .. " - " .. variant.title or product.title,
    public_title = #product.options > 0 and variant.title or json.null,
    options = { one, two, three },
    price = variant.price, weight = variant.weight,
    compare_at_price = or_null(variant.compare_at_price),
    inventory_management = "shopify", barcode = json.null,
    featured_image = { id = picture.id, product_id = product.id, position = picture.position,
      alt = picture.alt,
      width = picture.width, height = picture.height, src = image_url(picture, base) },
  }
end

local function range(product, field)
  local low, high
  for _, variant in ipairs(product.variants) do
    local value = variant[field]
    if value then
      low, high = math.min(low or value, value), math.max(high or value, value)
    end
  end
  return low, high
end

--- /products/<handle>.js
---@param product table
---@param base string  "https://shop.example"
---@return table
function products_json.ajax(product, base)
  local low, high = range(product, "price")
  local compare_low, compare_high = range(product, "compare_at_price")
  local out = {
    id = product.id, title = product.title, handle = product.handle, description = "<p>"
      .. product.text .. "</p>",
    published_at = product.created_at, created_at = product.created_at, vendor = product.vendor,
    type = product.type,
    tags = product.tags, price = low, price_min = low, price_max = high,
    available = product.available,
    price_varies = low ~= high, compare_at_price = or_null(compare_low),
    compare_at_price_min = compare_low or 0,
    compare_at_price_max = compare_high or 0, compare_at_price_varies = compare_low ~= compare_high,
    variants = {},
    images = {}, media = {}, featured_image = image_url(product.images[1], base),
    options = options(product),
    url = "/products/" .. product.handle, requires_selling_plan = false,
    selling_plan_groups = json.array {},
  }
  for i, variant in ipairs(product.variants) do
    out.variants[i] = ajax_variant(product, variant, base)
  end
  for i, picture in ipairs(product.images) do
    local src = image_url(picture, base)
    out.images[i] = src
    out.media[i] = { id = picture.id, alt = picture.alt, position = i, media_type = "image",
      aspect_ratio = 1,
      width = picture.width, height = picture.height, src = src,
      preview_image = { aspect_ratio = 1, width = picture.width, height = picture.height,
        src = src } }
  end
  return out
end

local function rest_variant(product, variant, with_availability)
  local one, two, three = variant_options(product, variant)
  local out = {
    id = variant.id, product_id = product.id, title = variant.title, option1 = or_null(one),
    option2 = or_null(two),
    option3 = or_null(three), sku = variant.sku, requires_shipping = true, taxable = true,
    position = variant.position,
    price = html.decimal(variant.price), grams = variant.weight, created_at = product.created_at,
    compare_at_price = variant.compare_at_price and html.decimal(variant.compare_at_price)
      or json.null,
    updated_at = product.created_at, featured_image = json.null,
  }
  if with_availability then out.available = variant.available end
  return out
end

--- A product of /products.json, or with its wrapper taken off, of /products/<handle>.json.
---@param product table
---@param base string
---@param with_availability boolean  /products.json tells it, /products/<handle>.json does not
---@return table
function products_json.rest(product, base, with_availability)
  local out = {
    id = product.id, title = product.title, handle = product.handle, body_html = "<p>"
      .. product.text .. "</p>",
    published_at = product.created_at, created_at = product.created_at,
    updated_at = product.created_at,
    vendor = product.vendor, product_type = product.type, tags = product.tags, variants = {},
    images = {},
    options = options(product),
  }
  for i, variant in ipairs(product.variants) do
    out.variants[i] = rest_variant(product, variant, with_availability)
  end
  for i, picture in ipairs(product.images) do
    out.images[i] = { id = picture.id, product_id = product.id, position = i,
      src = image_url(picture, base),
      width = picture.width, height = picture.height, created_at = product.created_at,
      updated_at = product.created_at,
      variant_ids = json.array {} }
    if not with_availability then out.images[i].alt = picture.alt end
  end
  return out
end

return products_json
