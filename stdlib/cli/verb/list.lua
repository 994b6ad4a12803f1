--- nano-sre list: the skills that can be run here, and the triggers that run them.

local verb = {}

verb.examples = {
  { "nano-sre list", "" },
  { "nano-sre list -r json", "for programs" },
}

function verb.define(parser)
  parser:option("-r",
    "list, or json for programs"):hidden_name("--reporter"):target("form"):argname("FORM")
    :choices { "list", "json" }:default "list"
end

local ORIGINS = { project = "project", scripts = "scripts/skills", bundled = "bundled" }

local function first_line(text) return (text:match("^[^\n]*")) end

local function describe(entry, manifest, problem)
  local json = require "json"
  return {
    name = entry.name, path = entry.origin ~= "bundled" and entry.path or nil,
    origin = entry.origin,
    about = manifest and manifest.about, aliases = manifest and json.array(manifest.aliases or {}),
    every_ms = manifest and manifest.every_ms, needs = manifest
    and json.array(manifest.needs or {}),
    error = problem and { message = problem.message, where = problem.where, hint = problem.hint },
  }
end

local function print_table(described)
  local out, time = require "cli.out", require "time"
  local paint = out.painter(1)
  local rows = {}
  for _, skill in ipairs(described) do
    local about = skill.about and first_line(skill.about) or ""
    if skill.error then
      about = paint("red", "can't be loaded: ")
        .. require("report.words").clean((skill.error.where and skill.error.where .. ": " or "")
          .. first_line(skill.error.message))
    elseif skill.aliases and #skill.aliases > 0 then
      about = about .. paint("dim", " (also " .. table.concat(skill.aliases, ", ") .. ")")
    end
    rows[#rows + 1] = {
      paint("bold", skill.name), skill.every_ms and time.format_duration(skill.every_ms) or "",
      paint("dim", ORIGINS[skill.origin]), about,
    }
  end
  if #rows == 0 then
    out.note("there are no skills yet; `nano-sre new skill NAME` begins one")
    return
  end
  table.insert(rows, 1, { paint("dim", "NAME"), paint("dim", "EVERY"), paint("dim", "FROM"),
    paint("dim", "ABOUT") })
  out.write(1, out.columns(rows))
end

-- The triggers of nano-sre.lua and triggers/, as they are when nobody watches.
local function describe_triggers(session)
  local settings, json = require "watch.trigger_settings", require "json"
  local entries, described = require("cli.skills").triggers(session.config), {}
  local problems = {}
  for i, trigger in ipairs(settings.read(session.config, entries, problems)) do
    local manifest, problem
    if trigger.script then manifest, problem = session:inspect(trigger.script) end
    described[i] = { name = trigger.name, kind = trigger.kind,
      when = settings.describe(trigger, manifest), run = trigger.run and json.array(trigger.run),
      script = trigger.script and trigger.script.shown, about = manifest and manifest.about,
      error = problem and { message = problem.message, where = problem.where,
        hint = problem.hint } }
  end
  return described, problems
end

local function print_triggers(described, problems)
  local out = require "cli.out"
  local paint, rows = out.painter(1), {}
  for _, trigger in ipairs(described) do
    local runs = trigger.error and paint("red", "can't be loaded: ")
      .. require("report.words").clean(first_line(trigger.error.message))
      or trigger.run and "runs " .. table.concat(trigger.run, ", ")
      or trigger.about and first_line(trigger.about) or trigger.script or ""
    rows[#rows + 1] = { paint("bold", trigger.name), trigger.when, runs }
  end
  if #rows > 0 then
    table.insert(rows, 1, { paint("dim", "TRIGGER"), paint("dim", "WHEN"), paint("dim", "ABOUT") })
    out.line()
    out.write(1, out.columns(rows))
  end
  for _, problem in ipairs(problems) do out.note(paint("red", problem)) end
end

function verb.run(args)
  local session = require("cli.session").open {}
  local described = {}
  for i, entry in ipairs(require("cli.skills").all(session.config)) do
    local manifest, problem = session:inspect(entry)
    described[i] = describe(entry, manifest, problem)
  end
  local triggers, problems = describe_triggers(session)
  if args.form == "json" then
    local json = require "json"
    require("cli.out").line(json.pretty { skills = json.array(described),
      triggers = json.array(triggers), problems = problems[1] and json.array(problems) })
  else
    print_table(described)
    print_triggers(triggers, problems)
  end
  session:close()
  return 0
end

return verb
