-- embed.lua: turns the stdlib into one C file. Run by the Makefile: luajit tools/embed.lua OUT.c
-- DIR=PREFIX… FILE… Arguments are `name=path` pairs. Lua files of the stdlib become bytecode (debug
-- information kept, so that errors have lines); the scripts for pages lose their whole-line
-- comments and their indentation; everything else, the bundled scripts included, is embedded as it
-- is.

local out_path = table.remove(arg, 1)
local entries = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local data = file:read("*a")
  file:close()
  return data
end

for _, pair in ipairs(arg) do
  local name, path = pair:match("^(.-)=(.*)$")
  local data = read(path)
  if name:match("%.lua$") and not name:match("^scripts/") and not name:match("^types/")
    and not name:match("/templates/") then
    data = data:gsub("^#[^\n]*", "")
    data = string.dump(assert(loadstring(data, "@[nano]/" .. name)), false)
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
