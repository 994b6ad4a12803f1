---@meta crypto

--- Hashes, signatures and encodings. Compare signatures with `crypto.equal`, never with `==`.
---@class nano.crypto
local crypto = {}

---@param data string
---@return string hex
function crypto.sha256(data) end

--- HMAC-SHA-256.
---@param key string
---@param data string
---@param encoding? "hex"|"base64"|"raw"  "hex" if absent
---@return string
function crypto.hmac(key, data, encoding) end

--- In a time that does not tell where they differ.
---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b) end

---@param data string
---@return string
function crypto.base64(data) end

--- Standard or URL-safe, padded or not.
---@param text string
---@return string? data
---@return string? message
---@return string? code  "invalid"
function crypto.unbase64(text) end

---@param data string
---@return string
function crypto.hex(data) end

---@param text string
---@return string? data
---@return string? message
---@return string? code  "invalid"
function crypto.unhex(text) end

--- A random UUID (version 4).
---@return string
function crypto.uuid() end

---@param count number  0 to 1048576
---@return string
function crypto.random_bytes(count) end

return crypto
