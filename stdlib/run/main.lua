--- Entry module of a run's state (worker/main.lua starts it with a job as JSON): runs the job, with
--- mode "inspect" only loads its script, with mode "alert" sends a message, with mode "trigger"
--- asks which checks are to run; one "result" event at the end.

local main = {}

local WORK = { inspect = "run.inspect", alert = "run.alert", trigger = "run.trigger_run" }

---@param argument string  the job as JSON; its fields are described in docs/result-format.md
function main.run(argument)
  collectgarbage("setpause", 200) -- until the state is large, see engine/script/alloc.c
  local job = require("json").decode(argument)
  require("run.secret").hide_personal_data(job.redact_pii)
  local work = require(WORK[job.mode] or "run.session")
  require("run.events").send("result", { result = work.run(job) })
end

return main
