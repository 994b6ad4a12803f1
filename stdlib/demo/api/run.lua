--- Runs a GraphQL document against a schema of plain tables, and counts what it costs by the rule
--- that Shopify's answers follow: an object 1, a connection 2 plus its nodes scaled by the
--- logarithm of how many are asked for, scalars nothing. Used by demo/api/serve.lua.
---
--- schema = { root = "QueryRoot", types = { [type] = { [field] = definition } } }
--- definition = { kind = "scalar"|"object"|"connection"|"list", of = type?, free = bool?,
---   scope = "read_themes"?, get = function(parent, arguments, context) → value }
--- A connection's `get` returns the whole list; first, last, after and before are done here.

local json = require "json"
local parse = require "demo.api.parse"

local run = {}

local MAX_PAGE = 250

--- How much a connection of n nodes scales the cost of one.
---@param n number
---@return integer
function run.scale(n)
  if n <= 0 then return 0 end
  return math.floor(2 * math.log(math.max(2, n)))
end

local function problem(message, code, more)
  local extensions = { code = code }
  for key, value in pairs(more or {}) do extensions[key] = value end
  error({ graphql = { message = message, extensions = code and extensions or nil } }, 0)
end

local function read_value(value, variables)
  if value.kind == "variable" then
    local got = variables[value.name]
    if got == nil then return nil end
    return got
  elseif value.kind == "list" then
    local out = json.array {}
    for i, item in ipairs(value.items) do out[i] = read_value(item, variables) end
    return out
  elseif value.kind == "object" then
    local out = {}
    for _, pair in ipairs(value.fields) do out[pair[1]] = read_value(pair[2], variables) end
    return out
  end
  return value.value
end

local function read_arguments(arguments, variables)
  local out = {}
  for name, value in pairs(arguments) do
    local got = read_value(value, variables)
    if got ~= json.null then out[name] = got end
  end
  return out
end

local function is_left_out(one, variables)
  for _, directive in ipairs(one.directives or {}) do
    local condition = directive.arguments["if"]
    local yes = condition and read_value(condition, variables) == true
    if directive.name == "skip" and yes or directive.name == "include"
      and not yes then return true end
  end
  return false
end

-- The fields that a selection asks of a type; those of the same key are one.
local function collect(state, type_name, selection, out)
  for _, one in ipairs(selection) do
    if not is_left_out(one, state.variables) then
      if one.name then
        local key = one.alias or one.name
        local known = out[key]
        if known and one.selection then
          for _, more in ipairs(one.selection) do table.insert(known.selection, more) end
        elseif not known then
          out[key] = { key = key, name = one.name, arguments = one.arguments,
            selection = one.selection and { unpack(one.selection) } }
          out[#out + 1] = out[key]
        end
      else
        local fragment = one.spread and state.document.fragments[one.spread] or one
        if one.spread and not state.document.fragments[one.spread] then
          problem(("Fragment %s was used, but not defined"):format(one.spread))
        end
        if not fragment.on or fragment.on == type_name then
          collect(state, type_name, fragment.selection, out)
        end
      end
    end
  end
  return out
end

local TYPENAME = { kind = "scalar" }
local PAGE_INFO = { hasNextPage = TYPENAME, hasPreviousPage = TYPENAME, startCursor = TYPENAME,
  endCursor = TYPENAME }

local function definition_of(state, type_name, field)
  local fields = type_name == "PageInfo" and PAGE_INFO or state.schema.types[type_name]
  local definition = fields[field.name]
  if not definition then
    problem(("Field '%s' doesn't exist on type '%s'"):format(field.name, type_name),
      "undefinedField", { typeName = type_name, fieldName = field.name })
  end
  if definition.kind ~= "scalar" and not field.selection then
    problem(("Field must have selections (field '%s' returns %s but has no selections. Did you "
      .. "mean '%s { ... }'?)"):format(field.name, definition.of, field.name), "selectionMismatch")
  elseif definition.kind == "scalar" and field.selection then
    problem(("Selections can't be made on scalars (field '%s' has selections)"):format(field.name),
      "selectionMismatch")
  end
  return definition
end

local function fields_of(state, type_name, selection)
  local out = collect(state, type_name, selection, {})
  for _, field in ipairs(out) do
    field.definition = field.name == "__typename" and TYPENAME
      or definition_of(state, type_name, field)
    field.values = read_arguments(field.arguments, state.variables)
  end
  return out
end

-- The selections of a connection: on each node, by way of nodes or edges, and the rest.
local function connection_parts(state, field)
  local parts = { node = {}, asked = collect(state, "Connection", field.selection, {}) }
  for _, one in ipairs(parts.asked) do
    if one.name == "nodes" and one.selection then
      for _, more in ipairs(one.selection) do table.insert(parts.node, more) end
    elseif one.name == "edges" and one.selection then
      for _, inner in ipairs(collect(state, "Edge", one.selection, {})) do
        for _, more in ipairs(inner.name == "node" and inner.selection or {}) do
          table.insert(parts.node, more)
        end
      end
    elseif one.name ~= "pageInfo" and one.name ~= "__typename" then
      problem(("Field '%s' doesn't exist on type '%sConnection'"):format(one.name,
        field.definition.of), "undefinedField", { fieldName = one.name })
    end
  end
  return parts
end

local cost_of

local function cost_of_field(state, field)
  local definition = field.definition
  if definition.kind == "scalar" then return 0 end
  if definition.kind == "connection" then
    local size = field.values.first or field.values.last
    local parts = connection_parts(state, field)
    local node = #parts.node > 0 and 1 + cost_of(state, definition.of, parts.node) or 0
    return 2 + (size and run.scale(size) * node or 0)
  end
  return (definition.free and 0 or 1) + cost_of(state, definition.of, field.selection)
end

function cost_of(state, type_name, selection)
  local total = 0
  for _, field in ipairs(fields_of(state, type_name, selection)) do
    total = total + cost_of_field(state, field)
  end
  return total
end

local resolve

local function cursor(index) return sys.codec.base64("i:" .. index) end
local function index_of(text)
  return tonumber((sys.codec.unbase64(tostring(text)) or ""):match("^i:(%d+)$"))
end

-- The part of the list that first/after or last/before ask for: its bounds.
local function window(field, count)
  local values = field.values
  local size = values.first or values.last
  if not size then
    problem("you must provide one of first or last", "BAD_REQUEST")
  elseif size > MAX_PAGE then
    problem(("first and last must be at most %d"):format(MAX_PAGE), "BAD_REQUEST")
  end
  local low = (values.after and index_of(values.after) or 0) + 1
  local high = (values.before and index_of(values.before) or count + 1) - 1
  if values.first then high = math.min(high, low + size - 1) else low = math.max(low,
    high - size + 1) end
  return low, high
end

-- → value, what it really cost
local function resolve_connection(state, field, list)
  local low, high = window(field, #list)
  local parts = connection_parts(state, field)
  local nodes, dearest = json.array {}, 0
  for i = low, high do
    local node, cost = resolve(state, field.definition.of, parts.node, list[i])
    nodes[#nodes + 1] = node
    dearest = math.max(dearest, (#parts.node > 0 and 1 or 0) + cost)
  end
  local out = {}
  for _, one in ipairs(parts.asked) do
    if one.name == "nodes" then
      out[one.key] = nodes
    elseif one.name == "edges" then
      local edges = json.array {}
      for i, node in ipairs(nodes) do edges[i] = { cursor = cursor(low + i - 1), node = node } end
      out[one.key] = edges
    elseif one.name == "pageInfo" then
      out[one.key] = resolve(state, "PageInfo", one.selection or {}, { hasNextPage = high < #list,
        hasPreviousPage = low > 1, startCursor = #nodes > 0 and cursor(low) or json.null,
        endCursor = #nodes > 0 and cursor(high) or json.null })
    end
  end
  return out, 2 + run.scale(#nodes) * dearest
end

local function check_scope(state, field)
  local scope = field.definition.scope
  if not scope or state.context.scopes[scope] then return true end
  state.errors[#state.errors
    + 1] = { message = ("Access denied for %s field. Required access: `%s` "
    .. "access scope."):format(field.name, scope), path = { field.key },
    extensions = { code = "ACCESS_DENIED", requiredAccess = ("`%s` access scope."):format(scope),
    documentation = "https://shopify.dev/api/usage/access-scopes" } }
  return false
end

local function resolve_field(state, field, parent, type_name)
  if field.name == "__typename" then return type_name, 0 end
  local definition = field.definition
  if not check_scope(state, field) then return json.null, 0 end
  local value
  if definition.get then
    value = definition.get(parent, field.values, state.context)
  else
    value = parent[field.name]
  end
  if definition.kind == "connection" then return resolve_connection(state, field, value) end
  if value == nil or value == json.null then return json.null, 0 end
  if definition.kind == "scalar" then return value, 0 end
  local own = definition.free and 0 or 1
  if definition.kind == "list" then
    local out, dearest = json.array {}, 0
    for i, item in ipairs(value) do
      local cost
      out[i], cost = resolve(state, definition.of, field.selection, item)
      dearest = math.max(dearest, cost)
    end
    return out, own + dearest
  end
  local out, cost = resolve(state, definition.of, field.selection, value)
  return out, own + cost
end

function resolve(state, type_name, selection, parent)
  local out, total = {}, 0
  for _, field in ipairs(fields_of(state, type_name, selection)) do
    local value, cost = resolve_field(state, field, parent, type_name)
    out[field.key], total = value, total + cost
  end
  return out, total
end

local function choose(document, wanted)
  if #document.operations == 1 and not wanted then return document.operations[1] end
  for _, one in ipairs(document.operations) do
    if one.name == wanted then return one end
  end
  problem("An operation name is required")
end

local function read_variables(operation, given)
  local out = {}
  for _, one in ipairs(operation.variables) do
    local value = given[one.name]
    if value == nil and one.default then value = read_value(one.default, {}) end
    out[one.name] = value
  end
  return out
end

--- Prepares a request: what it will cost at most, and the function that answers it.
---@param schema table
---@param request { query: string, variables: table?, operationName: string? }
---@param context table  passed to every `get`; context.scopes: what may be read
---@return table? prepared  { cost, answer = function() → data, errors, actual cost }
---@return table? problem   a GraphQL error
function run.prepare(schema, request, context)
  local document, why = parse.document(request.query)
  if not document then return nil, { message = why } end
  local state = { schema = schema, document = document, context = context, errors = {} }
  local ok, prepared = pcall(function()
    local operation = choose(document, request.operationName)
    if operation.kind ~= "query" then problem("The demo store takes no mutations") end
    state.variables = read_variables(operation, request.variables or {})
    local cost = cost_of(state, schema.root, operation.selection)
    return { cost = cost, answer = function()
      local data, actual = resolve(state, schema.root, operation.selection, {})
      return data, state.errors, actual
    end }
  end)
  if ok then return prepared end
  if type(prepared) == "table" and prepared.graphql then return nil, prepared.graphql end
  error(prepared, 0)
end

return run
