--- What the Admin API says about a shop: its main theme, products without a picture or a price. For
--- skills that need "http" and "http:*.myshopify.com".

local admin = require "shop.admin"

local back_office = {}

local PAGE, PAGES_MAX, NAMED = 50, 20, 5

local SHOP = [[{ shop { name myshopifyDomain currencyCode plan { displayName } }
  themes(first: 5, roles: [MAIN]) { nodes { id name role processing processingFailed } } }]]

local PRODUCTS = [[query($first: Int!, $after: String) {
  products(first: $first, after: $after, query: "status:active") {
    pageInfo { hasNextPage endCursor }
    nodes { handle title featuredMedia { id } priceRangeV2 { maxVariantPrice { amount } } } } }]]

local function is_local(host) return host == "localhost" or host:find("^127%.") ~= nil end

--- Where the Admin API of the shop is: at its myshopify.com host, which its own pages tell.
---@param t table
---@param views table[]   of shop.look_around
---@param given string?   an option of the skill
---@return string? url
---@return string? why
function back_office.address(t, views, given)
  if given then return given end
  local parts = sys.codec.url_parse(t.store.url) or {}
  local host = (parts.host or ""):lower()
  if is_local(host) then return ("%s://%s:%s"):format(parts.scheme, host, parts.port or 80) end
  if host:find("%.myshopify%.com$") then return "https://" .. host end
  for _, view in ipairs(views) do
    local name = type(view.shop) == "string" and view.shop:lower() or ""
    if name:find("^[%w-]+%.myshopify%.com$") then return "https://" .. name end
  end
  return nil, "its pages do not tell the shop's myshopify.com address; set the option admin_url"
end

local function has_price(product)
  local range = type(product.priceRangeV2) == "table" and product.priceRangeV2.maxVariantPrice
  return type(range) == "table" and (tonumber(range.amount) or 0) > 0
end

local function named(list)
  local text = table.concat(list, ", ", 1, math.min(#list, NAMED))
  return #list > NAMED and ("%s and %d more"):format(text, #list - NAMED) or text
end

-- Every active product, a page at a time.
local function read_products(client, limit)
  local seen, no_image, no_price, after = 0, {}, {}, nil
  for _ = 1, PAGES_MAX do
    local data, why = client:query(PRODUCTS, { first = PAGE, after = after })
    if not data then return nil, why end
    for _, product in ipairs(data.products.nodes) do
      seen = seen + 1
      if type(product.featuredMedia) ~= "table" or not product.featuredMedia.id then
        no_image[#no_image + 1] = product.title
      end
      if not has_price(product) then no_price[#no_price + 1] = product.title end
    end
    after = data.products.pageInfo.endCursor
    if not data.products.pageInfo.hasNextPage then return seen, no_image, no_price, true end
    if seen >= limit then break end
  end
  return seen, no_image, no_price, false
end

local function check_theme(data, found)
  local theme = data.themes and data.themes.nodes[1]
  if not theme then
    return found.bad("no theme is published: the shop has no main theme",
      { hint = "publish a theme: Online Store → Themes" })
  end
  if theme.processingFailed == true then
    found.bad(("the main theme %s could not be processed by Shopify"):format(theme.name),
      { hint = "publish a copy of it, or the version before the last change" })
  elseif theme.processing == true then
    found.poor(("the main theme %s is still being processed by Shopify"):format(theme.name))
  end
  return theme.name
end

local function lacking(list, what)
  return ("%d active product%s no %s: %s"):format(#list, #list == 1 and " has" or "s have", what,
    named(list))
end

--- Asks the Admin API and reports what it finds.
---@param t table
---@param found table  shop.findings
---@param options { url: string, token: Secret|string, limit: integer? }
---@return table? facts  { shop, plan, theme, products, quota }; nil when nothing could be asked
function back_office.check(t, found, options)
  local client = admin.new(options)
  local data, why, code, partial = client:query(SHOP)
  if not data and code == "access-denied" and partial then
    t.note("the theme was not looked at: " .. why)
    data = partial
  end
  if not data then
    found.poor("the Admin API could not be asked: " .. why, { code = code })
    return nil
  end
  local shop = type(data.shop) == "table" and data.shop or {}
  local facts = { shop = shop.name, domain = shop.myshopifyDomain,
    plan = type(shop.plan) == "table" and shop.plan.displayName or nil }
  if type(data.themes) == "table" then facts.theme = check_theme(data, found) end
  local count, no_image, no_price, all = read_products(client, options.limit or 500)
  if not count then
    t.note("products were not looked at: " .. no_image)
  else
    if #no_image > 0 then found.poor(lacking(no_image, "picture")) end
    if #no_price > 0 then found.poor(lacking(no_price, "price")) end
    if not all then t.note(("only the first %d products were looked at"):format(count)) end
    facts.products = count
  end
  facts.quota = client:quota()
  t.measure("admin_api_points", client.spent)
  return facts
end

return back_office
