--- The body of a form with files, multipart/form-data (RFC 7578). Used by http/options.lua. Pure.

local fault = require "fault"

local multipart = {}

local FIELDS = { name = true, value = true, filename = true, type = true }

-- In a quoted parameter, as browsers write them.
local function quoted(text)
  return '"' .. text:gsub('["\r\n]', { ['"'] = "%22", ["\r"] = "%0D", ["\n"] = "%0A" }) .. '"'
end

local function head_of(part)
  local lines = { "Content-Disposition: form-data; name=" .. quoted(part.name)
    .. (part.filename and "; filename=" .. quoted(part.filename) or "") }
  if part.filename then
    lines[2] = "Content-Type: " .. (part.type or "application/octet-stream"):gsub("%c", "")
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

--- Builds the body. The boundary follows from what is in it, so the same parts are the same bytes.
---@param signature string  of the function that the user called, for messages
---@param parts http.Part[]
---@return string body
---@return string content_type
---@raise usage: not a list of parts
function multipart.build(signature, parts)
  local texts = {}
  for i, part in ipairs(parts) do
    if type(part) ~= "table" or type(part.name) ~= "string" or type(part.value) ~= "string" then
      fault.usage(signature, ("multipart[%d] must be { name = …, value = … }, with filename and "
        .. "type for a file"):format(i))
    end
    for field in pairs(part) do
      if not FIELDS[field] then
        fault.usage(signature, ("multipart[%d] has an unknown field %q"):format(i,
          tostring(field)), require("run.nearest").hint(field, FIELDS))
      end
    end
    texts[i] = head_of(part) .. part.value
  end
  if #texts == 0 then fault.usage(signature, "multipart must have a part") end
  local boundary = "nano-sre-" .. sys.codec.sha256(table.concat(texts, "\0")):sub(1, 40)
  local separator = "--" .. boundary
  return separator .. "\r\n" .. table.concat(texts, "\r\n" .. separator .. "\r\n") .. "\r\n"
    .. separator .. "--\r\n", "multipart/form-data; boundary=" .. boundary
end

return multipart
