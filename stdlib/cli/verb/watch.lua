--- nano-sre watch: checks by day and night, and tells people what matters.

local verb = {}

verb.examples = {
  { "nano-sre watch", "every skill of the project, as often as it says" },
  { "nano-sre watch --interval 30", "every 30 minutes" },
  { "nano-sre watch --url http://127.0.0.1:8080 --interval 10s", "try it on the demo shop" },
}
verb.remarks = [[
Several shops stand in nano-sre.lua as stores = { { url = …, skills = { … } }, … }.
It runs until it gets SIGTERM or SIGINT; SIGHUP, `nano-sre reload` and saving a file load what
changed. docs/watch.md has the rest.]]

function verb.define(parser, flags)
  flags.shop(parser)
  parser:group("How to watch",
    flags.setting(parser, "--interval", "interval", "MIN"),
    parser:option("--log-format", "log lines as logfmt or json, also in a terminal")
      :choices { "logfmt", "json" })
  flags.browser(parser)
end

function verb.run(args)
  -- A person looks at the view; lines that scroll would tear it.
  local view = args.log_format == nil and sys.env.is_tty(1) and sys.env.get "TERM" ~= "dumb"
  local log = require("watch.log").new { format = args.log_format or "logfmt", silent = view,
    level = args.verbose > 0 and "debug" or args.quiet and "warn" or "info" }
  local daemon = require("watch.daemon").new {
    flags = require("cli.flags").settings(args), log = log, cwd = require("config.paths").here(),
    version = require("cli.session").version(),
  }
  return require("watch.service").run(daemon, args)
end

return verb
