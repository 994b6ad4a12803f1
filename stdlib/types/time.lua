---@meta time

--- Durations, timestamps and clocks; everything in milliseconds.
---@class nano.time
local time = {}

--- Since the epoch, UTC.
---@return number ms
function time.now() end

--- A clock that never jumps; only differences mean something.
---@return number ms
function time.mono() end

---@param text string  "250ms", "90s", "1.5h", "1h30m", "7d"
---@return number? ms
---@return string? message
---@return string? code  "invalid"
function time.parse_duration(text) end

--- For people: "85ms", "1.25s", "2m5s", "1h30m".
---@param ms number
---@return string
function time.format_duration(ms) end

--- "2024-06-07T12:34:56.789Z"
---@param ms? number  now if absent
---@return string
function time.iso8601(ms) end

---@param text string  "2024-06-07T12:34:56Z", with an offset, or a date
---@return number? ms
---@return string? message
---@return string? code  "invalid"
function time.parse_iso8601(text) end

return time
