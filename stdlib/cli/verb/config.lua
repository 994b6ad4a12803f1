--- nano-sre config: every setting, its value and where it came from.

local verb = {}

verb.examples = {
  { "nano-sre config", "" },
  { "nano-sre config --url https://my-shop.example", "what a flag would change" },
}
verb.remarks = [[
Later ones win: defaults, nano-sre.lua (looked for upwards from here), .env beside it, the
environment, flags. Secrets are never shown.]]

function verb.define(parser, flags)
  flags.shop(parser)
  flags.browser(parser)
  parser:option("--timeout", "limit of every run"):argname("TIME")
  parser:option("--report-dir",
    "where reports and screenshots go"):target("report_dir"):argname("DIR")
end

local function value_of(config, setting, paint)
  local shown = require("config.types").show(setting, config.values[setting.key])
  if setting.type == "path" then shown = require("config.paths").display(shown, config.cwd) end
  if shown == "" then return paint("dim", "not set") end
  return shown
end

local function print_skills(config, out, paint)
  local names = {}
  for name in pairs(config.skills) do names[#names + 1] = name end
  if #names == 0 then return end
  table.sort(names)
  local rows = {}
  for _, name in ipairs(names) do
    local skill, parts = config.skills[name], {}
    if skill.enabled == false then parts[1] = "off" end
    if skill.timeout then
      parts[#parts + 1] = "timeout " .. require("time").format_duration(skill.timeout)
    end
    local keys = {}
    for key in pairs(skill.options or {}) do keys[#keys + 1] = key end
    table.sort(keys)
    -- An option may be a secret of the skill's; its schema is not known here, so values stay out.
    if #keys > 0 then parts[#parts + 1] = "options " .. table.concat(keys, ", ") end
    rows[#rows + 1] = { "skills." .. name, #parts > 0 and table.concat(parts, "; ") or "on" }
  end
  out.line()
  out.write(1, out.columns(rows))
end

function verb.run(args)
  local session = require("cli.session").open(require("cli.flags").settings(args),
    { tolerant = true })
  local out, schema = require "cli.out", require "config.schema"
  local config, paint = session.config, out.painter(1)
  session:close()
  local rows = {}
  for _, setting in ipairs(schema) do
    local origin = config.origins[setting.key]
    if setting.used == false then
      origin = (origin and origin .. "; " or "") .. "not used by this version"
    end
    rows[#rows + 1] = { setting.key, value_of(config, setting, paint), paint("dim", origin or "") }
  end
  local project = config.project and require("config.paths").display(config.project.file,
    config.cwd)
  out.line(paint("dim", "project: " .. (project or "none (no nano-sre.lua here or above)")))
  out.line(paint("dim", ".env:    " .. (config.dotenv and config.dotenv.file or "none")))
  out.line()
  out.write(1, out.columns(rows))
  print_skills(config, out, paint)
  for _, warning in ipairs(config.warnings) do out.problem({ message = warning }, "warning") end
  for _, problem in ipairs(session.config_problems) do out.problem(problem) end
  return #session.config_problems > 0 and 2 or 0
end

return verb
