-- Looking at source text without being fooled by comments and strings. Used by the rules.

local source = {}

local function blank(text)
  return (text:gsub("[^\n]", " "))
end

-- Replaces what `scan` (position → end of a comment or string starting there, and its kind) finds
-- by blanks, so that lines and columns stay. keep_strings: only comments go.
local function without(text, scan, keep_strings)
  local out, at, from = {}, 1, 1
  while at <= #text do
    local stop, kind = scan(text, at)
    if stop then
      out[#out + 1] = text:sub(from, at - 1)
      local piece = text:sub(at, stop)
      if kind == "string" then
        local hollow = piece:sub(1, 1) .. blank(piece:sub(2, -2)) .. piece:sub(-1)
        out[#out + 1] = keep_strings and piece or hollow
      else
        out[#out + 1] = blank(piece)
      end
      from = stop + 1
      at = from
    else
      at = at + 1
    end
  end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

local function quoted_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then i = i + 2
    elseif c == quote or c == "\n" then return i
    else i = i + 1 end
  end
  return #text
end

local function scan_c(text, at)
  local two, one = text:sub(at, at + 1), text:sub(at, at)
  if two == "/*" then return (select(2, text:find("*/", at + 2, true))) or #text, "comment" end
  if two == "//" then return (text:find("\n", at, true) or #text + 1) - 1, "comment" end
  if one == '"' or one == "'" then return quoted_end(text, at), "string" end
end

-- Where the long bracket with these equals signs ends.
local function long_end(text, at, equals)
  return (select(2, text:find("]" .. equals .. "]", at, true))) or #text
end

local function scan_lua(text, at)
  local one = text:sub(at, at)
  if one == "-" and text:sub(at, at + 1) == "--" then
    local equals = text:match("^%-%-%[(=*)%[", at)
    if equals then return long_end(text, at, equals), "comment" end
    return (text:find("\n", at, true) or #text + 1) - 1, "comment"
  end
  if one == "[" then
    local equals = text:match("^%[(=*)%[", at)
    if equals then return long_end(text, at, equals), "string" end
  end
  if one == '"' or one == "'" then return quoted_end(text, at), "string" end
end

--- The text of a file without comments, and without what stands in strings unless keep_strings;
--- same lines, same columns.
function source.code(file, keep_strings)
  local key = keep_strings and "code_with_strings" or "code"
  if not file[key] then
    local is_lua = file.kind == "lua"
    file[key] = without(file.text, is_lua and scan_lua or scan_c, keep_strings)
  end
  return file[key]
end

--- The lines of a text.
function source.lines(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

--- Calls fn(number, line) for each line of the code of a file.
function source.each_line(file, keep_strings, fn)
  for number, line in ipairs(source.lines(source.code(file, keep_strings))) do fn(number, line) end
end

--- Columns of a line: UTF-8 code points.
function source.columns(line)
  return #(line:gsub("[\128-\191]", ""))
end

return source
