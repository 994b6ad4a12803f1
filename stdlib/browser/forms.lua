--- Choosing in forms: lists, checkboxes, files.

local actions = require "browser.actions"
local fault = require "fault"
local limits = require "browser.limits"
local messages = require "browser.messages"
local navigation = require "browser.navigation"
local selectors = require "browser.selector"
local target = require "browser.target"
local world = require "browser.world"

local forms = {}

local CALL_MS = 10000
local WAYS = { value = true, label = true, index = true }

local function deadline_of(tab, signature, options)
  return limits.deadline(limits.read(signature, options.timeout, tab.timeout))
end

local function wanted_of(signature, choice)
  if type(choice) == "number" then choice = tostring(choice) end
  if type(choice) == "string" then return { { any = choice } } end
  if type(choice) ~= "table" then
    fault.usage(signature, ("the choice must be a text or a table, not %s"):format(type(choice)),
      'write page:select("#size", "Large") or { label = "Large" }')
  end
  local out = {}
  for key, value in pairs(choice) do
    if type(key) == "number" then
      for _, one in ipairs(wanted_of(signature, value)) do out[#out + 1] = one end
    elseif not WAYS[key] then
      fault.usage(signature, ("unknown field %q"):format(tostring(key)),
        "value, label and index exist")
    else
      out[#out + 1] = { [key] = key == "index" and value or tostring(value) }
    end
  end
  if #out == 0 then fault.usage(signature, "choose something") end
  return out
end

--- page:select: chooses in a <select>, by value or label.
---@param tab browser.Tab
---@param selector string
---@param choice string|number|table  "Large", { label = "Large" }, { index = 0 }, or several
---@param options table?              timeout
---@return string[] values            what is chosen now
function forms.select(tab, selector, choice, options)
  local signature = "page:select(selector, choice, {timeout})"
  options = target.check_options(signature, options, target.TIMEOUT)
  local wanted = wanted_of(signature, choice)
  local what, deadline = "select in " .. selector, deadline_of(tab, signature, options)
  local argument, answer = { parts = selectors.parse(selector), wanted = wanted }, nil
  repeat -- options may come later than the list
    target.find(tab, what, selector, deadline, { enabled = true })
    tab:begin()
    answer = target.change(tab, what, "choose", argument)
    if answer.ok then
      tab:catch_up()
      navigation.follow(tab, what, limits.deadline(tab.navigation_timeout))
      return answer.value
    end
    local later = answer.why == "no-option" or answer.why == "option-disabled"
  until not later or deadline:left() == 0 or not sys.clock.sleep(50)
  messages.raise(tab, what, selector, answer, deadline:words())
end

local function state_of(tab, what, selector, deadline)
  local answer = world.ask(tab, what, "checked", { parts = selectors.parse(selector) }, deadline)
  return answer and answer.value, answer and answer.kind
end

local function set_checked(tab, word, selector, wanted, options)
  local signature = ("page:%s(selector, {timeout})"):format(word)
  options = target.check_options(signature, options, target.TIMEOUT)
  local what, deadline = word .. " " .. selector, deadline_of(tab, signature, options)
  target.find(tab, what, selector, deadline, { enabled = true, label = true })
  local state, kind = state_of(tab, what, selector, deadline)
  if state == nil then
    fault.usage(what, "it is no checkbox, radio button or switch", "use page:click")
  end
  if state == wanted then return end
  if kind == "radio" and not wanted then
    fault.usage(what, "a radio button is switched off by choosing another one")
  end
  actions.click(tab, selector, { timeout = deadline:left(), label = true })
  if tab:is_leaving() then return end
  state = state_of(tab, what, selector, limits.deadline(CALL_MS))
  if state ~= nil and state ~= wanted then
    messages.raise(tab, what, selector, { why = "unchecked" }, deadline:words())
  end
end

--- page:check: switches a checkbox, radio button or switch on, if it is not.
function forms.check(tab, selector, options)
  set_checked(tab, "check", selector, true, options)
end

--- page:uncheck
function forms.uncheck(tab, selector, options)
  set_checked(tab, "uncheck", selector, false, options)
end

--- page:is_checked: now.
---@return boolean
function forms.is_checked(tab, selector)
  return state_of(tab, "is_checked " .. selector, selector, world.soon()) == true
end

-- Files that hold the project's own secrets: .env, .nano-sre/nano-sre.db, nano-sre.lua.
local function is_private(place)
  return ("/" .. place):find("/.", 1, true) or place:match("[^/]*$") == "nano-sre.lua"
end

-- A script may show the shop files of its own folder, and nothing else of this machine.
local function real_files(tab, signature, files)
  local folder = tab.folder and sys.files.real_path(tab.folder)
  if not folder then fault.usage(signature, "this script has no folder to take files from") end
  local out = {}
  for _, name in ipairs(type(files) == "table" and files or { files }) do
    if type(name) ~= "string" or name == "" then
      fault.usage(signature, "a file is a path, relative to the script")
    end
    local path = sys.files.real_path(folder .. "/" .. name)
    local found = path and sys.files.stat(path)
    if name:sub(1, 1) == "/" or (path and path:sub(1, #folder + 1) ~= folder .. "/") then
      fault.usage(signature, ("%s is not in the script's folder"):format(name))
    end
    if path and is_private(path:sub(#folder + 2)) then
      fault.usage(signature, name .. " may hold secrets of the project, and is not shown to a shop",
        "copy what the shop is to get into a file of its own")
    end
    if not found or found.kind ~= "file" then
      fault.usage(signature, ("there is no file %s beside the script"):format(name))
    end
    out[#out + 1] = path
  end
  if #out == 0 then fault.usage(signature, "name a file") end
  return out
end

--- Chromium's handle of the first match.
---@return string object_id
local function handle_of(tab, what, selector)
  local answer, text, code
  for _ = 1, 2 do
    answer, text, code = tab.browser:peek(sys.codec.json_encode { uniqueContextId = tab.world,
      expression = world.expression("handle", { parts = selectors.parse(selector) }) }, tab.session,
      CALL_MS)
    if not answer then world.raise(tab, what, text, code) end
    local result = sys.codec.json_decode(answer).result
    if result.objectId then return result.objectId end
    for _, ticket in ipairs(world.inject(tab, "handle", "second")) do
      tab.browser:wait(ticket, CALL_MS)
    end
  end
  messages.raise(tab, what, selector, { why = "missing" }, "0 s")
end
forms.handle_of = handle_of

--- page:upload: gives a file field files that lie beside the script.
---@param tab browser.Tab
---@param selector string
---@param files string|string[]  paths relative to the script's folder
---@param options table?         timeout
function forms.upload(tab, selector, files, options)
  local signature = "page:upload(selector, files, {timeout})"
  options = target.check_options(signature, options, target.TIMEOUT)
  local paths = real_files(tab, signature, files)
  local what, deadline = "upload to " .. selector, deadline_of(tab, signature, options)
  -- File fields are often hidden behind a button of the theme.
  actions.wait_for(tab, selector, { state = "attached", timeout = deadline:left() })
  tab:begin()
  local answer, text, code = tab:call("DOM.setFileInputFiles",
    { files = paths, objectId = handle_of(tab, what, selector) }, CALL_MS)
  if answer then return end
  if code == "cdp" and text:find("file input", 1, true) then
    fault.usage(what, "it is no file field", "name its <input type=file>")
  elseif code == "cdp" and text:find("[Mm]ultiple") then
    fault.usage(what, "it takes one file only")
  end
  world.raise(tab, what, text, code)
end

return forms
