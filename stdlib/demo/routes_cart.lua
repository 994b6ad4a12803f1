--- Addresses of cart and checkout. Used by demo/shop.lua. A handler gets (shop, request, view,
--- captures…) and returns a response, or nil for "not found".

local body = require "demo.body"
local cart_pages = require "demo.pages.cart"
local checkout_page = require "demo.pages.checkout"
local crypto = require "crypto"
local json = require "json"
local other = require "demo.pages.other"
local response = require "demo.response"

local routes = {}

local CART_LIFE = 1209600 -- seconds, as long as Shopify keeps a cart

local function flat_texts(value)
  local out, count = {}, 0
  for name, text in pairs(type(value) == "table" and value or {}) do
    if type(name) == "string" and type(text) == "string" and count < 20 then
      out[name:sub(1, 100)] = text:sub(1, 250)
      count = count + 1
    end
  end
  return out
end

-- The cart of this request, made and sent as a cookie if there is none yet.
local function own_cart(shop, view, out)
  if view.cart.token == "" then
    view.cart = shop.carts:create()
    out.new_cart = view.cart.token
  end
  return view.cart
end

local function with_cookie(answer, out)
  if out.new_cart then response.set_cookie(answer, "cart", out.new_cart, CART_LIFE) end
  return answer
end

-- Adds the rendered sections that the caller asked for, in a list or separated by commas.
local function add_sections(value, view, wanted)
  if wanted == nil or wanted == "" then return value end
  view.item_count = view.carts:item_count(view.cart)
  value.sections = {}
  local list = type(wanted) == "table" and wanted or {}
  if type(wanted) == "string" then
    for id in wanted:gmatch("[^,]+") do list[#list + 1] = id end
  end
  for i = 1, math.min(#list, 5) do
    value.sections[tostring(list[i])] = cart_pages.section(view, tostring(list[i])) or json.null
  end
  return value
end

local function problem_answer(problem)
  return response.javascript({ status = problem.status, message = problem.message,
    description = problem.description,
    errors = problem.description }, problem.status)
end

local function cart_json(view) return view.carts:json(view.cart, view.base, view.shop.currency) end

local function show_cart_json(_, _, view) return response.javascript(cart_json(view)) end

-- The items of an add request: one from a form, or a list.
local function wanted_items(form)
  if type(form.items) ~= "table" then return { form }, true end
  local list = {}
  for _, item in pairs(form.items) do
    if type(item) == "table" then list[#list + 1] = item end
  end
  return list, false
end

local function add(shop, request, view)
  local form = body.parse(request)
  if not form then
    return problem_answer { status = 400, message = "Bad Request",
      description = "The request body could not be read" }
  end
  local out, lines = {}, {}
  local items, single = wanted_items(form)
  local cart = own_cart(shop, view, out)
  for i, item in ipairs(items) do
    local line, problem = shop.carts:add(cart, item.id, item.quantity, flat_texts(item.properties))
    if not line then return with_cookie(problem_answer(problem), out) end
    lines[i] = shop.carts:line_json(line, view.base)
  end
  if #lines == 0 then
    return problem_answer { status = 400, message = "Bad Request",
      description = "Required parameter missing or invalid: items" }
  end
  local value = single and lines[1] or { items = lines }
  return with_cookie(response.javascript(add_sections(value, view, form.sections)), out)
end

local function wants_json(request)
  return request.headers["x-requested-with"] == "XMLHttpRequest"
    or (request.headers.accept or ""):find("^application/j")
end

-- The form without JavaScript: back to the page of the cart.
local function add_form(shop, request, view)
  if wants_json(request) then return add(shop, request, view) end
  local answer = add(shop, request, view)
  if answer.status ~= 200 then
    return response.html(other.trouble("Cart error", json.decode(answer.body).description), 422)
  end
  local redirect = response.redirect("/cart")
  redirect.cookies = answer.cookies
  return redirect
end

local function change(shop, request, view)
  local form = body.parse(request) or {}
  local ok, problem = shop.carts:change(view.cart, { line = form.line, id = form.id },
    form.quantity)
  if not ok then return problem_answer(problem) end
  return response.javascript(add_sections(cart_json(view), view, form.sections))
end

local function change_form(shop, request, view)
  if request.method == "POST" and wants_json(request) then return change(shop, request, view) end
  local form = request.method == "POST" and body.parse(request) or request.query
  shop.carts:change(view.cart, { line = form.line, id = form.id }, form.quantity)
  return response.redirect("/cart")
end

local function apply_form(shop, view, form)
  if type(form.note) == "string" then view.cart.note = form.note:sub(1, 5000) end
  if type(form.attributes) == "table" then view.cart.attributes = flat_texts(form.attributes) end
  if type(form.updates) == "table" then return shop.carts:update(view.cart, form.updates) end
  return true
end

local function update(shop, request, view)
  local form, out = body.parse(request) or {}, {}
  own_cart(shop, view, out)
  local ok, problem = apply_form(shop, view, form)
  local answer = ok and response.javascript(add_sections(cart_json(view), view, form.sections))
    or problem_answer(problem)
  return with_cookie(answer, out)
end

local function clear(shop, request, view)
  shop.carts:clear(view.cart)
  if request.path == "/cart/clear" then return response.redirect("/cart") end
  return response.javascript(cart_json(view))
end

-- The cart page's form: "checkout" among the fields means the button of that name.
local function post_cart(shop, request, view)
  local form = body.parse(request) or {}
  apply_form(shop, view, form)
  return response.redirect(form.checkout ~= nil and "/checkout" or "/cart")
end

local function show_cart(_, _, view) return response.html(cart_pages.page(view)) end

local function checkout_url(cart)
  return ("/checkouts/cn/%s/en-us?_r=AQAB%s&auto_redirect=false&edge_redirect=true"
    .. "&skip_shop_pay=true"):format(cart.token, crypto.hex(crypto.random_bytes(12)))
end

local function start_checkout(_, _, view)
  if #view.cart.lines == 0 then return response.redirect("/cart") end
  return response.redirect(checkout_url(view.cart))
end

-- /cart/<variant>:<quantity>,… puts just that into the cart and goes to checkout.
local function permalink(shop, _, view, list)
  local out = {}
  local cart = own_cart(shop, view, out)
  shop.carts:clear(cart)
  for id, quantity in list:gmatch("(%d+):(%d+)") do
    local line = shop.carts:add(cart, id, quantity)
    if not line then return with_cookie(response.redirect("/cart"), out) end
  end
  return with_cookie(start_checkout(shop, nil, view), out)
end

local function show_checkout(shop, _, view, token)
  local cart = shop.carts:find(token)
  if not cart or #cart.lines == 0 then return response.redirect("/cart") end
  view.cart = cart
  local answer = response.html(checkout_page(view))
  answer.headers["cache-control"] = "no-store"
  answer.headers["x-robots-tag"] = "noindex"
  return answer
end

-- Nobody may buy here. The attempt is kept, so that a test of a monitor can assert that there was
-- none.
local function refuse_order(shop, _, view, token)
  local cart = shop.carts:find(token)
  shop:log_order { token = token, item_count = cart and view.carts:item_count(cart) or 0,
    total_price = cart and view.carts:total(cart) or 0 }
  return response.html(other.trouble("No order was placed",
    "This is a demo store: it takes no orders. The attempt was logged."), 403)
end

--- { method, pattern, handler }, tried in order.
routes.list = {
  { "GET", "^/cart$", show_cart },
  { "POST", "^/cart$", post_cart },
  { "GET", "^/cart%.js$", show_cart_json },
  { "GET", "^/cart%.json$", show_cart_json },
  { "POST", "^/cart/add%.js$", add },
  { "POST", "^/cart/add%.json$", add },
  { "POST", "^/cart/add$", add_form },
  { "POST", "^/cart/change%.js$", change },
  { "POST", "^/cart/change%.json$", change },
  { "GET", "^/cart/change$", change_form },
  { "POST", "^/cart/change$", change_form },
  { "POST", "^/cart/update%.js$", update },
  { "POST", "^/cart/clear%.js$", clear },
  { "GET", "^/cart/clear$", clear },
  { "GET", "^/cart/([%d:,]+)$", permalink },
  { "GET", "^/checkout$", start_checkout },
  { "POST", "^/checkout$", start_checkout },
  { "GET", "^/checkouts/cn/([%w]+)/", show_checkout },
  { "GET", "^/checkouts/cn/([%w]+)$", show_checkout },
  { "POST", "^/checkouts/cn/([%w]+)/", refuse_order },
}

return routes
