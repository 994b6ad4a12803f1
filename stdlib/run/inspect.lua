--- What a script declares, without running it: for `list`, `info`, `validate` and the schedule.
--- Called by run/main.lua.

local events = require "run.events"
local json = require "json"
local load = require "run.load"

local inspect = {}

--- Loads job.source.
---@param job table  script, source, project, kind, options (of an alerter or a trigger: checked)
---@return table  { manifest = … } or { error = { kind, message, where, excerpt, traceback, hint,
---  code } }
function inspect.run(job)
  local loaded, cause = load.script(job, function(text) events.log("info", text) end)
  local kind = job.kind or "skill"
  if loaded and job.options and kind ~= "skill" then
    local ok, problem_value = pcall(require("run.option").resolve, loaded[kind].options,
      job.options)
    if not ok then cause = require("run.problem").describe(problem_value) end
  end
  if cause then
    return { error = { kind = cause.kind, message = cause.message, where = cause.where,
      excerpt = cause.excerpt,
      traceback = cause.traceback, hint = cause.hint, code = cause.code } }
  end
  local manifest = load.word(kind).describe(loaded[kind])
  manifest.script = job.script
  manifest.files = json.array(loaded.loader.files)
  return { manifest = manifest }
end

return inspect
