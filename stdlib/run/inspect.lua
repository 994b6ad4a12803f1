--- What a script declares, without running it: for `list`, `info`, `validate` and the schedule.
--- Called by run/main.lua.

local events = require "run.events"
local json = require "json"
local load = require "run.load"
local skill = require "run.skill"

local inspect = {}

--- Loads job.source.
---@param job table  script, source, project
---@return table  { manifest = … } or { error = { kind, message, where, excerpt, traceback, hint,
---  code } }
function inspect.run(job)
  local loaded, cause = load.script(job, function(text) events.log("info", text) end)
  if cause then
    return { error = { kind = cause.kind, message = cause.message, where = cause.where,
      excerpt = cause.excerpt,
      traceback = cause.traceback, hint = cause.hint, code = cause.code } }
  end
  local manifest = skill.describe(loaded.skill)
  manifest.script = job.script
  manifest.files = json.array(loaded.loader.files)
  return { manifest = manifest }
end

return inspect
