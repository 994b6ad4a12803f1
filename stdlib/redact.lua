--- Takes secrets, and personal data if wanted, out of texts that leave a run: logs, results,
--- reports, messages. Finds them by their form; those that are known by their value are
--- run/secret.lua's matter, which calls this. Pure.
---
--- Invariants: what is put in their place is never taken for a secret, so redacting twice is
--- redacting once; every rule looks at each byte a bounded number of times (rules start from a
--- plain
--- needle and skip what they have read), so that a hostile page costs nothing.


local needles_in = sys.codec.needles_in

local redact = {}

local SECRET = "[secret]"

-- Walks a text from needle to needle. take(text, at, after) looks at the needle that begins at
-- `at`:
-- returns the first and last byte to replace, and by what; or nil, nil and from where to go on.
local function each(text, needle, take)
  local at, after = text:find(needle, 1, true)
  if not at then return text end
  local out, from = {}, 1
  while at do
    local first, last, by = take(text, at, after)
    local on = after + 1
    if first then
      if first >= from then
        out[#out + 1] = text:sub(from, first - 1)
        out[#out + 1] = by or SECRET
        from, on = last + 1, last + 1
      end
    elseif by and by > after then
      on = by
    end
    at, after = text:find(needle, on, true)
  end
  if from == 1 then return text end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

local function is_word(byte) -- a letter or a digit
  return byte ~= nil and (byte >= 48 and byte <= 57 or byte >= 65 and byte <= 90 or byte >= 97
    and byte <= 122)
end

-- ---- tokens that say what they are --------------------------------------------------------------

-- Needle, how many characters must follow it at least, and which if not [%w_-]. A text, because
-- every run has this file in its memory and few ever need a rule of it.
local TOKENS = [[
  shpat_:16 shpss_:16 shpca_:16 shppa_:16 shpua_:16 shptka_:16 shpit_:16 shpka_:16 shpltka_:16
  atkn_:16 ghp_:20 gho_:20 ghu_:20 ghs_:20 ghr_:20 github_pat_:20 glpat-:16 npm_:30
  xoxb-:16 xoxp-:16 xoxa-:16 xoxr-:16 xoxs-:16 xapp-:16
  sk_live_:16 rk_live_:16 sk_test_:16 rk_test_:16 sk-ant-:16 sk-proj-:16
  whsec_:12:[%w+/=_-] SG.:30:[%w._-] AKIA:16:[%u%d] ASIA:16:[%u%d] AIza:30 ]]

local function token_rule(least, set)
  local pattern = "^" .. (set or "[%w_-]") .. "+()"
  return function(text, at, after)
    local stop = text:match(pattern, after + 1)
    if not stop then return nil end
    local before = at > 1 and text:byte(at - 1) or nil
    if stop - after - 1 < least or is_word(before) then return nil, nil, stop end
    return at, stop - 1
  end
end

local function jwt(text, at)
  local one = text:match("^[%w_-]+()", at)
  local two = one and text:match("^%.[%w_-]+()", one)
  local three = two and text:match("^%.[%w_-]*()", two)
  if not three or two - one < 9 or one - at < 9 then return nil, nil, one end
  return at, three - 1
end

local function private_key(text, at)
  local head = text:match("^%-%-%-%-%-BEGIN [%u%d ]*PRIVATE KEY[%u ]*%-%-%-%-%-()", at)
  if not head then return nil end
  local finish = text:find("-----END", head, true)
  local stop = finish and text:match("^%-%-%-%-%-END [%u%d ]-%-%-%-%-%-()", finish)
  return at, stop and stop - 1 or #text
end

-- The paths of incoming webhooks are passwords.
local function slack_path(text, _, after)
  local stop = text:match("^[%w/_-]+()", after + 1)
  if not stop then return nil end
  return after + 1, stop - 1
end

local function discord_path(text, _, after)
  local first, stop = text:match("^%d+/()[%w_-]+()", after + 1)
  if not first then return nil end
  return first, stop - 1
end

local function telegram_token(text, at, after)
  local digits, stop = text:match("^(%d+):[%w_-]+()", after + 1)
  if not digits or #digits < 6 or stop - after < 25 then return nil end
  return at + 4, stop - 1
end

-- ---- by what stands before them -----------------------------------------------------------------

local SENSITIVE = {}
for word in ([[password passwd pwd passphrase secret token apikey apisecret accesskey secretkey
  privatekey authorization proxyauthorization cookie setcookie signingkey webhooksecret auth
  sessionid jsessionid phpsessid geniekey routingkey]]):gmatch("%a+") do
  SENSITIVE[word] = true
end
local ENDINGS = { "password", "passwd", "secret", "token", "apikey", "accesskey", "secretkey",
  "privatekey" }

-- Texts are full of the same few names.
local VERDICTS_MAX = 1000
local verdicts, verdict_count = {}, 0

-- One of these is in every name of the above.
local STEMS = sys.codec.needles "pass\npwd\nsecret\ntoken\nkey\nauth\ncookie\nsess"

local function judge_name(name)
  local plain = name:lower():gsub("[_%s-]", "")
  if not needles_in(STEMS, plain) then return false end
  if SENSITIVE[plain] then return true end
  for _, ending in ipairs(ENDINGS) do
    if plain:sub(-#ending) == ending then return true end
  end
  return false
end

--- Whether what is called this is a secret.
---@param name any
---@return boolean
function redact.is_sensitive(name)
  if type(name) ~= "string" or #name > 64 or #name < 3 then return false end
  local known = verdicts[name]
  if known == nil then
    known = judge_name(name)
    verdict_count = verdict_count + 1
    if verdict_count > VERDICTS_MAX then verdicts, verdict_count = {}, 0 end
    verdicts[name] = known
  end
  return known
end

local NAME_MAX = 64

-- The name that ends at `last`.
local function name_before(text, last)
  return text:sub(math.max(1, last - NAME_MAX), last):match("[%w_-]*$")
end

-- password=…
local function assignment(text, at)
  if not redact.is_sensitive(name_before(text, at - 1)) then return nil end
  local quote = text:match("^[\"']", at + 1)
  local first = quote and at + 2 or at + 1
  local stop = quote and text:find(quote, first, true) or text:match("^[^%s&\"'<>;#]+()", first)
  if not stop or stop == first or text:sub(first, stop - 1) == SECRET then return nil end
  return first, stop - 1
end

-- "password": "…", also with quotes that are escaped because the JSON lies in a text
local function member(text, at, after)
  local next_byte = text:byte(after + 1)
  if next_byte ~= 58 and next_byte ~= 32 then return nil end -- a colon, or a space before one
  local escaped = text:byte(at - 1) == 92
  local name_end = escaped and at - 2 or at - 1
  local first = text:match('^%s*:%s*\\?"()', after + 1)
  if not first or not redact.is_sensitive(name_before(text, name_end)) then return nil end
  local stop = first
  while true do -- to the quote that is not escaped (more)
    stop = text:find('"', stop, true)
    if not stop then stop = #text + 1 break end
    local slashes = 0
    while text:byte(stop - 1 - slashes) == 92 do slashes = slashes + 1 end
    if escaped and slashes == 1 then stop = stop - 1 break end
    if slashes % 2 == 0 then break end
    stop = stop + 1
  end
  if stop <= first or text:sub(first, stop - 1) == SECRET then return nil end
  return first, stop - 1
end

-- X-Shopify-Access-Token: …, to the end of the line. In prose ("the password: it is wrong") a colon
-- means nothing, so only names with a dash, and the four headers that have none.
local HEADERS = { authorization = true, cookie = true, ["set-cookie"] = true,
  ["proxy-authorization"] = true }
local function header(text, at)
  if not is_word(text:byte(at - 1)) then return nil end
  local name = name_before(text, at - 1):lower()
  if not (HEADERS[name] or name:find("-", 1, true) and redact.is_sensitive(name)) then
    return nil
  end
  local first, stop = text:match("^[ \t]*()[^\r\n\"']+()", at + 1)
  if not first or text:sub(first, stop - 1) == SECRET then return nil end
  return first, stop - 1
end

-- https://user:password@host
local function userinfo(text, _, after)
  local stop = text:match("^[^%s/?#@\"'<>]*()@", after + 1)
  if not stop or stop == after + 1 then
    return nil, nil, text:match("^[^%s/?#@\"'<>]*()", after + 1)
  end
  local inside = text:sub(after + 1, stop - 1)
  if inside == SECRET then return nil end
  return after + 1, stop - 1
end

-- Bearer and Basic, where what follows looks like a credential and not like a word.
local function scheme(kind)
  return function(text, at, after)
    local initial = text:sub(at - 1, at - 1)
    if initial:lower() ~= "b" then return nil end
    local first, stop = text:match("^%s*()[%w%-._~+/]+=*()", after + 1)
    if not first then return nil end
    local value = text:sub(first, stop - 1)
    if kind == "bearer" then
      if #value < 8 or not (value:find("%d") or #value >= 24) then return nil, nil, stop end
    else
      local plain = #value >= 6 and #value < 2000 and sys.codec.unbase64(value)
      if not plain or not plain:find(":", 1, true) then return nil, nil, stop end
    end
    return first, stop - 1
  end
end

local FORMS = {
  "-----BEGIN ", private_key, "://", userinfo, "eyJ", jwt,
  "hooks.slack.com/services/", slack_path, "hooks.slack.com/workflows/", slack_path,
  "/api/webhooks/", discord_path, "/bot", telegram_token,
  "earer", scheme "bearer", "asic", scheme "basic",
  "=", assignment, ":", header, '"', member,
}

local needles, takes = {}, {} -- of all rules, in the order in which they are applied
for needle in TOKENS:gmatch "(%S-):%S+" do needles[#needles + 1] = needle end
for i = 1, #FORMS, 2 do
  needles[#needles + 1] = FORMS[i]
  takes[#needles] = FORMS[i + 1]
end
-- One look in C tells which needles a text contains. Most contain none.
local all_needles = sys.codec.needles(table.concat(needles, "\n"))

local function take_of(i)
  if not takes[i] then
    local least, set = TOKENS:match("%s" .. needles[i]:gsub("%p", "%%%0")
      .. ":(%d+):?(%S*)")
    takes[i] = token_rule(tonumber(least), set ~= "" and set or nil)
  end
  return takes[i]
end

local function apply(text, i, ...)
  if not i then return text end
  return apply(each(text, needles[i], take_of(i)), ...)
end

--- A text without secrets.
---@param text string
---@param options {pii: boolean?, addresses: boolean?}?  pii: nor e-mail addresses, phone and card
---  numbers; addresses: nor public IPv4 addresses
---@return string
function redact.text(text, options)
  text = apply(text, needles_in(all_needles, text))
  if options and options.pii then
    local pii = require "redact_pii" -- only who asks for it pays for it
    text = each(text, "@", pii.mail)
    text = pii.numbers(text, options.addresses)
  end
  return text
end

local function copy(value, options, name)
  if type(value) == "string" then
    if value ~= "" and redact.is_sensitive(name) then return SECRET end
    return redact.text(value, options)
  end
  if type(value) ~= "table" then return value end
  local out = {}
  for key, content in pairs(value) do
    out[type(key) == "string" and redact.text(key, options) or key] = copy(content, options, key)
  end
  return setmetatable(out, debug.getmetatable(value)) -- keeps the mark of an empty array
end

--- A copy of plain data without secrets: in its texts, and what is called like one.
---@param value any
---@param options table?  as for redact.text
---@return any
function redact.value(value, options) return copy(value, options) end

return redact
