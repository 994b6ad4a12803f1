--- What a store owner can do next, for failures of the shop that do not say it themselves: most of
--- them are raised where nobody knows yet what the page was wanted for. Used by run/problem.lua and
--- by skills that collect findings (shop/findings.lua);
--- docs/errors.md has the same by code. Pure.

local advice = {}

local SHOPIFY = "https://www.shopifystatus.com"

local function of_status(details)
  local status = tonumber(details.status)
  if not status then return nil end
  local url = sys.codec.url_parse(tostring(details.url))
  if (status == 404 or status == 410) and url and (url.path or "/") == "/" then
    return "is this the shop's address? If it is, a theme must be published, and the shop be open"
  elseif status == 404 or status == 410 then
    return "publish the page again, or mend the link that leads there and add a URL redirect"
  elseif status == 429 or status == 430 then
    return "too many requests: an app, a bot or several monitors ask too often; ask less often"
  elseif status >= 500 then
    return ("open the page yourself; if it fails for you too, look at %s, then at what was changed "
      .. "last: theme, apps, their settings"):format(SHOPIFY)
  end
  return "the server turns this visitor away: look at its bot protection and at rules for "
    .. "countries and addresses, and let the monitor in"
end

local OF_ELEMENT = {
  covered = "close what covers it: a pop-up, a banner or a chat that an app puts there; its "
    .. "settings for phones are the first place to look",
  disabled = "a script of the theme or of an app should have enabled it: look at the page's "
    .. "console",
}
local CHANGED = "compare the picture with the page as it should be: was the theme, an app or its "
  .. "settings changed? If it is meant to look so, change the selector"

local function of_timeout(details)
  if details.pending == "document" then
    return ("open the page yourself: is it as slow for you? Look at %s, and at how large the page "
      .. "is"):format(SHOPIFY)
  end
  if details.selector then return OF_ELEMENT[details.why] or CHANGED end
  return "open the page on a phone and watch what it waits for; if it is a file of an app, switch "
    .. "the app off in the theme editor and try again"
end

local function of_net(details)
  if tostring(details.net_error):find("TOO_MANY_REDIRECTS", 1, true) then
    return "look for redirects that lead to each other: www and the bare domain, a language app, "
      .. "URL redirects"
  end
  return "open the address in a browser: is the shop up, and is this the right address? If it "
    .. "opens there, something between this machine and the shop blocks the monitor"
end

local OF_CODE = {
  ["http-status"] = of_status, timeout = of_timeout, net = of_net,
  tls = "look at the shop's domain settings: the certificate must be renewed or issued for this "
    .. "name",
  ["not-a-page"] = "is this the shop's own address? Open it in a browser",
  ["page-busy"] = "a script of the theme or of an app never ends: switch off the app that was "
    .. "installed or updated last, and try again",
  aborted = "open the page: does a script or an app send visitors elsewhere while it loads?",
}

--- What to do about a failure; nil where only its author can know.
---@param code string
---@param details table?  of the fault
---@return string?
function advice.of(code, details)
  local found = OF_CODE[code]
  if type(found) == "function" then return found(type(details) == "table" and details or {}) end
  return found
end

return advice
