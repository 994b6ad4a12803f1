--- The script that every document gets in a world of its own: injected/*.js in one closure, without
--- comments and indentation. It runs once per document, so it is kept small.

local injected = {}

--- The name of the isolated world.
injected.WORLD = "nano-sre"

local FILES = { "dom", "roles", "selectors", "waiting", "describe", "actions", "vitals",
  "requests" }
local source

--- The script's text.
---@return string
function injected.source()
  if source then return source end
  local parts = { "(()=>{'use strict';if(globalThis.__nano)return;\n" }
  for _, name in ipairs(FILES) do
    local text = sys.resource("browser/injected/" .. name .. ".js")
    -- Whole-line comments and indentation only: nothing in these files spans lines inside of a
    -- text.
    text = ("\n" .. text):gsub("\n +", "\n"):gsub("\n//[^\n]*", "")
    parts[#parts + 1] = text:gsub("^\n+", "")
  end
  parts[#parts + 1] = "})()"
  source = table.concat(parts)
  return source
end

return injected
