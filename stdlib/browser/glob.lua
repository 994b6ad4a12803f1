--- Patterns for addresses: "/cart/add*" (the path, the store's or any other's),
--- "https://shop.example/**", "**/checkouts/**", or a function that is given the thing and says yes
--- or no. `*` stops at a slash, `**` does not; everything else is plain text. A pattern without "?"
--- or "#" leaves the query and the fragment of the address open.

local fault = require "fault"

local glob = {}

local cache = {}

local function to_pattern(text)
  local out = text:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
  out = out:gsub("%*%*", "\0"):gsub("%*", "[^/]*"):gsub("%z", ".*")
  return "^" .. out .. "$"
end

local function compile(text)
  local found = cache[text]
  if found then return found end
  local pattern = to_pattern(text)
  local path_only, open = text:sub(1, 1) == "/", not text:find("[?#]")
  found = function(address)
    if open then address = address:match("^[^?#]*") end
    if path_only then address = address:match("^%a[%w+.-]*://[^/]*(/.*)$") or "/" end
    return address:find(pattern) ~= nil
  end
  cache[text] = found
  return found
end

--- A test for addresses.
---@param signature string  of the public function, for the message
---@param pattern string|function
---@param address_of (fun(thing: any): string)?  the address of what is tested; itself if absent
---@return fun(thing: any): boolean
function glob.compile(signature, pattern, address_of)
  if type(pattern) == "function" then return pattern end
  if type(pattern) ~= "string" or pattern == "" then
    fault.usage(signature,
      ("the pattern must be a text or a function, not %s"):format(type(pattern)),
      'write "/cart/add*", "**/checkouts/**" or function(url) return … end')
  end
  local test = compile(pattern)
  if not address_of then return test end
  return function(thing) return test(address_of(thing)) end
end

--- For messages.
---@param pattern string|function
---@return string
function glob.words(pattern)
  return type(pattern) == "string" and pattern or "the given function"
end

return glob
