--- Whether an incident is meant: the matchers of routes, silences and inhibitions. A matcher is a
--- table of field → wanted value; a value may be a list (any of them) and may hold * (any text).
--- Fields: severity, store, skill, kind, and labels. Pure. Used by alert/dispatch.lua and the
--- silence verbs.

local match = {}

local function pattern_of(text)
  return "^" .. tostring(text):gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*") .. "$"
end

local function value_matches(have, want)
  if type(want) == "table" then
    for _, one in ipairs(want) do
      if value_matches(have, one) then return true end
    end
    return false
  end
  return have ~= nil and tostring(have):lower():match(pattern_of(tostring(want):lower())) ~= nil
end

local FIELDS = { severity = "severity", store = "store_url", skill = "skill", kind = "kind" }

--- Whether every field of the matcher fits; an empty matcher fits everything.
---@param matcher table?
---@param incident table
---@return boolean
function match.fits(matcher, incident)
  for field, want in pairs(matcher or {}) do
    local have
    if FIELDS[field] then have = incident[FIELDS[field]] else have = incident.labels
      and incident.labels[field] end
    if field == "store" and not value_matches(have, want) then have = incident.store_name end
    if not value_matches(have, want) then return false end
  end
  return true
end

return match
