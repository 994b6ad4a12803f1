--- The command line's entry, called by engine/app/main.c with argv as a JSON array. Runs in main's
--- trusted state. Start-up counts: nothing is required here that the verb at hand does not need.

local main = {}

local USAGE, ENGINE = 2, 3

local function print_help(fd)
  local out = require "cli.out"
  local rows = {}
  for _, verb in ipairs(require "cli.verbs") do rows[#rows + 1] = { verb[1], verb[2] } end
  out.write(fd, table.concat {
    "nano-sre watches an online shop the way a shopper would, with checks written in Lua.\n\n",
    "Usage: nano-sre VERB …\n\n", out.columns(rows, "   "),
    "\nBegin with:\n",
    out.columns({
      { "nano-sre demo --check", "a look at a complete check, without a shop of your own" },
      { "nano-sre run checkout --url https://my-shop.example", "one check of your shop" },
      { "nano-sre VERB --help", "flags and examples of a verb" },
    }, "   "),
    "\nExit codes: 0 passed, 1 a check failed or a script is broken, 2 usage, ",
    "3 the monitor could not run,\n124 timed out, 130/143 stopped by a signal.\n",
  })
end

local function refuse_verb(word, verbs)
  local fault = require "fault"
  local message, hint = ("there is no verb %q"):format(word)
  if verbs.absent[word] then
    message, hint = ("this version has no %q yet"):format(word), verbs.absent[word]
  elseif word:sub(1, 1) == "-" then
    message, hint = "the verb comes first, then flags", "nano-sre VERB " .. word .. " …"
  elseif word:find("%.lua$") then
    hint = "did you mean `nano-sre run " .. word .. "`?"
  else
    local nearest = require("run.nearest").find(word, verbs.names())
    hint = nearest and ("did you mean `nano-sre %s`?"):format(nearest)
      or "`nano-sre --help` lists the verbs"
  end
  error(fault.new("usage", { message = message, hint = hint, code = "usage" }), 0)
end

local function wants_help(argv)
  for _, word in ipairs(argv) do
    if word == "--help" or word == "-h" then return true end
  end
  return false
end

local function dispatch(argv)
  local word = table.remove(argv, 1)
  if word == nil then
    print_help(2)
    return USAGE
  end
  if word == "--version" or word == "-V" then word = "version" end
  if word == "help" and argv[1] and argv[1]:sub(1, 1) ~= "-" then
    word, argv[1] = argv[1], "--help"
  end
  if word == "--help" or word == "-h" or word == "help" then
    print_help(1)
    return 0
  end
  local verbs = require "cli.verbs"
  if type(verbs[word]) ~= "string" then refuse_verb(word, verbs) end
  if verbs.with_worker[word] and not wants_help(argv) then require("cli.session").warm() end
  local verb = require("cli.verb." .. word)
  local values, help = require("cli.args").parse(word, verbs[word], verb, argv)
  local out = require "cli.out"
  if help then
    out.write(1, help .. "\n")
    return 0
  end
  if values.no_color then out.no_colour() end
  return verb.run(values)
end

-- Expected problems are faults; anything else is a bug of ours and keeps its traceback.
local function remember(err)
  if require("fault").is(err) then return err end
  return debug.traceback(tostring(err), 2)
end

--- Runs a command.
---@param args_json string   argv without argv[0], a JSON array
---@return integer           the exit code
function main.run(args_json)
  local ok, code = xpcall(dispatch, remember, sys.codec.json_decode(args_json))
  if ok then return code end
  if not require("fault").is(code) then error(code, 0) end
  require("cli.out").problem(code)
  return code.kind == "usage" and USAGE or ENGINE
end

return main
