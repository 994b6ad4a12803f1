---@meta json

--- JSON with sorted keys, exact numbers and arrays that stay arrays.
---@class nano.json
---@field null userdata  JSON's null; compare with ==
local json = {}

--- Marks a table as an array, so that it is encoded as `[]` even while it is empty.
---@generic T: table
---@param list? T
---@return T
function json.array(list) end

--- Whether value was marked by `json.array`.
---@param value any
---@return boolean
function json.is_array(value) end

---@param text string  UTF-8
---@return any value       nil if the text is not JSON
---@return string? message
---@return string? code    "invalid"
function json.decode(text) end

--- On one line, keys sorted. Raises, naming the path, for what JSON cannot hold.
---@param value any
---@return string
function json.encode(value) end

--- Indented by two spaces.
---@param value any
---@return string
function json.pretty(value) end

return json
