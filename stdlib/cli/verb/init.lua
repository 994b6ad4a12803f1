--- nano-sre init [DIR]: a project folder that works at once.

local verb = {}

verb.examples = {
  { "nano-sre init my-shop --url https://my-shop.example", "" },
  { "nano-sre init", "here; files that are there already are left alone" },
}

function verb.define(parser, flags)
  parser:argument("dir", "the folder; made if it is not there"):args("?")
  flags.shop(parser)
end

local function refuse(message, hint)
  error(require("fault").new("usage", { message = message, hint = hint, code = "init" }), 0)
end

local function template(name) return sys.resource("cli/templates/" .. name) end

local function settings_file(url)
  local line = url and ("url = %q,"):format(url)
    or '-- url = "https://my-shop.example", -- or STORE_URL in .env, or --url'
  return (template("nano-sre.lua"):gsub("URL_LINE", function() return line end))
end

local function example_skill() return (template("skill_http.lua"):gsub("SKILL_NAME", "example")) end

-- name → text, in the order in which they are written.
local function files(url)
  local list = {
    { "nano-sre.lua", settings_file(url) },
    { ".env.example", template "env.txt" },
    { ".gitignore", template "gitignore.txt" },
    { "skills/example.lua", example_skill() },
    { ".luarc.json", template "luarc_json.txt" },
  }
  for _, resource in ipairs(sys.resource_list "types/") do
    list[#list + 1] = { ".nano-sre/" .. resource, sys.resource(resource), is_ours = true }
  end
  return list
end

-- The types belong to this version of nano-sre and are written anew; everything else is the user's.
local function write(root, file)
  local paths = require "config.paths"
  local path = root .. "/" .. file[1]
  if not file.is_ours and sys.files.stat(path) then return false end
  local ok, why = sys.files.make_dirs(paths.folder(path))
  if ok then ok, why = sys.files.write(path, file[2]) end
  if not ok then
    refuse(("can't write %s: %s"):format(path, why), "choose a folder that you may write to")
  end
  return true
end

local function next_steps(shown, url)
  local out = require "cli.out"
  local rows = {}
  if shown ~= "." then rows[#rows + 1] = { "cd " .. shown, "" } end
  if not url then rows[#rows + 1] = { "cp .env.example .env", "and set STORE_URL in it" } end
  rows[#rows + 1] = { "nano-sre doctor", "is everything there?" }
  rows[#rows + 1] = { "nano-sre run example", "the first check" }
  rows[#rows + 1] = { "nano-sre check", "all of them" }
  rows[#rows + 1] = { "nano-sre new skill search", "your own" }
  out.note("\nnext:")
  out.write(2, out.columns(rows, "  "))
end

function verb.run(args)
  local out, paths = require "cli.out", require "config.paths"
  local cwd = paths.here()
  local dir = args.dir or "."
  local root = paths.absolute(dir, cwd)
  local url, expected = args["store.url"], nil
  if url then
    url, expected = require("config.types").parse({ type = "url" }, url)
    if not url then refuse(("--url must be %s"):format(expected)) end
  end
  local is_there = sys.files.stat(root)
  if is_there and is_there.kind ~= "dir" then refuse(dir .. " is a file, not a folder") end
  local shown_root = dir:gsub("/+$", "")
  for _, file in ipairs(files(url)) do
    local shown = shown_root == "." and file[1] or shown_root .. "/" .. file[1]
    local written = write(root, file)
    if not file.is_ours then out.line((written and "wrote " or "kept  ") .. shown) end
  end
  if args["store.password"] then
    out.problem({ message = "the password was not written anywhere",
      hint = "put it into .env as STORE_PASSWORD" },
      "warning")
  end
  next_steps(shown_root, url)
  return 0
end

return verb
