--- nano-sre check: runs every skill of the project, or the bundled ones.

local verb = {}

verb.examples = {
  { "nano-sre check --url https://my-shop.example", "everything that is bundled" },
  { "nano-sre check --skill checkout --skill search", "only these" },
  { "nano-sre check --fail-on warn -r junit=out.xml", "as a CI step that is strict" },
}
verb.remarks = [[
In a project (a folder with nano-sre.lua) these are the skills in skills/ and the bundled ones
that nano-sre.lua names under `skills`; without any of them, and outside of a project, all
bundled ones.]]

function verb.define(parser, flags)
  parser:option("--skill", "only this skill; may be repeated"):argname("SKILL"):count("*")
  flags.shop(parser)
  flags.running(parser)
  flags.browser(parser)
  flags.reporting(parser)
end

function verb.run(args)
  local session = require("cli.session").open(require("cli.flags").settings(args))
  local request = require("cli.verb.run").request("check", args)
  request.refs = args.skill
  return session:run(request)
end

return verb
