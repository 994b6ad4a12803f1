--- nano-sre audit --url URL: check, and a report for the owner of the shop, as HTML and Markdown.

local verb = {}

verb.examples = {
  { "nano-sre audit --url https://my-shop.example",
    "writes nano-sre-report/…/report.html and .md" },
  { "nano-sre audit --url my-shop.example --output shop.html", "writes shop.html" },
}

function verb.define(parser, flags)
  parser:option("--skill", "only this skill; may be repeated"):argname("SKILL"):count("*")
  flags.shop(parser)
  flags.running(parser)
  flags.browser(parser)
  flags.reporting(parser)
end

function verb.run(args)
  local session = require("cli.session").open(require("cli.flags").settings(args))
  if not session.config:get "store.url" then
    error(require("fault").new("usage", {
      message = "audit needs to know the shop", code = "usage",
      hint = "give --url https://my-shop.example, or set STORE_URL in the environment or in .env",
    }), 0)
  end
  local request = require("cli.verb.run").request("audit", args)
  request.refs, request.report = args.skill, true
  return session:run(request)
end

return verb
