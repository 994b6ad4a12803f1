--- Whether the shop at hand is a demo shop of this machine, and what a browser then needs to reach
--- the stand-ins of its pixels' vendors. Called by cli/session.lua, watch/daemon.lua and the verb
--- demo.

local json = require "json"

local demo_shop = {}

local ASK_MS, ANSWER_MAX = 1000, 65536

local function is_this_machine(host)
  return host == "localhost" or host == "[::1]" or host == "::1" or host:find("^127%.") ~= nil
end

--- The browser's flags for a description of demo/pixels.lua. It came over the network, so nothing
--- but names, an address of this machine and a fingerprint gets into a flag.
---@param of any
---@return string[] flags  none when the description is not sound
function demo_shop.flags(of)
  if type(of) ~= "table" or type(of.hosts) ~= "table" or type(of.address) ~= "string"
    or type(of.spki) ~= "string" then
    return {}
  end
  local rules = {}
  for i, host in ipairs(of.hosts) do
    if type(host) ~= "string" or not host:find("^[%w.-]+$") then return {} end
    rules[i] = ("MAP %s %s"):format(host, of.address)
  end
  local host = of.address:match("^([%w.%[%]:]+):%d+$")
  if #rules == 0 or not host or not is_this_machine(host)
    or not of.spki:find("^[%w+/]+=*$") then
    return {}
  end
  return { "--host-resolver-rules=" .. table.concat(rules, ", "),
    "--ignore-certificate-errors-spki-list=" .. of.spki }
end

--- The browser's flags for a shop; none unless it is a demo shop of this machine with pixels.
--- Waits.
---@param url string?
---@return string[]
function demo_shop.browser_args(url)
  local address = url and sys.codec.url_parse(url)
  if not address or not is_this_machine(address.host or "") then return {} end
  local answer = sys.http.request { method = "GET", timeout_ms = ASK_MS, max_bytes = ANSWER_MAX,
    url = sys.codec.url_join(url, "/__demo.json") }
  if not answer or answer.status ~= 200 then return {} end
  local found = json.decode(answer.body)
  return type(found) == "table" and found.demo == true and demo_shop.flags(found.pixels) or {}
end

--- A job's browser with further arguments; one that runs already stays as it is.
---@param browser table   of cli/jobs.lua; not changed
---@param more string[]
---@return table
function demo_shop.with_args(browser, more)
  if #more == 0 or browser.endpoint then return browser end
  local out, args = {}, {}
  for key, value in pairs(browser) do out[key] = value end
  for _, list in ipairs { browser.args or {}, more } do
    for _, arg in ipairs(list) do args[#args + 1] = arg end
  end
  out.args = args
  return out
end

return demo_shop
