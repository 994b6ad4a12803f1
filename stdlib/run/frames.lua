--- Which line of the user's script is running. Knows the chunks that the user wrote (run/load.lua
--- and run/require.lua register them) and reads the Lua stack; frames of the stdlib and of C are
--- passed over. Never raises.

local getinfo = debug.getinfo

local frames = {}

local sources = {} -- chunk name ("@checkout.lua", as sys.load_user makes it) → its text
local main_name    -- the first that was registered: the script itself
local MAX_LEVELS = 200 -- of a runaway recursion only the innermost part is looked at

--- Declares a chunk to be the user's.
---@param name string  as a person calls it: "checkout.lua", "lib/cart.lua"
---@param text string
function frames.register(name, text)
  sources["@" .. name] = text
  main_name = main_name or name
end

--- The script itself. `return skill "x" {…}` is a tail call: while it is checked, no frame of the
--- file is left.
---@return string?
function frames.main()
  return main_name
end

--- The text of a user's chunk.
---@param name string?
---@return string?
function frames.text(name)
  return name and sources["@" .. name]
end

local function info(thread, level, what)
  if thread then return getinfo(thread, level, what) end
  return getinfo(level + 1, what)
end

--- The innermost line of the user's code.
---@param thread thread?  another coroutine; default: the running one
---@return string? where     "checkout.lua:12"
---@return string? callee    what that line was calling: "click"
function frames.where(thread)
  local callee
  for level = thread and 0 or 2, MAX_LEVELS do
    local frame = info(thread, level, "Sln")
    if not frame then return nil end
    if sources[frame.source] and frame.currentline > 0 then
      return frame.source:sub(2) .. ":" .. frame.currentline, callee
    end
    callee = frame.name
  end
end

--- The lines of the user's code that led here, innermost first.
---@param thread thread?
---@return string?  one line per frame: "checkout.lua:12 in add_to_cart"
function frames.traceback(thread)
  local lines = {}
  for level = thread and 0 or 2, MAX_LEVELS do
    local frame = info(thread, level, "Sln")
    if not frame then break end
    if sources[frame.source] and frame.currentline > 0 then
      local name = frame.what == "main" and "the file itself" or frame.name
      lines[#lines + 1] = frame.source:sub(2) .. ":" .. frame.currentline
        .. (name and name ~= "?" and (" in " .. name) or "")
      if #lines == 20 then
        lines[#lines + 1] = "…"
        break
      end
    end
  end
  if #lines == 0 then return nil end
  return table.concat(lines, "\n")
end

--- The user's lines of a traceback that was made in C (of a task that was ended from outside).
---@param text string?
---@return string? where      the innermost
---@return string? traceback  one line per frame
---@return string? callee     what the innermost line was calling: "sleep"
function frames.of_trace(text)
  local lines, before, callee = {}, nil, nil
  for line in (text or ""):gmatch("\n%s*([^\n]+)") do
    local called = line:match("in function '([^']+)'")
    local name, number = line:match("^([^:]+):(%d+):")
    if name and sources["@" .. name] then
      callee = #lines == 0 and before or callee
      lines[#lines + 1] = name .. ":" .. number .. (called and " in " .. called or "")
    end
    before = called
  end
  if #lines == 0 then return nil end
  return lines[1]:match("^%S+"), table.concat(lines, "\n"), callee
end

--- Splits "checkout.lua:12: message" when checkout.lua is the user's.
---@param text string
---@return string? where
---@return string message
function frames.split(text)
  for name, line, at in text:gmatch("([^\n:]+):(%d+): ()") do
    -- Only at the beginning: a message may quote another position.
    if text:sub(1, at - 1) == name .. ":" .. line .. ": " and sources["@" .. name] then
      return name .. ":" .. line, text:sub(at)
    end
    break
  end
  return nil, text
end

--- "checkout.lua:12" → "checkout.lua", 12
---@param where string?
---@return string?, integer?
function frames.parse(where)
  if type(where) ~= "string" then return nil end
  local name, line = where:match("^(.*):(%d+)$")
  return name, tonumber(line)
end

return frames
