--- Runs that leave everything dirty, and runs that describe all that they find, for the test that a
--- prepared state is given back as it was (tests/lua/prepared_test.lua). Not used by anything else.

local litter = {}

local registry, format = debug.getregistry(), string.format

-- Every table, function and userdata that can be reached, in the order in which it is found.
local function describe()
  local seen, queue, lines = {}, {}, {}
  local function name(value)
    local kind = type(value)
    if kind == "string" then return format("%q", value) end
    if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value) end
    if not seen[value] then
      queue[#queue + 1] = value
      seen[value] = kind .. #queue
    end
    return seen[value]
  end
  name(registry)
  name(debug.getmetatable(""))
  local at = 0
  while at < #queue do
    at = at + 1
    local value = queue[at]
    local kind, line = type(value), { name(value), name(debug.getmetatable(value)) }
    if kind == "table" then
      for key, item in next, value do line[#line + 1] = name(key) .. "=" .. name(item) end
    elseif kind == "function" or kind == "userdata" then
      line[#line + 1] = name(debug.getfenv(value))
    end
    local i = 1
    while kind == "function" do
      local upvalue, item = debug.getupvalue(value, i)
      if not upvalue then break end
      line[#line + 1] = name(item)
      i = i + 1
    end
    lines[at] = table.concat(line, " ")
  end
  return lines
end

local function leave_everything_dirty()
  for i = 1, 3000 do _G["word" .. i] = { i, ("x"):rep(i % 3000) } end
  registry.stowaway = _G
  for _, module in ipairs { "json", "run.guard", "run.session", "run.secret", "fault" } do
    local loaded = require(module)
    for key in pairs(loaded) do loaded[key] = litter end
  end
  for _, value in pairs(registry) do
    if type(value) == "table" then value.stowaway = true end
  end
  debug.setmetatable("", { __index = litter })
  debug.setmetatable(nil, { __index = litter })
  sys.codec, string, require = nil, nil, nil -- luacheck: ignore
  collectgarbage()
  collectgarbage("stop")
  for _ = 1, 3 do sys.task.spawn(function() sys.clock.sleep(60000) end) end
  _G.open = sys.files.list("/")
end

--- "look" sends what is there, "litter" changes as much of it as it can.
function litter.run(argument)
  local send, sha256, concat = sys.host.send, sys.codec.sha256, table.concat
  if argument == "litter" then leave_everything_dirty() end
  local lines = describe()
  send(#lines .. " " .. sha256(concat(lines, "\n")))
end

return litter
