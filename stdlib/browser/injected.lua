--- The scripts for a document's isolated world: injected/*.js, embedded without comments and
--- indentation (tools/embed.lua). The first runs in every document, so it is kept small; the others
--- add what is asked of some documents only (world.lua): the second words for failures and rarer
--- actions, the third the vitals that need sums.

local injected = {}

--- The name of the isolated world.
injected.WORLD = "nano-sre"

local FILES = { "dom", "roles", "selectors", "waiting", "actions", "vitals", "requests" }
local MORE = { "describe", "still", "snapshot", "more" }

--- What only the second script answers.
injected.LATER = { explain = true, look = true, choose = true, checked = true, place = true,
  scroll = true, handle = true, hold = true,
  release = true, boxes = true, snapshot = true, stored = true, store = true }

local function assemble(first, files)
  local parts = { first }
  for _, name in ipairs(files) do
    parts[#parts + 1] = sys.resource("browser/injected/" .. name .. ".js")
  end
  parts[#parts + 1] = "})()"
  return table.concat(parts)
end

local source, later, vitals, command

--- The first script's text.
---@return string
function injected.source()
  source = source or assemble("(()=>{'use strict';if(globalThis.__nano)return;\n", FILES)
  return source
end

--- Parameters of Page.addScriptToEvaluateOnNewDocument for the first script, as JSON.
---@return string
function injected.command()
  command = command or sys.codec.json_encode { source = injected.source(),
    worldName = injected.WORLD, runImmediately = true }
  return command
end

-- A script that builds on the first, for documents that lack `name`.
local function addition(name, files)
  -- The names that the first script hands over are those of its own table.
  local kit = sys.resource("browser/injected/requests.js"):match("nano%.kit = {(.-),%s*last:")
  return assemble(("(()=>{'use strict';const nano=globalThis.__nano;"
    .. "if(!nano||nano.%s)return;const kit=nano.kit,{%s}=kit;\n"):format(name, kit), files)
end

--- The second script's text; it needs the first.
---@return string
function injected.later()
  later = later or addition("explain", MORE)
  return later
end

--- The third script's text, small enough to go along with each question; it needs the first.
---@return string
function injected.vitals()
  vitals = vitals or addition("vitals_more", { "vitals_more" })
  return vitals
end

return injected
