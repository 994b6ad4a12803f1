--- What pops up over a shop's pages after a while, and clicking in spite of it: a shopper closes it
--- and goes on. What can't be closed is the shop's trouble, and the click's own failure names it.

local consent = require "shop.consent"
local fault = require "fault"

local popups = {}

local SCRIPT = sys.resource("shop/popups.js")
local MARK = "data-nano-sre-close"
local FIRST_MS, CLOSE_MS, GONE_MS, AT_MOST = 1000, 3000, 2000, 3

-- Whether there was one. Where no button can be told, the Escape key may do.
local function close_one(page)
  if consent.answer(page, consent.wanted(page) or "decline", { wait = 0 }) then return true end
  local seen, marked = page:eval(SCRIPT, MARK), ("[%s]"):format(MARK)
  if seen.close then
    page:click(marked, { timeout = CLOSE_MS })
    pcall(page.wait_for, page, marked, { state = "hidden", timeout = GONE_MS })
  elseif seen.there then
    page:press("css=body", "Escape", { timeout = CLOSE_MS })
  end
  return seen.close
end

--- Closes what pops up over the page: a cookie banner (refusing, unless another answer was given
--- before), a newsletter's form.
---@param page Page
---@return integer closed  how many
function popups.close(page)
  local closed = 0
  while closed < AT_MOST and close_one(page) do closed = closed + 1 end
  return closed
end

-- Whether a click's failure says that the element could not be reached: nothing was clicked then.
local function was_covered(why)
  return fault.is(why, "failure") and type(why.details) == "table" and why.details.why == "covered"
end

--- Clicks; what has popped up over the element is closed first.
---@param page Page
---@param selector string
function popups.click(page, selector)
  local ok, why = pcall(page.click, page, selector, { timeout = FIRST_MS })
  if ok then return end
  if not (fault.is(why, "failure") and type(why.details) == "table" and why.details.why) then
    error(why, 0)
  end
  if was_covered(why) then
    local done, problem = pcall(popups.close, page)
    if not done and not fault.is(problem, "failure") then error(problem, 0) end
  end
  page:click(selector)
end

return popups
