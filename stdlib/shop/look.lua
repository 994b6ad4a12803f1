--- Looking at a shop's pages in the browser: each page once, everything that later checks ask about
--- (texts, links, pictures, scripts, structured data, console) in one view. Used by skills through
--- shop.look and shop.look_around.

local advice = require "advice"
local fault = require "fault"
local storefront = require "shop.storefront"

local look = {}

local SCRIPT = sys.resource("shop/look.js")
local NO_FAILURE = { ["the page was left"] = true, ["net::ERR_ABORTED"] = true }

-- The requests that this page began; those of the pages before are known already.
local function new_requests(page, known)
  local out = {}
  for _, request in ipairs(page:requests()) do
    local failure = request.failure
    if failure and (NO_FAILURE[failure] or failure:find("^blocked")) then failure = nil end
    local key = ("%s %s %s"):format(request.method, request.url, request.status or failure or "")
    if not known[key] then
      known[key] = true
      out[#out + 1] = { url = request.url, method = request.method, type = request.type,
        status = request.status, failure = failure }
    end
  end
  return out
end

local function last_at(list) return list[#list] and list[#list].at or 0 end

-- The lists are bounded, so what is new is told by its time.
local function since(list, at)
  local out = {}
  for _, line in ipairs(list) do
    if line.at > at then out[#out + 1] = line end
  end
  return out
end

--- Opens a page of the shop and tells what it shows: { path, url, title, liquid, links, images,
--- insecure, structured, shop, theme, requests, console, errors }. The last three hold what is new
--- since the page that was looked at before.
---@param t table
---@param page Page
---@param path string  "/", "/products/x"
---@param name string  what people call it: "product page"
---@param known table?  shared between calls
---@return table view
function look.at(t, page, path, name, known)
  known = known or {}
  local line_at, error_at = last_at(page:console()), last_at(page:errors())
  storefront.open(t, page, path)
  local view = page:eval(SCRIPT)
  view.path, view.name = path, name
  view.requests = new_requests(page, known)
  view.console, view.errors = since(page:console(), line_at), since(page:errors(), error_at)
  return view
end

local function first_link(view, pattern, unwanted)
  for _, link in ipairs(view.links) do
    local path = storefront.path_of(link.url)
    if path:find(pattern) and path ~= unwanted then return path end
  end
end

--- Looks at one page of each kind: home, a collection, a product, the cart. A page that fails is a
--- bad finding; the others are looked at all the same.
---@param t table
---@param page Page
---@param found table     shop.findings
---@param handle string?  of the product to look at; default: the first one linked
---@return table[]? views  nil: no page opens
function look.around(t, page, found, handle)
  local views, known = {}, {}
  local function visit(path, name)
    if not path then return end
    local ok, view = pcall(look.at, t, page, path, name, known)
    if ok then
      views[#views + 1] = view
      return view
    end
    if not fault.is(view, "failure") then error(view, 0) end
    -- Behind a password, in a tab that is gone and where nobody answers, every page is the same
    -- trouble.
    local nobody = path == "/" and view.code ~= "http-status"
    if nobody or view.code == "password" or page:is_closed() then error(view, 0) end
    -- The cart is the last: it is still to be seen when the step has failed.
    found.bad(("the %s cannot be opened: %s"):format(name, view.message), { code = view.code,
      url = path, hint = view.hint or advice.of(view.code, view.details),
      at_hand = path == "/cart" })
  end
  local home = visit("/", "home page")
  local collection = home and first_link(home, "^/collections/[%w_-]+$", "/collections/all")
  local shelf = visit(collection or "/collections/all", "collection page")
  local product = handle and "/products/" .. handle
    or home and first_link(home, "/products/[^/]+$")
    or shelf and first_link(shelf, "/products/[^/]+$")
  if (home or shelf) and not product then
    local none = storefront.no_product()
    found.bad(none.message, none)
  end
  visit(product, "product page")
  visit("/cart", "cart page")
  return #views > 0 and views or nil
end

--- The view whose name is "product page", "home page", …
---@param views table[]
---@param name string
---@return table?
function look.find(views, name)
  for _, view in ipairs(views) do
    if view.name == name then return view end
  end
end

return look
