--- The sentence for an action that could not be done: what was looked for, what was there instead,
--- for how long.

local fault = require "fault"

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
  visible = "%e stayed visible for %t",
}

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
  if answer.near and #answer.near > 0 and (answer.why == "missing" or answer.why == "hidden") then
    text = text .. ". On the page are: " .. table.concat(answer.near, ", ")
  end
  return ("%s. URL %s"):format(text, url)
end

--- Raises the failure of an action.
---@param tab browser.Tab
---@param what string
---@param selector string
---@param answer table?   nil: no document could be asked in time
---@param waited string
function messages.raise(tab, what, selector, answer, waited)
  local url = tab.document.unreachable or tab.document.url
  if not answer then
    local target = tab.navigating and tab.navigating.url
    fault.failure { code = "timeout", details = { selector = selector, url = url },
      message = ("%s: there was no page to look at for %s%s. URL %s"):format(what, waited,
        target and (", %s does not answer"):format(target) or "", url) }
  end
  fault.failure { code = "timeout", message = messages.text(what, answer, waited, url),
    details = { selector = selector, url = url, why = answer.why, matched = answer.matched,
      near = answer.near,
      dom = answer.dom } }
end

return messages
