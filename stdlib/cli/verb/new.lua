--- nano-sre new skill NAME, new trigger NAME: begins a script from a template.

local verb = {}

verb.examples = {
  { "nano-sre new skill search", "writes skills/search.lua" },
  { "nano-sre new skill stock --http", "one that asks the shop by HTTP, without a browser" },
  { "nano-sre new trigger launches", "writes triggers/launches.lua: it decides when checks run" },
}

function verb.define(parser)
  parser:argument("what", "what to begin"):choices { "skill", "trigger" }
    :argname("WHAT")
  parser:argument("name", "letters, digits, _ and -"):argname("NAME")
  parser:flag("--http", "a skill without a browser")
end

local function refuse(message, hint)
  error(require("fault").new("usage", { message = message, hint = hint, code = "new" }), 0)
end

-- skills/ of the project; without a project the folder that already holds skills, else skills/
-- here. The same for triggers/.
local function folder_for(cwd, what)
  local paths = require "config.paths"
  local project, name = paths.find_project(cwd), what .. "s"
  if project then return project.root .. "/" .. name end
  if paths.is(cwd .. "/scripts/" .. name, "dir") then return cwd .. "/scripts/" .. name end
  return cwd .. "/" .. name
end

local function template_of(args)
  if args.what == "trigger" then return "trigger.lua" end
  return args.http and "skill_http.lua" or "skill_browser.lua"
end

function verb.run(args)
  local out, paths = require "cli.out", require "config.paths"
  local name = args.name:gsub("%.lua$", "")
  if not name:find("^%l[%w_-]*$") or #name > 64 then
    refuse(("%q can't be the name of a %s"):format(args.name, args.what),
      "use small letters, digits, _ and -, and begin with a letter: nano-sre new skill search")
  end
  local cwd = paths.here()
  local folder = folder_for(cwd, args.what)
  local path = folder .. "/" .. name .. ".lua"
  local shown = paths.display(path, cwd)
  if sys.files.stat(path) then
    refuse(shown .. " is there already", "choose another name, or edit that file")
  end
  local template = sys.resource("cli/templates/" .. template_of(args))
  local ok, why = sys.files.make_dirs(folder)
  if ok then ok, why = sys.files.write(path, (template:gsub("%u+_NAME", name))) end
  if not ok then refuse(("can't write %s: %s"):format(shown, why)) end
  out.line("wrote " .. shown)
  if args.what == "trigger" then
    out.note(("try it:  nano-sre trigger %s --dry-run"):format(name))
    return 0
  end
  local try = paths.find_project(cwd) and name or shown .. " --url https://my-shop.example"
  out.note("try it:  nano-sre run " .. try)
  return 0
end

return verb
