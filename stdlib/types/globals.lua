---@meta _

--- The words that a script has beside Lua's own. Lua's own are fewer than usual: there is no io,
--- os.execute, load, debug or package; docs/writing-skills.md lists what there is.

--- Declares a skill: `return skill "checkout" { … }` ends the file.
---@param name string  letters, digits, _ - .
---@return fun(fields: nano.SkillFields): table
function skill(name) end

--- The kinds of options that a skill can have.
---@type nano.OptionWords
option = {}
