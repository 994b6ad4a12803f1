-- embed.lua: turns the stdlib into one C file. Run by the Makefile: luajit tools/embed.lua OUT.c
-- DIR=PREFIX… FILE… Arguments are `name=path` pairs. Lua files of the stdlib become bytecode (with
-- lines, so that errors have them); the scripts for pages lose their whole-line comments and their
-- indentation; everything else, the bundled scripts included, is embedded as it is.

local out_path = table.remove(arg, 1)
local entries = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local data = file:read("*a")
  file:close()
  return data
end

-- ---- bytecode without the names of locals -------------------------------------------------------

-- They are a tenth of it and every run has them in its memory; lines stay, for errors. The layout
-- is that of lj_bcdump.h, version 2; any other version is embedded as it is.

local function uleb(data, at)
  local value, factor = 0, 1
  while true do
    local byte = data:byte(at)
    at = at + 1
    value = value + byte % 128 * factor
    if byte < 128 then return value, at end
    factor = factor * 128
  end
end

local function to_uleb(value)
  local out = ""
  while value >= 128 do
    out = out .. string.char(value % 128 + 128)
    value = math.floor(value / 128)
  end
  return out .. string.char(value)
end

-- data[at, stop): one function.
local function without_names(data, at, stop)
  local upvalues, head, sizes_end = data:byte(at + 3), at, nil
  local count, size, lines
  _, at = uleb(data, at + 4) -- constants that are objects
  _, at = uleb(data, at)     -- constants that are numbers
  count, at = uleb(data, at) -- instructions
  sizes_end = at
  size, at = uleb(data, at)
  if size == 0 then return data:sub(head, stop - 1) end
  local after_size = at
  _, at = uleb(data, at) -- first line
  lines, at = uleb(data, at)
  local width = lines < 256 and 1 or lines < 65536 and 2 or 4
  local names = stop - size + count * width
  for _ = 1, upvalues do names = data:find("\0", names, true) + 1 end
  local info = data:sub(stop - size, names - 1) .. "\0"
  return data:sub(head, sizes_end - 1) .. to_uleb(#info) .. data:sub(after_size, stop - size - 1)
    .. info
end

local function compact(data)
  if data:sub(1, 4) ~= "\27LJ\2" then return data end
  local flags, at = uleb(data, 5)
  if flags % 4 >= 2 then return data end -- stripped already
  local length
  length, at = uleb(data, at)
  at = at + length
  local out = { data:sub(1, at - 1) }
  while true do
    length, at = uleb(data, at)
    if length == 0 then break end
    local fn = without_names(data, at, at + length)
    out[#out + 1] = to_uleb(#fn) .. fn
    at = at + length
  end
  return table.concat(out) .. "\0"
end

for _, pair in ipairs(arg) do
  local name, path = pair:match("^(.-)=(.*)$")
  local data = read(path)
  if name:match("%.lua$") and not name:match("^scripts/") and not name:match("^types/")
    and not name:match("/templates/") then
    data = data:gsub("^#[^\n]*", "")
    data = compact(string.dump(assert(loadstring(data, "@[nano]/" .. name)), false))
  elseif name:match("^browser/injected/") then
    -- Nothing in these files spans lines inside of a text.
    data = ("\n" .. data):gsub("\n +", "\n"):gsub("\n//[^\n]*", ""):gsub("^\n+", "")
  end
  entries[#entries + 1] = { name = name, data = data }
end
table.sort(entries, function(a, b) return a.name < b.name end)

-- A C string literal: octal escapes are at most three digits long, so the next character can't join
-- them.
local function literal(data)
  local lines = {}
  for i = 1, #data, 64 do
    lines[#lines + 1] = '"' .. data:sub(i, i + 63):gsub('[%z\1-\31\127-\255"\\?]', function(c)
      return ("\\%03o"):format(c:byte())
    end) .. '"'
  end
  return #lines > 0 and table.concat(lines, "\n") or '""'
end

local parts = { '#include "app/stdlib_files.h"\n' }
for i, entry in ipairs(entries) do
  parts[#parts + 1] = ("static const unsigned char f%d[] =\n%s;\n"):format(i, literal(entry.data))
end
parts[#parts + 1] = "const loader_file stdlib_files[] = {\n"
for i, entry in ipairs(entries) do
  parts[#parts + 1] = ('    {"%s", f%d, %d},\n'):format(entry.name, i, #entry.data)
end
parts[#parts + 1] = "};\nconst size_t stdlib_file_count = sizeof stdlib_files / "
  .. "sizeof *stdlib_files;\n"

local file = assert(io.open(out_path, "wb"))
assert(file:write(table.concat(parts)))
assert(file:close())
