--- Where the answers of this run came from: the last address of each host. And how the first
--- request to a host is to be made. Used by http.lua and run/conditions.lua; one a Lua state, which
--- is one a run.

local seen = {}

local addresses = {} -- by host
local asked = {}
local wants_fresh = false

local function host_of(url)
  local host = url:match "^%a[%w+.-]*://([^/?#]*)"
  host = host and host:gsub("^.*@", "")
  return host and (host:match "^%[(.-)%]" or host:gsub(":%d*$", "")):lower()
end

--- From here on the first request to each host opens a connection of its own: what another run left
--- open says nothing new.
function seen.be_fresh() wants_fresh = true end

--- Whether a request that is about to be sent is such a first one.
---@param url string
---@return boolean
function seen.is_first(url)
  local host = wants_fresh and host_of(url)
  if not host or asked[host] then return false end
  asked[host] = true
  return true
end

--- An answer came.
---@param url string  where from, after redirects
---@param address string
function seen.note(url, address)
  local host = host_of(url)
  if host and address ~= "" then addresses[host] = address end
end

--- The address of a host that answered last, nil: none did.
---@param host string
---@return string?
function seen.address(host) return addresses[host:lower()] end

return seen
