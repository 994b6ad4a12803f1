--- The configuration: defaults < nano-sre.lua < environment and .env < flags, each value with where
--- it came from. Called once per command by the verbs. nano-sre.lua is a user's file: it is
--- evaluated by the inspect function that the caller gives (in a worker), never here. Any problem
--- raises a usage fault that lists all of them.

local fault = require "fault"
local paths = require "config.paths"
local schema = require "config.schema"
local types = require "config.types"

local load = {}

---@class Config
---@field values table<string, any>      by the setting's key; absent: not set
---@field origins table<string, string>  where each value came from, for people
---@field skills table<string, table>    what nano-sre.lua says of single skills
---@field tables table<string, table>    stores, routes, …: as they stand in nano-sre.lua
---@field environment fun(name: string): string?, string?  a value and where it came from
---@field project {root: string, file: string}|nil
---@field cwd string
---@field warnings string[]
local Config = {}
Config.__index = Config

--- The value of a setting, nil when nobody set it.
function Config:get(key)
  assert(schema.by_key[key], key)
  return self.values[key]
end

-- Settings that stand in a table of their own: store = { url = … }.
local GROUPS = { store = true, llm = true, mcp = true, watch = true }

local function known_names()
  local names = { "skills" }
  for _, setting in ipairs(schema) do names[#names + 1] = setting.key end
  for group in pairs(GROUPS) do names[#names + 1] = group end
  for name in pairs(schema.tables) do names[#names + 1] = name end
  return names
end

local function add_problem(state, where, message)
  state.problems[#state.problems + 1] = { message = where .. ": " .. message }
end

local function set(state, setting, raw, origin, base)
  local value, expected = types.parse(setting, raw)
  if value == nil then
    local shown = ""
    if not setting.secret and type(raw) ~= "table" then
      shown = (", not %q"):format(tostring(raw))
    end
    local message = ("%s must be %s%s"):format(setting.key, expected, shown)
    if setting.used == false then
      state.config.warnings[#state.config.warnings + 1] = origin .. ": " .. message
    else
      add_problem(state, origin, message)
    end
    return
  end
  if setting.type == "path" then value = paths.absolute(value, base) end
  state.config.values[setting.key] = value
  state.config.origins[setting.key] = origin
end

-- { env = "NAME" } in nano-sre.lua: the value is taken from there, so that the file can be shared
-- without secrets.
local function lookup_reference(state, setting, raw, origin)
  if type(raw) ~= "table" or type(raw.env) ~= "string" then return raw, origin end
  local value, from = state.environment(raw.env)
  if value == nil then return nil end
  return value, ("%s, from %s"):format(from, origin)
end

local function unknown(state, origin, name)
  local nearest = require("run.nearest").find(name, known_names())
  add_problem(state, origin, ("there is no setting %q%s"):format(name,
    nearest and (", did you mean %q?"):format(nearest) or "; `nano-sre config` lists all of them"))
end

--- Checks what is said of one skill. Problems go to add(message).
---@param prefix string  how the place is called in messages
---@param raw any
---@param add fun(message: string)
---@return table?
function load.skill_fields(prefix, raw, add)
  if type(raw) == "boolean" then raw = { enabled = raw } end
  if type(raw) ~= "table" then
    return add(prefix .. " must be a table, true or false")
  end
  local skill = {}
  for field, value in pairs(raw) do
    local kind = schema.skill_fields[field]
    if not kind then
      local nearest = require("run.nearest").find(tostring(field), schema.skill_fields)
      add(("%s has no field %q%s"):format(prefix, tostring(field),
        nearest and (", did you mean %q?"):format(nearest) or "; docs/watch.md lists them"))
    elseif kind == "table" then
      if type(value) ~= "table" then
        add(prefix .. "." .. field .. " must be a table of names and values")
      else
        skill[field] = value
      end
    else
      local parsed, expected = types.parse({ type = kind }, value)
      if parsed == nil then
        add(("%s.%s must be %s"):format(prefix, field, expected))
      end
      skill[field] = parsed
    end
  end
  return skill
end

local function read_skill(state, origin, name, raw)
  state.config.skills[name] = load.skill_fields("skills." .. name, raw,
    function(message) add_problem(state, origin, message) end)
end

local function read_table(state, raw, origin, prefix)
  for name, value in pairs(raw) do
    local key = prefix .. tostring(name)
    local setting = schema.by_key[key]
    if key == "skills" and type(value) == "table" then
      for skill, fields in pairs(value) do read_skill(state, origin, tostring(skill), fields) end
    elseif prefix == "" and schema.tables[key] then
      if type(value) == "table" then
        state.config.tables[key] = value
      else
        add_problem(state, origin, key .. " must be a table")
      end
    elseif setting then
      local found, from = lookup_reference(state, setting, value, origin)
      if found ~= nil then set(state, setting, found, from, state.config.project.root) end
    elseif type(value) == "table" and prefix == "" and GROUPS[key] then
      read_table(state, value, origin, key .. ".")
    else
      unknown(state, origin, key)
    end
  end
end

local function read_file(state, inspect)
  local file = state.config.project.file
  local raw, problem = inspect(file)
  local origin = paths.display(file, state.config.cwd)
  if raw == nil then
    local broken = fault.new("usage", {
      message = "can't load " .. origin .. ": "
      .. (problem and problem.message or "unknown problem"),
      where = problem and problem.where, hint = problem and problem.hint, code = "config",
      details = { excerpt = problem and problem.excerpt },
    })
    if not state.tolerant then error(broken, 0) end
    table.insert(state.problems, broken)
    return
  end
  read_table(state, raw, origin, "")
end

local function read_environment(state)
  for _, setting in ipairs(schema) do
    if setting.env then
      local raw, from, base = state.environment(setting.env)
      if raw ~= nil then set(state, setting, raw, from, base) end
    end
  end
end

-- A lookup that prefers the real environment to the .env file. An empty value counts as not set, so
-- that a copied .env.example with blanks changes nothing.
local function make_environment(config, getenv)
  local folder = config.project and config.project.root or config.cwd
  local file = folder .. "/.env"
  local values = {}
  local text = paths.is(file) and sys.files.read(file, 1024 * 1024)
  if text then
    local problems
    values, problems = require("config.dotenv").parse(text)
    local shown = paths.display(file, config.cwd)
    for _, problem in ipairs(problems) do
      config.warnings[#config.warnings + 1] =
        ("%s:%d is left out: %s"):format(shown, problem.line, problem.message)
    end
    config.dotenv = { file = shown, values = values }
  end
  return function(name)
    local value = getenv(name)
    if value and value ~= "" then return value, "environment " .. name, config.cwd end
    local entry = values[name]
    if entry and entry.value ~= "" then
      return entry.value, ("%s:%d"):format(config.dotenv.file, entry.line), folder
    end
  end
end

--- Loads the configuration.
---@param options table
---  cwd: absolute; flags: table of setting key → raw value;
---  inspect: function(path) → table | nil, problem;
---  getenv: function(name) → string|nil (default: the real one); project: false to look for none;
---  tolerant: true to leave wrong values out instead of raising
---@return Config
---@return {message: string}[] problems
function load.load(options)
  local cwd = options.cwd
  local config = setmetatable({
    values = {}, origins = {}, skills = {}, tables = {}, warnings = {}, cwd = cwd,
    project = options.project ~= false and paths.find_project(cwd) or nil,
  }, Config)
  local state = { config = config, problems = {}, tolerant = options.tolerant }
  config.environment = make_environment(config, options.getenv or sys.env.get)
  state.environment = config.environment

  for _, setting in ipairs(schema) do
    if setting.default ~= nil then
      config.values[setting.key], config.origins[setting.key] = setting.default, "default"
    end
  end
  config.values.database = paths.default_database(config.project)
  config.values.report_dir = paths.default_report_dir(config.project, cwd)
  config.origins.database, config.origins.report_dir = "default", "default"

  if config.project then read_file(state, options.inspect) end
  read_environment(state)
  for key, raw in pairs(options.flags or {}) do
    local setting = schema.by_key[key]
    set(state, setting, raw, setting.flag, cwd)
  end

  table.sort(state.problems, function(a, b) return a.message < b.message end)
  if #state.problems > 0 and not options.tolerant then
    local messages = {}
    for i, problem in ipairs(state.problems) do messages[i] = problem.message end
    error(fault.new("usage", {
      message = table.concat(messages, "\n"), code = "config",
      hint = "`nano-sre config` shows every setting, its value and where it came from",
    }), 0)
  end
  return config, state.problems
end

return load
