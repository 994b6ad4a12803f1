--- Requests that a script blocks, answers or alters, and passwords that a server asks for (basic
--- auth): Chromium's Fetch domain, switched on for the addresses of the rules alone, because each
--- request that it holds costs a round trip. Holds for the page, its frames and its workers.

local fault = require "fault"
local glob = require "browser.glob"
local json = require "json"
local nearest = require "run.nearest"
local secret = require "run.secret"

local routes = {}

local CALL_MS, RULES_MAX = 5000, 100
local ROUTE = "page:route(pattern, {abort} or {status, body, headers} or {headers, url, method})"

---@class browser.Routes
---@field tab browser.Tab
---@field rules table[]     the newest last, which goes first
---@field login table?      { name, password, host }
local Routes = {}
Routes.__index = Routes

---@param tab browser.Tab
---@return browser.Routes
function routes.new(tab)
  return setmetatable({ tab = tab, rules = {} }, Routes)
end

-- As Chromium matches: at least what our pattern matches, which is looked at again in test().
local function chromium_pattern(pattern)
  if type(pattern) == "function" then return "*" end
  local out = pattern:gsub("[\\?]", "\\%0"):gsub("%*+", "*")
  if pattern:sub(1, 1) == "/" then out = "*://*" .. out end
  return out .. "*"
end

local function switch(self)
  local tab, patterns = self.tab, json.array {}
  for i, rule in ipairs(self.rules) do
    patterns[i] = { urlPattern = chromium_pattern(rule.pattern) }
  end
  if self.login then patterns = json.array { { urlPattern = "*" } } end
  local method, params = "Fetch.disable", nil
  if #patterns > 0 then
    method, params = "Fetch.enable", json.encode { patterns = patterns,
      handleAuthRequests = self.login ~= nil }
  end
  local answer, text, code = tab.browser:call(method, params, tab.session, CALL_MS)
  if not answer then require("browser.world").raise(tab, "route", text, code) end
  tab.targets:tell("Fetch", method, params)
end

local function header_list(headers)
  local list = json.array {}
  for name, value in pairs(headers) do
    list[#list + 1] = { name = name, value = tostring(value) }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local FIELDS = { abort = true, status = true, body = true, headers = true, url = true,
  method = true, post_data = true }

local function check_answer(answer)
  if type(answer) ~= "table" then
    fault.usage(ROUTE, ("what to do must be a table, not %s"):format(type(answer)),
      "write { abort = true } or { status = 503, body = \"…\" }")
  end
  for key in pairs(answer) do
    if not FIELDS[key] then
      fault.usage(ROUTE, ("unknown field %q"):format(tostring(key)), nearest.hint(key, FIELDS))
    end
  end
  local status = answer.status
  if status ~= nil and (type(status) ~= "number" or status < 100 or status > 599) then
    fault.usage(ROUTE, "status is a number from 100 to 599")
  end
  return answer
end

local function fulfil(id, answer)
  local headers, body = {}, answer.body or ""
  local kind = "text/html; charset=utf-8"
  if type(body) == "table" then body, kind = json.encode(body), "application/json" end
  for name, value in pairs(answer.headers or {}) do headers[name:lower()] = value end
  headers["content-type"] = headers["content-type"] or kind
  return "Fetch.fulfillRequest", { requestId = id, responseCode = answer.status or 200,
    responseHeaders = header_list(headers), body = sys.codec.base64(tostring(body)) }
end

local function alter(id, answer, event)
  local params = { requestId = id, url = answer.url, method = answer.method,
    postData = answer.post_data and sys.codec.base64(answer.post_data) }
  if answer.headers then
    local headers, given = {}, {}
    for name, value in pairs(answer.headers) do given[name:lower()] = value end
    for name, value in pairs(event.request.headers) do
      if given[name:lower()] == nil then headers[name] = value end
    end
    for name, value in pairs(given) do
      if value ~= false then headers[name] = value end
    end
    params.headers = header_list(headers)
  end
  return "Fetch.continueRequest", params
end

local function carry_out(self, event, answer, session)
  local id, method, params = event.requestId, nil, nil
  if answer and answer.abort then
    method, params = "Fetch.failRequest", { requestId = id, errorReason = "BlockedByClient" }
  elseif answer and (answer.status or answer.body ~= nil) then
    method, params = fulfil(id, answer)
  else
    method, params = alter(id, answer or {}, event)
  end
  self.tab.browser:post(method, json.encode(params), session)
end

-- The script's function decides; in a task of its own, because it may wait.
local function decide(self, rule, event, session)
  local sent = event.request
  local headers = {}
  for name, value in pairs(sent.headers) do headers[name:lower()] = value end
  -- To the Fetch domain fetch() is an XHR as well.
  local kind = (event.resourceType or "Other"):lower()
  local ok, answer = pcall(rule.answer, { url = sent.url, method = sent.method, headers = headers,
    post_data = sent.postData, type = kind })
  local problem = not ok and answer or nil
  if ok and answer ~= nil then
    ok, problem = pcall(check_answer, answer)
    if ok then problem = nil end
  end
  carry_out(self, event, not problem and answer or nil, session)
  if problem then error(problem, 0) end
end

--- Fetch.requestPaused
---@param event table
---@param session string  that told of it: the page's, or one of a frame or worker
function Routes:paused(event, session)
  for i = #self.rules, 1, -1 do
    local rule = self.rules[i]
    if rule.test(event.request.url) then
      rule.count = rule.count + 1
      if type(rule.answer) ~= "function" then
        return carry_out(self, event, rule.answer, session)
      end
      sys.task.spawn(decide, self, rule, event, session)
      return
    end
  end
  carry_out(self, event, nil, session)
end

--- Fetch.authRequired. A wrong password is told once, then the server's 401 stands.
---@param event table
---@param session string
function Routes:challenged(event, session)
  local login = self.login
  local url = sys.codec.url_parse(event.request.url)
  local ours = login and url and self.tab.hosts:allows(url.host)
    and event.authChallenge.source ~= "Proxy" and not login.tried[event.requestId]
  if ours then login.tried[event.requestId] = true end
  self.tab.browser:post("Fetch.continueWithAuth", json.encode { requestId = event.requestId,
    authChallengeResponse = ours and { response = "ProvideCredentials", username = login.name,
    password = login.password } or { response = "CancelAuth" } }, session)
end

--- page:route: what becomes of requests to addresses that match, from now on; the rule that was
--- made last goes first.
---@param tab browser.Tab
---@param pattern string|function
---@param answer table|function  a function gets the request and gives a table or nil (let it pass)
function routes.route(tab, pattern, answer)
  local test = glob.compile(ROUTE, pattern)
  if type(answer) ~= "function" then check_answer(answer) end
  local rules = tab.routes.rules
  if #rules >= RULES_MAX then fault.usage(ROUTE, ("a page has at most %d"):format(RULES_MAX)) end
  rules[#rules + 1] = { pattern = pattern, test = test, answer = answer, count = 0 }
  local ok, why = pcall(switch, tab.routes)
  if ok then return end
  rules[#rules] = nil
  error(why, 0)
end

--- page:unroute: takes the rules of a pattern away, or all.
---@param tab browser.Tab
---@param pattern string|function|nil
function routes.unroute(tab, pattern)
  local rules = tab.routes.rules
  for i = #rules, 1, -1 do
    if pattern == nil or rules[i].pattern == pattern then table.remove(rules, i) end
  end
  switch(tab.routes)
end

--- page:set_login: the name and password for a server of the store that asks for them (basic auth).
---@param tab browser.Tab
---@param name string?  nil: none any more
---@param password string|Secret|nil
function routes.set_login(tab, name, password)
  local signature = "page:set_login(name, password)"
  if name ~= nil and (type(name) ~= "string" or type(secret.reveal(password)) ~= "string") then
    fault.usage(signature, "name and password are texts")
  end
  tab.routes.login = name and { name = name, password = secret.reveal(password), tried = {} } or nil
  switch(tab.routes)
end

return routes
