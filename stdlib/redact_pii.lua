--- Personal data by its form: e-mail addresses, card numbers (Luhn), phone numbers, IPv4 addresses.
--- Used by redact.lua. Pure.

local redact_pii = {}

-- logo@2x.png is no address.
local FILES = { png = true, jpg = true, jpeg = true, gif = true, webp = true, svg = true,
  avif = true, css = true,
  js = true, mjs = true, json = true, lua = true, html = true, map = true, ts = true, woff = true }

local LOCAL = {} -- bytes that may stand before the @
for byte = 33, 126 do LOCAL[byte] = string.char(byte):find("[%w.!#$%%&'*+/=?^_`{|}~-]") ~= nil end

--- For redact.lua: the address around the @ at `at`.
function redact_pii.mail(text, at)
  local first = at
  while first > 1 and at - first < 64 and LOCAL[text:byte(first - 1)] do first = first - 1 end
  local stop = text:match("^[%w.-]+()", at + 1)
  if first == at or not stop then return nil, nil, stop end
  if stop - at > 254 then return nil, nil, stop end
  local domain = text:sub(at + 1, stop - 1):gsub("[.-]+$", "")
  local ending = domain:match("%.(%a%a+)$")
  if not ending or FILES[ending:lower()] or domain:find("..", 1, true) then
    return nil, nil, stop
  end
  local before = text:sub(first, at - 1):match("[%w_].*$") -- what leads it is punctuation
  if not before then return nil, nil, stop end
  return at - #before, at + #domain, "[email]"
end

local function luhn(digits)
  local sum, double = 0, false
  for i = #digits, 1, -1 do
    local digit = digits:byte(i) - 48
    if double then digit = digit * 2 > 9 and digit * 2 - 9 or digit * 2 end
    sum, double = sum + digit, not double
  end
  return sum % 10 == 0
end

-- The networks' own beginnings and lengths: product and order numbers are long, too.
local function is_card(digits, grouped)
  local n, two, four = #digits, tonumber(digits:sub(1, 2)), tonumber(digits:sub(1, 4))
  local fits = n == 16 and (digits:sub(1, 1) == "4" or two >= 51 and two <= 55 or four >= 2221
    and four <= 2720
      or four == 6011 or two == 65 or two == 62 or four >= 6440 and four <= 6499 or four >= 3528
        and four <= 3589)
    or n == 15 and (two == 34 or two == 37)
    or n == 19 and (two == 62 or grouped and digits:sub(1, 1) == "4")
    or n == 14 and grouped and (two == 36 or two == 38 or two == 30)
  return fits and luhn(digits)
end

local function is_phone(run, plus, digits)
  if plus then return #digits >= 8 and #digits <= 15 end
  return run:find("^%(?%d%d%d%)?[ .-]%d%d%d[ .-]%d%d%d%d$") ~= nil
    or run:find("^0%d%d+[ /-]%d%d%d[%d -]*$") ~= nil and #digits >= 9 and #digits <= 13
      and run:find("[ /]") ~= nil
end

local function is_public_address(run)
  local a, b, c, d = run:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  if not a or a > 255 or b > 255 or c > 255 or d > 255 then return false end
  return not (a == 0 or a == 10 or a == 127 or a >= 224 or a == 192 and b == 168 or a == 172
    and b >= 16 and b <= 31
    or a == 169 and b == 254)
end

-- A run that is too short for anything is not even looked at.
local RUN = "%f[%d+(][+(]?%d" .. ("[%d ()./-]"):rep(6) .. "[%d ()./-]*"

--- Card and phone numbers, and addresses if wanted. A number is looked at as a whole: a run of
--- digits with single spaces, dashes, dots, slashes or brackets in it.
---@param text string
---@param addresses boolean?
---@return string
function redact_pii.numbers(text, addresses)
  return (text:gsub(RUN, function(run)
    local tail = run:match("[^%d]*$")
    local core = run:sub(1, #run - #tail)
    local digits = core:gsub("%D", "")
    if addresses and is_public_address(core) then return "[ip]" .. tail end
    if #digits < 7 or core:find("[ ()./-][ ./-][ ./-]") or core:find("%d%d%d%d%-%d%d%-%d%d") then
      return nil
    end
    if #digits > 19 then return nil end
    if is_card(digits, core ~= digits) then return "[card]" .. tail end
    if is_phone(core, core:sub(1, 1) == "+", digits) then return "[phone]" .. tail end
  end))
end

return redact_pii
