--- Options of a skill: one description of each that validates, fills defaults, converts what the
--- command line and the environment give (texts), documents (`nano-sre info`) and builds forms.
---
---    options = { product = option.string { about = "handle; default: the first" } }

local fault = require "fault"
local guard = require "run.guard"

local option = {}

---@class run.Option
---@field kind string
---@field spec table
local specs = setmetatable({}, { __mode = "k" }) -- descriptor (opaque to the script) → run.Option

local KINDS = { "string", "number", "boolean", "duration", "enum", "list", "url", "secret" }
local loaded

-- What the kinds mean is loaded when a script has options.
local function kind_of(name)
  if not loaded then
    loaded = require "run.option_kinds"
    loaded.bind(function(descriptor) return specs[descriptor] end)
  end
  return loaded.kinds[name]
end

local COMMON = { about = true, default = true, required = true }

local function refuse(signature, problem, hint)
  guard.refuse(signature .. ": " .. problem, hint, "option")
end

local function check_spec(kind, spec)
  local signature = "option." .. kind
  local allowed = kind_of(kind).fields
  for key in pairs(spec) do
    if type(key) ~= "number" and not COMMON[key] and not allowed[key] then
      local all = {}
      for word in pairs(COMMON) do all[word] = true end
      for word in pairs(allowed) do all[word] = true end
      refuse(signature, ("unknown field %q"):format(tostring(key)),
        require("run.nearest").hint(key, all))
    end
  end
  if spec.about ~= nil and type(spec.about) ~= "string" then
    refuse(signature, "about must be a text")
  end
  if spec.required ~= nil and type(spec.required) ~= "boolean" then
    refuse(signature, "required must be true or false")
  end
  if spec.required and spec.default ~= nil then
    refuse(signature, "an option with a default is never missing", "remove required or default")
  end
  local problem, hint = kind_of(kind).declare(spec)
  if problem then refuse(signature, problem, hint) end
  if spec.default ~= nil then
    local value, why = kind_of(kind).convert(spec.default, spec)
    if value == nil then refuse(signature, "default: " .. why) end
  end
end

--- option.<kind>{…}: makes a descriptor.
local function declare(kind)
  return function(spec)
    if spec == nil then spec = {} end
    if type(spec) ~= "table" then
      refuse("option." .. kind, "takes a table", ("option.%s { about = \"…\" }"):format(kind))
    end
    local copy = {}
    for key, value in pairs(spec) do copy[key] = value end
    check_spec(kind, copy)
    local descriptor = guard.readonly("option." .. kind, {})
    specs[descriptor] = { kind = kind, spec = copy }
    return descriptor
  end
end

--- The word `option` of the script.
---@return table
function option.words()
  local words = {}
  for _, kind in ipairs(KINDS) do words[kind] = declare(kind) end
  return guard.readonly("option", words, {})
end

--- Whether value was made by option.<kind>{…}.
function option.is(value)
  return type(value) == "table" and specs[value] ~= nil
end

local function describe_one(name, descriptor)
  local o = specs[descriptor]
  local plain = require "run.plain" -- the script may have put anything into a default
  local out = { name = name, type = o.kind, about = o.spec.about,
    required = o.spec.required or false }
  for field in pairs(kind_of(o.kind).fields) do
    if field ~= "of" then out[field] = plain.copy(o.spec[field]) end
  end
  if o.kind == "secret" then
    out.default = o.spec.default ~= nil and "[secret]" or nil
  else
    out.default = plain.copy(o.spec.default)
  end
  if o.kind == "enum" then out.choices = kind_of("enum").choices(o.spec) end
  if o.spec.of then
    out.of = describe_one(nil, o.spec.of)
    out.of.required = nil
  end
  return out
end

--- The description of all options as plain data, by name.
---@param schema table<string, any>
---@return table[]
function option.describe(schema)
  local out = {}
  for name, descriptor in pairs(schema) do out[#out + 1] = describe_one(name, descriptor) end
  table.sort(out, function(a, b) return a.name < b.name end)
  return out
end

--- The values for a run: what was given, converted and checked, and defaults for the rest. Raises
--- one usage fault (code "option") that lists every problem.
---@param schema table<string, any>
---@param given table<string, any>  texts or values
---@return table values
function option.resolve(schema, given)
  local values, problems, hint = {}, {}, nil
  for name, descriptor in pairs(schema) do
    local o, raw = specs[descriptor], given[name]
    if raw == nil then raw = o.spec.default end
    if raw == nil then
      if o.spec.required then problems[#problems + 1] = ("option %q is required"):format(name) end
    else
      local value, why = kind_of(o.kind).convert(raw, o.spec)
      if value == nil then
        problems[#problems + 1] = ("option %q: %s"):format(name, why)
      else
        values[name] = value
      end
    end
  end
  for name in pairs(given) do
    if schema[name] == nil then
      problems[#problems + 1] = ("unknown option %q"):format(tostring(name))
      hint = require("run.nearest").hint(name, schema)
    end
  end
  if #problems > 0 then
    table.sort(problems)
    error(fault.new("usage", { message = table.concat(problems, "; "), hint = hint, code = "option",
      details = { problems = problems } }), 0)
  end
  return values
end

return option
