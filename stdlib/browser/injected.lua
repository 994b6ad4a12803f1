--- The scripts for a document's isolated world: injected/*.js, without comments and indentation.
--- The first runs in every document, so it is kept small; the second adds what is seldom asked
--- (words for failures, rarer actions) to the documents where it is (world.lua).

local injected = {}

--- The name of the isolated world.
injected.WORLD = "nano-sre"

local FILES = { "dom", "roles", "selectors", "waiting", "actions", "vitals", "requests" }
local MORE = { "describe", "vitals_more", "still", "snapshot", "more" }

--- What only the second script answers.
injected.LATER = { explain = true, look = true, choose = true, checked = true, place = true,
  scroll = true, handle = true, vitals_more = true, hold = true,
  release = true, boxes = true, snapshot = true, stored = true, store = true }

local function assemble(first, files)
  local parts = { first }
  for _, name in ipairs(files) do
    local text = sys.resource("browser/injected/" .. name .. ".js")
    -- Whole-line comments and indentation only: nothing in these files spans lines inside of a
    -- text.
    text = ("\n" .. text):gsub("\n +", "\n"):gsub("\n//[^\n]*", "")
    parts[#parts + 1] = text:gsub("^\n+", "")
  end
  parts[#parts + 1] = "})()"
  return table.concat(parts)
end

local source, later

--- The first script's text.
---@return string
function injected.source()
  source = source or assemble("(()=>{'use strict';if(globalThis.__nano)return;\n", FILES)
  return source
end

--- The second script's text; it needs the first.
---@return string
function injected.later()
  if later then return later end
  -- The names that the first script hands over are those of its own table.
  local kit = sys.resource("browser/injected/requests.js"):match("nano%.kit = {(.-),%s*last:")
  later = assemble(("(()=>{'use strict';const nano=globalThis.__nano;"
    .. "if(!nano||nano.explain)return;const kit=nano.kit,{%s}=kit;\n"):format(kit), MORE)
  return later
end

return injected
