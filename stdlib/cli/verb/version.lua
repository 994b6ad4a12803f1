--- nano-sre version.

local verb = {}

verb.examples = { { "nano-sre version", "" } }

function verb.define() end

function verb.run(args)
  local out = require "cli.out"
  out.line("nano-sre " .. require("cli.session").version())
  if args.verbose > 0 then out.write(1, require("cli.libraries").text()) end
  return 0
end

return verb
