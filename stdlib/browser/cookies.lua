--- What a page has stored: the cookies of its browser context (which the pages of a run share),
--- local and session storage of the document that is shown.

local fault = require "fault"
local json = require "json"
local nearest = require "run.nearest"
local secret = require "run.secret"
local target = require "browser.target"
local world = require "browser.world"

local cookies = {}

local CALL_MS = 5000
local FIELDS = { name = "string", value = "string", url = "string", domain = "string",
  path = "string", secure = "boolean", http_only = "boolean", same_site = "string",
  expires = "number" }
local SAME_SITE = { Strict = true, Lax = true, None = true }
local KINDS = { ["local"] = true, session = true }

local function call(tab, what, method, params)
  params.browserContextId = tab.context:id()
  local answer, text, code = tab.browser:call(method, json.encode(params), nil, CALL_MS)
  if answer then return sys.codec.json_decode(answer) end
  if code == "cdp" then fault.usage(what, text) end
  world.raise(tab, what, text, code)
end

--- page:cookies: all of the context, or those of one name.
---@param tab browser.Tab
---@param name string?
---@return table[]  { name, value, domain, path, secure, http_only, same_site, expires (seconds) }
function cookies.list(tab, name)
  local out = {}
  for _, one in ipairs(call(tab, "page:cookies(name)", "Storage.getCookies", {}).cookies) do
    if name == nil or one.name == name then
      out[#out + 1] = { name = one.name, value = one.value, domain = one.domain, path = one.path,
        secure = one.secure, http_only = one.httpOnly, same_site = one.sameSite,
        expires = not one.session and one.expires or nil }
    end
  end
  return out
end

--- page:set_cookie. Without url and domain it is one of the store.
---@param tab browser.Tab
---@param cookie table
function cookies.set(tab, cookie)
  local signature = "page:set_cookie{name, value, url, domain, path, …}"
  if type(cookie) ~= "table" then fault.usage(signature, "takes a table") end
  local one = {}
  for key, value in pairs(cookie) do
    if not FIELDS[key] then
      fault.usage(signature, ("unknown field %q"):format(tostring(key)),
        nearest.hint(key, FIELDS))
    end
    if key == "value" then value = secret.reveal(value) end
    if type(value) ~= FIELDS[key] then
      fault.usage(signature, ("%s must be a %s"):format(key, FIELDS[key]))
    end
    one[key] = value
  end
  if not one.name or not one.value then fault.usage(signature, "name and value are needed") end
  if one.same_site and not SAME_SITE[one.same_site] then
    fault.usage(signature, "same_site is Strict, Lax or None")
  end
  if not one.url and not one.domain then one.url = tab.hosts:resolve(signature, one.path or "/") end
  call(tab, signature, "Storage.setCookies", { cookies = { { name = one.name, value = one.value,
    url = one.url, domain = one.domain, path = one.path, secure = one.secure,
    httpOnly = one.http_only, sameSite = one.same_site, expires = one.expires } } })
end

--- page:clear_cookies: all of the context, so the cart and the session with them.
function cookies.clear(tab) call(tab, "page:clear_cookies()", "Storage.clearCookies", {}) end

local function check_kind(signature, kind)
  kind = kind or "local"
  if not KINDS[kind] then
    fault.usage(signature, ("there is no storage %q"):format(tostring(kind)), "local and session")
  end
  return kind
end

--- page:storage: what the page's origin has stored.
---@param tab browser.Tab
---@param kind "local"|"session"|nil
---@return table<string, string>
function cookies.storage(tab, kind)
  kind = check_kind("page:storage(kind)", kind)
  local answer = world.ask(tab, "storage", "stored", { kind = kind }, world.soon())
  return answer and answer.value or {}
end

--- page:set_storage: adds to it; false takes one away.
---@param tab browser.Tab
---@param items table<string, string|number|boolean>
---@param kind "local"|"session"|nil
function cookies.set_storage(tab, items, kind)
  local signature = "page:set_storage(items, kind)"
  kind = check_kind(signature, kind)
  if type(items) ~= "table" then fault.usage(signature, "takes a table of texts") end
  local list = {}
  for key, value in pairs(items) do
    value = secret.reveal(value)
    list[#list + 1] = { key = tostring(key), value = value ~= false and tostring(value) or nil }
  end
  local answer = target.change(tab, "set_storage", "store", { kind = kind, items = list })
  if answer.why then
    fault.failure { code = "js", message = "set_storage: " .. answer.why,
      details = { url = tab.document.url } }
  end
end

return cookies
