--- Which handler a path belongs to. Used by server.lua. Pure.
---
--- A pattern is a path whose segments may be names: "/products/:handle" takes one segment each,
--- "/files/*rest" the rest, which may be empty. Literal paths win over patterns; among patterns the
--- one that was added first.

local router = {}

---@class server.Router
local Router = {}
Router.__index = Router

---@return server.Router
function router.new()
  return setmetatable({ literal = {}, patterns = {} }, Router)
end

local function segments_of(path)
  local list = {}
  for segment in path:gmatch("/([^/]*)") do list[#list + 1] = segment end
  return list
end

-- Whether pattern takes the path with these segments: its parameters, or nil.
local function match(pattern, segments)
  local wanted, rest = pattern.segments, pattern.rest
  if #segments < #wanted or (not rest and #segments > #wanted) then return nil end
  local params = {}
  for i, want in ipairs(wanted) do
    if want.name then
      if segments[i] == "" then return nil end
      params[want.name] = segments[i]
    elseif segments[i] ~= want.text then
      return nil
    end
  end
  if rest then params[rest] = table.concat(segments, "/", #wanted + 1) end
  return params
end

local function parse(path)
  local pattern = { path = path, segments = {}, methods = {} }
  for i, segment in ipairs(segments_of(path)) do
    local kind, name = segment:match("^([:*])(.+)$")
    if kind == "*" then
      pattern.rest = name
      return pattern
    end
    pattern.segments[i] = kind and { name = name } or { text = segment }
  end
  return pattern
end

--- Adds a handler.
---@param method string   "GET", … or "*" for any
---@param path string
---@param value any       what `find` returns for it
function Router:add(method, path, value)
  local entry
  if not path:find("/[:*]") then
    entry = self.literal[path] or { path = path, methods = {} }
    self.literal[path] = entry
  else
    for _, pattern in ipairs(self.patterns) do entry = pattern.path == path and pattern or entry end
    if not entry then
      entry = parse(path)
      table.insert(self.patterns, entry)
    end
  end
  entry.methods[method] = value
end

-- HEAD is answered as GET; the server drops the body.
local function pick(entry, method)
  local methods = entry.methods
  return methods[method] or (method == "HEAD" and methods.GET) or methods["*"]
end

local function allow(entry, allowed)
  for method in pairs(entry.methods) do
    allowed[method] = true
    if method == "GET" then allowed.HEAD = true end
  end
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- The handler of a request.
---@param method string
---@param path string
---@return any value         nil if there is none
---@return table params      of the path; {} for a literal one
---@return string[] allowed  if value is nil: the methods that the path has handlers for, sorted
function Router:find(method, path)
  local allowed, literal = {}, self.literal[path]
  if literal then
    local value = pick(literal, method)
    if value ~= nil then return value, {}, {} end
    allow(literal, allowed)
  end
  local segments = self.patterns[1] and segments_of(path)
  for _, pattern in ipairs(self.patterns) do
    local params = match(pattern, segments)
    local value = params and pick(pattern, method)
    if value ~= nil and params then return value, params, {} end
    if params then allow(pattern, allowed) end
  end
  return nil, {}, sorted(allowed)
end

--- The part of a pattern before its first name: "/live/" for "/live/:shop", the whole of a literal.
---@param path string
---@return string
function router.fixed_part(path)
  local from = path:find("/[:*]")
  return from and path:sub(1, from) or path
end

return router
