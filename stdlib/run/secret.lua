--- Secrets are handles. A script can pass one on (page:fill, an http header) and join it with text,
--- but reading, printing or comparing it shows only dots; the parts of the stdlib that need the
--- text call secret.reveal. What left the run by another way (a page that shows the password again,
--- a message) is scrubbed by run/session.lua from every event.

local secret = {}

local SHORTEST_SCRUBBED = 4 -- shorter texts would be found in everything

---@class Secret
local Secret = {}

local texts = setmetatable({}, { __mode = "k" }) -- handle → text
local known = {} -- texts to scrub

--- Declares a text to be secret and makes a handle for it.
---@param text string
---@return Secret
function secret.new(text)
  local handle = setmetatable({}, Secret)
  texts[handle] = text
  if #text >= SHORTEST_SCRUBBED then known[text] = true end
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

local function scrub_text(text)
  for hidden in pairs(known) do
    local from = 1
    while true do
      local first, final = text:find(hidden, from, true)
      if not first then break end
      text = text:sub(1, first - 1) .. "[secret]" .. text:sub(final + 1)
      from = first + #"[secret]"
    end
  end
  return text
end

--- A copy of plain data without the secrets of this run in any text of it. Handles become
--- "[secret]".
---@param value any
---@return any
function secret.scrub(value)
  if type(value) == "string" then return next(known) and scrub_text(value) or value end
  if type(value) ~= "table" then return value end
  if texts[value] then return "[secret]" end
  local copy = {}
  for key, content in pairs(value) do copy[secret.scrub(key)] = secret.scrub(content) end
  return setmetatable(copy, debug.getmetatable(value)) -- keeps the mark of an empty array
end

return secret
