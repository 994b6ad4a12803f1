--- The word `skill` of a script: checks what a script declares and keeps it where the script cannot change it.
---
---    return skill "checkout" { about = "…", every = "30m", timeout = "90s", needs = {…}, options = {…}, run = fn }

local fault = require "fault"
local frames = require "run.frames"
local guard = require "run.guard"
local manifest = require "run.manifest"
local option = require "run.option"
local time = require "time"

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

--- Raises a usage fault that points at the field in the text, or else at the declaration.
local function refuse(name, field, problem, hint)
  local where = frames.where()
  local file = frames.parse(where) or frames.main()
  local text, excerpt = frames.text(file), require "run.excerpt"
  local line = field and excerpt.line_of_field(text, field)
    or not where and excerpt.line_of(text, "skill%s*%(?%s*[\"']" .. name:gsub("%p", "%%%0"))
  error(fault.new("usage", { message = ('skill "%s": %s'):format(name, problem), hint = hint, code = "skill",
    where = line and file .. ":" .. line or where }), 0)
end

local function text_field(name, field, value, max)
  if type(value) ~= "string" or value == "" then refuse(name, field, field .. " must be a text") end
  if #value > max then refuse(name, field, ("%s is longer than %d bytes"):format(field, max)) end
  return value
end

local function duration_field(name, field, value)
  local ok, ms = pcall(time.parse_duration, value)
  if type(value) ~= "string" or not ok or not ms or ms <= 0 then
    refuse(name, field, ("%s: %s is not a duration"):format(field, tostring(value)), 'write "90s", "5m" or "1h"')
  end
  return ms
end

local function words_field(name, field, value)
  if type(value) == "string" then value = { value } end
  if type(value) ~= "table" then refuse(name, field, field .. " must be a list of texts") end
  local out = {}
  for i, word in ipairs(value) do
    if type(word) ~= "string" or not word:match("^[%w][%w_.:-]*$") then
      refuse(name, field, ("%s: %q is not a word"):format(field, tostring(word)), "use letters, digits, _ - . :")
    end
    out[i] = word
  end
  return out
end

local READ = {
  about = function(name, value) return text_field(name, "about", value, 500) end,
  every = function(name, value) return duration_field(name, "every", value) end,
  timeout = function(name, value) return duration_field(name, "timeout", value) end,
  needs = function(name, value)
    local ok, needs = pcall(manifest.parse, value)
    if not ok then refuse(name, "needs", needs.message, needs.hint) end
    return needs
  end,
  options = function(name, value)
    if type(value) ~= "table" then
      refuse(name, "options", "options must be a table", "options = { product = option.string {} }")
    end
    local out = {}
    for key, descriptor in pairs(value) do
      if type(key) ~= "string" or not key:match("^[%a_][%w_]*$") then
        refuse(name, "options", ("options: %q is not a name"):format(tostring(key)), "use letters, digits and _")
      end
      if not option.is(descriptor) then
        refuse(name, key, ("options: %s is not an option"):format(key),
          ("write %s = option.string { about = \"…\" }"):format(key))
      end
      out[key] = descriptor
    end
    return out
  end,
  run = function(name, value)
    if type(value) ~= "function" then refuse(name, "run", "run must be a function", "run = function(t, o) … end") end
    return value
  end,
  alias = function(name, value) return words_field(name, "alias", value) end,
  severity = function(name, value)
    if type(value) ~= "string" or not value:match("^P[0-3]$") then
      refuse(name, "severity", ("severity: %s is none of P0, P1, P2, P3"):format(tostring(value)),
        "P0 is the most urgent")
    end
    return value
  end,
  tags = function(name, value) return words_field(name, "tags", value) end,
  parents = function(name, value) return words_field(name, "parents", value) end,
}

local function define(name, fields)
  if type(fields) ~= "table" then
    refuse(name, nil, "is followed by a table", ('skill "%s" { run = function(t, o) … end }'):format(name))
  end
  local got = {}
  for key, value in pairs(fields) do
    local read = READ[key]
    if not read then
      refuse(name, type(key) == "string" and key or nil, ("unknown field %q"):format(tostring(key)),
        require("run.nearest").hint(key, READ))
    end
    got[key] = read(name, value)
  end
  if not got.run then refuse(name, nil, "has no run function", "run = function(t, o) … end") end
  local handle = guard.readonly(('skill "%s"'):format(name), {}, {})
  declared[handle] = {
    name = name, about = got.about, every_ms = got.every, timeout_ms = got.timeout, run = got.run,
    needs = got.needs or manifest.parse(nil), options = got.options or {}, aliases = got.alias or {},
    severity = got.severity, tags = got.tags or {},
    parents = got.parents or {},
  }
  return handle
end

--- The global word of the script.
---@param name string
---@return fun(fields: table): table
function skill.word(name)
  if type(name) ~= "string" or not name:match("^[%w][%w_.-]*$") or #name > 64 then
    guard.refuse(("skill: %s is not a name"):format(type(name) == "string" and ("%q"):format(name) or type(name)),
      'use letters, digits, _ - and . as in skill "checkout" { … }', "skill")
  end
  return function(fields) return define(name, fields) end
end

--- What was declared, or nil when value is not a skill.
---@param value any
---@return run.Skill?
function skill.of(value)
  return type(value) == "table" and declared[value] or nil
end

--- Checks the `-- api: N` line among the comments at the top of a script. Missing: 1. Raises a usage fault.
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
          message = ("the script asks for api %s; this nano-sre has api %d"):format(wanted, API_VERSION),
          hint = newer and "install a newer nano-sre" or "write -- api: 1" }), 0)
      end
      return version
    end
    if not (content:match("^%s*%-%-") or content:match("^%s*$") or content:match("^#!")) then break end
  end
  return API_VERSION
end

--- The manifest as plain data: for `list`, `info`, `validate`, the schedule.
---@param s run.Skill
---@return table
function skill.describe(s)
  local json = require "json"
  return {
    name = s.name, about = s.about, aliases = json.array(s.aliases), every_ms = s.every_ms, timeout_ms = s.timeout_ms,
    severity = s.severity, tags = json.array(s.tags),
    parents = json.array(s.parents), api = API_VERSION,
    needs = json.array(s.needs.list), capabilities = json.array(s.needs.capabilities),
    hosts = json.array(s.needs.hosts), options = json.array(option.describe(s.options)),
  }
end

return skill
