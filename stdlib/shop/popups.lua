--- What pops up over a shop's pages after a while, and clicking in spite of it: a shopper closes it
--- and goes on. What can't be closed is the shop's trouble, and the click's own failure names it.

local consent = require "shop.consent"
local fault = require "fault"

local popups = {}

local SCRIPT = sys.resource("shop/popups.js")
local MARK = "data-nano-sre-close"
local GONE = { missing = true, hidden = true, replaced = true } -- it went before it was answered
local FIRST_MS, CLOSE_MS, GONE_MS, AT_MOST = 1000, 3000, 2000, 3

-- Whether there was one with a button to close it. Where none can be told, the Escape key may do.
local function close_layer(page)
  local seen, marked = page:eval(SCRIPT, MARK), ("[%s]"):format(MARK)
  if seen.close then
    page:click(marked, { timeout = CLOSE_MS })
    pcall(page.wait_for, page, marked, { state = "hidden", timeout = GONE_MS })
  elseif seen.there then
    page:press("css=body", "Escape", { timeout = CLOSE_MS })
  end
  return seen.close
end

-- Why a click could not reach its element, nil for any other trouble. It has done nothing then, so
-- it can be made again.
local function obstacle(why)
  return fault.is(why, "failure") and type(why.details) == "table" and why.details.why or nil
end

-- Clicks; when something covers the element, takes it away first.
local function click_after(page, selector, take_away)
  local ok, why = pcall(page.click, page, selector, { timeout = FIRST_MS })
  if ok then return end
  if not obstacle(why) then error(why, 0) end
  if obstacle(why) == "covered" then take_away(page) end
  page:click(selector)
end

-- What pops up may as well go by itself: that it could not be closed is no trouble of its own.
local function try(close, ...)
  local ok, done = pcall(close, ...)
  if not ok and not fault.is(done, "failure") then error(done, 0) end
  return ok and done
end

--- Answers the cookie banner of the page that is open, if there is one.
---@param page Page
---@param answer "accept"|"decline"
---@param options { wait: number }?  ms to wait for a banner, 3000 if absent
---@return boolean there  there was a banner, and it is answered
function popups.answer_cookies(page, answer, options)
  local ok, there = pcall(consent.answer, page, answer, { wait = options and options.wait,
    click = function(_, button)
      click_after(page, button, function() try(close_layer, page) end)
    end })
  if ok then return there end
  if GONE[obstacle(there) or ""] then return false end
  error(there, 0)
end

--- Closes what pops up over the page, as far as it can be closed: a cookie banner (refusing, unless
--- another answer was given before), a newsletter's form.
---@param page Page
---@return integer closed  how many
function popups.close(page)
  local closed, answer = 0, consent.wanted(page) or "decline"
  while closed < AT_MOST and (try(popups.answer_cookies, page, answer, { wait = 0 })
    or try(close_layer, page)) do
    closed = closed + 1
  end
  return closed
end

--- Clicks; what has popped up over the element is closed first.
---@param page Page
---@param selector string
function popups.click(page, selector) click_after(page, selector, popups.close) end

return popups
