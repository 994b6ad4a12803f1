--- Hashes, signatures and encodings, by OpenSSL. Compare signatures with `crypto.equal`, never with
--- `==`. Public. Pure, except `uuid` and `random_bytes`, which are chance.

local codec = sys.codec
local fault = require "fault"

local crypto = {}

local function need_string(signature, name, value)
  if type(value) ~= "string" then
    fault.usage(signature, ("%s must be a string, not %s"):format(name, type(value)))
  end
end

--- SHA-256.
---@param data string
---@return string hex  64 lower-case digits
function crypto.sha256(data)
  need_string("crypto.sha256(data)", "data", data)
  return codec.sha256(data)
end

local ENCODERS = { hex = codec.hex, base64 = codec.base64, raw = function(bytes) return bytes end }

--- HMAC-SHA-256, the signature of Shopify's webhooks (base64), OAuth callbacks and app proxies
--- (hex).
---@param key string       the secret
---@param data string      what is signed: the raw body, byte for byte
---@param encoding "hex"|"base64"|"raw"|nil  "hex" if absent
---@return string
---@raise usage: not strings, unknown encoding
function crypto.hmac(key, data, encoding)
  local signature = "crypto.hmac(key, data[, encoding])"
  need_string(signature, "key", key)
  need_string(signature, "data", data)
  local encode = ENCODERS[encoding or "hex"]
  if not encode then
    fault.usage(signature,
      ('encoding must be "hex", "base64" or "raw", not %s'):format(tostring(encoding)))
  end
  return encode(codec.hmac_sha256(key, data))
end

--- Whether two strings are equal, in a time that does not tell where they differ.
---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b)
  need_string("crypto.equal(a, b)", "a", a)
  need_string("crypto.equal(a, b)", "b", b)
  return codec.equal(a, b)
end

--- Base64, standard alphabet, padded.
---@param data string
---@return string
function crypto.base64(data)
  need_string("crypto.base64(data)", "data", data)
  return codec.base64(data)
end

--- Reads base64: standard or URL-safe, padded or not, white space skipped.
---@param text string
---@return string? data  nil if it is not base64
---@return string? message
---@return string? code  "invalid"
function crypto.unbase64(text)
  need_string("crypto.unbase64(text)", "text", text)
  return codec.unbase64(text)
end

--- Lower-case hexadecimal.
---@param data string
---@return string
function crypto.hex(data)
  need_string("crypto.hex(data)", "data", data)
  return codec.hex(data)
end

--- Reads hexadecimal of either case.
---@param text string
---@return string? data  nil if it is not hexadecimal
---@return string? message
---@return string? code  "invalid"
function crypto.unhex(text)
  need_string("crypto.unhex(text)", "text", text)
  return codec.unhex(text)
end

--- A random UUID (version 4).
---@return string
function crypto.uuid() return sys.random.uuid() end

--- Unpredictable bytes.
---@param count number  0 to 1048576
---@return string
---@raise usage: count is no such number
function crypto.random_bytes(count)
  if type(count) ~= "number" or not (count >= 0 and count <= 1048576) then
    fault.usage("crypto.random_bytes(count)", "count must be a number from 0 to 1048576, not "
      .. tostring(count))
  end
  return sys.random.bytes(count)
end

return crypto
