--- Exit codes: what a run, or several, mean to the shell and to CI. Called by cli/session.lua and
--- cli/main.lua. The codes are a promise to users' scripts: change nothing here without a new major
--- version.
---
--- When results differ, the first of these that applies wins:
---   130/143/129  a signal ended the command early (what was finished is recorded)
---   1            a check failed, or a script is broken; with --fail-on warn a warning too
---   3            the monitor itself could not work (browser, database, worker, report file)
---   2            usage or configuration, found only while running
---   124          a run was stopped by its time limit
---   0            everything passed, warned or was skipped

local exit = {
  OK = 0,
  FAILED = 1,
  USAGE = 2,
  ENGINE = 3,
  TIMEOUT = 124,
}

local BY_SIGNAL = { HUP = 129, INT = 130, TERM = 143 }
local BY_ERROR_KIND = {
  script = exit.FAILED, -- the author's bug: the check checked nothing
  memory = exit.FAILED,
  timeout = exit.TIMEOUT,
  config = exit.USAGE,
  browser = exit.ENGINE,
  killed = exit.ENGINE,
  engine = exit.ENGINE,
}
-- Codes by which an ERROR of another kind is the script's own doing: it looped without end (stopped
-- by the watchdog, or, inside one call of C, by the supervisor).
local SCRIPT_CODES = { slice = true, hung = true }
local PRECEDENCE = { exit.FAILED, exit.ENGINE, exit.USAGE, exit.TIMEOUT }

--- What one result means.
---@param result table   see docs/result-format.md
---@param fail_on string  "fail" or "warn"
---@return integer
function exit.of_result(result, fail_on)
  local status = result.status
  if status == "FAIL" then return exit.FAILED end
  if status == "WARN" then return fail_on == "warn" and exit.FAILED or exit.OK end
  if status == "ERROR" then
    local err = result.error or {}
    if SCRIPT_CODES[err.code] then return exit.FAILED end
    return BY_ERROR_KIND[err.kind] or exit.ENGINE
  end
  return exit.OK
end

--- The code of a whole command.
---@param codes integer[]   codes of its parts
---@param signal string|nil  "INT", "TERM" or "HUP" if one ended the command
---@return integer
function exit.combine(codes, signal)
  if signal then return BY_SIGNAL[signal] or exit.ENGINE end
  local seen = {}
  for _, code in ipairs(codes) do seen[code] = true end
  for _, code in ipairs(PRECEDENCE) do
    if seen[code] then return code end
  end
  return exit.OK
end

return exit
