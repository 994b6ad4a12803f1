--- From configuration and scripts to what watch/core.lua works with: checks (stores × skills) with
--- schedule, policy, options and job, limits, routes, maintenance. Called at start and at every
--- reload. Wrong settings raise one usage fault that lists all of them; a broken script is only
--- told.

local cli_jobs = require "cli.jobs"
local cli_skills = require "cli.skills"
local fault = require "fault"
local paths = require "config.paths"
local settings = require "watch.settings"
local track = require "incident.track"

local setup = {}

local DEFAULT_EVERY_MS = 30 * 60000
local FIELDS = { "hours", "timezone", "severity", "fails", "of", "passes", "errors",
  "timeout", "labels" }

-- The first that says something: skill of the store, store, skill of the configuration.
local function layers(config, store, name)
  return { store.skills and store.skills[name] or {}, store, config.skills[name] or {} }
end

local function pick(list, field)
  for _, layer in ipairs(list) do
    if layer[field] ~= nil then return layer[field] end
  end
end

-- every and cron replace each other: the nearer layer decides between them.
local function timing(config, list, manifest)
  if config.origins.interval == "--interval" then return { every = config:get "interval" } end
  for _, layer in ipairs(list) do
    if layer.cron or layer.every then return { every = layer.every, cron = layer.cron } end
  end
  return { every = config:get "interval" or manifest.every_ms or DEFAULT_EVERY_MS }
end

local function options_of(config, store, name, manifest)
  local out, declared = {}, {}
  for _, option in ipairs(manifest.options or {}) do declared[option.name] = true end
  local function take(values)
    for key, value in pairs(values or {}) do out[key] = value end
  end
  take((config.skills[name] or {}).options)
  for key, value in pairs(store.options or {}) do
    if type(value) == "table" and key == name then
      take(value)
    elseif type(value) ~= "table" and declared[key] then
      out[key] = value
    end
  end
  take(((store.skills or {})[name] or {}).options)
  return out
end

local function needs_browser(manifest)
  for _, need in ipairs(manifest.capabilities or {}) do
    if need == "browser" then return true end
  end
  return false
end

local function policy_of(list, manifest)
  local policy = {}
  for key, value in pairs(track.DEFAULTS) do policy[key] = pick(list, key) or value end
  policy.severity = pick(list, "severity") or manifest.severity or track.DEFAULTS.severity
  policy.of = math.max(policy.of, policy.fails)
  return policy
end

local function make_check(context, store, entry, script)
  local config, manifest = context.config, script.manifest or {}
  local list = layers(config, store, entry.name)
  local id = store.name .. "/" .. entry.name
  local from = timing(config, list, manifest)
  for _, field in ipairs(FIELDS) do from[field] = pick(list, field) end
  local check = settings.schedule(from, config:get "timezone", id, context.problems)
  check.id, check.skill, check.script = id, manifest.name or entry.name, script
  check.store = { url = store.url, password = store.password, name = store.name,
    admin_api_key = store.admin_api_key }
  check.policy = policy_of(list, manifest)
  check.browser = needs_browser(manifest)
  check.labels = from.labels
  check.parents = pick(list, "parents") or manifest.parents or {}
  check.timeout_ms = from.timeout or config:get "timeout"
  check.options = options_of(config, store, entry.name, manifest)
  return check
end

-- parents are declared by the child; dispatching asks the parent.
local function link_parents(checks)
  local by_skill = {}
  for _, check in ipairs(checks) do
    check.inhibits = {}
    by_skill[check.store.name .. "\0" .. check.skill] = check
  end
  for _, check in ipairs(checks) do
    for _, parent in ipairs(check.parents) do
      local found = by_skill[check.store.name .. "\0" .. parent]
      if found and found ~= check then table.insert(found.inhibits, check.skill) end
    end
  end
end

local function wanted(store, entry, all)
  if store.skills and next(store.skills) then
    local setting = store.skills[entry.name]
    return setting ~= nil and setting.enabled ~= false
  end
  return all[entry.name] == true
end

-- Every skill file that some store needs, with its current version.
local function read_scripts(context, stores)
  local config, list, by_name = context.config, {}, {}
  for _, entry in ipairs(cli_skills.for_check(config)) do by_name[entry.name] = true end
  for _, entry in ipairs(cli_skills.all(config)) do
    local used = false
    for _, store in ipairs(stores) do used = used or wanted(store, entry, by_name) end
    if used then list[#list + 1] = entry end
  end
  local found, used = {}, {}
  for _, entry in ipairs(list) do
    used[entry.path] = true
    local ok, why = pcall(cli_skills.read, entry)
    local problem
    if ok then
      found[entry], problem = context.scripts:refresh(entry, context.project)
    else
      found[entry] = context.scripts:current(entry.path)
      problem = { script = entry.path, message = fault.is(why) and why.message or tostring(why) }
    end
    if problem then
      problem.skill = entry.name
      context.broken[#context.broken + 1] = problem
    end
  end
  context.scripts:keep(used)
  return list, found, by_name
end

local function check_names(context, stores, entries)
  local known = {}
  for _, entry in ipairs(entries) do known[entry.name] = true end
  for _, store in ipairs(stores) do
    for name, setting in pairs(store.skills or {}) do
      if not known[name] and setting.enabled ~= false then
        local nearest = require("run.nearest").find(name, known)
        table.insert(context.problems, ("store %s: there is no skill %q%s"):format(store.name, name,
          nearest and (", did you mean %q?"):format(nearest) or ""))
      end
    end
  end
end

--- Builds the setup.
---@param options table  config: Config; scripts, trigger_scripts: WatchScripts; version;
---  default_to: alerters when no route is configured
---@return WatchSetup
---@return table[] broken  scripts whose text on disk can't be loaded: script, message, where, …
function setup.build(options)
  local config = options.config
  local context = { config = config, scripts = options.scripts, problems = {}, broken = {},
    project = config.project and config.project.root or config.cwd }
  local stores = settings.stores(config, context.problems)
  local out = { checks = {}, limits = { concurrency = config:get "watch.concurrency",
    browsers = config:get "watch.browsers" }, stores = stores }
  out.routes = settings.routes(config, stores, options.default_to or { "stdout" },
    context.problems)
  out.maintenance = settings.maintenance(config, context.problems)
  local entries, found, by_name = read_scripts(context, stores)
  check_names(context, stores, entries)
  for _, store in ipairs(stores) do
    for _, entry in ipairs(entries) do
      if found[entry] and wanted(store, entry, by_name) then
        table.insert(out.checks, make_check(context, store, entry, found[entry]))
      end
    end
  end
  if #stores == 0 then
    table.insert(context.problems, "no shop is configured: give --url https://my-shop.example, "
      .. "or set store.url or stores in nano-sre.lua")
  elseif #out.checks == 0 and #context.problems == 0 then
    table.insert(context.problems, "there is no skill to watch with; "
      .. "`nano-sre new skill NAME` begins one")
  end
  out.triggers = require("watch.trigger_setup").build(context, out.checks,
    options.trigger_scripts)
  if #context.problems > 0 then
    table.sort(context.problems)
    local message = table.concat(context.problems, "\n")
    error(fault.new("usage", { message = message, code = "config" }), 0)
  end
  link_parents(out.checks)
  -- Beside the database unless somebody chose a place: the project may be read-only for a service.
  local state = config.origins.report_dir == "default" and paths.folder(config:get "database")
    or config:get "report_dir"
  out.job = { browser = cli_jobs.browser_of(config),
    project = context.project, version = options.version,
    redact_pii = config:get "redact_pii", blur_screenshots = config:get "blur_screenshots",
    artifacts = state .. "/artifacts" }
  out.folder = paths.folder(config:get "database")
  return out, context.broken
end

-- Those that a request gave go over the check's own.
local function options_for(check, launch)
  if not launch.options then return check.options end
  local out = {}
  for name, value in pairs(check.options) do out[name] = value end
  for name, value in pairs(launch.options) do out[name] = value end
  return out
end

--- The job of a launch, for service/runs.lua.
---@param out WatchSetup
---@param launch Launch
---@return table
function setup.job(out, launch)
  local check = launch.check
  return {
    id = launch.run_id, mode = "run", script = check.script.path, source = check.script.source,
    modules = check.script.modules or {}, skill = check.skill, store = check.store,
    options = options_for(check, launch), timeout_ms = check.timeout_ms, dry_run = false,
    browser = out.job.browser, project = out.job.project, version = out.job.version,
    redact_pii = out.job.redact_pii, blur_screenshots = out.job.blur_screenshots,
    artifacts = ("%s/%s/%s"):format(out.job.artifacts, check.id:gsub("[^%w._-]", "_"),
      launch.run_id:sub(1, 16)),
  }
end

return setup
