--- The table `triggers` of nano-sre.lua and the scripts in triggers/: checks them and brings them
--- into one form; problems are collected, so that a person sees every one. Used by watch/setup.lua
--- and `nano-sre list`. Loads no script.
---
---    triggers = {
---      deploy = { webhook = "github", secret = { env = "DEPLOY_SECRET" }, run = "checkout" },
---      stock = { file = "exports/stock.csv", run = { "north/checkout" } },
---      launches = { every = "5m", options = { feed = "…" } },    -- triggers/launches.lua
---    }

local paths = require "config.paths"
local settings = require "watch.settings"

local trigger_settings = {}

local SECRET_MIN = 16

---@class WatchTrigger
---@field name string
---@field kind "webhook"|"file"|"script"  what sets it off
---@field origin string       where it is declared, for people
---@field run string[]?       names of checks, skills, shops; or
---@field script SkillFile?   the script that decides
---@field options table?      of the checks that run, or of the script
---@field after_ms number
---@field limit number        deliveries a minute
---@field hook table?       form, secrets, header, prefix, encoding, id, events, states,
---  environments
---@field file table?         folder, pattern, path, shown
---@field timing table?       every, cron, hours, timezone: as configured

local FIELDS = { run = "list", use = "string", options = "table", after = "wait", limit = "count",
  webhook = "string", secret = "secret", header = "string", prefix = "string",
  encoding = "encoding", id = "string", events = "list", states = "list", environments = "list",
  file = "path", every = "duration", cron = "string", hours = "string", timezone = "string" }
local OF_SCRIPT = { "every", "cron", "hours", "timezone" }
local OF_HOOK = { "secret", "header", "prefix", "encoding", "id", "events", "states",
  "environments" }
local FORMS = {
  github = { secret = true, events = true, states = true, environments = true },
  standard = { secret = true },
  hmac = { secret = true, header = true, prefix = true, encoding = true, id = true },
}

local kinds = {}
function kinds.encoding(raw)
  if raw == "hex" or raw == "base64" then return raw end
  return nil, "hex or base64"
end
-- One, or several while they are changed from one to the next.
function kinds.secret(raw)
  local list = type(raw) == "table" and raw or { raw }
  for _, one in ipairs(list) do
    if type(one) ~= "string" or #one < SECRET_MIN then
      return nil, ("a text of at least %d characters (openssl rand -hex 32 makes one)")
        :format(SECRET_MIN)
    end
  end
  if #list > 0 then return list end
  return nil, "a text"
end

local function any(raw, fields)
  for _, field in ipairs(fields) do
    if raw[field] ~= nil then return field end
  end
end

local function read_hook(trigger, raw, say)
  local form = FORMS[raw.webhook]
  if not form then
    return say(".webhook must be github, standard or hmac")
  end
  for _, field in ipairs(OF_HOOK) do
    if raw[field] ~= nil and not form[field] then
      say((".%s has no meaning for a webhook of the form %s"):format(field, raw.webhook))
    end
  end
  if raw.webhook == "hmac" and not raw.header then
    say(' needs header = "X-Signature", the one that carries the signature')
  end
  trigger.hook = { form = raw.webhook, secrets = raw.secret or {},
    header = (raw.header or ""):lower(), prefix = raw.prefix or "",
    encoding = raw.encoding or "hex", id = raw.id and raw.id:lower(),
    events = raw.events or { "deployment_status" }, states = raw.states or { "success" },
    environments = raw.environments }
end

local function read_file(trigger, raw, root)
  local path = paths.absolute(raw.file, root)
  local base = paths.base(path)
  local pattern = base:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".")
  trigger.file = { path = path, shown = raw.file, folder = paths.folder(path), pattern = "^"
    .. pattern .. "$" }
end

-- What is to be done: names, or a script.
local function read_work(trigger, raw, scripts, say)
  local use = raw.use or (not raw.run and scripts[trigger.name] and trigger.name)
  if raw.run and raw.use then say(" has run and use: leave one of them out") end
  if use then
    trigger.script = scripts[use]
    if not trigger.script then
      local nearest = require("run.nearest").find(use, scripts)
      say((": there is no script triggers/%s.lua%s"):format(use,
        nearest and (", did you mean %s?"):format(nearest) or ""))
    end
  elseif raw.run and #raw.run > 0 then
    trigger.run = raw.run
  elseif trigger.kind == "script" then
    say((": there is no script triggers/%s.lua, and it has neither webhook nor file")
      :format(trigger.name))
  else
    say(' needs run = { "checkout" }, or use = the name of a script in triggers/')
  end
end

-- { env = "NAME" } stands for a value of the environment, in secrets and options too.
local function resolve(given, environment, problems, prefix)
  given = settings.resolve(given, environment, problems, prefix)
  for _, field in ipairs { "secret", "options" } do
    if type(given) == "table" and type(given[field]) == "table" then
      given[field] = settings.resolve(given[field], environment, problems, prefix .. "." .. field)
    end
  end
  return given
end

local function read(name, given, context)
  local prefix, problems = "triggers." .. name, context.problems
  local function say(text) problems[#problems + 1] = prefix .. text end
  local has_secret = type(given) == "table" and given.secret ~= nil
  local raw = settings.fields(resolve(given, context.config.environment, problems, prefix), FIELDS,
    prefix, problems, kinds)
  if raw.webhook and not has_secret then
    say(" needs a secret: without one anybody could set it off")
  end
  local trigger = { name = name, origin = prefix, options = raw.options,
    after_ms = raw.after or 0, limit = raw.limit or 30,
    kind = raw.webhook and "webhook" or raw.file and "file" or "script" }
  if not name:match "^[%w][%w_-]*$" or #name > 64 then
    say(": a name has letters, digits, _ and -")
  end
  if raw.webhook and raw.file then say(" has webhook and file: make two of it") end
  local odd = trigger.kind ~= "script" and any(raw, OF_SCRIPT)
    or trigger.kind ~= "webhook" and any(raw, OF_HOOK)
    or trigger.kind == "script" and any(raw, { "after", "limit", "run" })
  if odd then
    say((".%s has no meaning for a trigger that is set off by %s"):format(odd,
      trigger.kind == "script" and "its own schedule" or "a " .. trigger.kind))
  end
  if trigger.kind == "webhook" then
    read_hook(trigger, raw, say)
  elseif trigger.kind == "file" then
    read_file(trigger, raw, context.root)
  end
  trigger.timing = { every = raw.every, cron = raw.cron, hours = raw.hours,
    timezone = raw.timezone }
  read_work(trigger, raw, context.entries, say)
  return trigger
end

--- Every trigger, sorted by name.
---@param config Config
---@param entries SkillFile[]  of cli/skills.lua's triggers()
---@param problems string[]
---@return WatchTrigger[]
function trigger_settings.read(config, entries, problems)
  local context = { config = config, entries = {}, problems = problems,
    root = config.project and config.project.root or config.cwd }
  for _, entry in ipairs(entries) do context.entries[entry.name] = entry end
  local list, used, given = {}, {}, config.tables.triggers or {}
  for name, raw in pairs(given) do
    name = tostring(name)
    used[name] = true
    if raw ~= false then
      local trigger = read(name, raw == true and {} or raw, context)
      if trigger.script then used[trigger.script.name] = true end
      list[#list + 1] = trigger
    end
  end
  for _, entry in ipairs(entries) do
    if not used[entry.name] then
      list[#list + 1] = { name = entry.name, kind = "script", origin = entry.shown,
        script = entry, after_ms = 0, limit = 30, timing = {} }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

--- What sets a trigger off, in words.
---@param trigger WatchTrigger
---@param manifest table?  of its script
---@return string
function trigger_settings.describe(trigger, manifest)
  if trigger.kind == "webhook" then
    return ("POST /webhooks/%s (%s)"):format(trigger.name, trigger.hook and trigger.hook.form
      or "?")
  elseif trigger.kind == "file" then
    return "file " .. trigger.file.shown
  end
  local from = trigger.timing.every or trigger.timing.cron
  if type(from) == "string" then return "cron " .. from end
  local every = from or manifest and manifest.every_ms
  if every then return "every " .. require("time").format_duration(every) end
  return manifest and manifest.cron and "cron " .. manifest.cron or "by hand"
end

return trigger_settings
