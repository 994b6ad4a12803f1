--- Which addresses page:goto may visit: the store's host, hosts to which the store itself has
--- redirected a page, and those that the manifest names. What the pages load and where their links
--- lead is the shop's affair.

local fault = require "fault"

local hosts = {}

---@class browser.Hosts
---@field base string            the store's address
---@field plain table<string, boolean>
---@field below string[]         ".example.com" for "*.example.com"
local Hosts = {}
Hosts.__index = Hosts

local DEFAULT_PORT = { http = 80, https = 443 }

local function parse(url)
  local found = sys.codec.url_parse(url)
  if found and found.host then found.host = found.host:lower() end
  return found
end

--- Makes the policy of a run.
---@param store_url string?
---@param more string[]?  "pay.example", "*.example.com", "host:port"
---@return browser.Hosts
function hosts.new(store_url, more)
  local self = setmetatable({ base = store_url, plain = {}, below = {} }, Hosts)
  local store = store_url and parse(store_url)
  if store and store.host then self.plain[store.host] = true end
  for _, host in ipairs(more or {}) do
    host = host:lower():gsub(":%d+$", "")
    if host:sub(1, 2) == "*." then
      table.insert(self.below, host:sub(2))
    else
      self.plain[host] = true
    end
  end
  return self
end

--- Whether pages of this host may be asked for.
---@param host string
---@return boolean
function Hosts:allows(host)
  host = host:lower()
  if self.plain[host] then return true end
  for _, ending in ipairs(self.below) do
    if #host > #ending and host:sub(-#ending) == ending then return true end
  end
  return false
end

--- The store has redirected a page to this address: its host is the store's as well.
---@param url string
function Hosts:learn(url)
  local found = parse(url)
  if found and found.host and DEFAULT_PORT[found.scheme] then self.plain[found.host] = true end
end

--- The whole address of what a script asks for; raises a usage fault when it may not be visited.
---@param signature string
---@param url any
---@return string url
---@return string host
function Hosts:resolve(signature, url)
  if type(url) ~= "string" or url == "" then
    fault.usage(signature, ("the address must be a text, not %s"):format(type(url)))
  end
  if not self.base and not url:find("^%a[%w+.-]*:") then
    fault.usage(signature, ("%q is relative, and no store is configured"):format(url),
      "set STORE_URL or give --url")
  end
  local whole = self.base and sys.codec.url_join(self.base, url) or url
  local found = whole and parse(whole)
  if not found or not DEFAULT_PORT[found.scheme or ""] or not found.host or found.host == "" then
    fault.usage(signature, ("%q is not an http or https address"):format(url))
  end
  if found.userinfo then
    fault.usage(signature, "an address with a password in it shows in every log",
      "leave the user and password out")
  end
  if not self:allows(found.host) then
    fault.usage(signature, ("%s is not a host of the store"):format(found.host),
      ('add "http:%s" to needs'):format(found.host))
  end
  return whole, found.host
end

--- What people call the page at an address: "home page", "/cart", "pay.example/x".
---@param url string?
---@return string
function Hosts:words(url)
  local found = url and parse(url)
  if not found or not found.host then return url or "the page" end
  local path = found.path and found.path ~= "" and found.path or "/"
  if not self.plain[found.host] then return found.host .. path end
  return path == "/" and "home page" or path
end

return hosts
