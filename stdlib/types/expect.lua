---@meta expect

--- A check that was begun with expect(value). Every check returns the same Expectation, so that
--- checks can be chained; one that does not hold raises a failure with the value that was seen.
---@class nano.Expectation
local Expectation = {}

--- Equal, as == says.
---@param other any
---@return nano.Expectation
function Expectation:is(other) end

--- Not equal.
---@param other any
---@return nano.Expectation
function Expectation:is_not(other) end

--- Equal in all parts; the message names the first part that differs.
---@param other any
---@return nano.Expectation
function Expectation:same(other) end

--- Different in some part.
---@param other any
---@return nano.Expectation
function Expectation:not_same(other) end

--- Neither nil nor false.
---@return nano.Expectation
function Expectation:truthy() end

--- nil or false.
---@return nano.Expectation
function Expectation:falsy() end

--- Of a type.
---@param kind "nil"|"boolean"|"number"|"string"|"table"|"function"
---@return nano.Expectation
function Expectation:is_a(kind) end

--- A text that has this part, or a table that has this item.
---@param part any
---@return nano.Expectation
function Expectation:contains(part) end

--- A text without this part, or a table without this item.
---@param part any
---@return nano.Expectation
function Expectation:lacks(part) end

--- A text in which the Lua pattern is found.
---@param pattern string
---@return nano.Expectation
function Expectation:matches(pattern) end

--- Anything in which the Lua pattern is not found.
---@param pattern string
---@return nano.Expectation
function Expectation:does_not_match(pattern) end

---@param limit number
---@return nano.Expectation
function Expectation:at_least(limit) end

---@param limit number
---@return nano.Expectation
function Expectation:at_most(limit) end

---@param limit number
---@return nano.Expectation
function Expectation:above(limit) end

---@param limit number
---@return nano.Expectation
function Expectation:below(limit) end

--- A number that differs from target by at most tolerance.
---@param target number
---@param tolerance number
---@return nano.Expectation
function Expectation:near(target, tolerance) end

--- One of the values of a list.
---@param list any[]
---@return nano.Expectation
function Expectation:one_of(list) end

--- A text or list of this length.
---@param count integer
---@return nano.Expectation
function Expectation:has_length(count) end

--- An empty text or table.
---@return nano.Expectation
function Expectation:empty() end

--- A function that raises an error.
---@param pattern? string  a Lua pattern to be found in the error's text
---@return nano.Expectation
function Expectation:raises(pattern) end

--- Begins a check of value.
---@param value any
---@param label? string  what the value is, for the message: "items in the cart"
---@return nano.Expectation
local function expect(value, label) end

return expect
