--- Secrets are handles. A script can pass one on (page:fill, an http header) and join it with text,
--- but reading, printing or comparing it shows only dots; the parts of the stdlib that need the
--- text call secret.reveal. What left the run by another way (a page that shows the password again,
--- a message) is scrubbed by run/events.lua from every event.

local redact = require "redact"

local secret = {}

local SHORTEST_SCRUBBED = 4 -- shorter texts would be found in everything

---@class Secret
local Secret = {}

local ordered -- the known texts, longest first: one may contain another; nil: to be made
local texts = setmetatable({}, { __mode = "k" }) -- handle → text
local known = {} -- texts to scrub

--- Declares a text to be secret and makes a handle for it.
---@param text string
---@return Secret
function secret.new(text)
  local handle = setmetatable({}, Secret)
  texts[handle] = text
  if #text >= SHORTEST_SCRUBBED then known[text], ordered = true, nil end
  return handle
end

---@return boolean
function secret.is(value)
  return type(value) == "table" and texts[value] ~= nil
end

--- The text of a handle; any other value as it is. For the stdlib only.
---@param value any
---@return any
function secret.reveal(value)
  local text = type(value) == "table" and texts[value]
  if text then return text end
  return value
end

Secret.__metatable = false
Secret.__tostring = function() return "[secret]" end
Secret.__newindex = function() error("a secret is read-only", 2) end
Secret.__index = function(_, key)
  error(('a secret has no field "%s": pass it on as it is'):format(tostring(key)), 2)
end
--- "Bearer " .. token is a secret as well.
Secret.__concat = function(a, b)
  local function part(value)
    value = secret.reveal(value)
    if type(value) == "string" or type(value) == "number" then return tostring(value) end
    error(("attempt to concatenate a %s value with a secret"):format(type(value)), 3)
  end
  return secret.new(part(a) .. part(b))
end
Secret.__eq = function(a, b) return texts[a] == texts[b] end

local options = { pii = false } -- of redact.text

--- Whether personal data goes as well, from here on (REDACT_PII).
---@param on boolean
function secret.hide_personal_data(on) options.pii = on and true or false end

local function replace_known(text)
  if not ordered then
    ordered = {}
    for hidden in pairs(known) do ordered[#ordered + 1] = hidden end
    table.sort(ordered, function(a, b) return #a > #b or #a == #b and a < b end)
  end
  for _, hidden in ipairs(ordered) do
    local first, final = text:find(hidden, 1, true)
    if first then
      local out, from = {}, 1
      while first do
        out[#out + 1] = text:sub(from, first - 1)
        from = final + 1
        first, final = text:find(hidden, from, true)
      end
      out[#out + 1] = text:sub(from)
      text = table.concat(out, "[secret]")
    end
  end
  return text
end

-- What the formats of results and events call their own fields: neither secrets nor names of such.
local FIELDS = {}
for name in ([[format version skill script store_url status summary started_at finished_at
  duration_ms steps warnings notes metrics screenshots evidence details gate severity dry_run
  learned name start_ms error failure depth message where code hint kind excerpt traceback step
  value unit page baseline path url type result reads effects chances refused denied index level
  text]]):gmatch "[%a_]+" do
  FIELDS[name] = true
end

local function scrub(value, name)
  if type(value) == "string" then
    if name and value ~= "" and redact.is_sensitive(name) then return "[secret]" end
    return redact.text(next(known) and replace_known(value) or value, options)
  end
  if type(value) ~= "table" then return value end
  if texts[value] then return "[secret]" end
  local copy = {}
  for key, content in next, value do
    if FIELDS[key] then copy[key] = scrub(content) else copy[scrub(key)] = scrub(content, key) end
  end
  return setmetatable(copy, debug.getmetatable(value)) -- keeps the mark of an empty array
end

--- A copy of plain data without the secrets of this run in any text of it: those that are known by
--- their value, and those that redact.lua knows by their form. Handles become "[secret]".
---@param value any
---@return any
function secret.scrub(value) return scrub(value) end

return secret
