--- One look at a page: its picture, one pixel for each of CSS, and what is on it, with nothing in
--- the way that a visitor has answered or closed. Used by visual/audit.lua.

local browser_shots = require "browser.shots"
local consent = require "shop.consent"
local fault = require "fault"
local pixels = require "visual.pixels"
local popups = require "shop.popups"
local storefront = require "shop.storefront"

local shots = {}

local TRIES = 3
local QUIET = sys.resource("visual/quiet.js")

-- Chats and pop-ups of apps, the bar of a theme's preview: there or not as they like.
local APPS = { "#shopify-chat", "inbox-online-store-chat", "#preview-bar-iframe",
  "#PBarNextFrameWrapper", "#tidio-chat", "#gorgias-chat-container", "#chat-button",
  ".intercom-lightweight-app", "#intercom-container", "#hubspot-messages-iframe-container",
  "iframe#launcher", "iframe#webWidget", "#drift-widget", ".drift-frame-controller",
  ".crisp-client", "#tawkchat-container", '[class*="kl-private-reset"][role="dialog"]',
  "#privy-container", "#attentive_overlay", "#attentive_creative", "#justuno_form",
  ".needsclick[role=dialog]", "#wheelio_holder" }
local BANNERS = { "#shopify-pc__banner", "#onetrust-consent-sdk", "#CybotCookiebotDialog",
  "#usercentrics-root", ".cky-consent-container", ".cky-overlay", "#iubenda-cs-banner",
  "#truste-consent-track" }

local CART = { 'form[action*="/cart/add"] [name="add"]',
  'form[action*="/cart/add"] button[type="submit"], product-form button[type="submit"], '
    .. 'button[name="add"], button[data-add-to-cart]',
  "role=button[name=/^\\s*(add to (cart|bag|basket)|buy now|in den warenkorb|ajouter au panier"
    .. "|añadir al carrito|agregar al carrito|aggiungi al carrello|in winkelwagen|sold out)/i]" }
local PAY = { '[name="checkout"]', 'a[href*="/checkout"], button[formaction*="/checkout"]',
  "role=button[name=/^\\s*(check ?out|zur kasse|paiement|finalizar)/i]" }

-- What must be there for a sale: by page. A page that somebody named may be a product's.
local KEYS = { cart = { { kind = "checkout button", unpack(PAY) } },
  product = { { kind = "buy button", unpack(CART) } } }

--- The elements of a page that must not go, as page:snapshot takes them.
---@param one visual.Page
---@param extra string[]  selectors that the user gave
---@return table[]
function shots.keys(one, extra)
  local keys = {}
  local own = KEYS[one.name] or one.path and one.path:find("/products/") and KEYS.product
  for i, key in ipairs(own or {}) do keys[i] = key end
  for i, selector in ipairs(extra) do keys[#keys + 1] = { kind = "own " .. i, selector } end
  return keys
end

---@class visual.Look
---@field picture userdata  decoded: a run has little memory of its own for files
---@field snapshot nano.Snapshot
---@field theme { id: number?, name: string? }?

-- How many pop-ups there were, and are answered or closed. One that comes late is seen after the
-- picture.
local function close_popups(page, options)
  if options.consent == "ignore" then return 0 end
  local banner = options.consent == "accept" and consent.answer(page, "accept", { wait = 0 })
  return popups.close(page) + (banner and 1 or 0)
end

-- Takes chats and banners off the page; gives its theme.
local function hide(page, options)
  local list = { unpack(APPS) }
  for _, css in ipairs(options.consent ~= "ignore" and BANNERS or {}) do list[#list + 1] = css end
  for _, css in ipairs(options.hide) do list[#list + 1] = css end
  local quiet = page:eval(QUIET, { hide = list })
  if quiet.wrong then
    error(fault.new("usage", { code = "option", message = ("hide: %q is no CSS selector"):format(
      quiet.wrong) }), 0)
  end
  return type(quiet.theme) == "table" and quiet.theme or nil
end

local function take(page, one, options)
  local mask = { unpack(options.mask) }
  for _, css in ipairs(options.redact and browser_shots.PERSONAL or {}) do mask[#mask + 1] = css end
  local picture = pixels.decode((page:screenshot { full_page = true, scale = "css",
    height = options.height, mask = mask }))
  return picture, page:snapshot { mask = options.mask, keys = shots.keys(one, options.keys) }
end

--- Opens a page of the shop.
function shots.open(t, page, one)
  storefront.open(t, page, one.path)
  storefront.check_answer(page)
end

--- Opens a page of the shop and looks at it; again when something popped up meanwhile.
---@param t table
---@param page Page
---@param one visual.Page
---@param options table  mask, hide, keys: selectors; height; redact, consent
---@return visual.Look
function shots.take(t, page, one, options)
  shots.open(t, page, one)
  close_popups(page, options)
  local theme = hide(page, options)
  local picture, snapshot = take(page, one, options)
  for _ = 2, TRIES do
    if close_popups(page, options) == 0 then break end
    picture:free()
    picture, snapshot = take(page, one, options)
  end
  return { picture = picture, snapshot = snapshot, theme = theme }
end

return shots
