--- Dialogs of a page (alert, confirm, prompt, "leave this page?"): the page stands still until one
--- is answered. Without page:on_dialog they are dismissed, as Playwright does.

local fault = require "fault"
local nearest = require "run.nearest"
local target = require "browser.target"

local dialogs = {}

local ANSWERS = { accept = true, dismiss = true }
local SIGNATURE = "page:on_dialog(answer, {text})"

---@class browser.Dialogs
---@field tab browser.Tab
---@field answer "accept"|"dismiss"|function
---@field text string?     for a prompt
---@field open integer     how many wait for an answer
local Dialogs = {}
Dialogs.__index = Dialogs

---@param tab browser.Tab
---@return browser.Dialogs
function dialogs.new(tab)
  return setmetatable({ tab = tab, answer = "dismiss", open = 0 }, Dialogs)
end

--- Whether one waits for its answer.
function Dialogs:is_open() return self.open > 0 end

local function close(self, event, answer, text)
  -- Dismissing "leave this page?" would hold a navigation up for ever.
  local accept = answer == "accept" or event.type == "beforeunload"
  self.tab:post("Page.handleJavaScriptDialog", { accept = accept, promptText = text })
end

-- The script's own function decides; it runs in a task of its own because it may wait.
local function ask(self, event)
  local ok, answer, text = pcall(self.answer, { type = event.type, message = event.message,
    default = event.defaultPrompt ~= "" and event.defaultPrompt or nil, url = event.url })
  local known = ok and (answer == nil or ANSWERS[answer])
  close(self, event, known and answer or "dismiss", type(text) == "string" and text or nil)
  if not ok then error(answer, 0) end
  if not known then
    fault.usage(SIGNATURE, ("the function gave %s"):format(tostring(answer)),
      'return "accept" or "dismiss"')
  end
end

--- Page.javascriptDialogOpening
---@param event table
function Dialogs:opened(event)
  self.open = self.open + 1
  self.tab.console:on_dialog(event)
  if type(self.answer) == "function" then
    sys.task.spawn(ask, self, event)
  else
    close(self, event, self.answer, self.text)
  end
end

--- Page.javascriptDialogClosed
function Dialogs:closed() self.open = math.max(0, self.open - 1) end

local OPTIONS = { text = true }

--- page:on_dialog: how dialogs are answered from now on.
---@param tab browser.Tab
---@param answer "accept"|"dismiss"|fun(dialog: table): string, string?
---@param options table?  text: what a prompt is given
function dialogs.on_dialog(tab, answer, options)
  options = target.check_options(SIGNATURE, options, OPTIONS)
  if type(answer) ~= "function" and not ANSWERS[answer] then
    fault.usage(SIGNATURE, ("there is no answer %s"):format(tostring(answer)),
      nearest.hint(tostring(answer), ANSWERS) or "write accept, dismiss or a function")
  end
  tab.dialogs.answer, tab.dialogs.text = answer, options.text
end

return dialogs
