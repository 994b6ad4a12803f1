--- Text of foreign origin, made fit for a report: valid UTF-8 without control characters, and not
--- longer than it may be. Used by every reporter that writes markup. Pure.

local text = {}

-- The UTF-8 character at i, nil when the bytes there are none.
local function char_at(s, i)
  return s:match("^[\194-\223][\128-\191]", i)
    or s:match("^\224[\160-\191][\128-\191]", i)
    or s:match("^[\225-\236\238\239][\128-\191][\128-\191]", i)
    or s:match("^\237[\128-\159][\128-\191]", i)
    or s:match("^\240[\144-\191][\128-\191][\128-\191]", i)
    or s:match("^[\241-\243][\128-\191][\128-\191][\128-\191]", i)
    or s:match("^\244[\128-\143][\128-\191][\128-\191]", i)
end

--- What XML 1.0 allows: tab, newline, carriage return and everything from U+0020 except surrogates,
--- U+FFFE and U+FFFF. Control characters are dropped, bytes that are not UTF-8 become U+FFFD.
---@param s string
---@return string
function text.valid(s)
  local parts, i, len = {}, 1, #s
  while i <= len do
    local plain_end = s:find("[%z\1-\8\11\12\14-\31\127-\255]", i)
    if not plain_end then
      parts[#parts + 1] = s:sub(i)
      break
    end
    parts[#parts + 1] = s:sub(i, plain_end - 1)
    i = plain_end
    local char = char_at(s, i)
    if char and char ~= "\239\191\190" and char ~= "\239\191\191" then
      parts[#parts + 1] = char
      i = i + #char
    else
      if s:byte(i) >= 127 then parts[#parts + 1] = "\239\191\189" end
      i = i + 1
    end
  end
  return table.concat(parts)
end

--- At most max bytes, with "…" in the place of the rest; no character is cut in two.
---@param s string
---@param max integer  bytes
---@return string
function text.clip(s, max)
  if #s <= max then return s end
  local stop = max
  while stop > 0 and s:find("^[\128-\191]", stop + 1) do stop = stop - 1 end
  return s:sub(1, stop) .. "…"
end

--- One line: every run of white space and control characters is a space.
---@param s any
---@return string
function text.one_line(s)
  return (text.valid((tostring(s):gsub("[%z\1-\32\127]+", " "))):gsub("^ ", ""):gsub(" $", ""))
end

return text
