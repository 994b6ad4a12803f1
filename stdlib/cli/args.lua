--- From argv to a table, by lua-argparse. Only the parser of the verb at hand is built: building
--- all of them would cost every start a millisecond. Called by cli/main.lua and, for all verbs at
--- once, by the completion verb.

local argparse = require "argparse"
local fault = require "fault"
local flags = require "cli.flags"

local args = {}

local function epilog(verb)
  if not verb.examples then return nil end
  local lines = { "Examples:" }
  local width = 0
  for _, example in ipairs(verb.examples) do width = math.max(width, #example[1]) end
  for _, example in ipairs(verb.examples) do
    lines[#lines + 1] = ("   %s%s  %s"):format(example[1], string.rep(" ", width - #example[1]),
      example[2])
  end
  if verb.remarks then lines[#lines + 1] = "\n" .. verb.remarks end
  return table.concat(lines, "\n")
end

local function finish(parser, verb)
  parser:add_help(false):help_max_width(100):usage_max_width(100):help_description_margin(28)
  verb.define(parser, flags)
  flags.talking(parser)
  local text = epilog(verb)
  if text then parser:epilog(text) end
  return parser
end

--- The parser of one verb.
---@param name string
---@param summary string
---@param verb table   the module cli.verb.<name>
function args.parser(name, summary, verb)
  return finish(argparse("nano-sre " .. name, summary:sub(1, 1):upper() .. summary:sub(2) .. "."),
    verb)
end

--- A parser that knows all verbs.
---@param verbs table
---@param load fun(name: string): table   the module of a verb
function args.full_parser(verbs, load)
  local parser = argparse("nano-sre"):add_help(false):require_command(false)
  parser:flag("-h --help", "show help")
  parser:flag("--version", "show the version")
  for _, name in ipairs(verbs.names()) do
    finish(parser:command(name):summary(verbs[name]), load(name))
  end
  return parser
end

local function wants_help(argv)
  for _, word in ipairs(argv) do
    if word == "--" then return false end
    if word == "--help" or word == "-h" then return true end
  end
  return false
end

-- argparse says: unknown option '--ulr'\nDid you mean '--url'?
local function complain(name, message)
  local text, tip = message:match("^(.-)\n(Did you mean.*)$")
  if text == nil then text = message end
  local hint = (tip and tip:gsub("^D", "d") .. "  " or "")
    .. ("`nano-sre %s --help` lists everything"):format(name)
  error(fault.new("usage", { message = ("nano-sre %s: %s"):format(name, text), hint = hint,
    code = "usage" }), 0)
end

-- The value of --browser-arg begins with -- itself, which argparse takes for a flag of its own.
local function join_browser_args(argv)
  local out = {}
  for _, word in ipairs(argv) do
    if out[#out] == "--browser-arg" then
      out[#out] = "--browser-arg=" .. word
    else
      out[#out + 1] = word
    end
  end
  return out
end

--- Parses the words after the verb. Raises a usage fault.
---@param name string
---@param summary string
---@param verb table
---@param argv string[]
---@return table|nil values, string|nil help   help: the text that was asked for instead
function args.parse(name, summary, verb, argv)
  local parser = args.parser(name, summary, verb)
  if wants_help(argv) then return nil, parser:get_help() end
  local ok, values = parser:pparse(join_browser_args(argv))
  if not ok then complain(name, values) end
  return values
end

return args
