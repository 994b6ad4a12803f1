-- Rules for text of any language: width, unfinished work, sleeps in tests.

local source = require "lint.source"

local WIDTH = 100
-- In pieces, or this file would be found.
local UNFINISHED = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X" }

local WIDE = { c = true, h = true, lua = true, js = true }

local function is_test(file)
  return file.name:find("^tests/") ~= nil or file.name:find("_test%.lua$") ~= nil
end

local width = {
  applies = function(file) return WIDE[file.kind] end,
  one = function(file, context)
    for number, line in ipairs(file.lines) do
      local columns = source.columns(line)
      if columns > WIDTH then
        local text = "the line has %d columns; %d are allowed"
        context.find(file, number, text:format(columns, WIDTH))
      end
    end
  end,
}

local unfinished = {
  applies = function(file) return file.kind ~= "md" end,
  one = function(file, context)
    for number, line in ipairs(file.lines) do
      for _, word in ipairs(UNFINISHED) do
        if line:find("%f[%w_]" .. word .. "%f[^%w_]") then
          context.find(file, number, word .. ": finish it, or write an issue")
        end
      end
    end
  end,
}

local SLEEPS = {
  c = { "%f[%w_]u?sleep%s*%(", "%f[%w_]nanosleep%s*%(" },
  h = { "%f[%w_]u?sleep%s*%(", "%f[%w_]nanosleep%s*%(" },
  lua = { "clock%.sleep%s*%(", "time%.sleep%s*%(", "%f[%w_.:]sleep%s*%(" },
  sh = { "^%s*sleep%s", "[;&|]%s*sleep%s" },
}

local HEADS = { "while", "repeat", "for", "do" }

local function has_word(line, word)
  return line:find("%f[%w_]" .. word .. "%f[^%w_]")
end

-- The pause of a loop that looks for an event is not a fixed sleep: the loop's head stands a few
-- lines above, less indented.
local function is_polling(lines, number)
  local indent = #lines[number]:match("^%s*")
  for i = number - 1, math.max(1, number - 8), -1 do
    for _, word in ipairs(HEADS) do
      local start = #lines[i]:match("^%s*")
      if start < indent and has_word(lines[i], word) == start + 1 then return true end
    end
  end
  return has_word(lines[number], "while") or has_word(lines[number], "until")
end

local function is_fixed_sleep(lines, number, patterns)
  local line = lines[number]
  if line:find("sleep%s*%(%s*0%s*%)") then return false end -- lets the others have a turn
  for _, pattern in ipairs(patterns) do
    if line:find(pattern) then return not is_polling(lines, number) end
  end
  return false
end

local sleeps = {
  applies = function(file) return is_test(file) and SLEEPS[file.kind] ~= nil end,
  one = function(file, context)
    local lines = file.kind == "sh" and file.lines or source.lines(source.code(file))
    for number = 1, #lines do
      if is_fixed_sleep(lines, number, SLEEPS[file.kind]) then
        context.find(file, number, "a test must not sleep for a fixed time: wait for the event")
      end
    end
  end,
}

return { width, unfinished, sleeps }
