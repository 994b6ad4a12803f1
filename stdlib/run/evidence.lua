--- What the pages looked like when a step failed: screenshot, DOM around the selector, last console
--- lines and requests. Bounded in time, never raises: evidence is worth having, but a failure
--- without it is still a failure.

local plain = require "run.plain"

local evidence = {}

local LIMIT_MS = 6000
local CAPTURES_MAX = 10 -- of one run: a script may try something that fails again and again
local PAGES_MAX = 2 -- the page that was used last, and the one before: a pop-up and its opener

local KEPT = { "url", "title", "selector", "dom", "console", "requests", "errors", "vitals",
  "screenshot" }

-- Requests are told by the same clock as steps: milliseconds since the run began.
local function set_starts(requests, run_started_at)
  for _, request in ipairs(type(requests) == "table" and requests or {}) do
    if request.began_ms then
      request.start_ms, request.began_ms = request.began_ms - run_started_at, nil
    end
  end
end

local function collect(run, step_name, selector)
  local pages = require("browser.page").list(run.page_context)
  for i = 1, math.min(#pages, PAGES_MAX) do
    local seen = pages[i]:evidence(i == 1 and selector or nil)
    if seen then
      local entry = { step = step_name }
      for _, field in ipairs(KEPT) do entry[field] = plain.copy(seen[field]) end
      set_starts(entry.requests, run.started_at)
      table.insert(run.evidence, entry)
      require("run.pages").note_shot(run, seen.screenshot, seen.url, step_name)
    end
  end
end

--- Collects the evidence of the open pages, if there are any and the failure shows there. Waits, at
--- most LIMIT_MS.
---@param run run.State
---@param step_name string?
---@param cause run.Problem
function evidence.capture(run, step_name, cause)
  if cause.unseen or not run.page_context or run.captures >= CAPTURES_MAX then return end
  run.captures = run.captures + 1
  local details = type(cause.details) == "table" and cause.details or {}
  run.capturing = true
  local task = sys.task.spawn(collect, run, step_name, details.selector)
  local ok, why = task:join(LIMIT_MS)
  if not ok then
    if not task:done() then
      task:kill("collecting evidence took too long")
      why = "it took too long"
    end
    run.log("warn", "evidence is incomplete: "
      .. (type(why) == "string" and why or "unknown reason"))
  end
  run.capturing = false
end

--- The longest time that capture may take.
evidence.LIMIT_MS = LIMIT_MS

return evidence
