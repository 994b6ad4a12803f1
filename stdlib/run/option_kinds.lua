--- The kinds of options: for each, the fields that describe it, a check of the declaration, and the
--- conversion of a value.
---   declare(spec) → nil | problem, hint
---   convert(value, spec) → converted | nil, problem    value: a text from outside, or a Lua value
--- Used by run/option.lua alone.

local secret = require "run.secret"
local time = require "time"

local kinds = {}
local find_spec -- descriptor → run.Option; given by run/option.lua, which needs this file first

local function shown(value)
  if type(value) == "string" then return ("%q"):format(value) end
  return tostring(value)
end

local function fields(...)
  local set = {}
  for i = 1, select("#", ...) do set[(select(i, ...))] = true end
  return set
end

local function no_declaration() return nil end

local function within(value, size, spec, what)
  if spec.min and size < spec.min then
    return nil, ("%s must be at least %s%s"):format(shown(value), spec.min, what)
  end
  if spec.max and size > spec.max then
    return nil, ("%s must be at most %s%s"):format(shown(value), spec.max, what)
  end
  return value
end

local function check_bounds(spec)
  for _, field in ipairs { "min", "max" } do
    if spec[field] ~= nil and type(spec[field]) ~= "number" then
      return field .. " must be a number"
    end
  end
  if spec.min and spec.max and spec.min > spec.max then return "min is greater than max" end
end

local function convert_string(value, spec)
  if type(value) == "number" or type(value) == "boolean" then value = tostring(value) end
  if type(value) ~= "string" then return nil, ("must be a text, not a %s"):format(type(value)) end
  if spec.pattern and not value:find(spec.pattern) then
    return nil, ("%s does not match the pattern %s"):format(shown(value), spec.pattern)
  end
  return within(value, #value, spec, " characters long")
end

local function declare_string(spec)
  if spec.pattern ~= nil then
    if type(spec.pattern) ~= "string" then return "pattern must be a Lua pattern" end
    local ok, why = pcall(string.find, "", spec.pattern)
    if not ok then return "pattern: " .. tostring(why) end
  end
  return check_bounds(spec)
end

kinds.string = { fields = fields("min", "max", "pattern"), declare = declare_string,
  convert = convert_string }

kinds.secret = {
  fields = fields("min", "max", "pattern"),
  declare = declare_string,
  convert = function(value, spec)
    if secret.is(value) then return value end
    local text, why = convert_string(value, spec)
    if text == nil then
      -- The message must not show the text.
      return nil, why:find("must be a text", 1, true) and why or "does not have the required form"
    end
    return secret.new(text)
  end,
}

kinds.number = {
  fields = fields("min", "max"),
  declare = check_bounds,
  convert = function(value, spec)
    local number = type(value) == "boolean" and nil or tonumber(value)
    if not number or number ~= number or number == math.huge or number == -math.huge then
      return nil, shown(value) .. " is not a number"
    end
    return within(number, number, spec, "")
  end,
}

local WORDS = { ["true"] = true, yes = true, on = true, ["1"] = true,
  ["false"] = false, no = false, off = false, ["0"] = false }

kinds.boolean = {
  fields = {},
  declare = no_declaration,
  convert = function(value)
    local known = WORDS[tostring(value):lower()]
    if known == nil then return nil, shown(value) .. " is neither true nor false" end
    return known
  end,
}

--- Milliseconds of a text with its unit ("90s") or of a number of milliseconds; nil, why.
local function milliseconds(value)
  if type(value) == "number" and value >= 0 and value < math.huge then return value end
  if type(value) == "string" then
    local ok, ms = pcall(time.parse_duration, value)
    if ok and ms then return ms end
  end
  return nil, shown(value) .. ' is not a duration: write "90s", "5m" or "1h"'
end

kinds.duration = {
  fields = fields("min", "max"),
  declare = function(spec)
    for _, field in ipairs { "min", "max" } do
      if spec[field] ~= nil and not milliseconds(spec[field]) then
        return ('%s must be a duration such as "5s"'):format(field)
      end
    end
  end,
  --- The script gets milliseconds.
  convert = function(value, spec)
    local ms, why = milliseconds(value)
    if not ms then return nil, why end
    if spec.min and ms < milliseconds(spec.min) then
      return nil, ("%s is shorter than %s"):format(value, spec.min)
    end
    if spec.max and ms > milliseconds(spec.max) then
      return nil, ("%s is longer than %s"):format(value, spec.max)
    end
    return ms
  end,
}

kinds.enum = {
  fields = {},
  choices = function(spec)
    local out = {}
    for _, choice in ipairs(spec) do out[#out + 1] = choice end
    return out
  end,
  declare = function(spec)
    if #spec == 0 then
      return "lists no choices", 'option.enum { "phone", "desktop", default = "phone" }'
    end
    for _, choice in ipairs(spec) do
      if type(choice) ~= "string" then return "the choices must be texts" end
    end
  end,
  convert = function(value, spec)
    for _, choice in ipairs(spec) do
      if choice == value then return value end
    end
    return nil, ("%s is not one of %s"):format(shown(value),
      table.concat(kinds.enum.choices(spec), ", "))
  end,
}

kinds.url = {
  fields = {},
  declare = no_declaration,
  convert = function(value)
    if type(value) == "string" then
      local host = value:match("^[Hh][Tt][Tt][Pp][Ss]?://([^/?#%s]+)[^%s]*$")
      if host then return value end
    end
    return nil, shown(value) .. " is not a URL: it begins with http:// or https:// and has a host"
  end,
}

local function split(text)
  local out = {}
  for item in (text .. ","):gmatch("(.-),") do
    item = item:match("^%s*(.-)%s*$")
    if item ~= "" then out[#out + 1] = item end
  end
  return out
end

kinds.list = {
  fields = fields("of", "min", "max"),
  declare = function(spec)
    if spec.of ~= nil and not find_spec(spec.of) then
      return "of must be an option", "of = option.string {}"
    end
    if spec.of and find_spec(spec.of).kind == "list" then
      return "a list of lists has no form in a text"
    end
    return check_bounds(spec)
  end,
  --- A text is split at commas.
  convert = function(value, spec)
    if type(value) == "string" then value = split(value) end
    if type(value) ~= "table" then
      return nil, shown(value) .. " is not a list: separate the items with commas"
    end
    local item = spec.of and find_spec(spec.of) or { kind = "string", spec = {} }
    local out = {}
    for i, raw in ipairs(value) do
      local converted, why = kinds[item.kind].convert(raw, item.spec)
      if converted == nil then return nil, ("item %d: %s"):format(i, why) end
      out[i] = converted
    end
    if spec.min and #out < spec.min then
      return nil, ("needs at least %d items, got %d"):format(spec.min, #out)
    end
    if spec.max and #out > spec.max then
      return nil, ("takes at most %d items, got %d"):format(spec.max, #out)
    end
    return out
  end,
}

return { kinds = kinds, bind = function(find) find_spec = find end }
