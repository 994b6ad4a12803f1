--- The alerters of a configuration: the table `alerts` of nano-sre.lua, and ALERT_WEBHOOK_URL.
---
---    alerts = {
---      slack = { webhook_url = { env = "SLACK_URL" } },
---      ["slack-ops"] = { use = "slack", webhook_url = { env = "SLACK_OPS_URL" } },
---      stdout = true,
---    }
---
--- A name is that of a script (of the project's alerters/, of scripts/alerters/ at hand, or
--- bundled) unless `use` names another. Everything else is the script's options. Used by
--- alert/send.lua, watch/daemon.lua and the verb alert. Nothing here loads a script.

local paths = require "config.paths"

local config_of = {}

local BUNDLED = "scripts/alerters/"
local MAX_SOURCE = 1024 * 1024

---@class AlerterSetting
---@field name string     as routes call it
---@field use string      the script's name
---@field options table   as configured, secrets as plain texts
---@field origin string   where it is configured, for people
---@field problem string? why it cannot be used

--- Which alerter a bare webhook URL is for, by its host.
---@param url string
---@return "slack"|"discord"|"webhook" use
---@return string option  the option that takes the URL
function config_of.webhook_kind(url)
  local authority = url:match("^%a[%w+.-]*://([^/?#]*)") or ""
  local host = authority:gsub("^.*@", ""):gsub(":%d+$", ""):lower()
  if host == "hooks.slack.com" or host == "hooks.slack-gov.com" then
    return "slack", "webhook_url"
  end
  local base = host:match("([%w-]+%.[%w-]+)$")
  if (base == "discord.com" or base == "discordapp.com")
    and url:find("/api/webhooks/", 1, true) then
    return "discord", "webhook_url"
  end
  return "webhook", "url"
end

-- { env = "NAME" } anywhere in the options: taken from there.
local function resolve(value, environment, missing)
  if type(value) ~= "table" then return value end
  if type(value.env) == "string" and next(value, next(value)) == nil then
    local found = environment(value.env)
    if found == nil then missing[#missing + 1] = value.env end
    return found
  end
  local copy = {}
  for key, content in pairs(value) do copy[key] = resolve(content, environment, missing) end
  return copy
end

local function read(name, raw, config)
  local setting = { name = name, use = name, options = {}, origin = "alerts." .. name }
  if raw == true then return setting end
  if type(raw) ~= "table" then
    setting.problem = ("alerts.%s must be a table of options, or true"):format(name)
    return setting
  end
  local missing = {}
  for key, value in pairs(raw) do
    if key == "use" then
      setting.use = value
    else
      setting.options[key] = resolve(value, config.environment, missing)
    end
  end
  if type(setting.use) ~= "string" or not setting.use:match("^[%w][%w_.-]*$") then
    setting.problem = ("alerts.%s.use must be the name of an alerter's script"):format(name)
  elseif #missing > 0 then
    table.sort(missing)
    setting.problem = ("alerts.%s: %s is not set in the environment"):format(name,
      table.concat(missing, ", "))
  end
  return setting
end

--- Every alerter, by name. `stdout` is always there.
---@param config Config
---@return table<string, AlerterSetting>
function config_of.read(config)
  local settings = {}
  for name, raw in pairs(config.tables.alerts or {}) do
    if raw ~= false then settings[tostring(name)] = read(tostring(name), raw, config) end
  end
  local url = config:get "alert_webhook_url"
  if url then
    local use, option = config_of.webhook_kind(url)
    settings[use] = settings[use] or { name = use, use = use, options = { [option] = url },
      origin = "ALERT_WEBHOOK_URL" }
  end
  settings.stdout = settings.stdout or { name = "stdout", use = "stdout", options = {},
    origin = "default" }
  return settings
end

--- Who is told when no route says who: everybody who is configured, else standard output.
---@param config Config
---@return string[]
function config_of.names(config)
  local names = {}
  for name, setting in pairs(config_of.read(config)) do
    if setting.origin ~= "default" then names[#names + 1] = name end
  end
  table.sort(names)
  if #names == 0 then names[1] = "stdout" end
  return names
end

local function folders(config)
  local list = {}
  if config.project then list[1] = config.project.root .. "/alerters" end
  list[#list + 1] = config.cwd .. "/scripts/alerters"
  return list
end

--- The names of all scripts that `use` can name, sorted.
---@param config Config
---@return string[]
function config_of.scripts(config)
  local seen, names = {}, {}
  local function add(file)
    local name = file:match("^([%w][%w_.-]*)%.lua$")
    if name and not name:find("_test$") and not seen[name] then
      seen[name], names[#names + 1] = true, name
    end
  end
  for _, folder in ipairs(folders(config)) do
    for _, item in ipairs(sys.files.list(folder) or {}) do
      if item.kind ~= "dir" then add(item.name) end
    end
  end
  for _, resource in ipairs(sys.resource_list(BUNDLED)) do add(resource:sub(#BUNDLED + 1)) end
  table.sort(names)
  return names
end

--- The script of an alerter.
---@param config Config
---@param use string
---@return {name: string, kind: "alerter", path: string, source: string, origin: string}?
---@return string? problem
function config_of.script(config, use)
  for _, folder in ipairs(folders(config)) do
    local path = folder .. "/" .. use .. ".lua"
    if paths.is(path) then
      local source, why = sys.files.read(path, MAX_SOURCE)
      if not source then return nil, ("can't read %s: %s"):format(path, why) end
      return { name = use, kind = "alerter", path = path, source = source,
        origin = paths.display(path, config.cwd) }
    end
  end
  local source = sys.resource(BUNDLED .. use .. ".lua")
  if source then
    return { name = use, kind = "alerter", path = BUNDLED .. use .. ".lua", source = source,
      origin = "bundled" }
  end
  local nearest = require("run.nearest").find(use, config_of.scripts(config))
  return nil, ("there is no alerter %q%s"):format(use,
    nearest and (", did you mean %q?"):format(nearest)
      or "; `nano-sre alert list` shows all of them")
end

--- The folder in which scripts may require files.
---@param config Config
---@return string
function config_of.root(config) return config.project and config.project.root or config.cwd end

--- The problem of an alerter's script or of its options; nil: both are fine.
local function inspect_one(config, setting, script, inspect)
  local manifest, why = inspect { script = script.path, source = script.source, kind = "alerter",
    project = config_of.root(config), options = setting.options }
  if manifest then return manifest end
  local text = ("%s: %s%s"):format(setting.origin, why.message,
    why.hint and " (" .. why.hint .. ")" or "")
  return nil, text, why
end

--- Checks every alerter: its settings, its script, its options against what the script declares.
---@param config Config
---@param inspect fun(job: table): table?, table?  loads a script in a worker
---@param scripts WatchScripts?  takes the versions that load
---@return string[] problems  of the configuration
---@return table[] broken     scripts that do not load: script, message, where, hint, excerpt
---@return table<string, table> manifests  by alerter
function config_of.check(config, inspect, scripts)
  local problems, broken, manifests, names = {}, {}, {}, {}
  local settings = config_of.read(config)
  for name in pairs(settings) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local setting = settings[name]
    local script, problem = nil, setting.problem
    if not problem then
      script, problem = config_of.script(config, setting.use)
      problem = problem and setting.origin .. ": " .. problem
    end
    if script then
      local why
      manifests[name], problem, why = inspect_one(config, setting, script, inspect)
      if why and why.code ~= "option" then
        broken[#broken + 1], problem = { script = script.path, message = why.message,
          where = why.where, hint = why.hint, excerpt = why.excerpt }, nil
      elseif scripts then
        scripts:refresh(script, config_of.root(config))
      end
    end
    problems[#problems + 1] = problem
  end
  return problems, broken, manifests
end

--- Names in routes that are no alerter.
---@param config Config
---@param routes table[]
---@return string[] problems
function config_of.check_routes(config, routes)
  local problems, settings = {}, config_of.read(config)
  local function look(route, list)
    for _, name in ipairs(list or {}) do
      if not settings[name] then
        local nearest = require("run.nearest").find(name, settings)
        problems[#problems + 1] = ("%s: no alerter %q is configured%s"):format(route.name, name,
          nearest and (", did you mean %q?"):format(nearest) or " under alerts")
      end
    end
  end
  for _, route in ipairs(routes) do
    look(route, route.to)
    for _, step in ipairs(route.escalate or {}) do look(route, step.to) end
  end
  return problems
end

return config_of
