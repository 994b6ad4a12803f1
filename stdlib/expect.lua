--- expect(value): checks in the words of a sentence. Public (`require "expect"`, t.expect, the
--- project's own tests). A check that does not hold raises a failure fault with the value that was
--- seen and the script's line.
---
---    t.expect(cart.item_count, "items in the cart"):is(1)
---    t.expect(title):contains("Snowboard"):matches("^The ")

local fault = require "fault"
local frames = require "run.frames"
local show = require "run.show"

local shown = show.value

---@class Expectation
local Expectation = {}

local state = setmetatable({}, { __mode = "k" }) -- expectation → { value =, label = }

local function fail(self, expected, actual, detail)
  local label = state[self].label
  local message = ("expected %s, got %s"):format(expected, actual)
  if detail then message = message .. " (" .. detail .. ")" end
  if label then message = label .. ": " .. message end
  fault.failure { code = "expect", message = message, where = frames.where(),
    details = { expected = expected, actual = actual, label = label } }
end

--- Checks holds; the value is shown when it does not.
local function check(self, holds, expected, detail)
  if not holds then fail(self, expected, shown(state[self].value), detail) end
  return self
end

local function usage(name, problem, hint)
  local message = ("expect(…):%s: %s"):format(name, problem)
  error(fault.new("usage",
    { message = message, hint = hint, code = "usage", where = frames.where() }), 0)
end

local function need_number(name, value)
  if type(value) ~= "number" then usage(name, ("takes a number, not %s"):format(shown(value))) end
  return value
end

--- Where two values differ first: nil, or a path, what was expected there and what is there.
local function difference(a, b, path, seen)
  if a == b then return nil end
  if type(a) ~= "table" or type(b) ~= "table" then
    if a ~= a and b ~= b then return nil end -- both NaN
    return path, b, a
  end
  if seen[a] == b then return nil end
  seen[a] = b
  local keys = {}
  for key in pairs(a) do keys[key] = true end
  for key in pairs(b) do keys[key] = true end
  local ordered = {}
  for key in pairs(keys) do ordered[#ordered + 1] = key end
  table.sort(ordered, function(x, y) return tostring(x) < tostring(y) end)
  for _, key in ipairs(ordered) do
    local step = type(key) == "string" and "." .. key or "[" .. tostring(key) .. "]"
    local at, expected, actual = difference(a[key], b[key], path .. step, seen)
    if at then return at, expected, actual end
  end
end

--- Equal, as == says.
---@param other any
function Expectation:is(other)
  return check(self, state[self].value == other, shown(other))
end

--- Not equal.
---@param other any
function Expectation:is_not(other)
  return check(self, state[self].value ~= other, "anything but " .. shown(other))
end

--- Equal in all parts: tables are compared by what they hold. The message names the first part that
--- differs.
---@param other any
function Expectation:same(other)
  local value = state[self].value
  local at, expected, actual = difference(value, other, "", {})
  if at and at ~= "" then
    fail(self, shown(other), shown(value),
      ("at %s: expected %s, got %s"):format(at, shown(expected), shown(actual)))
  end
  return check(self, at == nil, shown(other))
end

--- Different in some part.
---@param other any
function Expectation:not_same(other)
  return check(self, difference(state[self].value, other, "", {}) ~= nil, "anything but "
    .. shown(other))
end

--- Neither nil nor false.
function Expectation:truthy()
  return check(self, state[self].value, "a value that counts as true")
end

--- nil or false.
function Expectation:falsy()
  return check(self, not state[self].value, "nil or false")
end

--- Of a type: "nil", "number", "string", "boolean", "table", "function".
---@param kind string
function Expectation:is_a(kind)
  return check(self, type(state[self].value) == kind, "a " .. tostring(kind))
end

local function holds(self, part, name)
  local value = state[self].value
  if type(value) == "string" then
    if type(part) ~= "string" then
      usage(name, ("a text contains texts, not %s"):format(shown(part)))
    end
    return value:find(part, 1, true) ~= nil
  end
  if type(value) ~= "table" then return false end
  for _, item in pairs(value) do
    if difference(item, part, "", {}) == nil then return true end
  end
  return false
end

--- A text that has this part, or a table that has this item.
---@param part any
function Expectation:contains(part)
  return check(self, holds(self, part, "contains"), "something that contains " .. shown(part))
end

--- A text without this part, or a table without this item.
---@param part any
function Expectation:lacks(part)
  return check(self, not holds(self, part, "lacks"), "something without " .. shown(part))
end

local function found(self, pattern, name)
  if type(pattern) ~= "string" then usage(name, "takes a Lua pattern, as string.find does") end
  local value = state[self].value
  return type(value) == "string" and value:find(pattern) ~= nil
end

--- A text in which the Lua pattern is found.
---@param pattern string
function Expectation:matches(pattern)
  return check(self, found(self, pattern, "matches"), "a text that matches " .. shown(pattern))
end

--- A text (or anything else) in which the Lua pattern is not found.
---@param pattern string
function Expectation:does_not_match(pattern)
  return check(self, not found(self, pattern, "does_not_match"), "a text that does not match "
    .. shown(pattern))
end

--- A number of at least this.
---@param limit number
function Expectation:at_least(limit)
  need_number("at_least", limit)
  local value = state[self].value
  return check(self, type(value) == "number" and value >= limit, "at least " .. shown(limit))
end

--- A number of at most this.
---@param limit number
function Expectation:at_most(limit)
  need_number("at_most", limit)
  local value = state[self].value
  return check(self, type(value) == "number" and value <= limit, "at most " .. shown(limit))
end

--- A number above this.
---@param limit number
function Expectation:above(limit)
  need_number("above", limit)
  local value = state[self].value
  return check(self, type(value) == "number" and value > limit, "more than " .. shown(limit))
end

--- A number below this.
---@param limit number
function Expectation:below(limit)
  need_number("below", limit)
  local value = state[self].value
  return check(self, type(value) == "number" and value < limit, "less than " .. shown(limit))
end

--- A number that differs from target by at most tolerance.
---@param target number
---@param tolerance number
function Expectation:near(target, tolerance)
  need_number("near", target)
  need_number("near", tolerance)
  local value = state[self].value
  return check(self, type(value) == "number" and math.abs(value - target) <= tolerance,
    ("%s, give or take %s"):format(shown(target), shown(tolerance)))
end

--- One of the values of a list.
---@param list table
function Expectation:one_of(list)
  if type(list) ~= "table" then usage("one_of", "takes a list") end
  local value, is_one = state[self].value, false
  for _, item in pairs(list) do is_one = is_one or item == value end
  return check(self, is_one, "one of " .. shown(list))
end

--- A text or list of this length.
---@param count integer
function Expectation:has_length(count)
  need_number("has_length", count)
  local value = state[self].value
  local length = (type(value) == "string" or type(value) == "table") and #value or nil
  return check(self, length == count, "a length of " .. shown(count), length and "its length is "
    .. length)
end

--- An empty text or table.
function Expectation:empty()
  local value = state[self].value
  local is_empty = value == ""
  if type(value) == "table" then is_empty = next(value) == nil end
  return check(self, is_empty, "nothing in it")
end

--- A function that raises an error; pattern is looked for in its text.
---@param pattern string?  a Lua pattern
function Expectation:raises(pattern)
  local value = state[self].value
  if type(value) ~= "function" then
    usage("raises", "expect takes a function here", "expect(function() … end):raises()")
  end
  local ok, raised = pcall(value)
  if ok then fail(self, "an error", "none") end
  if pattern then
    local text = type(raised) == "string" and raised or shown(raised)
    if not text:find(pattern) then
      fail(self, "an error that matches " .. shown(pattern), shown(text))
    end
  end
  return self
end

local meta = {
  __metatable = false,
  __newindex = function() usage("…", "an expectation is read-only") end,
  __index = function(_, key)
    local method = Expectation[key]
    if method then return method end
    local nearest = require "run.nearest"
    usage(tostring(key), "there is no such check", nearest.hint(key, Expectation))
  end,
}

--- Begins a check of value.
---@param value any
---@param label string?  what the value is, for the message: "items in the cart"
---@return Expectation
local function expect(value, label)
  local self = setmetatable({}, meta)
  state[self] = { value = value, label = label }
  return self
end

return expect
