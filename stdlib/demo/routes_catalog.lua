--- Addresses that show the catalogue: home, collections, products, search, their JSON, texts,
--- pictures and assets. Used by demo/shop.lua. A handler gets (shop, request, view, captures…) and
--- returns a response, or nil for "not found".

local codec = sys.codec
local images = require "demo.images"
local json = require "json"
local other = require "demo.pages.other"
local products_json = require "demo.products_json"
local response = require "demo.response"

local home = require "demo.pages.home"
local collection_pages = require "demo.pages.collection"
local product_page = require "demo.pages.product"

local routes = {}

local function find_by(list, field, value)
  for _, item in ipairs(list) do
    if item[field] == value then return item end
  end
end

local function products_of(view, collection)
  local list = {}
  for _, product in ipairs(view.products) do
    local fits = (not collection.type or product.type == collection.type)
      and (not collection.tag or table.concat(product.tags, ","):find(collection.tag, 1, true))
    if fits then list[#list + 1] = product end
  end
  return list
end

local function show_home(_, _, view) return response.html(home(view)) end

local function show_collection(_, _, view, handle)
  local collection = find_by(view.collections, "handle", handle)
  return collection and response.html(collection_pages.collection(view, collection,
    products_of(view, collection)))
end

local function show_product(_, request, view, handle)
  local product = find_by(view.products, "handle", handle)
  if not product then return nil end
  local chosen = find_by(product.variants, "id", tonumber(request.query.variant))
    or find_by(product.variants, "available", true) or product.variants[1]
  return response.html(product_page(view, product, chosen))
end

local function search(_, request, view)
  local terms, found = (request.query.q or ""):sub(1, 100), {}
  for _, product in ipairs(view.products) do
    local text = (product.title .. " " .. product.type .. " " .. product.vendor):lower()
    local fits = terms:find("%S") ~= nil
    for word in terms:lower():gmatch("%S+") do fits = fits and text:find(word, 1, true) ~= nil end
    if fits then found[#found + 1] = product end
  end
  return response.html(collection_pages.search(view, terms, found))
end

local function ajax_product(_, _, view, handle)
  local product = find_by(view.products, "handle", handle)
  return product and response.javascript(products_json.ajax(product, view.base))
end

local function rest_product(_, _, view, handle)
  local product = find_by(view.products, "handle", handle)
  return product and response.json { product = products_json.rest(product, view.base, false) }
end

local function page_of(request, products, base)
  local limit = math.min(math.max(tonumber(request.query.limit) or 30, 1), 250)
  local page = math.max(tonumber(request.query.page) or 1, 1)
  local list = json.array {}
  for i = (page - 1) * limit + 1, math.min(page * limit, #products) do
    list[#list + 1] = products_json.rest(products[i], base, true)
  end
  return response.json { products = list }
end

local function all_products(_, request, view) return page_of(request, view.products, view.base) end

local function collection_products(_, request, view, handle)
  local collection = find_by(view.collections, "handle", handle)
  return collection and page_of(request, products_of(view, collection), view.base)
end

local function text_page(_, request, view)
  local text = other.text(view, request.path)
  return text and response.html(text)
end

local function picture(_, request, _, name)
  local file = images.file(name, tonumber(request.query.width))
  return file and response.static("image/png", file, ('"%08x-%d"'):format(codec.crc32(file), #file))
end

local TYPES = { css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8" }

local function asset(shop, _, _, name)
  local text = shop:asset(name)
  return text and response.static(TYPES[name:match("%a+$")], text,
    ('"%08x"'):format(codec.crc32(text)))
end

local function robots(_, _, view)
  return response.text(("User-agent: *\nDisallow: /cart\nDisallow: /checkout\n"
    .. "Disallow: /checkouts/\nSitemap: %s/sitemap.xml\n"):format(view.base))
end

local function sitemap(_, _, view)
  local out = { '<?xml version="1.0" encoding="UTF-8"?>\n'
    .. '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n' }
  local function add(path)
    out[#out + 1] = ("<url><loc>%s%s</loc></url>\n"):format(view.base, path)
  end
  add("/")
  for _, collection in ipairs(view.collections) do add("/collections/" .. collection.handle) end
  for _, product in ipairs(view.products) do add("/products/" .. product.handle) end
  for _, path in ipairs(other.text_paths()) do add(path) end
  out[#out + 1] = "</urlset>\n"
  return response.new(200, "application/xml; charset=utf-8", table.concat(out), "no-cache")
end

--- { method, pattern, handler }, tried in order.
routes.list = {
  { "GET", "^/$", show_home },
  { "GET", "^/collections$",
    function(_, _, view) return response.html(collection_pages.list(view)) end },
  { "GET", "^/collections/([%w-]+)/products%.json$", collection_products },
  { "GET", "^/collections/[%w-]+/products/([%w-]+)$", show_product },
  { "GET", "^/collections/([%w-]+)$", show_collection },
  { "GET", "^/products/([%w-]+)%.js$", ajax_product },
  { "GET", "^/products/([%w-]+)%.json$", rest_product },
  { "GET", "^/products/([%w-]+)$", show_product },
  { "GET", "^/products%.json$", all_products },
  { "GET", "^/search$", search },
  { "GET", "^/pages/", text_page },
  { "GET", "^/policies/", text_page },
  { "GET", "^/cdn/shop/files/([%w-]+)%.png$", picture },
  { "GET", "^/cdn/shop/t/4/assets/([%w.-]+)$", asset },
  { "GET", "^/assets/([%w.-]+)$", asset },
  { "GET", "^/robots%.txt$", robots },
  { "GET", "^/sitemap%.xml$", sitemap },
}

return routes
