--- Request bodies as forms: URL-encoded, multipart and JSON, with Shopify's bracketed names. Used
--- by demo/shop.lua.

local json = require "json"
local url = require "url"

local body = {}

local MAX_FIELDS = 200

-- Fields of a multipart body in order; files count as text. nil if the body is damaged.
local function multipart(text, boundary)
  local list, at = {}, 1
  local mark = "--" .. boundary
  local first, last = text:find(mark, 1, true)
  if first ~= 1 then return nil end
  at = last + 1
  while text:sub(at, at + 1) == "\r\n" and #list < MAX_FIELDS do
    local from, to = text:find("\r\n" .. mark, at + 2, true)
    if not from then return nil end
    local part = text:sub(at + 2, from - 1)
    local head, value = part:match("^(.-)\r\n\r\n(.*)$")
    local name = head and head:match('[Nn]ame="([^"]*)"')
    if name then list[#list + 1] = { name, value } end
    at = to + 1
  end
  return list
end

-- "properties[Engraving]" → sets form.properties.Engraving; "updates[]" → appends; "items[0][id]" →
-- items["0"].id.
local function set(form, name, value)
  local base, rest = name:match("^([^%[]+)(%[.*)$")
  if not base then
    form[name] = value
    return
  end
  local keys, target, key = {}, form, base
  for inner in rest:gmatch("%[([^%]]*)%]") do keys[#keys + 1] = inner end
  for i = 1, math.min(#keys, 4) do
    if type(target[key]) ~= "table" then target[key] = {} end
    target = target[key]
    key = keys[i] ~= "" and keys[i] or #target + 1
  end
  target[key] = value
end

--- The fields of a request's body, whatever its type.
---@param request table  headers by lower-case name, body
---@return table? form   nil if the body cannot be read
function body.parse(request)
  local kind = (request.headers["content-type"] or ""):lower()
  local text = request.body or ""
  if kind:find("application/json", 1, true) then
    local value = text == "" and {} or json.decode(text)
    return type(value) == "table" and value or nil
  end
  local list
  if kind:find("multipart/form-data", 1, true) then
    local boundary = request.headers["content-type"]:match('boundary="?([^";]+)"?')
    list = boundary and multipart(text, boundary)
  else
    list = select(2, url.decode_query(text))
  end
  if not list then return nil end
  local form = {}
  for i = 1, math.min(#list, MAX_FIELDS) do set(form, list[i][1], list[i][2]) end
  return form
end

return body
