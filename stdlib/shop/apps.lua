--- Whose file a script or picture is: which app brought it into the shop, as far as its address
--- tells. Pure.

local apps = {}

-- Host endings of apps that many shops have.
local HOSTS = {
  ["klaviyo.com"] = "Klaviyo", ["judge.me"] = "Judge.me", ["judgeme.app"] = "Judge.me",
  ["yotpo.com"] = "Yotpo", ["loox.io"] = "Loox", ["stamped.io"] = "Stamped",
  ["okendo.io"] = "Okendo", ["rechargecdn.com"] = "Recharge", ["rechargepayments.com"] = "Recharge",
  ["smile.io"] = "Smile", ["privy.com"] = "Privy", ["gorgias.chat"] = "Gorgias",
  ["gorgias.io"] = "Gorgias", ["tidio.co"] = "Tidio", ["hotjar.com"] = "Hotjar",
  ["clarity.ms"] = "Microsoft Clarity", ["afterpay.com"] = "Afterpay", ["klarna.com"] = "Klarna",
  ["attn.tv"] = "Attentive", ["postscript.io"] = "Postscript", ["omnisnippet1.com"] = "Omnisend",
  ["rebuyengine.com"] = "Rebuy", ["searchanise.com"] = "Searchanise", ["gempages.net"] = "GemPages",
  ["pagefly.io"] = "PageFly", ["shogun.cloud"] = "Shogun", ["getshogun.com"] = "Shogun",
  ["facebook.net"] = "Meta pixel", ["facebook.com"] = "Meta pixel",
  ["googletagmanager.com"] = "Google Tag Manager", ["google-analytics.com"] = "Google Analytics",
  ["tiktok.com"] = "TikTok pixel", ["pinimg.com"] = "Pinterest tag",
    ["sc-static.net"] = "Snap pixel",
  ["bing.com"] = "Microsoft Ads",
}

local function of_host(host)
  repeat
    if HOSTS[host] then return HOSTS[host] end
    local rest = host:match("^[^.]+%.(.+)$")
    host = rest
  until not host
end

--- Who brought a file: "the app countdown-timer-plus", "Klaviyo", "the theme", or its host.
---@param url string
---@param shop_host string?  the shop's own host
---@return string
function apps.owner(url, shop_host)
  local parts = sys.codec.url_parse(url) or {}
  local host, path = (parts.host or ""):lower(), parts.path or ""
  local extension = path:match("^/extensions/[%x-]+/([%w_-]+)/")
  if extension then return "the app " .. (extension:gsub("%-%d+$", "")) end
  local proxy = path:match("^/apps/([%w_-]+)") or path:match("^/a/([%w_-]+)")
  if proxy then return "the app behind /apps/" .. proxy end
  if path:find("/shopifycloud/", 1, true) then return "Shopify" end
  local known = of_host(host)
  if known then return known end
  if path:find("/assets/", 1, true) then return "the theme, or an app that wrote into it" end
  if host == shop_host or host == "" then return "the shop" end
  return host
end

return apps
