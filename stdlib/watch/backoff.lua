--- How long to wait before the next try: doubling, capped, with jitter so that many do not come
--- back together. Used by the outbox, the journal and the workers' supervisor. Pure but for chance.

local backoff = {}

--- The delay before try number `attempt + 1`.
---@param attempt integer   tries that failed so far, from 1
---@param first_ms number   the delay after the first failure
---@param cap_ms number
---@param chance (fun(): number)?  [0,1); sys.random.number if absent
---@return number ms   between half and all of the doubled delay
function backoff.delay(attempt, first_ms, cap_ms, chance)
  local full = math.min(cap_ms, first_ms * 2 ^ math.min(attempt - 1, 40))
  return math.floor(full / 2 + full / 2 * (chance or sys.random.number)())
end

return backoff
