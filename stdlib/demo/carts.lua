--- The carts of the demo store: what is in them and how Shopify's Ajax API shows them. Held in
--- memory, at most a fixed number: the one that was used longest ago makes room. Used by
--- demo/shop.lua.

local crypto = require "crypto"
local json = require "json"

local carts = {}

local MAX_CARTS, MAX_LINES, MAX_QUANTITY = 500, 50, 9999

---@class DemoCarts
local Carts = {}
Carts.__index = Carts

---@param find_variant fun(id: number): table?, table?  the variant and its product
---@return DemoCarts
function carts.new(find_variant)
  return setmetatable({ by_token = {}, count = 0, uses = 0, find_variant = find_variant }, Carts)
end

local function touch(self, cart)
  self.uses = self.uses + 1
  cart.used = self.uses
  return cart
end

local function make_room(self)
  local oldest
  for _, cart in pairs(self.by_token) do
    if not oldest or cart.used < oldest.used then oldest = cart end
  end
  self.by_token[oldest.token] = nil
  self.count = self.count - 1
end

--- The cart of a token, nil if there is none (any more).
---@param token string?
function Carts:find(token)
  local cart = token and self.by_token[token]
  return cart and touch(self, cart)
end

--- A new, empty cart that is kept.
function Carts:create()
  if self.count >= MAX_CARTS then make_room(self) end
  local token = "hWN" .. crypto.base64(crypto.random_bytes(15)):gsub("[+/]", "A")
    .. crypto.hex(crypto.random_bytes(3))
  local cart = { token = token, lines = {}, note = nil, attributes = {} }
  self.by_token[token] = cart
  self.count = self.count + 1
  return touch(self, cart)
end

--- An empty cart that is not kept, to show.
function Carts:empty() return { token = "", lines = {}, attributes = {} } end

local function refuse(status, description)
  return nil, { status = status, message = "Cart Error", description = description }
end

local function line_key(variant_id, properties)
  return ("%d:%s"):format(variant_id, crypto.sha256(json.encode(properties)):sub(1, 32))
end

local function quantity_in(cart, variant_id)
  local total = 0
  for _, line in ipairs(cart.lines) do
    if line.variant_id == variant_id then total = total + line.quantity end
  end
  return total
end

local function check_stock(variant, product, wanted, already)
  if not variant.available then
    return refuse(422, ("The product '%s' is already sold out."):format(product.title))
  end
  if wanted <= variant.stock then return true end
  if already >= variant.stock then
    return refuse(422, "The maximum quantity of this item is already in your cart.")
  end
  return refuse(422, ("You can't add more %s to the cart."):format(product.title))
end

--- Adds an item.
---@param cart table
---@param id any          variant id
---@param quantity any    1 if absent
---@param properties table?
---@return table? line    nil if the shop refuses
---@return table? problem { status, message, description } as Shopify answers it
function Carts:add(cart, id, quantity, properties)
  local variant, product = self.find_variant(tonumber(id) or -1)
  if not variant then return refuse(404, "Cannot find variant") end
  quantity = quantity == nil and 1 or tonumber(quantity)
  if not quantity or quantity < 1 or quantity % 1 ~= 0 or quantity > MAX_QUANTITY then
    return refuse(422, "Quantity must be a number above 0")
  end
  if #cart.lines >= MAX_LINES then return refuse(422, "The cart is full") end
  local already = quantity_in(cart, variant.id)
  local ok, problem = check_stock(variant, product, already + quantity, already)
  if not ok then return nil, problem end
  properties = type(properties) == "table" and properties or {}
  local key = line_key(variant.id, properties)
  for i, line in ipairs(cart.lines) do
    if line.key == key then -- the newest goes to the top, as at Shopify
      line.quantity = line.quantity + quantity
      table.insert(cart.lines, 1, table.remove(cart.lines, i))
      return line
    end
  end
  local line = { key = key, variant_id = variant.id, quantity = quantity, properties = properties }
  table.insert(cart.lines, 1, line)
  return line
end

--- Sets the quantity of a line; 0 removes it.
---@param cart table
---@param which table  { line = 1-based index } or { id = key or variant id }
---@param quantity any
---@return boolean? ok
---@return table? problem
function Carts:change(cart, which, quantity)
  quantity = tonumber(quantity)
  if not quantity or quantity < 0 or quantity % 1 ~= 0 or quantity > MAX_QUANTITY then
    return refuse(400, "Quantity must be a number from 0")
  end
  local index = tonumber(which.line)
  if not index then
    for i, line in ipairs(cart.lines) do
      if line.key == which.id or line.variant_id == tonumber(which.id) then index = i break end
    end
  end
  local line = index and cart.lines[index]
  if not line then return refuse(400, "no valid id or line parameter") end
  if quantity == 0 then
    table.remove(cart.lines, index)
    return true
  end
  local variant, product = self.find_variant(line.variant_id)
  local others = quantity_in(cart, line.variant_id) - line.quantity
  if quantity > line.quantity then
    local ok, problem = check_stock(variant, product, others + quantity, others + line.quantity)
    if not ok then return nil, problem end
  end
  line.quantity = quantity
  return true
end

--- Sets several quantities: a list goes by line, a table by variant id or key.
---@return boolean? ok
---@return table? problem
function Carts:update(cart, updates)
  local jobs = {}
  for which, quantity in pairs(updates) do
    local line = type(which) == "number" and which <= #cart.lines and cart.lines[which]
    jobs[#jobs + 1] = { id = line and line.key or tostring(which), quantity = quantity }
  end
  for _, job in ipairs(jobs) do
    local ok, problem = self:change(cart, { id = job.id }, job.quantity)
    if not ok then
      ok, problem = self:add_missing(cart, job, problem)
      if not ok then return nil, problem end
    end
  end
  return true
end

-- update.js adds a variant that is not in the cart yet.
function Carts:add_missing(cart, job, problem)
  if not job.id:match("^%d+$") or quantity_in(cart, tonumber(job.id)) > 0 then
    return nil, problem
  end
  if tonumber(job.quantity) == 0 then return true end
  return self:add(cart, job.id, job.quantity)
end

function Carts:clear(cart) cart.lines = {} end

--- Number of things in the cart.
function Carts:item_count(cart)
  local count = 0
  for _, line in ipairs(cart.lines) do count = count + line.quantity end
  return count
end

--- Sum in cents.
function Carts:total(cart)
  local total = 0
  for _, line in ipairs(cart.lines) do
    local variant = self.find_variant(line.variant_id)
    total = total + (variant and variant.price or 0) * line.quantity
  end
  return total
end

local function image_url(picture, base)
  return ("%s/cdn/shop/files/%s.png?v=1"):format(base, picture.name)
end

--- A line as Ajax API JSON. All amounts in cents.
function Carts:line_json(line, base)
  local variant, product = self.find_variant(line.variant_id)
  local only_default = #product.options == 0
  local total = variant.price * line.quantity
  local values = {}
  for i, option in ipairs(product.options) do
    values[i] = { name = option.name, value = variant.options[i] }
  end
  return {
    id = variant.id, variant_id = variant.id, product_id = product.id, key = line.key,
    quantity = line.quantity,
    properties = line.properties, title = only_default and product.title or product.title .. " - "
      .. variant.title,
    product_title = product.title, variant_title = only_default and json.null or variant.title,
    variant_options = json.array(only_default and { "Default Title" }
      or { unpack(variant.options) }),
    options_with_values = json.array(only_default
      and { { name = "Title", value = "Default Title" } } or values),
    price = variant.price, original_price = variant.price, discounted_price = variant.price,
    final_price = variant.price,
    presentment_price = variant.price / 100, line_price = total, original_line_price = total,
    final_line_price = total,
    total_discount = 0, line_level_total_discount = 0, discounts = json.array {},
    line_level_discount_allocations = json.array {}, sku = variant.sku, grams = variant.weight,
    vendor = product.vendor,
    taxable = true, gift_card = false, requires_shipping = true, has_components = false,
    handle = product.handle,
    product_has_only_default_variant = only_default, product_type = product.type,
    product_description = product.text,
    url = ("/products/%s?variant=%d"):format(product.handle, variant.id),
    image = image_url(variant.image, base),
    featured_image = { aspect_ratio = 1, alt = variant.image.alt, width = variant.image.width,
      height = variant.image.height, url = image_url(variant.image, base) },
    quantity_rule = { min = 1, max = json.null, increment = 1 },
  }
end

--- The cart as /cart.js shows it.
function Carts:json(cart, base, currency)
  local items, weight = json.array {}, 0
  for i, line in ipairs(cart.lines) do
    items[i] = self:line_json(line, base)
    weight = weight + items[i].grams * line.quantity
  end
  local total = self:total(cart)
  return {
    token = cart.token, note = cart.note or json.null, attributes = cart.attributes,
    original_total_price = total,
    total_price = total, total_discount = 0, total_weight = weight,
    item_count = self:item_count(cart), items = items,
    requires_shipping = #items > 0, currency = currency, items_subtotal_price = total,
    cart_level_discount_applications = json.array {}, discount_codes = json.array {},
  }
end

return carts
