--- The body of a posted form as multipart/form-data (RFC 7578), as a browser's FormData sends it.
--- Used by server/request.lua. Pure.

local multipart = {}

local MAX_PARTS = 1000

---@class server.Part
---@field name string
---@field value string
---@field filename string?  set for files
---@field type string?      the part's content type

-- A parameter of a header line, quoted or not: name="a \"b\"", with percent-encoded quotes as
-- browsers write them.
local function parameter(line, name)
  local quoted = line:match(";%s*" .. name .. '="([^"]*)"')
  local text = quoted or line:match(";%s*" .. name .. "=([^;%s]+)")
  return text and text:gsub("%%22", '"'):gsub("%%0D", "\r"):gsub("%%0A", "\n")
end

-- Header lines of a part, names in lower case.
local function headers_of(head)
  local headers = {}
  for line in (head .. "\r\n"):gmatch("(.-)\r\n") do
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    if name then headers[name:lower()] = value end
  end
  return headers
end

local function read_part(text)
  local head, value = text:match("^(.-)\r\n\r\n(.*)$")
  if not head then return nil end
  local headers = headers_of(head)
  local disposition = headers["content-disposition"] or ""
  local name = disposition:find("^form%-data") and parameter(disposition, "name")
  if not name then return nil end
  return { name = name, value = value, filename = parameter(disposition, "filename"),
    type = headers["content-type"] }
end

--- The parts of a body in order.
---@param body string
---@param content_type string  the request's header, which names the boundary
---@return server.Part[]? parts  nil if the body is damaged or has more than 1,000 parts
function multipart.parse(body, content_type)
  local boundary = parameter(";" .. content_type, "boundary")
  if not boundary or boundary == "" then return nil end
  local mark, parts = "--" .. boundary, {}
  local first, at = body:find(mark, 1, true)
  if not first or (first > 1 and body:sub(first - 2, first - 1) ~= "\r\n") then return nil end
  while body:sub(at + 1, at + 2) == "\r\n" do
    local from, to = body:find("\r\n" .. mark, at + 1, true)
    if not from or #parts == MAX_PARTS then return nil end
    -- A part without content ends where its empty line does.
    parts[#parts + 1] = read_part(body:sub(at + 3, from - 1))
    at = to
  end
  if body:sub(at + 1, at + 2) ~= "--" then return nil end
  return parts
end

return multipart
