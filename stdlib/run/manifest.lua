--- `needs`: what a script may reach. Parsed here, enforced by the gate in C (capabilities) and by
--- the HTTP policy (hosts); shown to the person who installs a shared script.
---
---    needs = { "browser", "http", "http:api.example.com", "http:*.example.com" }

local fault = require "fault"

local manifest = {}

--- The words that may stand in `needs`, with what each one grants.
manifest.KNOWN = {
  browser = "drive a browser (t.page); its pages load what the shop's pages load",
  http = "HTTP requests to the store's own hosts; http:HOST for one more host",
  mail = "send e-mail through the server that its options name",
}

local function valid_host(host)
  local name, port = host:match("^(.-):(%d+)$")
  name = name or host
  if port and (tonumber(port) < 1 or tonumber(port) > 65535) then return false end
  name = name:gsub("^%*%.", "")
  if name == "" or #name > 253 then return false end
  for label in (name .. "."):gmatch("(.-)%.") do
    if #label > 63 or not label:match("^%w[%w_-]*$") or label:match("%-$") then return false end
  end
  return true
end

local function refuse(problem, hint)
  error(fault.new("usage", { message = "needs: " .. problem, hint = hint, code = "needs" }), 0)
end

---@class run.Needs
---@field list string[]                  as declared, sorted, each once
---@field capabilities string[]          for the gate: "browser", "http", "mail"
---@field hosts string[]                 hosts beside the store's own, "*." for all below
---@field has table<string, boolean>     by capability

--- Reads the list; raises a usage fault that names the nearest known word.
---@param list string[]?
---@return run.Needs
function manifest.parse(list)
  if list == nil then list = {} end
  if type(list) ~= "table" then refuse("must be a list of texts", 'needs = { "browser" }') end
  local out = { list = {}, capabilities = {}, hosts = {}, has = {} }
  local seen = {}
  for key, entry in pairs(list) do
    if type(key) ~= "number" or type(entry) ~= "string" then
      refuse("must be a list of texts", 'needs = { "browser", "http" }')
    end
    local word, host = entry:match("^([^:]*):(.*)$")
    word = word or entry
    if not manifest.KNOWN[word] then
      refuse(("unknown need %q"):format(entry), require("run.nearest").hint(word, manifest.KNOWN))
    end
    if host and word ~= "http" then
      refuse(("%q: only http takes a host"):format(entry), ('write "%s"'):format(word))
    end
    if host and not valid_host(host) then
      refuse(("%q is not a host"):format(host),
        'write a name without scheme or path: "http:api.example.com"')
    end
    if not seen[entry] then
      seen[entry] = true
      out.list[#out.list + 1] = entry
      if host then out.hosts[#out.hosts + 1] = host:lower() end
      if not out.has[word] then
        out.has[word] = true
        out.capabilities[#out.capabilities + 1] = word
      end
    end
  end
  table.sort(out.list)
  table.sort(out.capabilities)
  table.sort(out.hosts)
  return out
end

return manifest
