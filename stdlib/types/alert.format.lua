---@meta alert.format

---@class nano.alert.format
local format = {}

--- "#D92D20": by severity; green when it is over, grey for a test.
---@param message nano.AlertItem
---@return string
function format.colour(message) end

--- The same as 0xRRGGBB.
---@param message nano.AlertItem
---@return number
function format.colour_number(message) end

--- "P1", "OK" or "TEST".
---@param message nano.AlertItem
---@return string
function format.tag(message) end

--- "critical", "error", "warning" or "info".
---@param severity string
---@return string
function format.level(severity) end

---@param text string
---@param unit? "characters"|"utf16"|"bytes"
---@return number
function format.length(text, unit) end

--- At most `limit` characters, with "…" at the end when something is missing.
---@param text string?
---@param limit number
---@param unit? "characters"|"utf16"|"bytes"
---@return string
function format.cut(text, limit, unit) end

---@param text string
---@return string
function format.html(text) end

---@param text string
---@return string
function format.slack(text) end

---@param text string
---@return string
function format.markdown(text) end

--- Between code fences that it cannot leave.
---@param text string
---@return string
function format.code(text) end

--- Store, check, severity, since … as far as they are known.
---@param item nano.AlertItem
---@return { name: string, value: string }[]
function format.facts(item) end

return format
