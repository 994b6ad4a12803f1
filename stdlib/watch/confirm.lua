--- What is to be different when a check looks again at what has failed: another one of the
--- addresses that the shop's name leads to, where there is one. Pure but for the resolver that it
--- is given. Used by watch/daemon.lua.

local url = require "url"

local confirm = {}

local LIMIT_MS = 5000 -- the look does not wait longer for the resolver

local function family(address) return address:find(":", 1, true) and 6 or 4 end

--- The next address after the one that was used. Of the same family: a machine without a way to
--- the other one would blame the shop for that.
---@param addresses string[]
---@param previous string?  nil: not known; then the first of the list was used
---@return string? address  nil: there is no other
function confirm.choose(addresses, previous)
  previous = previous or addresses[1]
  if not previous then return nil end
  local same, at = {}, 0
  for _, address in ipairs(addresses) do
    if family(address) == family(previous) then
      same[#same + 1] = address
      if address == previous then at = #same end
    end
  end
  local following = same[at % math.max(1, #same) + 1]
  return following ~= previous and following or nil
end

--- How a look again is to be made. Waits for the resolver.
---@param resolve fun(host: string): string[]?
---@param store_url string
---@param previous string?  the address of the last look
---@return table look  address?, previous?, count?
function confirm.look(resolve, store_url, previous)
  local parts = url.parse(store_url)
  if not parts or not parts.host then return {} end
  local task = sys.task.spawn(resolve, parts.host)
  local ok, addresses = task:join(LIMIT_MS)
  if not ok or type(addresses) ~= "table" then
    if not task:done() then task:kill("the resolver takes too long") end
    return { previous = previous }
  end
  return { address = confirm.choose(addresses, previous), previous = previous or addresses[1],
    count = #addresses }
end

return confirm
