--- The cart: adding to it as a shopper does, and the truth about it from /cart.js.

local fault = require "fault"
local popups = require "shop.popups"
local storefront = require "shop.storefront"

local cart = {}

local REQUEST_MS, ANSWER_MS, FIND_MS, TRUTH_MS = 5000, 15000, 5000, 5000

-- The form for instalments posts to /cart/add as well, and has no button: so the button is looked
-- for, not the form.
local ADD = {
  'form[action*="/cart/add"] [name="add"]',
  'form[action*="/cart/add"] button[type="submit"], form[action*="/cart/add"] [type="submit"], '
    .. 'product-form button[type="submit"], button[name="add"], button[data-add-to-cart]',
  "role=button[name=/^\\s*(add to (cart|bag|basket)|add|buy|in den warenkorb|ajouter au panier"
    .. "|añadir al carrito|agregar al carrito|aggiungi al carrello|in winkelwagen|lägg i varukorg"
    .. "|læg i kurv|カートに(入れる|追加))/i]",
}
local ADD_REQUEST = "**/cart/add*"
local SCRIPT_HINT = "open a product page with the browser's console and mend the script that fails "
  .. "there; if it is an app's, switch the app off in the theme editor and try again"

local ANSWER_HINT = "open the shop, add a product and look at what the browser's network log says "
  .. "of it; then look at https://www.shopifystatus.com and at apps that change the cart"
local REFUSED_HINT = "a page from a cache shows stock that has gone: publish the theme again, and "
  .. "look at the product's stock and at apps that limit quantities"

-- The checkout button of a cart that slid in from the side.
local DRAWER = 'cart-drawer, [id*="cart-drawer" i], [id*="cartdrawer" i], '
  .. '[class*="cart-drawer" i], [class*="cartdrawer" i], [id*="side-cart" i], '
  .. '[class*="side-cart" i], [class*="mini-cart" i]'
local DRAWER_OPEN = [[selector => [...document.querySelectorAll(selector)].some(drawer =>
  [...drawer.querySelectorAll('[name="checkout"], a[href*="/checkout"], button[data-checkout]')]
    .some(button => {
      const box = button.getBoundingClientRect();
      return box.width > 1 && box.height > 1 && box.left < innerWidth && box.right > 0
        && button.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    }))]]
local DRAWER_MS = 3000

local LINK = 'cart-notification a[href*="/cart"], #cart-notification a[href*="/cart"], '
  .. 'cart-drawer a[href$="/cart"], .cart-drawer a[href$="/cart"]'

-- Asks until the cart holds more than `before`, as long as `limit` ms: the shop may take a moment
-- to tell.
local READ = [[async ({ before, limit }) => {
  const root = (window.Shopify && Shopify.routes && Shopify.routes.root) || '/';
  const how = { headers: { Accept: 'application/json' }, cache: 'no-store' };
  for (const end = Date.now() + limit;;) {
    const answer = await fetch(root + 'cart.js', how);
    if (!answer.ok) return { status: answer.status };
    const cart = await answer.json().catch(() => ({}));
    if (cart.item_count > before || Date.now() >= end) {
      const items = Array.isArray(cart.items) ? cart.items.slice(0, 20) : [];
      const titles = items.map(item => item.product_title || item.title);
      return { status: answer.status, item_count: cart.item_count, total_price: cart.total_price,
        currency: cart.currency, titles };
    }
    await new Promise(done => setTimeout(done, 100));
  }
}]]

-- A theme that goes to the cart page by itself takes the question with it: asked again there.
local function ask(page, before, limit)
  for attempt = 1, 3 do
    local ok, state = pcall(page.eval, page, READ, { before = before, limit = limit },
      { timeout = limit + ANSWER_MS })
    if ok then return state end
    if attempt == 3 or not (fault.is(state) and state.code == "navigated") then error(state, 0) end
    page:wait_for_load()
  end
end

--- The cart as the shop knows it: { item_count, total_price (cents), currency, titles }.
---@param page Page
---@return table
function cart.read(page)
  local state = ask(page, -1, 0)
  if not state.item_count then
    fault.failure { code = "http-status", message = ("/cart.js answered %d%s"):format(state.status,
      state.status < 400 and " with something that is no cart" or ""),
      hint = ANSWER_HINT, details = { status = state.status } }
  end
  return state
end

local function count_before(page)
  local state = ask(page, -1, 0)
  return state.item_count or 0 -- a shop whose cart is broken is told of by what adding does
end

local function console_words(page, from)
  local errors = page:errors()
  local last = #errors > from and errors[from + 1]
  return last and (" (console: %s)"):format(last.message) or ""
end

local function refusal_words(response)
  local ok, answer = pcall(response.json, response)
  local words = ok and type(answer) == "table" and (answer.description or answer.message)
  return type(words) == "string" and (': "%s"'):format(words:sub(1, 200)) or ""
end

-- The request that the click sends, and what the shop says to it. False: none was sent.
local function check_request(page)
  local sent, request = pcall(page.wait_for_request, page, ADD_REQUEST, { timeout = REQUEST_MS })
  if not sent then
    if fault.is(request) and request.code == "timeout" then return false end
    error(request, 0)
  end
  local path = storefront.path_of(request.url)
  local answered, response = pcall(page.wait_for_response, page, ADD_REQUEST,
    { timeout = ANSWER_MS })
  if not answered then
    if request.failure then
      fault.failure { code = "net", message = ("the request to %s failed (%s)"):format(path,
        request.failure), hint = ANSWER_HINT }
    elseif fault.is(response) and response.code == "timeout" then
      fault.failure { code = "timeout",
        message = ("%s did not answer for %d s"):format(path, ANSWER_MS / 1000),
        hint = ANSWER_HINT }
    end
    error(response, 0)
  end
  if response.status == 422 then
    fault.failure { code = "cart-refused",
      message = ("the page offers the product, but the shop refuses it%s"):format(
      refusal_words(response)), hint = REFUSED_HINT,
      details = { url = request.url, status = response.status } }
  elseif response.status >= 400 then
    fault.failure { code = "http-status",
      message = ("the product could not be added: %s answered %d%s"):format(path, response.status,
      response.status < 500 and refusal_words(response) or ""), hint = ANSWER_HINT,
      details = { url = request.url, status = response.status } }
  end
  return true
end

-- A theme shows a variant that is sold out although another is not: that one is chosen by its
-- address.
local function choose_variant(page, button, product)
  if not product or not product.variant or page:is_enabled(button) then return end
  pcall(page.wait_for, page, button .. ":not([disabled])", { timeout = FIND_MS })
  if page:is_enabled(button) then return end
  page:goto(("/products/%s?variant=%.0f"):format(product.handle, product.variant))
end

--- Adds the product of the page that is open to the cart, and makes sure that it is in there.
---@param page Page
---@param product table?  of open_product
---@return table cart     see read
function cart.add(page, product)
  local button = storefront.find(page, ADD, "add-to-cart button", FIND_MS)
  if button ~= ADD[#ADD] and not button:find(",", 1, true) then
    choose_variant(page, button, product)
  end
  local before, errors = count_before(page), #page:errors()
  popups.click(page, button)
  local sent = check_request(page)
  local state = ask(page, before, sent and TRUTH_MS or 0)
  if state.item_count and state.item_count > before then return state end
  if not sent then
    fault.failure { code = "no-request",
      message = "the button was clicked but no request to /cart/add was sent"
      .. console_words(page, errors), hint = SCRIPT_HINT }
  end
  if not state.item_count then
    fault.failure { code = "http-status", message = ("/cart.js answered %d"):format(state.status),
      hint = ANSWER_HINT, details = { status = state.status } }
  end
  fault.failure { code = "cart",
    message = ("the shop took the product, but its cart still holds %d items after %d s"):format(
      state.item_count, TRUTH_MS / 1000), hint = "an app that changes the cart may take it out "
      .. "again: switch such apps off, one after the other" }
end

-- Whether the theme has opened the cart as a drawer: its button is what a shopper clicks next.
local function in_drawer(page)
  if page:count(DRAWER) == 0 then return false end
  local open, why = pcall(page.wait_for_function, page, DRAWER_OPEN, DRAWER,
    { timeout = DRAWER_MS })
  if not open and not fault.is(why, "failure") then error(why, 0) end
  return open
end

--- Goes to the cart: stays in the drawer where the theme has opened one; else the page, by the link
--- that the theme shows after adding, or by its address.
---@param t table
---@param page Page
---@return table cart  see read; place: "drawer" or "page"
function cart.open(t, page)
  local place = "page"
  if in_drawer(page) then
    place = "drawer"
  elseif page:is_visible(LINK) then
    popups.click(page, LINK)
    page:wait_for_load()
  else
    storefront.open(t, page, "/cart")
  end
  storefront.check_answer(page)
  local state = cart.read(page)
  if state.item_count == 0 then
    fault.failure { code = "cart", message = "the cart is empty, although a product was added",
      hint = "an app may empty it, or its cookie is lost: try it by hand in a private window" }
  end
  state.place = place
  return state
end

return cart
