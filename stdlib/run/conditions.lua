--- Under which conditions a run looked at the shop: which look it was, and at which of the shop's
--- addresses. The look that follows a FAIL is made under other ones (watch/confirm.lua chooses), so
--- that one bad server or one stale connection is not taken for the shop. Used by run/session.lua
--- and run/pages.lua.
---
--- job.attempt: 1; 2 and more look again. job.look: { address, previous, count }: where this look
--- goes, where the last one was, how many addresses there are.

local conditions = {}

local RULES = "--host-resolver-rules="

local function store_host(job)
  local parts = job.store and require("url").parse(job.store.url or "")
  return parts and parts.host
end

--- Called before the script runs.
---@param job table
function conditions.prepare(job)
  if (job.attempt or 1) > 1 then require("http.seen").be_fresh() end
end

--- The browser for a job: one that goes to another address of the shop is a process of its own,
--- which ends with the run. Second value: whether it is such a one.
---@param job table
---@return table browser
---@return boolean own
function conditions.browser(job)
  local given, host = job.browser or {}, store_host(job)
  local address = job.look and job.look.address
  if not address or not host or given.endpoint then return given, false end
  local browser, args, rule = {}, {}, ("MAP %s %s"):format(host,
    address:find(":", 1, true) and "[" .. address .. "]" or address)
  for name, value in pairs(given) do browser[name] = value end
  for _, arg in ipairs(given.args or {}) do
    if arg:sub(1, #RULES) == RULES then
      rule = rule .. ", " .. arg:sub(#RULES + 1)
    else
      args[#args + 1] = arg
    end
  end
  args[#args + 1] = RULES .. rule
  browser.args = args
  return browser, true
end

-- Where the shop's pages came from, as the browser said.
local function page_address(run, host)
  local shared = run.page_context and run.page_context.shared
  for _, one in ipairs(shared and shared.pages or {}) do
    local address = one.tab.network:address_of(host)
    if address then return address end
  end
end

--- Called when the script has ended and its pages are still there: the result of a look that
--- failed, or that looked again, says how it was made.
---@param run run.State
---@param failed boolean
function conditions.note(run, failed)
  local job, look = run.job, run.job.look or {}
  local attempt, host = job.attempt, store_host(run.job)
  if not attempt or not host or not failed and attempt == 1 then return end
  local ok, address = pcall(page_address, run, host)
  address = ok and address or require("http.seen").address(host) or look.address
  run.details.conditions = { attempt = attempt, address = address, previous = look.previous,
    addresses = look.count }
  if attempt > 1 then
    local where = look.address and look.previous and ("at %s instead of %s"):format(look.address,
      look.previous) or address and "at " .. address or "with fresh connections"
    table.insert(run.notes, ("look %d at the shop, %s"):format(attempt, where))
  end
end

return conditions
