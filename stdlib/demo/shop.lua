--- The demo store without its server: a function from a request to a response, with carts, faults
--- and a password in between. Used by demo/store.lua; tests call it directly.
---
--- A request is { method, path (decoded), query = {name = value}, headers = {name = value}, body },
--- header names in lower case. Memory is bounded whatever is asked: carts (demo/carts.lua),
--- pictures (demo/images.lua), the order log.

local api = require "demo.api.serve"
local body = require "demo.body"
local carts = require "demo.carts"
local catalog = require "demo.catalog"
local crypto = require "crypto"
local extras = require "demo.pages.extras"
local fault = require "fault"
local faults = require "demo.faults"
local json = require "json"
local other = require "demo.pages.other"
local cart_pages = require "demo.pages.cart"
local pixels = require "demo.pixels"
local response = require "demo.response"

local codec = sys.codec

local shop = {}

---@class DemoShop
local Shop = {}
Shop.__index = Shop

local MAX_ORDERS = 100
local GZIP_FROM = 600 -- bytes; smaller answers gain nothing
local WRONG_PASSWORDS, WRONG_WINDOW_MS = 10, 60000

local THEME = { ["theme.js"] = true, ["theme.css"] = true, ["cart-drawer.js"] = true,
  ["privacy-banner.js"] = true, ["pixels.js"] = true, ["newsletter-popup.js"] = true }

local ROUTES = {}
for _, module in ipairs { "demo.routes_catalog", "demo.routes_cart", "demo.api.serve" } do
  for _, route in ipairs(require(module).list) do ROUTES[#ROUTES + 1] = route end
end

---@param options table?  { password = string?, faults = names?, now = fun(): ms?, drawer = boolean?
---(the cart opens as a drawer), banner = boolean? (visitors see a cookie banner), pixels =
---DemoPixels? (pages have marketing pixels, which these stand-ins take) }
---@return DemoShop
---@raise usage: an unknown fault
function shop.new(options)
  options = options or {}
  local self = setmetatable({
    password = options.password, now = options.now or function() return sys.clock.now() end,
    secret = crypto.random_bytes(32), on = {}, orders = {}, order_count = 0, wrong = {},
    assets = {}, options = { drawer = options.drawer, banner = options.banner,
      popup = options.popup },
    pixels = options.pixels,
  }, Shop)
  self.api = api.new(self.now)
  self.carts = carts.new(function(id) return self:find_variant(id) end)
  self:reload()
  for _, name in ipairs(options.faults or {}) do self:fault(name, true) end
  return self
end

-- The faults that are on, by name.
function Shop:active()
  local names = {}
  for name in pairs(self.on) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = faults[name] end
  return names
end

-- Calls a hook of every active fault.
local function each_hook(self, hook, call)
  for _, one in ipairs(self:active()) do
    if one[hook] then call(one[hook]) end
  end
end

-- The catalogue and assets as the active faults leave them.
function Shop:reload()
  self.products, self.variants, self.assets = catalog.products(), {}, {}
  each_hook(self, "catalog", function(hook) hook(self.products) end)
  for _, product in ipairs(self.products) do
    for _, variant in ipairs(product.variants) do
      self.variants[variant.id] = { variant, product }
    end
  end
end

function Shop:find_variant(id)
  local found = self.variants[id]
  if found then return found[1], found[2] end
end

--- Names of all faults, sorted.
function shop.fault_names()
  local names = {}
  for name in pairs(faults) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- Switches a fault.
---@param name string
---@param on boolean
---@raise usage: there is no such fault
function Shop:fault(name, on)
  if not faults[name] then
    fault.usage("store:fault(name, on)", ('there is no fault "%s"'):format(tostring(name)),
      "one of " .. table.concat(shop.fault_names(), ", "))
  end
  self.on[name] = on and true or nil
  self:reload()
end

--- The faults and whether they are on: { { name, about, on }, … }.
function Shop:list_faults()
  local list = {}
  for i, name in ipairs(shop.fault_names()) do
    list[i] = { name = name, about = faults[name].about, on = self.on[name] == true }
  end
  return list
end

--- The text of a script or style sheet, nil if the theme has none of that name.
---@param name string
---@return string?
function Shop:asset(name)
  if self.assets[name] then return self.assets[name] end
  local text = THEME[name] and sys.resource("demo/" .. name) or nil
  for _, one in ipairs(self:active()) do
    text = one.assets and one.assets[name] or text
    if one.asset and text then text = one.asset(text, name) end
  end
  self.assets[name] = text
  return text
end

--- Where a script or style sheet is; it changes with the text.
---@param name string
---@return string
function Shop:asset_url(name)
  return ("/cdn/shop/t/4/assets/%s?v=%08x"):format(name, codec.crc32(self:asset(name)))
end

function Shop:log_order(order)
  order.at = self.now()
  self.order_count = self.order_count + 1
  table.insert(self.orders, order)
  if #self.orders > MAX_ORDERS then table.remove(self.orders, 1) end
end

local function cookie(request, name)
  for pair in (request.headers.cookie or ""):gmatch("[^;]+") do
    local key, value = pair:match("^%s*([^=]+)=(.*)$")
    if key == name then return value end
  end
end

local function view_of(self, request)
  local cart = self.carts:find(cookie(request, "cart")) or self.carts:empty()
  local view = {
    shop = catalog.shop, base = "http://" .. (request.headers.host or catalog.shop.domain),
    path = request.path,
    products = self.products, collections = catalog.collections, cart = cart, carts = self.carts,
    item_count = self.carts:item_count(cart), find_variant = self.carts.find_variant,
    asset = function(name) return self:asset_url(name) end,
  }
  local banner = self.options.banner
  for _, one in ipairs(self:active()) do banner = banner or one.banner end
  extras.add(view, { drawer = self.options.drawer, banner = banner,
    popup = self.options.popup })
  return view
end

-- The password page -------------------------------------------------------------------------

local function session_of(self, nonce) return nonce .. "." .. crypto.hmac(self.secret, nonce) end

local function has_session(self, request)
  local value = cookie(request, "_shopify_essential") or ""
  local nonce = value:match("^(%x+)%.")
  return nonce ~= nil and crypto.equal(value, session_of(self, nonce))
end

-- Too many wrong passwords in the last minute?
local function rate_limited(self)
  local since = self.now() - WRONG_WINDOW_MS
  while self.wrong[1] and self.wrong[1] < since do table.remove(self.wrong, 1) end
  return #self.wrong >= WRONG_PASSWORDS
end

local function try_password(self, request)
  if rate_limited(self) then
    local out = response.text("Too many requests", 429)
    out.headers["retry-after"] = "60"
    return out
  end
  local form = body.parse(request) or {}
  if form.form_type == "storefront_password" and self.password
    and crypto.equal(tostring(form.password), self.password) then
    local out = response.redirect("/")
    return response.set_cookie(out, "_shopify_essential",
      session_of(self, crypto.hex(crypto.random_bytes(16))), nil, true)
  end
  table.insert(self.wrong, self.now())
  return response.html(other.password(view_of(self, request), true))
end

--- What the password page answers to a visitor who has not given the password; nil lets the request
--- through.
---@param request table
---@return DemoResponse?
function Shop:password_gate(request)
  for _, open in ipairs { "^/cdn/", "^/assets/", "^/admin/api/" } do
    if request.path:find(open) then return nil end
  end
  if request.path == "/password" and request.method == "POST" then
    return try_password(self, request)
  end
  if has_session(self, request) then
    return request.path == "/password" and response.redirect("/") or nil
  end
  if request.path == "/password" then
    return response.html(other.password(view_of(self, request), false))
  end
  return response.redirect("/password")
end

local CONTROLS = { ["/__fault"] = true, ["/__orders"] = true, ["/__pixels"] = true,
  ["/__demo.json"] = true }

-- Switches and logs of the demo itself -------------------------------------------------------

local function control(self, request)
  if request.path == "/__orders" then
    return response.json { count = self.order_count, orders = json.array(self.orders) }
  end
  if request.path == "/__pixels" then
    return response.json(self.pixels and self.pixels:log() or { count = 0, hits = json.array {} })
  elseif request.path == "/__demo.json" then
    return response.json { demo = true, pixels = self.pixels and self.pixels:describe() }
  end
  if request.method == "GET" then return response.json { faults = self:list_faults() } end
  local form = body.parse(request) or {}
  if not faults[form.name or ""] then
    return response.json({ error = ('there is no fault "%s"'):format(tostring(form.name)),
      faults = shop.fault_names() }, 404)
  end
  self:fault(form.name, form.on == true or form.on == "true" or form.on == "on" or form.on == "1")
  return response.json { name = form.name, on = self.on[form.name] == true }
end

-- One request -------------------------------------------------------------------------------

-- ?sections=a,b and ?section_id=a render pieces of a page.
local function sections(request, view)
  local single = request.query.section_id
  if single then
    local text = cart_pages.section(view, single)
    return text and response.html(text) or response.html("", 404)
  end
  local out, count = {}, 0
  for id in request.query.sections:gmatch("[^,]+") do
    count = count + 1
    if count <= 5 then out[id] = cart_pages.section(view, id) or json.null end
  end
  return response.json(out)
end

local function route(self, request, view)
  local method = request.method == "HEAD" and "GET" or request.method
  if method == "GET" and (request.query.sections or request.query.section_id) then
    return sections(request, view)
  end
  for _, one in ipairs(ROUTES) do
    if one[1] == method then
      local a, b = request.path:match(one[2])
      if a then
        local out = one[3](self, request, view, a, b)
        if out then return out end
      end
    end
  end
  return response.html(other.not_found(view), 404)
end

local function answer(self, request)
  for _, one in ipairs(self:active()) do
    local out = one.answer and one.answer(request, self)
    if out then return out end
  end
  local gated = self.password and self:password_gate(request)
  if gated then return gated end
  if request.path == "/password" then return response.redirect("/") end
  local of_pixels = self.pixels and pixels.answer(request)
  return of_pixels or route(self, request, view_of(self, request))
end

-- What a real shop adds to every answer.
local function finish(request, out)
  local headers = out.headers
  headers["powered-by"] = "Shopify"
  headers["x-shopid"] = tostring(catalog.shop.id)
  headers["x-request-id"] = crypto.uuid()
  headers["x-content-type-options"] = "nosniff"
  if headers["content-type"]:find("^text/html") then
    headers["content-language"] = "en-US"
    if not cookie(request, "localization") then
      response.set_cookie(out, "localization", "US", 31536000)
    end
    if not cookie(request, "cart_currency") then
      response.set_cookie(out, "cart_currency", catalog.shop.currency, 1209600)
    end
  end
  if headers.etag and request.headers["if-none-match"] == headers.etag then
    out.status, out.body = 304, ""
  end
  if not headers["content-type"]:find("^image/") then
    headers.vary = "Accept-Encoding"
    local accepted = request.headers["accept-encoding"] or ""
    if #out.body >= GZIP_FROM and accepted:find("gzip", 1, true) then
      out.body, headers["content-encoding"] = codec.gzip(out.body, 5), "gzip"
    end
  end
  return out
end

--- Answers a request.
---@param request table
---@return DemoResponse
function Shop:handle(request)

  if #request.path > 1 then request.path = request.path:gsub("/+$", "") end
  if request.path == "" then request.path = "/" end
  if CONTROLS[request.path] then
    return finish(request, control(self, request))
  end
  local out = answer(self, request)
  local active = self:active()
  if out.headers["content-type"]:find("^text/html") and out.body ~= "" then
    if self.pixels then
      out.body = pixels.into(out.body, active, self:asset_url("pixels.js"))
    end
    for _, one in ipairs(active) do
      if one.page then out.body = one.page(out.body, request) end
    end
  end
  for _, one in ipairs(active) do
    if one.response then one.response(out, request) end
  end
  return finish(request, out)
end

return shop
