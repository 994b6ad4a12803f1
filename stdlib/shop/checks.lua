--- What is wrong on pages that were looked at (shop/look.lua): errors of the theme, broken pictures
--- and scripts, insecure parts. Each check takes the views and reports to shop.findings. Pure.

local apps = require "shop.apps"
local storefront = require "shop.storefront"

local checks = {}

local SHOWN_URL = 90
local IMAGE_HINT = "upload the picture again, or take it out of the page that shows it"

local function short(url)
  local parts = sys.codec.url_parse(url) or {}
  local text = (parts.host or "") .. (parts.path or url)
  return #text > SHOWN_URL and text:sub(1, SHOWN_URL) .. "…" or text
end

local function own_host(views)
  local parts = views[1] and sys.codec.url_parse(views[1].url)
  return parts and parts.host
end

local function quoted(text) return '"' .. text .. '"' end

--- Errors and leftovers of Liquid, and missing translations, that shoppers can read.
---@param views table[]
---@param found table
function checks.liquid(views, found)
  for _, view in ipairs(views) do
    for _, one in ipairs(view.liquid) do
      local missing = one.text:lower():find("^translation missing")
      found.bad(("the %s shows %s: %s"):format(view.name, missing and "a missing translation"
        or one.text:find("^{") and "raw Liquid code" or "a Liquid error", quoted(one.text)),
        { code = "liquid", url = view.url,
        hint = missing and "add the text in the theme's language editor"
          or "the theme's file that is named, or the last change to it, is broken" })
    end
  end
end

local function failed(request)
  if request.status and request.status >= 400 then return tostring(request.status) end
  return request.failure
end

--- Pictures that did not come, by what the browser asked for and by what it shows.
---@param views table[]
---@param found table
function checks.images(views, found)
  local seen = {}
  local function broken(view, url, alt, why)
    local path = storefront.path_of(url)
    if seen[path] then return end
    seen[path] = true
    found.bad(("a picture on the %s is broken: %s%s (%s)"):format(view.name,
      alt and alt ~= "" and quoted(alt) .. " " or "", short(url), why),
      { code = "broken-image", url = url, hint = IMAGE_HINT })
  end
  for _, view in ipairs(views) do
    local alts = {}
    for _, image in ipairs(view.images) do alts[image.url] = image.alt end
    for _, request in ipairs(view.requests) do
      local why = request.type == "image" and failed(request)
      if why then broken(view, request.url, alts[request.url], why) end
    end
    for _, image in ipairs(view.images) do
      if image.broken then broken(view, image.url, image.alt, "it is no picture") end
    end
  end
end

local KINDS = { script = "a script", stylesheet = "a style sheet" }

--- Scripts and style sheets that are gone, with whose they are. What an app left behind costs time
--- and often breaks what comes after it.
---@param views table[]
---@param found table
function checks.scripts(views, found)
  local host, seen = own_host(views), {}
  for _, view in ipairs(views) do
    for _, request in ipairs(view.requests) do
      local what, why = KINDS[request.type], failed(request)
      local path = storefront.path_of(request.url)
      if what and why and not seen[path] then
        seen[path] = true
        local owner = apps.owner(request.url, host)
        found.poor(("%s of %s does not load on the %s (%s): %s"):format(what, owner, view.name, why,
          short(request.url)), { code = "script", url = request.url,
          hint = "if the app was removed, take its code out of the theme" })
      end
    end
  end
end

--- Parts of an https page that are asked for over http: browsers block them or warn.
---@param views table[]
---@param found table
function checks.insecure(views, found)
  for _, view in ipairs(views) do
    for _, part in ipairs(view.insecure) do
      found.poor(("the %s loads <%s> without encryption: %s"):format(view.name, part.tag,
        short(part.url)), { code = "mixed-content", url = part.url,
        hint = "browsers block it; write https:// in the theme" })
    end
  end
end

return checks
