--- From skills, configuration and flags to the jobs that service/runs.lua runs: the options of each
--- skill, its limits, its browser, its folders. Called by cli/session.lua. Everything wrong is
--- found here, before anything runs.

local fault = require "fault"
local paths = require "config.paths"

local jobs = {}

local function refuse(message, hint)
  error(fault.new("usage", { message = message, hint = hint, code = "usage" }), 0)
end

local function choose_browser(which, headed, cwd)
  if which:find("^wss?://") then
   if headed then
      refuse("--headed can't be used with a browser that runs already (" .. which .. ")")
    end
    return { kind = "auto", endpoint = which, headed = false }
  end
  if which:find("^https?://") then
    refuse("a browser that runs already is named by its ws:// address, not " .. which,
      ("webSocketDebuggerUrl in what %s/json/version answers"):format(which:match("^%a+://[^/]*")))
  end
  if which == "shell" and headed then
    refuse("chromium-headless-shell has no window to show", "use --browser chromium --headed")
  end
  if which == "auto" or which == "shell" or which == "chromium" then
    return { kind = headed and "chromium" or which, headed = headed }
  end
  if which:find("/", 1, true) then
    local path = paths.absolute(which, cwd)
    if not paths.is(path) then
      refuse("there is no browser at " .. which, "`nano-sre doctor` looks for one")
    end
    return { kind = "auto", path = path, headed = headed }
  end
  local nearest = require("run.nearest").find(which, { "auto", "shell", "chromium" })
  refuse(("browser must be auto, shell, chromium, a path or ws://…, not %q"):format(which),
    nearest and ("did you mean %s?"):format(nearest))
end

--- The browser that --browser, --headed and --browser-arg ask for, as a job carries it.
---@param which string   auto, shell, chromium, a path or ws://…
---@param headed boolean
---@param cwd string
---@param args string[]?
---@return table  kind, path?, endpoint?, headed, args?
function jobs.browser(which, headed, cwd, args)
  local browser = choose_browser(which, headed, cwd)
  if browser.endpoint and args then
    refuse("--browser-arg can't be used with a browser that runs already (" .. which .. ")",
      "give it its arguments where it is started")
  end
  browser.args = args
  return browser
end

--- The browser of a configuration.
---@param config Config
---@return table
function jobs.browser_of(config)
  return jobs.browser(config:get "browser", config:get "headed", config.cwd,
    config:get "browser_args")
end

-- "key=value" or "skill.key=value"
local function parse_option(word)
  local name, value = word:match("^([^=]+)=(.*)$")
  if not name then
    refuse(("-o %s: an option is written KEY=VALUE"):format(word),
      "for example -o product=snowboard")
  end
  local skill, key = name:match("^([%w_-]+)%.([%w_]+)$")
  return { skill = skill, key = key or name, value = value, word = word, used = false }
end

local function env_prefix(skill_name)
  return "NANO_SRE_" .. skill_name:upper():gsub("[^%w]", "_") .. "_"
end

-- Options from the environment: NANO_SRE_CHECKOUT_PRODUCT=snowboard is -o
-- checkout.product=snowboard.
local function options_of_environment(config, skill_name)
  local options, prefix = {}, env_prefix(skill_name)
  local function take(name, value)
    if name:sub(1, #prefix) == prefix and #name > #prefix and value ~= "" then
      options[name:sub(#prefix + 1):lower()] = value
    end
  end
  for name, entry in pairs(config.dotenv and config.dotenv.values or {}) do
    take(name, entry.value)
  end
  for name, value in pairs(sys.env.list()) do take(name, value) end
  return options
end

local function declared(manifest, key)
  for _, option in ipairs(manifest.options or {}) do
    if option.name == key then return true end
  end
  return false
end

local function names_of(items)
  local names = {}
  for _, item in ipairs(items) do
    for _, option in ipairs(item.manifest and item.manifest.options or {}) do
      names[#names + 1] = option.name
    end
  end
  return names
end

-- An option without a skill's name goes to every skill that declares it. A skill that can't be
-- loaded takes all of them: its run will say why it can't be loaded.
local function assign_options(items, words)
  local given = {}
  for i, word in ipairs(words) do given[i] = parse_option(word) end
  for _, option in ipairs(given) do
    for _, item in ipairs(items) do
      local fits = option.skill == nil or option.skill == item.name
      if fits and (not item.manifest or declared(item.manifest, option.key)) then
        item.options[option.key] = option.value
        option.used = true
      end
    end
  end
  for _, option in ipairs(given) do
    if not option.used then
      local known = names_of(items)
      local nearest = require("run.nearest").find(option.key, known)
      refuse(("-o %s: %s has no option %q"):format(option.word, #items == 1 and items[1].name
        or "no skill that runs",
        option.key), nearest and ("did you mean %s?"):format(nearest)
        or (#known > 0 and "there are " .. table.concat(known, ", ") or "it has none"))
    end
  end
end

-- A name in the environment that is no option of the skill may be another program's, so it is only
-- told of.
local function keep_declared(item, from_env, warnings)
  for key in pairs(from_env) do
    if item.manifest and not declared(item.manifest, key) then
      warnings[#warnings + 1] = ("%s%s is left out: %s has no option %q"):format(
        env_prefix(item.name), key:upper(), item.name, key)
      from_env[key] = nil
    end
  end
end

local function needs_shop(manifest)
  for _, capability in ipairs(manifest.capabilities or {}) do
    if capability == "browser" or capability == "http" then return true end
  end
  return false
end

local function require_shop(items)
  for _, item in ipairs(items) do
    if item.manifest and needs_shop(item.manifest) then
      refuse(("no shop is configured, and %s needs one"):format(item.name),
        "give --url https://my-shop.example, set STORE_URL in the environment or in .env,\n"
          .. "or set store.url in nano-sre.lua. Without a shop: `nano-sre demo --check`")
    end
  end
end

local function limit_of(config, entry)
  local skill = config.skills[entry.name]
  if config.origins.timeout == "--timeout" then return config:get "timeout" end
  return skill and skill.timeout or config:get "timeout"
end

--- Makes one item per skill: {name, entry, manifest?, options, job}.
---@param request table  entries: SkillFile[] with their sources; words: string[] of -o; dry_run;
---  record, artifacts: absolute folders
---@param config Config
---@param inspect fun(entry: SkillFile): table|nil   the manifest, nil when it can't be loaded
---@param version string
---@return table[]
function jobs.make(request, config, inspect, version)
  local browser = jobs.browser_of(config)
  local url = config:get "store.url"
  local items = {}
  for i, entry in ipairs(request.entries) do
    local item = { name = entry.name, entry = entry, options = {} }
    local from_env = options_of_environment(config, entry.name)
    -- Loading a skill twice is only worth it where something is to be found out before it runs. One
    -- that never writes the word "needs" can't need a shop.
    local may_need_shop = not url and entry.source:find("needs", 1, true)
    if #request.words > 0 or may_need_shop or next(from_env) then item.manifest = inspect(entry) end
    keep_declared(item, from_env, config.warnings)
    local settings = config.skills[entry.name]
    for key, value in pairs(settings and settings.options or {}) do item.options[key] = value end
    for key, value in pairs(from_env) do item.options[key] = value end
    items[i] = item
  end
  if not url then require_shop(items) end
  assign_options(items, request.words)

  local seen = {}
  for i, item in ipairs(items) do
    -- Two skills of one name (run a/x.lua b/x.lua) must not share a folder.
    seen[item.name] = (seen[item.name] or 0) + 1
    local label = item.name .. (seen[item.name] > 1 and "-" .. seen[item.name] or "")
    item.job = {
      id = "r" .. i, script = item.entry.path, source = item.entry.source, mode = "run",
      skill = item.name,
      store = url and { url = url, password = config:get "store.password",
        name = config:get "store.name", admin_api_key = config:get "store.admin_api_key" } or nil,
      options = item.options, timeout_ms = limit_of(config, item.entry),
      dry_run = request.dry_run or false,
      artifacts = request.artifacts and request.artifacts .. "/" .. label,
      record = request.record and request.record .. "/" .. label .. ".jsonl",
      browser = browser, project = config.project and config.project.root or config.cwd,
      version = version, redact_pii = config:get "redact_pii",
      blur_screenshots = config:get "blur_screenshots",
    }
  end
  return items
end

return jobs
