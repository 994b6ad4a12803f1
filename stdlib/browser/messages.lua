--- The sentence for an action that could not be done: what was looked for, what was there instead,
--- for how long.

local fault = require "fault"
local selectors = require "browser.selector"
local world = require "browser.world"

local messages = {}

-- %e element, %t time, %b what is in the way, %n how many matched
local WHY = {
  missing = "no visible match for %t",
  hidden = "%n, none of them visible for %t: %e",
  disabled = "%e stayed disabled for %t",
  readonly = "%e cannot be typed into",
  moving = "%e did not stop moving for %t",
  replaced = "%e was replaced again and again for %t",
  offscreen = "%e cannot be scrolled into view",
  covered = "%e is covered by %b",
  unfocusable = "%e does not take the focus",
  rejected = "%e does not take this value",
  ["not-select"] = "%e is no list of choices",
  ["not-multiple"] = "only one of its options can be chosen",
  ["no-option"] = "it has no such option",
  ["option-disabled"] = "its option %e is disabled",
  unchecked = "%e did not change",
  visible = "%e stayed visible for %t",
  missed = "%e did not get the touch",
}

-- How the list of what is there instead begins.
local NEAR = { missing = ". On the page are: ", hidden = ". On the page are: ",
  ["no-option"] = ". Its options are: " }

local function count_words(n)
  return n == 1 and "1 match" or ("%d matches"):format(n)
end

--- "click #add: no visible match for 10 s. On the page are: … URL …"
---@param what string     "click #add"
---@param answer table    of explain() in injected/describe.js
---@param waited string   "10 s"
---@param url string
---@return string
function messages.text(what, answer, waited, url)
  local matched = answer.matched or 0
  local why = answer.why == "hidden" and matched == 1 and "%e is not visible for %t"
    or WHY[answer.why] or WHY.missing
  local fill = { t = waited, e = answer.element or "it", b = answer.by or "something else",
    n = count_words(matched) }
  local text = what .. ": " .. why:gsub("%%(%l)", fill)
  if matched > 1 and answer.why ~= "hidden" and answer.why ~= "missing" then
    text = ("%s (the first visible of %s)"):format(text, count_words(matched))
  end
  if answer.near and #answer.near > 0 and NEAR[answer.why or "missing"] then
    text = text .. NEAR[answer.why or "missing"] .. table.concat(answer.near, ", ")
  end
  return ("%s. URL %s"):format(text, url)
end

-- The page's own words for a failure; without them, should it have gone meanwhile, as it is.
local function explained(tab, what, selector, answer)
  if answer.explained then return answer end
  local ok, more = pcall(world.ask, tab, what, "explain",
    { parts = selectors.parse(selector), why = answer.why }, world.soon())
  if not ok or not more then return answer end
  for _, field in ipairs { "element", "near", "by" } do
    if answer[field] ~= nil then more[field] = answer[field] end
  end
  return more
end

--- Raises the failure of an action.
---@param tab browser.Tab
---@param what string
---@param selector string
---@param answer table?   nil: no document could be asked in time
---@param waited string
function messages.raise(tab, what, selector, answer, waited)
  answer = answer and explained(tab, what, selector, answer)
  local url = tab.document.unreachable or tab.document.url
  local where = tab.in_frame and ("%s, in its frame %s"):format(url, tab:frame_url()) or url
  if not answer then
    local target = tab.navigating and tab.navigating.url
    fault.failure { code = "timeout", details = { selector = selector, url = url },
      message = ("%s: there was no page to look at for %s%s. URL %s"):format(what, waited,
        target and (", %s does not answer"):format(target) or "", where) }
  end
  fault.failure { code = "timeout", message = messages.text(what, answer, waited, where),
    details = { selector = selector, url = url, why = answer.why, matched = answer.matched,
      near = answer.near,
      dom = answer.dom } }
end

return messages
