--- Groups of flags that several verbs share. A flag that stands for a setting has the setting's key
--- as its target, so that config/load.lua can take it as it is. Called by the verbs' define
--- functions.

local schema = require "config.schema"

local flags = {}

local function about(key)
  local setting = schema.by_key[key]
  local text = setting.about
  if setting.env then text = text .. "; environment: " .. setting.env end
  return text
end

local function option(parser, names, key, argname)
  return parser:option(names, about(key)):target(key):argname(argname)
end

--- A flag that stands for a setting.
function flags.setting(parser, names, key, argname) return option(parser, names, key, argname) end

--- --url --password
function flags.shop(parser)
  parser:group("The shop",
    option(parser, "--url", "store.url", "URL"),
    option(parser, "--password", "store.password", "TEXT"))
end

--- -o --timeout --jobs --fail-on --update-baseline --dry-run --record
function flags.running(parser)
  parser:group("How to run",
    parser:option("-o", "an option of the skill; `nano-sre info NAME` lists them; may be repeated")
      :hidden_name("--option"):target("option"):argname("KEY=VALUE"):count("*"),
    option(parser, "--timeout", "timeout", "TIME"),
    option(parser, "--jobs", "jobs", "N"),
    option(parser, "--fail-on", "fail_on", "STATUS"),
    parser:flag("--update-baseline", "take what this run measures as the new normal"),
    parser:flag("--dry-run",
      "refuse everything that could change something, and count it; nothing is recorded"),
    parser:option("--record", "write what crossed into and out of each run to DIR"):argname("DIR"))
end

--- --browser --browser-arg --headed
function flags.browser(parser)
  parser:group("The browser",
    option(parser, "--browser", "browser", "WHICH"),
    option(parser, "--browser-arg", "browser_args", "ARGUMENT"):count("*"),
    parser:flag("--headed", about "headed"):target("headed"))
end

--- -r --output --report-dir
function flags.reporting(parser)
  parser:group("The result",
    option(parser, "-r", "reporters", "NAME[=FILE]"):hidden_name("--reporter"):count("*"),
    parser:option("--output",
      "write a report file too; .html, .md, .json, .jsonl, .xml or .tap decides its form")
      :argname("FILE"),
    option(parser, "--report-dir", "report_dir", "DIR"))
end

--- -q -v --no-color, which every verb has
function flags.talking(parser)
  parser:group("Talking",
    parser:flag("-q --quiet", "no progress on stderr"),
    parser:flag("-v --verbose", "more: metrics, counts, debug messages"):count("*"),
    parser:flag("--no-color", "no colour (NO_COLOR=1 does the same)"),
    parser:flag("-h --help", "show this help"))
end

--- The settings among parsed arguments, for config.load.
---@param args table  what args.parse returned
---@return table<string, any>
function flags.settings(args)
  local settings = {}
  for key, value in pairs(args) do
    -- argparse gives an empty list for a repeatable option that was not used
    if schema.by_key[key] and not (type(value) == "table" and #value == 0) then
      settings[key] = value
    end
  end
  return settings
end

return flags
