--- nano-sre reload: the daemon loads what has changed, and this says whether it could.

local verb = {}

verb.examples = { { "nano-sre reload && echo fine", "1 when something could not be loaded" } }

function verb.define() end

function verb.run(args)
  local out = require "cli.out"
  local daemon = require("watch.client").need(require("watch.ask").config(args))
  local status, answer = daemon:request("POST", "/-/reload", {})
  for _, problem in ipairs(answer.problems or {}) do out.problem(problem) end
  if status == 200 then
    out.line(("reloaded: %d checks"):format(answer.checks))
    return 0
  end
  if status ~= 409 then out.problem { message = answer.error or ("answered " .. status) } end
  out.note "what could not be taken stays as it was"
  return 1
end

return verb
