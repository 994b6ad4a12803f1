--- What makes two failures the same trouble: store, skill, step and cause without whatever changes
--- from run to run. Used by incident/track.lua; pure.

local fingerprint = {}

-- In this order: longer and more particular things first.
local VOLATILE = {
  { "%d%d%d%d%-%d%d%-%d%d[T ]%d%d:%d%d[%d:.]*Z?", "<time>" },
  { "%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x", "<id>" },
  { "(https?://[^%s?#\"')]+)[?#][^%s\"')]*", "%1" },
  { "%f[%w]%x%x%x%x%x%x%x%x%x%x%x%x+%f[%W]", "<id>" },
  { ":%d+:%d+", ":<line>" },
  { "%d+[.,]?%d*%s*(m?s)%f[%W]", "<n> %1" },
  { "%f[%w]%d%d%d%d%d+%f[%W]", "<n>" },
}

--- A message without times, ids, query strings, durations and long numbers. HTTP statuses and small
--- counts stay: 404 and 500 are different troubles.
---@param text string
---@return string
function fingerprint.normalise(text)
  for _, rule in ipairs(VOLATILE) do text = text:gsub(rule[1], rule[2]) end
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

--- The step that failed, and why, from a result.
---@param result table
---@return string step   "" when no step failed
---@return string cause
function fingerprint.cause(result)
  for _, step in ipairs(result.steps or {}) do
    if step.status == "FAIL" or step.status == "ERROR" then
      return step.name, step.error and step.error.message or step.status
    end
  end
  return "", result.error and result.error.message or result.summary or ""
end

--- The fingerprint of a failed result: 16 hex digits.
---@param store_url string
---@param result table
---@return string
function fingerprint.of(store_url, result)
  local step, cause = fingerprint.cause(result)
  local text = table.concat({ store_url or "", result.skill, step, fingerprint.normalise(cause) },
    "\0")
  return sys.codec.sha256(text):sub(1, 16)
end

return fingerprint
