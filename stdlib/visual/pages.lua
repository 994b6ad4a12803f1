--- Which pages of a shop are looked at, and where they are on any theme. Used by visual/audit.lua.

local fault = require "fault"
local nearest = require "run.nearest"
local product = require "shop.product"
local storefront = require "shop.storefront"

local pages = {}

local KNOWN = { home = true, collection = true, product = true, cart = true }
local HINT = "write home, collection, product, cart, or a path: about=/pages/about"

local ADD = [[async ({ id }) => {
  const root = (window.Shopify && Shopify.routes && Shopify.routes.root) || '/';
  const how = { method: 'POST', headers: { 'Content-Type': 'application/json',
    Accept: 'application/json' }, body: JSON.stringify({ id, quantity: 1 }) };
  const answer = await fetch(root + 'cart/add.js', how);
  const told = answer.ok ? {} : await answer.json().catch(() => ({}));
  return { status: answer.status, words: told.description || told.message };
}]]

---@class visual.Page
---@field name string   "home", "about": under which its baseline is kept
---@field title string  what people call it: "home page", "/pages/about"
---@field path string?  nil until it has been found

--- The pages that an option's words mean. Raises for a word that means none.
---@param words_given string[]
---@return visual.Page[]
function pages.parse(words_given)
  local out, seen = {}, {}
  for _, word in ipairs(words_given) do
    local name, path = word:match("^([%w_-]+)=(/.*)$")
    if not name and word:find("^/") then
      path, name = word, word == "/" and "home" or word:gsub("[^%w]+", "-"):gsub("^%-", "")
    end
    if not name and not KNOWN[word] then
      error(fault.new("usage", { code = "option",
        message = ("pages: there is no page %q"):format(word),
        hint = nearest.hint(word, KNOWN) or HINT }), 0)
    end
    name = name or word
    if not seen[name] then
      seen[name] = true
      out[#out + 1] = { name = name, path = path,
        title = KNOWN[name] and name .. " page" or path }
    end
  end
  if #out == 0 then
    error(fault.new("usage", { code = "option", message = "pages: there is none", hint = HINT }), 0)
  end
  return out
end

local function first_path(page, css, pattern, unwanted)
  for _, href in ipairs(page:attributes(css, "href")) do
    local path = storefront.path_of(href)
    if path:find(pattern) and path ~= unwanted then return path end
  end
end

local function go_home(t, page)
  if storefront.path_of(page:url()) ~= "/" then storefront.open(t, page, "/") end
end

local find = {}

function find.home() return "/" end

function find.cart() return "/cart" end

function find.collection(t, page)
  go_home(t, page)
  return first_path(page, 'a[href*="/collections/"]', "/collections/[^/]+$", "/collections/all")
    or "/collections/all"
end

function find.product(t, page)
  go_home(t, page)
  for attempt = 1, 2 do
    local path = first_path(page, 'a[href*="/products/"] >> visible=true', "/products/[^/]+$")
    if path then return path end
    if attempt == 1 then storefront.open(t, page, "/collections/all") end
  end
  fault.failure { code = "no-product",
    message = "neither the home page nor /collections/all links to a product",
    hint = "name one: -o product=HANDLE" }
end

--- Where a page is: as it is written, where it was at the last run, or found.
---@param t table
---@param page Page            in the browser
---@param one visual.Page      gets its path
---@param past string?         its path at the last run
function pages.locate(t, page, one, past)
  if one.path then return end
  if past then
    one.path = past
    return
  end
  one.path = find[one.name](t, page)
end

--- Puts one of the product into the cart, without its page's button: that is for other checks.
---@param t table
---@param page Page
---@param path string  of the product
---@return string? why  it could not be done
function pages.fill_cart(t, page, path)
  if not page:url():find("^http") then storefront.open(t, page, "/") end
  local handle = path:match("/products/([^/?#]+)")
  local one = product.read(page, handle or "")
  if not one.variant then
    return one.available == false and one.title .. " is sold out"
      or ("the shop does not tell of %s (status %s)"):format(handle, tostring(one.status))
  end
  local answer = page:eval(ADD, { id = one.variant })
  if answer.status < 400 then return nil end
  return ("the shop refuses %s (%d%s)"):format(one.title, answer.status,
    answer.words and ": " .. tostring(answer.words):sub(1, 100) or "")
end

return pages
