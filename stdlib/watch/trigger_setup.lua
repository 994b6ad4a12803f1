--- Triggers with what they need to work: the current version of their script, their schedule, the
--- checks that their names mean. What is wrong is collected with the other problems of the
--- configuration; a broken script is only told. Called by watch/setup.lua.

local actions = require "watch.actions"
local fault = require "fault"
local skills = require "cli.skills"
local settings = require "watch.settings"
local trigger_settings = require "watch.trigger_settings"

local trigger_setup = {}

local function names_of(options)
  local set = {}
  for _, option in ipairs(options or {}) do set[option.name] = true end
  return set
end

local function unknown_option(prefix, name, known)
  local nearest = require("run.nearest").find(name, known)
  return ("%s has no option %q%s"):format(prefix, name,
    nearest and (", did you mean %q?"):format(nearest) or "")
end

--- The current version of every script, by its entry; those that are broken are told.
local function read_scripts(context, scripts, entries)
  local found, used = {}, {}
  for _, entry in ipairs(entries) do
    used[entry.path] = true
    local ok, why = pcall(skills.read, entry)
    local problem
    if ok then
      found[entry], problem = scripts:refresh(entry, context.project)
    else
      found[entry] = scripts:current(entry.path)
      problem = { script = entry.path, message = fault.is(why) and why.message or tostring(why) }
    end
    if problem then
      problem.trigger = entry.name
      context.broken[#context.broken + 1] = problem
    end
  end
  scripts:keep(used)
  return found
end

-- Whether the options are such as the script declares is what a worker says.
local function check_script_options(context, scripts, trigger)
  local manifest = trigger.script.manifest
  for name in pairs(trigger.options or {}) do
    if not names_of(manifest.options)[name] then
      table.insert(context.problems, unknown_option(trigger.origin, tostring(name),
        names_of(manifest.options)))
      return
    end
  end
  if #manifest.options == 0 then return end
  local _, why = scripts.inspect { script = trigger.script.path, source = trigger.script.source,
    modules = trigger.script.modules, project = context.project, kind = "trigger",
    options = trigger.options or {} }
  if why and why.code == "option" then
    table.insert(context.problems, ("%s: %s%s"):format(trigger.origin, why.message,
      why.hint and " (" .. why.hint .. ")" or ""))
  end
end

-- What a trigger without a script runs: ids of checks.
local function find_checks(context, trigger, checks)
  local ids, seen = {}, {}
  local core = { planner = { order = checks } }
  for _, name in ipairs(trigger.run) do
    local found, why = actions.find_checks(core, name)
    if not found then table.insert(context.problems, trigger.origin .. ".run: " .. why) end
    for _, check in ipairs(found or {}) do
      if not seen[check.id] then seen[check.id], ids[#ids + 1] = true, check.id end
      local known = names_of(check.script.manifest and check.script.manifest.options)
      for name_of_option in pairs(trigger.options or {}) do
        if check.script.manifest and not known[name_of_option] then
          table.insert(context.problems, unknown_option(("%s.options: %s"):format(trigger.origin,
            check.skill), tostring(name_of_option), known))
        end
      end
    end
  end
  return ids
end

local function schedule(context, trigger)
  local manifest, from = trigger.script.manifest or {}, trigger.timing
  if not from.every and not from.cron then
    from = { every = manifest.every_ms, cron = manifest.cron, hours = from.hours,
      timezone = from.timezone }
  end
  from.hours = from.hours or manifest.hours
  return settings.schedule(from, context.config:get "timezone", trigger.origin, context.problems)
end

--- Builds the list.
---@param context table       of setup.build: config, project, problems, broken
---@param checks WatchCheck[]
---@param scripts WatchScripts  for triggers
---@return WatchTrigger[]     with checks (ids), script (WatchScript) and schedule in their places
function trigger_setup.build(context, checks, scripts)
  local entries = skills.triggers(context.config)
  local found = read_scripts(context, scripts, entries)
  local list = trigger_settings.read(context.config, entries, context.problems)
  for _, trigger in ipairs(list) do
    if trigger.script then
      trigger.script = found[trigger.script]
      if trigger.script and trigger.script.manifest then
        check_script_options(context, scripts, trigger)
        if trigger.kind == "script" then trigger.schedule = schedule(context, trigger) end
      end
    elseif trigger.run then
      trigger.checks = find_checks(context, trigger, checks)
    end
  end
  return list
end

return trigger_setup
