--- The word `skill` of a script: checks what a script declares and keeps it where the script cannot
--- change it.
---
---    return skill "checkout" { about = "…", every = "30m", needs = {…}, options = {…}, run = fn }

local declare = require "run.declare"
local fault = require "fault"
local manifest = require "run.manifest"
local option = require "run.option"

local skill = {}

local API_VERSION = 1

---@class run.Skill
---@field name string
---@field about string?
---@field every_ms number?
---@field timeout_ms number?
---@field needs run.Needs
---@field options table<string, any>  descriptors of run/option.lua
---@field run function
---@field aliases string[]
---@field severity "P0"|"P1"|"P2"|"P3"|nil
---@field tags string[]
---@field parents string[]  skills whose trouble explains this one's

local declared = setmetatable({}, { __mode = "k" }) -- what the script holds → run.Skill

local kit = declare.of "skill"
local text_field, duration_field, words_field = kit.text, kit.duration, kit.words

local READ = {
  about = function(name, value) return text_field(name, "about", value, 500) end,
  every = function(name, value) return duration_field(name, "every", value) end,
  timeout = function(name, value) return duration_field(name, "timeout", value) end,
  needs = kit.needs,
  options = kit.options,
  run = function(name, value) return kit.fn(name, "run", value, "run = function(t, o) … end") end,
  alias = function(name, value) return words_field(name, "alias", value) end,
  severity = function(name, value)
    if type(value) ~= "string" or not value:match("^P[0-3]$") then
      kit.refuse(name, "severity",
        ("severity: %s is none of P0, P1, P2, P3"):format(tostring(value)),
        "P0 is the most urgent")
    end
    return value
  end,
  tags = function(name, value) return words_field(name, "tags", value) end,
  parents = function(name, value) return words_field(name, "parents", value) end,
}

--- The global word of the script.
---@type fun(name: string): fun(fields: table): table
skill.word = declare.word("skill", READ, function(handle, name, got)
  if not got.run then kit.refuse(name, nil, "has no run function", "run = function(t, o) … end") end
  declared[handle] = {
    name = name, about = got.about, every_ms = got.every, timeout_ms = got.timeout, run = got.run,
    needs = got.needs or manifest.parse(nil), options = got.options or {},
    aliases = got.alias or {}, severity = got.severity, tags = got.tags or {},
    parents = got.parents or {},
  }
end)

--- What was declared, or nil when value is not a skill.
---@param value any
---@return run.Skill?
function skill.of(value)
  return type(value) == "table" and declared[value] or nil
end

--- Checks the `-- api: N` line among the comments at the top of a script. Missing: 1. Raises a
--- usage fault.
---@param text string
---@return integer
function skill.api_of(text)
  for content in text:gmatch("([^\n]*)\n?") do
    local wanted = content:match("^%-%-+%s*api:%s*(.-)%s*$")
    if wanted then
      local version = tonumber(wanted)
      if version ~= API_VERSION then
        local newer = version and version > API_VERSION
        error(fault.new("usage", { code = "api",
          message = ("the script asks for api %s; this nano-sre has api %d")
            :format(wanted, API_VERSION),
          hint = newer and "install a newer nano-sre" or "write -- api: 1" }), 0)
      end
      return version
    end
    if not (content:match("^%s*%-%-") or content:match("^%s*$") or content:match("^#!")) then
      break
    end
  end
  return API_VERSION
end

--- The manifest as plain data: for `list`, `info`, `validate`, the schedule.
---@param s run.Skill
---@return table
function skill.describe(s)
  local json = require "json"
  return {
    name = s.name, about = s.about, aliases = json.array(s.aliases), every_ms = s.every_ms,
    timeout_ms = s.timeout_ms,
    severity = s.severity, tags = json.array(s.tags),
    parents = json.array(s.parents), api = API_VERSION,
    needs = json.array(s.needs.list), capabilities = json.array(s.needs.capabilities),
    hosts = json.array(s.needs.hosts), options = json.array(option.describe(s.options)),
  }
end

return skill
