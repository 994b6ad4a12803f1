--- What a check finds in several steps: every step is looked at to its end, and the run's summary
--- names all that was found instead of the first thing. Used by skills that look at many things;
--- one object per run.
---
---   local found = shop.findings(t)
---   found.step("links", function() … found.bad("…") … found.poor("…") end)
---   found.conclude("a sentence for the run in which nothing was found")

local advice = require "advice"
local fault = require "fault"

local findings = {}

local SHOWN, KEPT = 3, 200

local function sentence(list)
  local out = {}
  for i = 1, math.min(#list, SHOWN) do out[i] = list[i].message end
  local text = table.concat(out, "; ")
  return #list > SHOWN and ("%s; and %d more"):format(text, #list - SHOWN) or text
end

-- shown: what the page that is open shows, as evidence
local function raise(list, shown)
  local hint, at_hand
  for _, one in ipairs(list) do
    hint, at_hand = hint or one.hint, at_hand or shown and shown[one]
  end
  fault.failure { code = list[1].code, message = sentence(list), hint = hint,
    details = { findings = list }, unseen = not at_hand }
end

local function add(self, severity, message, more)
  if self.seen[message] then return end
  self.seen[message] = true
  local one = { severity = severity, message = message, step = self.current,
    code = more and more.code or "found", hint = more and more.hint, url = more and more.url }
  self.shown[one] = more and more.at_hand
  if #self.list < KEPT then table.insert(self.list, one) end
  return one
end

--- Makes the findings of a run.
---@param t table
---@return table found  bad, poor, step, conclude, list
function findings.new(t)
  local self = { list = {}, seen = {}, failures = {}, shown = {} }
  local found = { list = self.list }

  --- Something that shoppers suffer from: the run fails, after the other steps. more: code, hint,
  --- url; at_hand: the page that is open shows it.
  function found.bad(message, more)
    local one = add(self, "bad", message, more)
    if one then table.insert(self.failures, one) end
  end

  --- Something to mend: the run is a WARN.
  function found.poor(message, more)
    if add(self, "poor", message, more) then t.warn(message) end
  end

  --- A step that goes on to the next one when something bad was found, or when the shop failed.
  --- Returns what fn returns.
  function found.step(name, fn)
    local before, ended, value = #self.failures, false, nil
    self.current = name
    local ok, why = pcall(t.step, name, function()
      value, ended = fn(), true
      local new = { unpack(self.failures, before + 1) }
      if #new > 0 then raise(new, self.shown) end
    end)
    if not ok and not fault.is(why, "failure") then error(why, 0) end
    if not ended then
      found.bad(why.message, { code = why.code,
        hint = why.hint or advice.of(why.code, why.details) })
    end
    self.current = nil
    return value
  end

  --- Ends the check: fails with everything bad that was found, or says the sentence.
  function found.conclude(text)
    t.detail("findings", self.list)
    if #self.failures > 0 then raise(self.failures) end
    t.summary(text)
  end

  return found
end

return findings
