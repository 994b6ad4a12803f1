--- Scripts that run in every document before its own do: to set a flag that a theme looks at, to
--- count calls, to stand in for something that a headless browser has not.

local fault = require "fault"
local world = require "browser.world"

local scripts = {}

local CALL_MS, SCRIPTS_MAX = 5000, 50
local SIGNATURE = "page:add_init_script(js, argument)"

local encode = sys.codec.json_encode

-- How a function begins; anything else is a script as in a file.
local FUNCTIONS = { "^%s*function%f[^%w_$]", "^%s*async%f[^%w_$]", "^%s*%([^()]*%)%s*=>",
  "^%s*[%a_$][%w_$]*%s*=>" }

local function source_of(js, argument)
  local is_function = argument ~= nil
  for _, pattern in ipairs(FUNCTIONS) do is_function = is_function or js:find(pattern) ~= nil end
  if not is_function then return js end
  return ("(\n%s\n)(%s)"):format((js:gsub("[%s;]+$", "")),
    argument == nil and "" or encode(argument))
end

--- page:add_init_script: in the documents to come, of the page and of its frames.
---@param tab browser.Tab
---@param js string      statements, or a function that is called with argument
---@param argument any   JSON-encodable
function scripts.add(tab, js, argument)
  if type(js) ~= "string" or js:find("^%s*$") then fault.usage(SIGNATURE, "js must be a text") end
  world.check_alive(tab)
  tab.init_scripts = (tab.init_scripts or 0) + 1
  if tab.init_scripts > SCRIPTS_MAX then
    fault.usage(SIGNATURE, ("a page has at most %d"):format(SCRIPTS_MAX))
  end
  local source = source_of(js, argument)
  -- Chromium says nothing of a script that it cannot read.
  local compiled, text, code = tab:call("Runtime.compileScript",
    { expression = source, sourceURL = "", persistScript = false }, CALL_MS)
  if not compiled then world.raise(tab, "add_init_script", text, code) end
  local wrong = compiled.exceptionDetails
  if wrong then
    fault.usage(SIGNATURE, ("%s in %s"):format(wrong.exception and wrong.exception.description
      or wrong.text, js:sub(1, 100)))
  end
  local method, params = "Page.addScriptToEvaluateOnNewDocument", encode { source = source }
  local added
  added, text, code = tab.browser:call(method, params, tab.session, CALL_MS)
  if not added then world.raise(tab, "add_init_script", text, code) end
  tab.targets:tell("script " .. tab.init_scripts, method, params)
end

return scripts
