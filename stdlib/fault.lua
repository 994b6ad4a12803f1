--- Error objects. Every error that the stdlib raises on purpose is one of these, so that a run can
--- tell apart what the shop did wrong (failure → FAIL), what the monitor could not do (engine →
--- ERROR) and what the script's author must fix (usage → ERROR). Any other raised value is the
--- script's own bug. Raised by browser/*, run/*, http; caught by run/steps.lua. A fault is
--- read-only for users.

local fault = {}

---@class Fault
---@field kind "failure"|"engine"|"usage"|"skip"|"timeout"
---@field message string   what happened, in words a store owner or developer understands
---@field code string      a short stable word: "timeout", "not-found", "http-status", …
---@field where string?    "checkout.lua:12", the innermost line of the user's script
---@field hint string?     what to do next
---@field details table?   structured evidence (JSON-encodable)
---@field unseen boolean?  the pages that are open do not show it: a picture of them would mislead
local Fault = {}

-- fault → its fields. A script that has caught one holds an empty table.
local contents = setmetatable({}, { __mode = "k" })

function Fault:__index(key) return contents[self][key] end

function Fault.__newindex() error("an error of nano-sre is read-only", 2) end

function Fault:__tostring()
  local text = self.message
  if self.hint then text = text .. "\n  " .. self.hint end
  return text
end

--- Makes a fault without raising it.
---@param kind string
---@param fields table  message, code, hint, details, unseen
---@return Fault
function fault.new(kind, fields)
  local made = setmetatable({}, Fault)
  contents[made] = {
    kind = kind,
    message = fields.message or "unknown problem",
    code = fields.code or kind,
    hint = fields.hint,
    where = fields.where,
    details = fields.details,
    unseen = fields.unseen,
  }
  return made
end

--- What a fault shows to pairs and rawget of scripts (run/guard.lua); nil for any other value.
---@return table?
function fault.contents(value) return contents[value] end

--- Raises: the shop did not do what was expected of it.
function fault.failure(fields) error(fault.new("failure", fields), 0) end

--- Raises: the monitor itself could not do its work (browser died, own network, disk).
function fault.engine(fields) error(fault.new("engine", fields), 0) end

--- Raises: a function was called in a wrong way. The message begins with the function's signature.
function fault.usage(signature, problem, hint)
  error(fault.new("usage", { message = signature .. ": " .. problem, code = "usage", hint = hint }),
    0)
end

--- Whether value is a fault (of that kind, if given).
---@return boolean
function fault.is(value, kind)
  return contents[value] ~= nil and (kind == nil or value.kind == kind)
end

return fault
