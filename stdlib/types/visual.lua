---@meta visual

--- How a shop's pages look, against how they looked. Needs "browser".
---@class nano.visual
local visual = {}

---@class nano.VisualOptions
---@field pages? string[]      "home", "collection", "product", "cart", "/path", "name=/path"
---@field devices? string[]    that will visit, so that two phones are told apart
---@field product? string      handle
---@field mask? string[]       selectors of what is covered
---@field hide? string[]       CSS of what is taken off the page
---@field keys? string[]       selectors of what must stay
---@field allowed? number      per cent of a picture; default 0.5
---@field threshold? number    0 to 1; default 0.1
---@field height? number       pixels of a long page; default 5000
---@field changes? "warn"|"fail"
---@field consent? "decline"|"accept"|"ignore"
---@field redact? boolean

---@class nano.VisualAudit
---@field pages string[]               the pages' names, in their order
---@field visit fun(device: string)    a new visitor, who answers the cookie banner
---@field look fun(page: string)       compares a page with its baseline, or takes it
---@field finish fun()                 tells what has changed: fails, warns, sets the summary

--- Begins an audit.
---@param t nano.Context
---@param options? nano.VisualOptions
---@return nano.VisualAudit
function visual.audit(t, options) end

return visual
