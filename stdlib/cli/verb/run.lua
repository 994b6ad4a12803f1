--- nano-sre run SKILL…: runs skills once.

local verb = {}

verb.examples = {
  { "nano-sre run checkout --url https://my-shop.example", "a bundled skill, by its name" },
  { "nano-sre run skills/search.lua -o query=snowboard", "a file, with an option of the skill" },
  { "nano-sre run checkout -r list,junit=out.xml", "a report for CI beside the list" },
  { "nano-sre run checkout --browser chromium --headed", "watch it shop" },
}
verb.remarks = "SKILL is a path, or the name or alias of a skill (`nano-sre list`)."

function verb.define(parser, flags)
  parser:argument("skill", "a file, a name or an alias"):args("+"):argname("SKILL")
  flags.shop(parser)
  flags.running(parser)
  flags.browser(parser)
  flags.reporting(parser)
end

--- What run, check and audit have in common of their arguments.
---@param command string
---@param args table
---@return table request  for Session:run
function verb.request(command, args)
  return {
    command = "nano-sre " .. command, options = args.option, update_baseline = args.update_baseline,
    dry_run = args.dry_run, record = args.record, output = args.output,
    quiet = args.quiet, verbose = args.verbose > 0,
  }
end

function verb.run(args)
  local session = require("cli.session").open(require("cli.flags").settings(args))
  local request = verb.request("run " .. table.concat(args.skill, " "), args)
  request.refs = args.skill
  return session:run(request)
end

return verb
