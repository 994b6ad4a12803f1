--- To the first page of the checkout, and not a step further: a monitor never buys.

local fault = require "fault"
local popups = require "shop.popups"
local storefront = require "shop.storefront"

local checkout = {}

local FIND_MS, ARRIVE_MS, FORM_MS = 5000, 20000, 15000

local BUTTON = {
  '[name="checkout"]',
  '#checkout, a[href$="/checkout"], a[href*="/checkouts/"], button[data-checkout]',
  "role=button[name=/check ?out|zur kasse|passer la commande|paiement|finalizar|pagar"
    .. "|vai alla cassa|afrekenen|till kassan|til kassen|購入手続き/i]",
}

-- Where the contact goes, or the login of shops that want one first.
local FORM = 'input[name="email"], input#email, input[type="email"], input[autocomplete*="email"], '
  .. 'input[name="contact"], input[name="customer[email]"]'

local function is_checkout(url)
  local parts = sys.codec.url_parse(url) or {}
  local path, host = parts.path or "", parts.host or ""
  return path:find("/checkouts?/") ~= nil or path:find("/checkouts?$") ~= nil
    or host:find("^checkout%.") ~= nil
    or path:find("/account/login", 1, true) ~= nil or path:find("/authentication/", 1, true) ~= nil
end

--- Goes from the cart to the checkout page and makes sure that a shopper could begin to fill it in.
---@param page Page
function checkout.open(page)
  local button = storefront.find(page, BUTTON, "checkout button", FIND_MS)
  popups.click(page, button)
  local there, why = pcall(page.wait_for_url, page, is_checkout, { timeout = ARRIVE_MS })
  storefront.check_answer(page)
  if not there then
    if not (fault.is(why) and why.code == "timeout") then error(why, 0) end
    fault.failure { code = "timeout",
      message = ("the checkout button was clicked, but after %d s the page is at %s")
      :format(ARRIVE_MS / 1000, storefront.path_of(page:url())), details = why.details,
      hint = "click it by hand: a script of the theme or of an app may keep shoppers in the cart, "
        .. "such as terms to be accepted, a minimum order or an age question" }
  end
  storefront.find(page, { FORM, "role=textbox[name=/e-?mail/i]" }, "field for the e-mail address",
    FORM_MS)
end

return checkout
