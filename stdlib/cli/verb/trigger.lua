--- nano-sre trigger NAME…: the daemon runs checks now.

local verb = {}

verb.examples = {
  { "nano-sre trigger checkout", "the check of every shop that has it" },
  { "nano-sre trigger my-shop.example/checkout", "of one shop" },
}

function verb.define(parser)
  parser:argument("name", "a check, a skill or a shop"):args("+"):argname "NAME"
end

function verb.run(args)
  local out = require "cli.out"
  local daemon = require("watch.client").need(require("watch.ask").config(args))
  for _, name in ipairs(args.name) do
    local answer = daemon:post("/api/v1/trigger", { name = name })
    for _, id in ipairs(answer.started) do out.line(id) end
    for _, id in ipairs(answer.queued) do out.line(id .. " (after the run that goes on)") end
  end
  return 0
end

return verb
