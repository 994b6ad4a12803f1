--- Cookie banners: answering one as a shopper does.

local fault = require "fault"

local consent = {}

local APPEAR_MS, GONE_MS = 3000, 3000

-- Shopify's own, then those of the common consent apps, then whatever button says so.
local BUTTONS = {
  accept = {
    "#shopify-pc__banner__btn-accept", "#onetrust-accept-btn-handler",
    "#CybotCookiebotDialogBodyLevelButtonLevelOptinAllowAll, #CybotCookiebotDialogBodyButtonAccept",
    'button[data-testid="uc-accept-all-button"], .cc-allow, .cky-btn-accept, '
      .. ".iubenda-cs-accept-btn, .t-acceptAllButton",
    "role=button[name=/^(accept( all)?( cookies)?|allow all( cookies)?|i agree|alle akzeptieren"
      .. "|tout accepter|aceptar( todo| todas)?|accetta( tutti)?|alles accepteren)$/i]",
  },
  decline = {
    "#shopify-pc__banner__btn-decline", "#onetrust-reject-all-handler",
    "#CybotCookiebotDialogBodyButtonDecline, #CybotCookiebotDialogBodyLevelButtonLevelOptinDecline",
    'button[data-testid="uc-deny-all-button"], .cc-deny, .cky-btn-reject, '
      .. ".iubenda-cs-reject-btn, .t-declineButton",
    "role=button[name=/^(decline( all)?( cookies)?|reject( all)?( cookies)?|deny( all)?|refuse"
      .. "|alle ablehnen|ablehnen|tout refuser|refuser|rechazar( todo| todas)?|rifiuta( tutti)?"
      .. "|alles weigeren|weigeren)$/i]",
  },
}

-- Whether the shop means to show its banner: true, false, or nil where it does not say.
local SHOULD_SHOW = [[() => {
  const privacy = window.Shopify && Shopify.customerPrivacy;
  if (!privacy || typeof privacy.shouldShowBanner !== 'function') return null;
  return !!privacy.shouldShowBanner();
}]]

local wanted = setmetatable({}, { __mode = "k" })

--- The answer that was last meant for this page's banners, shown or not; nil: none was.
---@param page Page
---@return "accept"|"decline"|nil
function consent.wanted(page) return wanted[page] end

--- Answers the cookie banner of the page that is open, if there is one.
---@param page Page
---@param answer "accept"|"decline"
---@param options table?  wait: ms to wait for a banner, 3000 if absent; click(page, selector)
---@return boolean there  there was a banner, and it is answered
function consent.answer(page, answer, options)
  local list = BUTTONS[answer]
  if not list then
    fault.usage("shop.answer_cookies(page, answer, {wait})",
      'answer must be "accept" or "decline"')
  end
  wanted[page] = answer
  local button, wait = page:first_visible(list), options and options.wait or APPEAR_MS
  if not button and wait > 0 and page:eval(SHOULD_SHOW) ~= false then
    pcall(page.wait_for, page, list[1], { timeout = wait })
    button = page:first_visible(list)
  end
  if not button then return false end
  local click = options and options.click or page.click
  click(page, button)
  pcall(page.wait_for, page, button, { state = "hidden", timeout = GONE_MS })
  return true
end

return consent
