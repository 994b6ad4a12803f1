--- Reads GraphQL: operations, variables, fragments, directives, into plain tables. Enough for what
--- apps send to a shop; no schema language. Used by demo/api/run.lua.
---
--- document = { operations = { { kind, name, variables = { { name, default } }, selection } },
---   fragments = { [name] = { on, selection } } }
--- selection = { { name, alias, arguments = {…}, selection } | { spread = name }
---   | { on = type|nil, selection } } each with directives = { { name, arguments } }
--- A value is { kind = "value", value } | { kind = "variable", name } | { kind = "list", items }
---   | { kind = "object", fields = { { name, value } } }

local parse = {}

local MAX_BYTES, MAX_DEPTH = 50000, 30

local Reader = {}
Reader.__index = Reader

local function fail(self, expected)
  error({ graphql = ("Parse error on %s, expected %s"):format(
    self.token and ("%q"):format(self.token) or "end of document", expected) }, 0)
end

-- Token kinds: "name", "punctuator", "string", "number"; nil at the end.
local function advance(self)
  local text = self.text
  local at = self.at
  while true do
    at = text:find("[^%s,\239\187\191]", at) or #text + 1
    if text:sub(at, at) ~= "#" then break end
    at = text:find("\n", at, true) or #text + 1
  end
  self.token, self.kind = nil, nil
  local patterns = { { "name", "^[%a_][%w_]*" }, { "number", "^%-?%d+%.?%d*[eE]?[+-]?%d*" },
    { "punctuator", "^%.%.%." }, { "punctuator", "^[!$():=@%[%]{|}&]" } }
  for _, one in ipairs(patterns) do
    local word = text:match(one[2], at)
    if word then
      self.kind, self.token, self.at = one[1], word, at + #word
      return
    end
  end
  if text:sub(at, at) == '"' then
    local stop = at + 1
    while stop <= #text and text:sub(stop, stop) ~= '"' do
      stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
    end
    self.kind, self.token, self.at = "string", text:sub(at, stop), stop + 1
    return
  end
  self.at = at
  if at <= #text then
    self.token = text:sub(at, at)
    fail(self, "something else")
  end
end

local function accept(self, token)
  if self.kind ~= "punctuator" and self.kind ~= "name" or self.token ~= token then return false end
  advance(self)
  return true
end

local function need(self, token)
  if not accept(self, token) then fail(self, token) end
end

local function name(self)
  if self.kind ~= "name" then fail(self, "a name") end
  local word = self.token
  advance(self)
  return word
end

local WORDS = { ["true"] = true, ["false"] = false, null = sys.codec.null }

local function value(self)
  if accept(self, "$") then return { kind = "variable", name = name(self) } end
  if accept(self, "[") then
    local items = {}
    while not accept(self, "]") do items[#items + 1] = value(self) end
    return { kind = "list", items = items }
  end
  if accept(self, "{") then
    local fields = {}
    while not accept(self, "}") do
      local key = name(self)
      need(self, ":")
      fields[#fields + 1] = { key, value(self) }
    end
    return { kind = "object", fields = fields }
  end
  local token, kind = self.token, self.kind
  if kind ~= "name" and kind ~= "number" and kind ~= "string" then fail(self, "a value") end
  advance(self)
  if kind == "number" then return { kind = "value", value = tonumber(token) } end
  if kind == "string" then return { kind = "value", value = sys.codec.json_decode(token) } end
  local known = WORDS[token]
  return { kind = "value", value = known == nil and token or known }
end

local function arguments(self)
  local out = {}
  if not accept(self, "(") then return out end
  while not accept(self, ")") do
    local key = name(self)
    need(self, ":")
    out[key] = value(self)
  end
  return out
end

local function directives(self)
  local out = {}
  while accept(self, "@") do
    out[#out + 1] = { name = name(self), arguments = arguments(self) }
  end
  return out
end

local selection

local function field(self, depth)
  local one = { name = name(self) }
  if accept(self, ":") then one.alias, one.name = one.name, name(self) end
  one.arguments, one.directives = arguments(self), directives(self)
  if self.token == "{" then one.selection = selection(self, depth + 1) end
  return one
end

local function spread(self, depth)
  local one = {}
  if self.kind == "name" and self.token ~= "on" then
    one.spread, one.directives = name(self), directives(self)
    return one
  end
  if accept(self, "on") then one.on = name(self) end
  one.directives = directives(self)
  one.selection = selection(self, depth + 1)
  return one
end

function selection(self, depth)
  if depth > MAX_DEPTH then error({ graphql = "The query is nested too deeply" }, 0) end
  need(self, "{")
  local out = {}
  while not accept(self, "}") do
    out[#out + 1] = accept(self, "...") and spread(self, depth) or field(self, depth)
  end
  if #out == 0 then fail(self, "a field") end
  return out
end

local function type_reference(self)
  if accept(self, "[") then
    type_reference(self)
    need(self, "]")
  else
    name(self)
  end
  accept(self, "!")
end

local function variables(self)
  local out = {}
  if not accept(self, "(") then return out end
  while not accept(self, ")") do
    need(self, "$")
    local one = { name = name(self) }
    need(self, ":")
    type_reference(self)
    if accept(self, "=") then one.default = value(self) end
    out[#out + 1] = one
  end
  return out
end

local function operation(self)
  if self.token == "{" then
    return { kind = "query", variables = {}, selection = selection(self, 1) }
  end
  local one = { kind = name(self) }
  if one.kind ~= "query" and one.kind ~= "mutation" then fail(self, "query or mutation") end
  if self.kind == "name" then one.name = name(self) end
  one.variables = variables(self)
  directives(self)
  one.selection = selection(self, 1)
  return one
end

--- Reads a document.
---@param text string
---@return table? document
---@return string? problem
function parse.document(text)
  if #text > MAX_BYTES then return nil, "The query is too long" end
  local self = setmetatable({ text = text, at = 1 }, Reader)
  local out = { operations = {}, fragments = {} }
  local ok, why = pcall(function()
    advance(self)
    repeat
      if accept(self, "fragment") then
        local key = name(self)
        need(self, "on")
        local on = name(self)
        directives(self)
        out.fragments[key] = { on = on, selection = selection(self, 1) }
      else
        out.operations[#out.operations + 1] = operation(self)
      end
    until not self.token
  end)
  if ok then return out end
  if type(why) == "table" and why.graphql then return nil, why.graphql end
  error(why, 0)
end

return parse
