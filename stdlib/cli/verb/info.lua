--- nano-sre info NAME: what a skill or a trigger does, what it needs and what it can be told.

local verb = {}

verb.examples = {
  { "nano-sre info checkout", "" },
  { "nano-sre info skills/search.lua -r json", "the manifest as it is" },
}

function verb.define(parser)
  parser:argument("skill", "a file, a name or an alias"):argname("SKILL")
  parser:option("-r",
    "list, or json for programs"):hidden_name("--reporter"):target("form"):argname("FORM")
    :choices { "list", "json" }:default "list"
end

local NEEDS = {
  browser = "drives a browser; its pages load what the shop's pages load",
  http = "HTTP requests to the shop's own hosts",
}

local function need_text(need)
  local host = need:match("^http:(.+)$")
  if host then return "HTTP requests to " .. host end
  return NEEDS[need] or need
end

local function default_text(option)
  local value = option.default
  if value == nil then return option.required and "required" or "" end
  if type(value) == "table" then return "default " .. sys.codec.json_encode(value) end
  return "default " .. tostring(value)
end

local function option_rows(manifest, paint)
  local rows = {}
  for _, option in ipairs(manifest.options or {}) do
    local kind = option.type
    if option.choices then kind = table.concat(option.choices, "|") end
    rows[#rows + 1] = {
      paint("bold", option.name), kind, default_text(option),
      require("report.words").clean(option.about or ""),
    }
  end
  return rows
end

local function example(entry, manifest)
  if entry.kind == "trigger" then return ("nano-sre trigger %s --dry-run"):format(entry.name) end
  local words = { "nano-sre run", entry.origin == "file" and entry.shown or entry.name }
  local option = manifest.options and manifest.options[1]
  if option then words[#words + 1] = ("-o %s=…"):format(option.name) end
  return table.concat(words, " ")
end

local function print_info(entry, manifest)
  local out, time, words = require "cli.out", require "time", require "report.words"
  local paint = out.painter(1)
  out.line(paint("bold", words.clean(manifest.name or entry.name)) .. "  "
    .. words.clean(manifest.about or ""))
  local rows = { { "file", entry.origin == "bundled" and "bundled with nano-sre" or entry.shown } }
  if manifest.aliases and #manifest.aliases > 0 then
    rows[#rows + 1] = { "also", table.concat(manifest.aliases, ", ") }
  end
  if manifest.every_ms then
    rows[#rows + 1] = { "every", time.format_duration(manifest.every_ms) }
  end
  if manifest.timeout_ms then
    rows[#rows + 1] = { "time limit", time.format_duration(manifest.timeout_ms) }
  end
  if manifest.severity then rows[#rows + 1] = { "severity", manifest.severity } end
  for i, need in ipairs(manifest.needs or {}) do
    rows[#rows + 1] = { i == 1 and "needs" or "", need .. paint("dim", "  " .. need_text(need)) }
  end
  if #(manifest.needs or {}) == 0 then
    rows[#rows + 1] = { "needs", "nothing outside of itself" }
  end
  out.write(1, out.columns(rows, "  "))
  local options = option_rows(manifest, paint)
  if #options > 0 then
    out.line("\nOptions")
    out.write(1, out.columns(options, "  "))
  end
  out.line("\n  " .. paint("dim", example(entry, manifest)))
end

function verb.run(args)
  local session = require("cli.session").open {}
  local skills = require "cli.skills"
  local entry = skills.triggers(session.config)[args.skill] or skills.find(session.config,
    args.skill, function(candidate) return (session:inspect(candidate)) end)
  local manifest, problem = session:inspect(entry)
  session:close()
  if not manifest then
    require("cli.out").problem(problem)
    return 1
  end
  if args.form == "json" then
    require("cli.out").line(require("json").pretty(manifest))
  else
    print_info(entry, manifest)
  end
  return 0
end

return verb
