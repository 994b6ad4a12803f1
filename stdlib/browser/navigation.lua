--- Going somewhere, and waiting until one is there.

local exchange = require "browser.exchange"
local fault = require "fault"
local glob = require "browser.glob"
local limits = require "browser.limits"
local nearest = require "run.nearest"
local net_error = require "browser.net_error"
local world = require "browser.world"

local navigation = {}

local GOTO = "page:goto(url, {timeout, wait_until, allow_status, any_type})"
local VITALS_MS = 300   -- for the last look at the page that is left
local ERROR_PAGE_MS, EVENT_MS = 1000, 1000
local REQUESTED_MS = 1500 -- a navigation that was asked for has begun by then, or will not

-- Names of load states → Chromium's lifecycle events. "commit": the document has begun.
local STATES = { commit = false, domcontentloaded = "DOMContentLoaded", load = "load",
  networkidle = "networkIdle" }

--- Waits until condition() gives something other than false and nil.
---@return any value  nil: the time was over
local function wait_until(tab, deadline, condition)
  while true do
    world.check_alive(tab)
    local value = condition()
    if value then return value end
    local left = deadline:left()
    if left == 0 then return nil end
    tab.changed:wait(left)
  end
end
navigation.wait_until = wait_until

local function state_of(signature, state)
  state = state or "load"
  if STATES[state] == nil then
    fault.usage(signature, ("there is no load state %q"):format(tostring(state)),
      nearest.hint(state, STATES))
  end
  return STATES[state]
end

--- What a page that does not come to an end is waiting for. Chromium tells no end of what earlier
--- documents and workers began, so only what this document asked for counts.
---@return string words
---@return string? what  "document" when it is the page itself that does not end
local function pending_words(tab)
  local open, first = 0, nil
  for one in tab.network:after(tab.mark) do
    if not one:is_over() and one:request().loader == tab.document.loader then
      if one:request().type == "document" and one:source() == "page" then
        return ": the server is still sending it", "document"
      end
      open = open + 1
      first = first or one:request().url
    end
  end
  if open == 0 then return "" end
  return (": still waiting for %s%s"):format(first, open > 1 and (" and %d more"):format(open - 1)
    or "")
end

local function status_words(got)
  local text = got.status_text
  return text and text ~= "" and ("%d %s"):format(got.status, text) or tostring(got.status)
end

--- The request that brought a document.
---@return browser.Exchange?
local function exchange_of(tab, document)
  return tab.network:find(document.loader)
end
navigation.exchange_of = exchange_of

local function chain_of(one)
  local chain = {}
  while one do
    table.insert(chain, 1, one:url())
    one = one.previous
  end
  return chain
end

--- A store that redirects to another host of its own takes the page there: such a host counts as
--- the store's.
local function learn(tab, one)
  if not one or not one.previous then return end
  local chain = chain_of(one)
  local first = chain[1] and sys.codec.url_parse(chain[1])
  if #chain > 1 and first and first.host and tab.hosts:allows(first.host) then
    for i = 2, #chain do tab.hosts:learn(chain[i]) end
  end
end

local PAGES = { "^text/", "html", "xml", "json", "javascript" }

local function is_page(mime)
  if not mime or mime == "" then return true end
  for _, pattern in ipairs(PAGES) do
    if mime:find(pattern) then return true end
  end
  return false
end

local function check_status(page, got, allowed)
  if got.status < 400 or allowed == true or allowed == got.status then return end
  if type(allowed) == "table" then
    for _, status in ipairs(allowed) do
      if status == got.status then return end
    end
  end
  fault.failure { code = "http-status",
    message = ("%s answered %s"):format(page, status_words(got)),
    details = { url = got.url, status = got.status } }
end

--- Raises for what Page.navigate says went wrong.
local function check_answer(tab, page, url, answer, allowed)
  if not answer.errorText then return end
  tab:catch_up()
  local one = answer.loaderId and tab.network:find(answer.loaderId)
  local got = one and one:response()
  if answer.errorText:find("HTTP_RESPONSE_CODE_FAILURE", 1, true) and got then
    return check_status(page, got, allowed)
  end
  if answer.errorText:find("ERR_ABORTED", 1, true) then
    if answer.isDownload then
      fault.failure { code = "not-a-page",
        message = ("%s is a download (%s), not a page"):format(page,
        got and got.mime or "unknown type"), details = { url = url } }
    end
    if got and (got.status == 204 or got.status == 205) then
      fault.failure { code = "not-a-page",
        message = ("%s answered %s: there is no page"):format(page,
        status_words(got)), details = { url = url, status = got.status } }
    end
    fault.failure { code = "aborted", message = page
      .. ": loading it was called off, by the page or by another navigation",
      details = { url = url } }
  end
  -- Chromium's own error page comes next; a picture of it belongs to the evidence.
  wait_until(tab, limits.deadline(ERROR_PAGE_MS),
    function() return tab.document.loader == answer.loaderId end)
  net_error.raise(page, url, answer.errorText, chain_of(one))
end

--- Keeps the last vitals of the document that is about to be left.
function navigation.leave(tab)
  if tab.document.seq == 0 then return end
  local document = tab.document
  local ticket = world.send(tab, "vitals", { limit = 0 })
  local answer = ticket and world.receive(tab, ticket, VITALS_MS)
  if answer and answer.value then document.vitals = answer.value end
end

local function navigate(tab, page, url, deadline)
  local answer, text, code = tab:call("Page.navigate", { url = url }, deadline:left())
  if answer then return answer end
  if code == "timeout" then
    world.check_alive(tab)
    tab:post("Page.stopLoading")
    fault.failure { code = "timeout",
      message = ("%s: the server did not answer for %s"):format(page, deadline:words()),
      details = { url = url, pending = "document" } }
  end
  world.raise(tab, page, text, code)
end

-- A page may send the visitor on at once by script; the document that stays is the one that counts.
local function await_document(tab, page, answer, before, event, deadline)
  local there = wait_until(tab, deadline, function()
    local document = tab.document
    if document.loader ~= answer.loaderId and document.seq <= before then return false end
    return not event or document.events[event] or document.events.load and event ~= "networkIdle"
  end)
  if there then return end
  local words, pending = pending_words(tab)
  tab:post("Page.stopLoading")
  fault.failure { code = "timeout",
    message = ("%s was not loaded after %s%s"):format(page, deadline:words(), words),
    details = { url = tab.document.url, pending = pending } }
end

--- page:goto
---@param tab browser.Tab
---@param url string
---@param options table?  timeout, wait_until, allow_status, any_type
---@return Response?      nil for a step within the same document (#fragment)
function navigation.go(tab, url, options)
  options = options or {}
  local event = state_of(GOTO, options.wait_until)
  local whole = tab.hosts:resolve(GOTO, url)
  local page = tab.hosts:words(whole)
  local deadline = limits.deadline(limits.read(GOTO, options.timeout, tab.navigation_timeout))
  world.check_alive(tab)
  navigation.leave(tab)
  tab:begin()
  local before, steps = tab.document.seq, tab.steps
  local answer = navigate(tab, page, whole, deadline)
  check_answer(tab, page, whole, answer, options.allow_status)
  if not answer.loaderId then
    -- A step within the document; its event may come behind the answer.
    wait_until(tab, limits.deadline(EVENT_MS), function() return tab.steps > steps end)
    return nil
  end
  await_document(tab, page, answer, before, event, deadline)
  local one = exchange_of(tab, tab.document)
  local got = one and one:response()
  if not got then return nil end
  learn(tab, one)
  check_status(page, got, options.allow_status)
  if not options.any_type and not is_page(got.mime) then
    fault.failure { code = "not-a-page", message = ("%s is %s, not a page"):format(page, got.mime),
      details = { url = got.url } }
  end
  return exchange.response(tab, one)
end

-- Raises when the page is Chromium's own "this site can't be reached".
local function check_reached(tab, what)
  local document = tab.document
  if not document.unreachable then return end
  local one = exchange_of(tab, document)
  net_error.raise(what .. ": " .. tab.hosts:words(document.unreachable), document.unreachable,
    one and one.failure or "net::ERR_FAILED", chain_of(one))
end

--- After an action: waits until the navigation that it set off, if any, has brought a document.
---@param what string  "click #add"
---@param deadline browser.Deadline
function navigation.follow(tab, what, deadline)
  tab:catch_up()
  if not tab:is_leaving() then return end
  local before = tab.document.seq
  -- tel: and javascript: links ask for a navigation that never begins.
  wait_until(tab, limits.deadline(math.min(REQUESTED_MS, deadline:left())),
    function() return not tab.requested end)
  local target = tab.navigating and tab.navigating.url
  if not wait_until(tab, deadline, function() return not tab.navigating end) then
    tab:post("Page.stopLoading")
    fault.failure { code = "timeout", message = ("%s: %s did not answer for %s"):format(what,
      tab.hosts:words(tab.navigating and tab.navigating.url or target), deadline:words()),
      details = { url = target } }
  end
  if tab.document.seq == before then return end
  check_reached(tab, what)
  learn(tab, exchange_of(tab, tab.document))
end

--- page:wait_for_load
function navigation.wait_for_load(tab, state, options)
  local signature = "page:wait_for_load(state, {timeout})"
  local event = state_of(signature, state)
  local deadline = limits.deadline(limits.read(signature, options and options.timeout,
    tab.navigation_timeout))
  local there = wait_until(tab, deadline, function()
    return not tab:is_leaving() and (not event or tab.document.events[event])
  end)
  if there then return end
  local words, pending = pending_words(tab)
  local page, what = tab.hosts:words(tab.document.url), state or "load"
  fault.failure { code = "timeout", details = { url = tab.document.url, pending = pending },
    message = what == "load"
      and ("%s was not loaded after %s%s"):format(page, deadline:words(), words)
      or ("%s did not reach the state %s in %s%s"):format(page, what, deadline:words(), words) }
end

--- page:wait_for_url
function navigation.wait_for_url(tab, pattern, options)
  local signature = "page:wait_for_url(pattern, {timeout, wait_until})"
  options = options or {}
  local event = state_of(signature, options.wait_until)
  local test = glob.compile(signature, pattern)
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.navigation_timeout))
  local there = wait_until(tab, deadline, function()
    local document = tab.document
    return not document.unreachable and test(document.url) and (not event or document.events[event])
  end)
  if there then return learn(tab, exchange_of(tab, tab.document)) end
  local now = tab.document
  fault.failure { code = "timeout",
    message = ("the page did not get to %s in %s; it is at %s%s"):format(
    glob.words(pattern), deadline:words(), now.unreachable or now.url,
    tab.navigating and (", on its way to %s"):format(tab.navigating.url) or ""),
    details = { url = now.url } }
end

local function describe_last(tab)
  local seen = {}
  for one in tab.network:after(tab.mark) do
    local sent = one:request()
    if sent.type == "fetch" or sent.type == "xhr" or sent.type == "document" then
      seen[#seen + 1] = sent.method .. " " .. tab.hosts:words(sent.url)
    end
  end
  if #seen == 0 then return "the page sent none" end
  return "the page sent " .. table.concat(seen, ", ", math.max(1, #seen - 4))
end

local function wait_for_exchange(tab, signature, kind, pattern, options)
  local wrap = exchange[kind]
  local function address(one) return one:url() end
  local test = glob.compile(signature, pattern, address)
  local deadline = limits.deadline(limits.read(signature, options and options.timeout, tab.timeout))
  local is_function = type(pattern) == "function"
  local looked = {} -- a request is shown to a function once
  local found = wait_until(tab, deadline, function()
    for one in tab.network:after(tab.mark) do
      if not looked[one] and (kind == "request" or one:response()) then
        looked[one] = true
        if test(is_function and wrap(tab, one) or one) then return one end
      end
    end
  end)
  if found then return wrap(tab, found) end
  fault.failure { code = "timeout",
    message = ("no %s for %s in %s; %s. URL %s"):format(kind, glob.words(pattern),
    deadline:words(), describe_last(tab), tab.document.url), details = { url = tab.document.url } }
end

--- page:wait_for_request: looks at the requests since the last action began, and at those to come.
function navigation.wait_for_request(tab, pattern, options)
  return wait_for_exchange(tab, "page:wait_for_request(pattern, {timeout})", "request", pattern,
    options)
end

--- page:wait_for_response
function navigation.wait_for_response(tab, pattern, options)
  return wait_for_exchange(tab, "page:wait_for_response(pattern, {timeout})", "response", pattern,
    options)
end

return navigation
