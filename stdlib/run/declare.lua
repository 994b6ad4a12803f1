--- What the declaring words (skill, alerter) have in common: reading the fields of a declaration,
--- with refusals that point at the line. Used by run/skill.lua and run/alerter.lua.

local fault = require "fault"
local frames = require "run.frames"
local guard = require "run.guard"
local manifest = require "run.manifest"
local option = require "run.option"
local time = require "time"

local declare = {}

-- Raises a usage fault that points at the field in the text, or else at the declaration.
local function refuse_as(word, name, field, problem, hint)
  local where = frames.where()
  local file = frames.parse(where) or frames.main()
  local text, excerpt = frames.text(file), require "run.excerpt"
  local line = field and excerpt.line_of_field(text, field)
    or not where and excerpt.line_of(text, word .. "%s*%(?%s*[\"']" .. name:gsub("%p", "%%%0"))
  error(fault.new("usage", { message = ('%s "%s": %s'):format(word, name, problem), hint = hint,
    code = word, where = line and file .. ":" .. line or where }), 0)
end

--- The readers of one word. Each takes the declared name, the field and its value, and returns what
--- it means or raises a usage fault.
---@param word string
---@return table  refuse, text, duration, words, needs, options, fn
function declare.of(word)
  local kit = {}

  function kit.refuse(name, field, problem, hint) refuse_as(word, name, field, problem, hint) end

  function kit.text(name, field, value, max)
    if type(value) ~= "string" or value == "" then
      kit.refuse(name, field, field .. " must be a text")
    end
    if #value > max then
      kit.refuse(name, field, ("%s is longer than %d bytes"):format(field, max))
    end
    return value
  end

  function kit.duration(name, field, value)
    local ok, ms = pcall(time.parse_duration, value)
    if type(value) ~= "string" or not ok or not ms or ms <= 0 then
      kit.refuse(name, field, ("%s: %s is not a duration"):format(field, tostring(value)),
        'write "90s", "5m" or "1h"')
    end
    return ms
  end

  function kit.words(name, field, value)
    if type(value) == "string" then value = { value } end
    if type(value) ~= "table" then kit.refuse(name, field, field .. " must be a list of texts") end
    local out = {}
    for i, one in ipairs(value) do
      if type(one) ~= "string" or not one:match("^[%w][%w_.:-]*$") then
        kit.refuse(name, field, ("%s: %q is not a word"):format(field, tostring(one)),
          "use letters, digits, _ - . :")
      end
      out[i] = one
    end
    return out
  end

  function kit.needs(name, value)
    local ok, needs = pcall(manifest.parse, value)
    if not ok then kit.refuse(name, "needs", needs.message, needs.hint) end
    return needs
  end

  function kit.options(name, value)
    if type(value) ~= "table" then
      kit.refuse(name, "options", "options must be a table",
        "options = { product = option.string {} }")
    end
    local out = {}
    for key, descriptor in pairs(value) do
      if type(key) ~= "string" or not key:match("^[%a_][%w_]*$") then
        kit.refuse(name, "options", ("options: %q is not a name"):format(tostring(key)),
          "use letters, digits and _")
      end
      if not option.is(descriptor) then
        kit.refuse(name, key, ("options: %s is not an option"):format(key),
          ("write %s = option.string { about = \"…\" }"):format(key))
      end
      out[key] = descriptor
    end
    return out
  end

  function kit.fn(name, field, value, signature)
    if type(value) ~= "function" then
      kit.refuse(name, field, field .. " must be a function", signature)
    end
    return value
  end

  return kit
end

--- Makes a declaring word: `word "name" { fields }`.
---@param word string
---@param readers table<string, fun(name: string, value: any): any>  by field
---@param keep fun(handle: table, name: string, got: table)  checks what is required, keeps the rest
---@return fun(name: string): fun(fields: table): table
function declare.word(word, readers, keep)
  local refuse = declare.of(word).refuse
  local function define(name, fields)
    if type(fields) ~= "table" then
      refuse(name, nil, "is followed by a table", ('%s "%s" { … }'):format(word, name))
    end
    local got = {}
    for key, value in pairs(fields) do
      local read = readers[key]
      if not read then
        refuse(name, type(key) == "string" and key or nil,
          ("unknown field %q"):format(tostring(key)),
          require("run.nearest").hint(key, readers))
      end
      got[key] = read(name, value)
    end
    local handle = guard.readonly(('%s "%s"'):format(word, name), {}, {})
    keep(handle, name, got)
    return handle
  end
  return function(name)
    if type(name) ~= "string" or not name:match("^[%w][%w_.-]*$") or #name > 64 then
      guard.refuse(("%s: %s is not a name"):format(word,
        type(name) == "string" and ("%q"):format(name) or type(name)),
        ('use letters, digits, _ - and . as in %s "checkout" { … }'):format(word), word)
    end
    return function(fields) return define(name, fields) end
  end
end

return declare
