--- Pages of a shop: opening them, through the password page if there is one, and measuring them.

local fault = require "fault"
local secret = require "run.secret"

local storefront = {}

-- What Shopify's own command line sends; the themes' forms hide in dialogs of many kinds.
local SEND_PASSWORD = [[async password => {
  const body = new URLSearchParams({ form_type: 'storefront_password', utf8: '✓', password });
  const answer = await fetch('/password', { method: 'POST', body });
  return answer.status;
}]]

local function path_of(url)
  local parts = sys.codec.url_parse(url)
  return parts and parts.path or url
end

--- "/cart" of "https://shop.example/cart?x".
---@param url string
---@return string
storefront.path_of = path_of

local function at_password_page(page)
  return path_of(page:url()):find("/password$") ~= nil
end

local function enter_password(t, page)
  local password = t.store.password
  if not password then
    fault.failure { code = "password",
      message = "visitors see the password page, the shop is closed to them",
      hint = "take it off under Online Store → Preferences; if it is meant to be, set "
        .. "STORE_PASSWORD or give --password" }
  end
  local status = page:eval(SEND_PASSWORD, secret.reveal(password))
  if status == 429 then
    fault.failure { code = "password", message = "the shop takes no more passwords for now (429)",
      hint = "wrong ones were sent too often; check STORE_PASSWORD" }
  end
end

--- Raises when the page that is open was answered with an error.
---@param page Page
function storefront.check_answer(page)
  local response = page:response()
  if response and response.status >= 400 then
    local path = path_of(response.url)
    fault.failure { code = "http-status",
      message = ("%s answered %d"):format(path == "/" and "home page" or path,
      response.status),
      details = { url = response.url, status = response.status } }
  end
end

--- Opens a page of the shop; gives the password if it asks for one.
---@param t table
---@param page Page
---@param path string  "/", "/cart"
function storefront.open(t, page, path)
  page:goto(path)
  if not at_password_page(page) then return end
  enter_password(t, page)
  page:goto(path)
  if at_password_page(page) then
    fault.failure { code = "password", message = "the shop does not accept the password",
      hint = "check STORE_PASSWORD against the theme preferences of the shop" }
  end
end

-- The largest thing of a page that comes later than this is poor for Google, and for shoppers.
local LCP_POOR_MS = 4000

local function check_lcp(t, vitals, name)
  if not vitals.lcp_ms or vitals.lcp_ms <= LCP_POOR_MS then return end
  local what = vitals.lcp_url and "picture" or "element"
  t.warn(("the %s page is slow: its largest %s%s appears after %.1f s, shoppers expect 2.5 s")
    :format(name, what, vitals.lcp_url and " " .. path_of(vitals.lcp_url) or "",
    vitals.lcp_ms / 1000))
end

--- Records the vitals of the page that is open: ttfb_ms, fcp_ms, lcp_ms, cls, load_ms. Loading and
--- LCP are held against the baseline; an LCP that is poor for any shop is a warning.
---@param t table
---@param page Page
---@param name string  "home"
---@return table vitals
function storefront.measure(t, page, name)
  local vitals = page:vitals()
  t.measure("ttfb_ms", vitals.ttfb_ms, { page = name, unit = "ms" })
  t.measure("fcp_ms", vitals.fcp_ms, { page = name, unit = "ms" })
  t.measure("lcp_ms", vitals.lcp_ms, { page = name, unit = "ms", baseline = true })
  t.measure("cls", vitals.cls, { page = name })
  t.measure("load_ms", vitals.load_ms, { page = name, unit = "ms", baseline = true })
  check_lcp(t, vitals, name)
  return vitals
end

--- Records how quickly the page answered the taps since it was last asked: inp_ms, and tbt_ms, for
--- how long its scripts kept it from answering. Nothing where nothing was tapped.
---@param t table
---@param page Page
---@param name string  "add to cart"
function storefront.measure_taps(t, page, name)
  local vitals = page:vitals { step = true }
  if not vitals.inp_ms then return end
  t.measure("inp_ms", vitals.inp_ms, { page = name, unit = "ms" })
  t.measure("tbt_ms", vitals.tbt_ms, { page = name, unit = "ms" })
end

--- The fields of the failure that no product can be found.
---@return table
function storefront.no_product()
  return { code = "no-product",
    message = "neither the home page nor /collections/all links to a product",
    hint = "is this the shop's address, and are its products published? If they are elsewhere, "
      .. "name one: -o product=HANDLE" }
end

--- The first of several selectors that has something visible to offer. Themes differ: the most
--- telling selector comes first, the one whose words a person would look for last; it explains the
--- failure.
---@param page Page
---@param selectors string[]
---@param what string       "add-to-cart button", for the message
---@param timeout number    ms to wait for any of them
---@return string selector
function storefront.find(page, selectors, what, timeout)
  local found = page:first_visible(selectors)
  if found then return found end
  -- Most pages that are late are late with the usual element.
  pcall(page.wait_for, page, selectors[1], { timeout = timeout })
  found = page:first_visible(selectors)
  if found then return found end
  local _, why = pcall(page.wait_for, page, selectors[#selectors], { timeout = 0 })
  local details = fault.is(why) and why.details or {}
  local near = details.near and #details.near > 0 and ". On the page are: "
    .. table.concat(details.near, ", ") or ""
  fault.failure { code = "not-found",
    message = ("no %s is to be seen on %s%s"):format(what, path_of(page:url()), near),
    hint = "look at the page on a phone: was the theme, an app or its settings changed last? An "
      .. "app's style may hide it",
    details = details }
end

local SIGNS = { USD = "$", EUR = "€", GBP = "£", CAD = "CA$", AUD = "A$", JPY = "¥" }

--- An amount as shops write it: "$749.00".
---@param cents number
---@param currency string?  "USD"
---@return string
function storefront.money(cents, currency)
  local sign = SIGNS[currency or ""]
  local amount = ("%.2f"):format(cents / 100)
  return sign and sign .. amount or amount .. (currency and " " .. currency or "")
end

return storefront
