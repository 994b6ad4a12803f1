-- The house rules as a program: layers, budgets, headers, doc comments. `make lint` runs it.
--
--   luajit tools/lint.lua [ROOT]    prints file:line: message, exits 1 if there is any finding
--
-- Rules live in tools/lint/: one function a rule, over one file or over all of them. There is no
-- way to exempt a file: a rule that is wrong somewhere is a wrong rule. tests/lint/lint_test.lua
-- shows each rule bad code that it must find.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua"

local rules = {}
for _, module in ipairs { "lint.text_rules", "lint.c_rules", "lint.lua_rules" } do
  for _, rule in ipairs(require(module)) do rules[#rules + 1] = rule end
end

local root = (arg[1] or here .. "/.."):gsub("/$", "")

local function shell_quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Everything that is or could be committed; without git (an unpacked archive) all but what builds
-- and runs leave.
local function list_files()
  local with_git = "git ls-files -co --exclude-standard 2>/dev/null"
  local without = "find . -type f ! -path './build/*' ! -path './.git/*' | sed 's|^\\./||'"
  local command = ("cd %s && (%s || %s) | LC_ALL=C sort -u"):format(shell_quoted(root), with_git,
    without)
  local pipe, names = assert(io.popen(command)), {}
  for name in pipe:lines() do names[#names + 1] = name end
  pipe:close()
  return names
end

---@class lint.File
---@field name string     from the root: "engine/io/http.c"
---@field kind string     what its name ends in: "c", "h", "lua", "js", "sh", "" …
---@field text string
---@field lines string[]

local KINDS = { c = true, h = true, lua = true, js = true, css = true, sh = true, sql = true,
  md = true, html = true }

local function read_file(name)
  local handle = io.open(root .. "/" .. name, "rb")
  if not handle then return nil end -- deleted, but still in git's index
  local text = handle:read "*a"
  handle:close()
  if not text or text:find("\0", 1, true) then return nil end
  local kind = name:match("%.(%w+)$") or ""
  if kind == "" and text:find("^#!.-sh\n") then kind = "sh" end
  if not KINDS[kind] and name ~= "Makefile" then return nil end
  local lines = {}
  local whole = text:find("\n$") and text or text .. "\n"
  for line in whole:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return { name = name, kind = kind, text = text, lines = lines }
end

local files, by_name = {}, {}
for _, name in ipairs(list_files()) do
  local file = read_file(name)
  if file then
    files[#files + 1] = file
    by_name[name] = file
  end
end

local findings, warnings = {}, {}
local function note(list)
  return function(file, line, message)
    local text = ("%s:%d: %s"):format(file.name, line, message)
    list[#list + 1] = { file = file.name, line = line, text = text }
  end
end
local context = { files = files, by_name = by_name, find = note(findings), warn = note(warnings) }

for _, rule in ipairs(rules) do
  if rule.all then
    rule.all(context)
  else
    for _, file in ipairs(files) do
      if rule.applies(file) then rule.one(file, context) end
    end
  end
end

local function in_order(a, b)
  if a.file ~= b.file then return a.file < b.file end
  if a.line ~= b.line then return a.line < b.line end
  return a.text < b.text
end
table.sort(findings, in_order)
table.sort(warnings, in_order)
for _, warning in ipairs(warnings) do io.stderr:write("warning: ", warning.text, "\n") end
for _, finding in ipairs(findings) do print(finding.text) end
if #findings > 0 then
  io.stderr:write(("lint: %d findings in %d files looked at\n"):format(#findings, #files))
  os.exit(1)
end
io.stderr:write(("lint: %d files, no findings\n"):format(#files))
