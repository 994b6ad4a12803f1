--- Which skills there are and which one a person means. A skill is a file: of the project
--- (skills/), of the folder at hand (scripts/skills/), bundled with nano-sre, or any file named by
--- its path. The first of one name wins. Called by run, check, audit, list, info and validate.

local fault = require "fault"
local paths = require "config.paths"

local skills = {}

---@class SkillFile
---@field name string     the file's name without .lua
---@field path string     absolute; of a bundled skill its resource name
---@field origin "project"|"scripts"|"bundled"|"file"
---@field shown string    how to write it for a person
---@field kind string?    "trigger"; absent: a skill
---@field source string?  filled by skills.read

local BUNDLED = "scripts/skills/"
local MAX_SOURCE = 4 * 1024 * 1024

local function refuse(message, hint)
  error(fault.new("usage", { message = message, hint = hint, code = "no-skill" }), 0)
end

local function is_skill_file(name)
  return name:find("%.lua$") and not name:find("_test%.lua$") and name:sub(1, 1) ~= "."
end

local function add(found, entry)
  if found[entry.name] then return end
  found[entry.name] = entry
  found[#found + 1] = entry
end

local function add_folder(found, folder, origin, cwd)
  for _, item in ipairs(sys.files.list(folder) or {}) do
    if item.kind ~= "dir" and is_skill_file(item.name) then
      local path = folder .. "/" .. item.name
      add(found, { name = item.name:sub(1, -5), path = path, origin = origin,
        shown = paths.display(path, cwd) })
    end
  end
end

local function add_bundled(found)
  for _, resource in ipairs(sys.resource_list(BUNDLED)) do
    local file = resource:sub(#BUNDLED + 1)
    if is_skill_file(file) and not file:find("/", 1, true) then
      add(found, { name = file:sub(1, -5), path = resource, origin = "bundled", shown = "bundled" })
    end
  end
end

--- Every skill that has a name here, project first. Also a table by name.
---@param config Config
---@return SkillFile[]
function skills.all(config)
  local found = {}
  if config.project then
    add_folder(found, config.project.root .. "/skills", "project", config.cwd)
  end
  add_folder(found, config.cwd .. "/scripts/skills", "scripts", config.cwd)
  add_bundled(found)
  return found
end

--- Every trigger's script that has a name here: those of the project (triggers/) and of
--- scripts/triggers/. Also a table by name.
---@param config Config
---@return SkillFile[]
function skills.triggers(config)
  local found = {}
  if config.project then
    add_folder(found, config.project.root .. "/triggers", "project", config.cwd)
  end
  add_folder(found, config.cwd .. "/scripts/triggers", "scripts", config.cwd)
  for _, entry in ipairs(found) do entry.kind = "trigger" end
  return found
end

--- What to say of the names under `skills` in nano-sre.lua that are no skill: most likely they are
--- mistyped.
---@param config Config
---@param all SkillFile[]?  as skills.all gives them
---@return string[]
function skills.unknown(config, all)
  all = all or skills.all(config)
  local names, messages = {}, {}
  for _, entry in ipairs(all) do names[#names + 1] = entry.name end
  for name in pairs(config.skills) do
    if not all[name] then
      local nearest = require("run.nearest").find(name, names)
      messages[#messages + 1] = ("%s: skills.%s: there is no such skill%s"):format(
        paths.CONFIG_FILE, name, nearest and (", did you mean %s?"):format(nearest) or "")
    end
  end
  table.sort(messages)
  return messages
end

--- What `check` runs: the skills of the project and of scripts/skills, and the bundled ones that
--- nano-sre.lua names; where there are none of these, all bundled ones. A skill that nano-sre.lua
--- disables is left out.
---@param config Config
---@return SkillFile[]
function skills.for_check(config)
  local own, bundled = {}, {}
  local all = skills.all(config)
  for _, message in ipairs(skills.unknown(config, all)) do
    table.insert(config.warnings, message)
  end
  for _, entry in ipairs(all) do
    local setting = config.skills[entry.name]
    if not (setting and setting.enabled == false) then
      local wanted = entry.origin ~= "bundled" or setting ~= nil
      table.insert(wanted and own or bundled, entry)
    end
  end
  return #own > 0 and own or bundled
end

local function looks_like_path(ref) return ref:find("/", 1, true) or ref:find("%.lua$") end

local function find_file(config, ref)
  local path = paths.absolute(ref, config.cwd)
  local stat = sys.files.stat(path)
  if stat and stat.kind == "file" then
    return { name = paths.base(path):gsub("%.lua$", ""), path = path, origin = "file", shown = ref,
      kind = paths.base(paths.folder(path)):match "^(trigger)s$" }
  end
  if stat then
    refuse(ref .. " is not a file", "give the path of a skill" .. (stat.kind == "dir"
      and ", such as " .. ref:gsub("/+$", "") .. "/checkout.lua" or ""))
  end
  local folder, names = paths.folder(path), {}
  for _, item in ipairs(sys.files.list(folder) or {}) do
    if item.name:find("%.lua$") then names[#names + 1] = item.name end
  end
  local nearest = require("run.nearest").find(paths.base(path), names)
  local hint
  if nearest then
    hint = ("did you mean %s?"):format(paths.display(folder .. "/" .. nearest, config.cwd))
  elseif not paths.is(folder, "dir") then
    hint = ("there is no folder %s either"):format(paths.display(folder, config.cwd))
  elseif #names > 0 then
    hint = ("that folder has %s"):format(table.concat(names, ", ", 1, math.min(#names, 8)))
  else
    hint = "`nano-sre list` shows the skills that have a name"
  end
  refuse("there is no file " .. ref, hint)
end

--- The skill that ref means: a path, a name, or an alias that a skill declares.
---@param config Config
---@param ref string
---@param inspect fun(entry: SkillFile): table|nil   the manifest; called when no file has that name
---@return SkillFile
function skills.find(config, ref, inspect)
  if ref == "" then refuse("a skill's name is empty", "`nano-sre list` shows the skills") end
  if looks_like_path(ref) then return find_file(config, ref) end
  local all = skills.all(config)
  if all[ref] then return all[ref] end
  local names = {}
  for _, entry in ipairs(all) do
    names[#names + 1] = entry.name
    local manifest = inspect(entry)
    if manifest then
      if manifest.name == ref then return entry end
      for _, alias in ipairs(manifest.aliases or {}) do
        if alias == ref then return entry end
        names[#names + 1] = alias
      end
    end
  end
  if paths.is(paths.absolute(ref, config.cwd)) then return find_file(config, "./" .. ref) end
  local nearest = require("run.nearest").find(ref, names)
  refuse(("there is no skill %q"):format(ref),
    nearest and ("did you mean %s?"):format(nearest) or "`nano-sre list` shows the skills")
end

--- The text of a skill; read once. Raises a usage fault when it can't be read or is no text.
---@param entry SkillFile
---@return string
function skills.read(entry)
  if entry.source then return entry.source end
  local text, why
  if entry.origin == "bundled" then
    text = sys.resource(entry.path)
  else
    text, why = sys.files.read(entry.path, MAX_SOURCE)
  end
  if not text then refuse(("can't read %s: %s"):format(entry.shown, why or "unknown problem")) end
  if text:find("%z") or text:sub(1, 3) == "\27LJ" then
    refuse(entry.shown .. " is not a Lua script but a binary file",
      "give the path of a .lua text file")
  end
  entry.source = text
  return text
end

return skills
