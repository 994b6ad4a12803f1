--- nano-sre validate [FILE…]: loads skills, triggers and nano-sre.lua without running them.

local verb = {}

verb.examples = {
  { "nano-sre validate", "every skill and trigger of the project, and its nano-sre.lua" },
  { "nano-sre validate skills/search.lua", "one file" },
}
verb.remarks = "Ends with 1 when a file is broken."

function verb.define(parser)
  parser:argument("skill",
    "files, names or aliases; default: all of the project"):args("*"):argname("FILE")
end

local function is_config(path) return require("config.paths").base(path) == "nano-sre.lua" end

-- One line for a good file, the problem for a broken one.
local function tell(name, problem, detail)
  local out = require "cli.out"
  local paint = out.painter(1)
  if not problem then
    out.line(paint("green", "✓") .. " " .. name .. paint("dim", detail and "  " .. detail or ""))
    return 0
  end
  out.line(paint("red", "✗") .. " " .. name .. "\n  "
    .. out.format_problem(problem, paint):gsub("\n", "\n  "))
  return 1
end

local function count_of(list, word)
  local count = #(list or {})
  return count .. " " .. word .. (count == 1 and "" or "s")
end

-- Options that nano-sre.lua gives to a skill which has no such option.
local function check_options(session, entry, manifest)
  local known = {}
  for _, option in ipairs(manifest.options) do known[option.name] = true end
  local given = session.config.skills[entry.name]
  for name in pairs(given and given.options or {}) do
    if not known[name] then
      return { message = ("nano-sre.lua: skills.%s.options: the skill has no option %q"):format(
        entry.name, name), hint = require("run.nearest").hint(name, known) }
    end
  end
end

local function validate_skill(session, entry)
  local manifest, problem = session:inspect(entry)
  if manifest then problem = check_options(session, entry, manifest) end
  local name = entry.origin == "bundled" and entry.name or entry.shown
  return tell(name, problem, manifest and count_of(manifest.options, "option"))
end

-- What is read only when something runs. Raises for what is wrong.
local function check_settings(config)
  require("cli.reporters").parse(config:get "reporters", {}, config.cwd)
  require("cli.jobs").browser(config:get "browser", config:get "headed", config.cwd)
  local unknown = require("cli.skills").unknown(config)
  if unknown[1] then
    error(require("fault").new("usage",
      { message = unknown[1], hint = "`nano-sre list` shows the skills" }), 0)
  end
end

local function validate_config(session, path)
  local paths = require "config.paths"
  local file = paths.absolute(path, session.cwd)
  if not paths.is(file) then return tell(path, { message = "there is no such file" }) end
  local ok, problem = pcall(function()
    check_settings((require("config.load").load {
      cwd = paths.folder(file), flags = {}, getenv = function() end,
      inspect = function(config_path) return session:inspect_config(config_path) end,
    }))
  end)
  if not ok and not require("fault").is(problem) then error(problem, 0) end
  return tell(path, not ok and problem or nil)
end

function verb.run(args)
  local skills = require "cli.skills"
  local session = require("cli.session").open({}, { tolerant = true })
  local failed = 0
  if #args.skill == 0 then
    local project = session.config.project
    if project then
      failed = failed + validate_config(session, require("config.paths").display(project.file,
        session.cwd))
    end
    for _, entry in ipairs(skills.all(session.config)) do
      local named = session.config.skills[entry.name]
      if entry.origin ~= "bundled" or not project or named then
        failed = failed + validate_skill(session, entry)
      end
    end
    for _, entry in ipairs(skills.triggers(session.config)) do
      failed = failed + validate_skill(session, entry)
    end
  end
  for _, ref in ipairs(args.skill) do
    if is_config(ref) then
      failed = failed + validate_config(session, ref)
    else
      local entry = skills.find(session.config, ref,
        function(candidate) return (session:inspect(candidate)) end)
      failed = failed + validate_skill(session, entry)
    end
  end
  session:close()
  return failed > 0 and 1 or 0
end

return verb
