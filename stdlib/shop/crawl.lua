--- Follows the links and pictures of pages that were looked at, without a browser, a bounded number
--- of them: what a shopper would click and find broken. For skills that need "http".

local advice = require "advice"
local apps = require "shop.apps"
local storefront = require "shop.storefront"
local truth = require "shop.truth"

local crawl = {}

local AT_ONCE, MAX_BODY, LIMIT = 4, 3 * 1024 * 1024, "15s"

-- Addresses that change something, need a login or belong to checkout.
local NEVER = { "^/cart/", "^/checkout", "^/account", "^/customer", "^/apps/", "^/a/", "^/logout",
  "^/challenge", "^/cdn/wpm", "^/admin", "^/password" }

local function is_ignored(path, ignore)
  for _, pattern in ipairs(NEVER) do
    if path:find(pattern) then return true end
  end
  for _, glob in ipairs(ignore) do
    local pattern = "^" .. glob:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*") .. "$"
    if path:find(pattern) then return true end
  end
  return false
end

local function host_of(url)
  local parts = sys.codec.url_parse(url) or {}
  return (parts.host or "") .. (parts.port and ":" .. parts.port or "")
end

-- The links that are worth following: of the shop, each address once, the menu's first.
local function targets(views, base, max, ignore)
  local list, by_url, host = {}, {}, host_of(base)
  for _, view in ipairs(views) do by_url[view.url:gsub("#.*$", "")] = true end -- looked at already
  for _, menu in ipairs { true, false } do
    for _, view in ipairs(views) do
      for _, link in ipairs(view.links) do
        local path = storefront.path_of(link.url)
        if link.menu == menu and not by_url[link.url] and host_of(link.url) == host
          and not is_ignored(path, ignore) then
          by_url[link.url] = true
          list[#list + 1] = { url = link.url, path = path, text = link.text, menu = menu,
            from = view.name }
        end
      end
    end
  end
  local left = math.max(0, #list - max)
  for i = #list, max + 1, -1 do list[i] = nil end
  return list, left
end

-- Runs fn for each item, a few at a time.
local function each(items, fn)
  local next_index, tasks = 0, {}
  local function work()
    while next_index < #items do
      next_index = next_index + 1
      fn(items[next_index])
    end
  end
  for i = 1, math.min(AT_ONCE, #items) do tasks[i] = sys.task.spawn(work) end
  for _, task in ipairs(tasks) do
    local ok, why = task:join()
    if not ok then error(why, 0) end
  end
end

local function words_of(link)
  local text = link.text ~= "" and ("“%s” "):format(link.text) or ""
  return ("the link %s(%s) %s the %s"):format(text, link.path, link.menu and "in the menu of"
    or "on",
    link.from)
end

local function report(link, answer, why, code, found)
  local more = { code = "broken-link", url = link.url,
    hint = "mend the link, or add a URL redirect for its address" }
  if code == "redirects" then
    more.code = "redirect-loop"
    more.hint = "look for redirects that lead to each other in the shop's URL redirects"
    found.bad(words_of(link) .. " leads in circles: the redirects never end", more)
  elseif not answer then
    found.bad(("%s does not open: %s"):format(words_of(link), why), more)
  elseif answer.status == 404 or answer.status == 410 then
    found.bad(words_of(link) .. " leads to a page that does not exist (404)", more)
  elseif answer.status >= 500 then
    more.hint = advice.of("http-status", { status = answer.status })
    found.bad(("%s leads to a server error (%d)"):format(words_of(link), answer.status), more)
  end
end

-- Text of a page without its scripts, for errors of the theme. Case matters little: Liquid's own
-- words are known.
local function liquid_of(html)
  for _, tag in ipairs { "script", "style", "template", "textarea" } do
    html = html:gsub("<" .. tag .. "[%s>].-</" .. tag .. ">", "")
  end
  html = html:gsub("<!%-%-.-%-%->", "")
  for _, pattern in ipairs { "Liquid error[ :(][^<\n]*", "Liquid syntax error[^<\n]*",
    "[Tt]ranslation missing: [%w_.]+", "{%%%-? *%l+[^{}<]*%%}", "{{%-? *[%w_.]+[^{}<]*}}" } do
    local text = html:match(pattern)
    if text then return text:sub(1, 160) end
  end
end

-- Pages answer GET as they answer shoppers; their text is looked at on the way.
local function follow(t, link, found, seen_text)
  local answer, why, code = truth.ask(t, link.url, { timeout = LIMIT, max_body = MAX_BODY })
  if code == "denied" or code == "private-address" then return end -- it left for another host
  report(link, answer, why, code, found)
  local html = answer and answer.ok and (answer.headers["content-type"] or ""):find("html", 1, true)
  local liquid = html and liquid_of(answer.body)
  if liquid and not seen_text[liquid] then
    seen_text[liquid] = true
    found.bad(('%s shows an error of the theme: "%s"'):format(link.path, liquid),
      { code = "liquid", url = link.url, hint = "the theme's file that is named, or the last "
      .. "change to it, is broken" })
  end
end

--- Follows the links of the views to the shop's own pages.
---@param t table
---@param views table[]
---@param found table      shop.findings
---@param options table?   { max = 40, ignore = { "/blogs/*" } }
---@return integer followed
---@return integer left     how many more there were
function crawl.links(t, views, found, options)
  options = options or {}
  local seen_text = {}
  for _, view in ipairs(views) do
    for _, one in ipairs(view.liquid) do seen_text[one.text] = true end
  end
  local list, left = targets(views, t.store.url, options.max or 40, options.ignore or {})
  each(list, function(link) follow(t, link, found, seen_text) end)
  return #list, left
end

--- Asks for the pictures of the views that the browser has not loaded, because they lie below the
--- fold. Those of other hosts are left out.
---@param t table
---@param views table[]
---@param found table
---@param max integer?  40
---@return integer asked
function crawl.images(t, views, found, max)
  local list, seen, host = {}, {}, host_of(t.store.url)
  for _, view in ipairs(views) do
    for _, image in ipairs(view.images) do
      local path = storefront.path_of(image.url)
      if image.loaded or image.broken then seen[path] = true end
    end
  end
  for _, view in ipairs(views) do
    for _, image in ipairs(view.images) do
      local path = storefront.path_of(image.url)
      if not seen[path] and host_of(image.url) == host and #list < (max or 40) then
        seen[path] = true
        list[#list + 1] = { url = image.url, alt = image.alt, from = view.name, path = path }
      end
    end
  end
  each(list, function(image)
    local answer = truth.ask(t, image.url, { method = "HEAD", timeout = LIMIT })
    if answer and answer.status >= 400 and answer.status ~= 405 and answer.status ~= 429 then
      found.bad(('a picture on the %s is broken: "%s" %s (%d), of %s'):format(image.from, image.alt,
        image.path, answer.status, apps.owner(image.url, host)), { code = "broken-image",
        url = image.url, hint = "upload the picture again, or take it out of the page" })
    end
  end)
  return #list
end

return crawl
