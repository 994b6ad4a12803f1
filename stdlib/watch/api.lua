--- The daemon over HTTP: health, metrics, reload, and the JSON API that the verbs (trigger, reload,
--- incident, silence) and other programs use. Used by watch/service.lua.
---
--- Who may: reading is open on loopback; whatever changes something needs the token, and so does
--- everything when the daemon listens elsewhere. On loopback without a token the Host header must
--- name this machine, so that a web page cannot reach it by a name of its own.

local actions = require "watch.actions"
local fault = require "fault"
local json = require "json"
local queries = require "watch.queries"
local url = require "url"

local api = {}

local MAX_BODY, MAX_WEBHOOK = 65536, 1048576
local STATUS_OF = { ["not-found"] = 404, invalid = 400, busy = 409, failed = 422 }

---@class WatchApi
local Api = {}
Api.__index = Api

local function host_and_port(text)
  local host, port = text:match("^%[(.-)%]:(%d+)$")
  if not host then host, port = text:match("^([^:]*):(%d+)$") end
  return host or text, tonumber(port or 0)
end

local function is_loopback(host)
  return host == "localhost" or host == "::1" or host:match("^127%.") ~= nil
end

--- Opens the server and writes where it is to watch.json beside the database.
---@param daemon Daemon
---@param config Config
---@param token string?  of the one before, which stays unless one is configured
---@return WatchApi? api
---@return table? trouble
function api.open(daemon, config, token)
  local host, port = host_and_port(config:get "watch.listen")
  local loopback, own = is_loopback(host), config:get "watch.token"
  if not loopback and not own then
    return nil, { message = ("watch.listen %s can be reached from other machines, so it needs "
      .. "watch.token (or NANO_SRE_TOKEN)"):format(config:get "watch.listen") }
  end
  local server, why = sys.server.listen { host = host, port = port, max_body = MAX_WEBHOOK }
  if not server then return nil, { message = "the API can't listen: " .. why } end
  local self = setmetatable({ daemon = daemon, server = server, loopback = loopback,
    listen = config:get "watch.listen", own = own, host = host,
    token = own or token or sys.codec.hex(sys.random.bytes(24)) }, Api)
  daemon.log:hide(self.token)
  self.url = ("http://%s:%d"):format(host:find(":", 1, true) and "[" .. host .. "]" or host,
    server:port())
  self.file = daemon.folder .. "/watch.json"
  self:announce()
  return self
end

--- Writes where the API is, and its token, for the verbs.
function Api:announce()
  local daemon = self.daemon
  local ok, why = sys.files.write(self.file, json.encode { pid = sys.env.pid(), url = self.url,
    token = self.token, version = daemon.version } .. "\n", { mode = 384 }) -- 0600
  if not ok then daemon.log:say("warn", "api.not_announced", { "why", why }) end
end

-- ---- who may ------------------------------------------------------------------------------------

local function allowed(self, request, changes)
  local given = (request.headers.authorization or ""):match "^[Bb]earer%s+(.+)$"
  if given and sys.codec.equal(given, self.token) then return true end
  if changes or not self.loopback then return false end
  local host = host_and_port(request.headers.host or "")
  return is_loopback(host)
end

-- ---- answers ------------------------------------------------------------------------------------

local function text(status, body, kind)
  return status, { ["content-type"] = kind or "text/plain; charset=utf-8" }, body
end

local function answer(status, value)
  return status, { ["content-type"] = "application/json", ["cache-control"] = "no-store" },
    json.encode(value) .. "\n"
end

local function result(value, message, code)
  if value then return answer(200, value) end
  return answer(STATUS_OF[code] or 500, { error = message, code = code })
end

-- A database question.
local function rows(name, value, why)
  if not value then return answer(503, { error = why.message, code = why.code }) end
  return answer(200, { [name] = json.array(value) })
end

local get, post = {}, {}

get["/-/healthy"] = function(self)
  local age = sys.clock.mono() - (self.daemon.loop.turned_at or 0)
  if age > 90000 then return text(503, "the loop has not turned for a while\n") end
  return text(200, "healthy\n")
end

get["/-/ready"] = function(self)
  local daemon = self.daemon
  if daemon.stopping then return text(503, "stopping\n") end
  if daemon.journal.trouble then
    return text(503, "the database can't be written: " .. daemon.journal.trouble.message .. "\n")
  end
  return text(200, "ready\n")
end

get["/metrics"] = function(self)
  return text(200, require("watch.metrics").page(self.daemon),
    "text/plain; version=0.0.4; charset=utf-8")
end

--- The checks as the API, the view and `nano-sre watch` show them.
---@param daemon Daemon
---@return table[]
function api.checks(daemon)
  local list, planner, now = {}, daemon.core.planner, daemon.now()
  local iso = require("time").iso8601
  for i, check in ipairs(planner.order) do
    local live = planner.live[check.id] or {}
    local next_ms = planner:next_of(check.id, now)
    list[i] = { id = check.id, store = check.store.name, skill = check.skill,
      every_ms = check.every_ms, cron = check.cron_text, hours = check.hours_text,
      severity = check.policy.severity, missed = live.missed or 0,
      running = live.launch ~= nil and live.launch.started_ms ~= nil,
      next_at = next_ms and iso(next_ms), broken = check.script.broken
        and check.script.broken.message,
      last = live.last and { status = live.last.status, at = iso(live.last.at),
        duration_ms = live.last.duration_ms, summary = live.last.summary } }
  end
  return list
end

get["/api/v1/checks"] = function(self)
  return answer(200, { checks = json.array(api.checks(self.daemon)) })
end

get["/api/v1/triggers"] = function(self)
  return answer(200, { triggers = json.array(self.daemon.triggers:shown()) })
end

get["/api/v1/incidents"] = function(self, query)
  return rows("incidents", queries.incidents(self.daemon.db, query))
end

get["/api/v1/runs"] = function(self, query)
  return rows("runs", queries.runs(self.daemon.db, query))
end

get["/api/v1/silences"] = function(self, query)
  return rows("silences", queries.silences(self.daemon.db, query.all ~= nil, self.daemon.now()))
end

get["/api/v1/incidents/#"] = function(self, _, _, id)
  local incident, why = queries.incident(self.daemon.db, tonumber(id))
  if why then return answer(503, { error = why.message, code = why.code }) end
  if not incident then return answer(404, { error = "there is no incident " .. id }) end
  return answer(200, incident)
end

post["/-/reload"] = function(self)
  local outcome = self.daemon.reload:request "api"
  json.array(outcome.problems)
  return answer(outcome.ok and 200 or 409, outcome)
end

post["/api/v1/trigger"] = function(self, _, body)
  local name = tostring(body.name)
  local value, message, code = actions.trigger(self.daemon.core, name, self.daemon.now())
  if code == "not-found" and self.daemon.triggers.by_name[name] then
    value, message, code = self.daemon.triggers:fire(name)
  end
  if value then self.daemon.loop:wake() end
  return result(value, message, code)
end

for _, verb in ipairs { "ack", "resolve", "note" } do
  post["/api/v1/incidents/#/" .. verb] = function(self, _, body, id)
    return result(actions[verb](self.daemon.core, id, body, self.daemon.now()))
  end
end

post["/api/v1/silences"] = function(self, _, body)
  return result(actions.silence(self.daemon.core, body, self.daemon.now()))
end

post["/api/v1/silences/#/expire"] = function(self, _, _, id)
  return result(actions.expire(self.daemon.core, id, self.daemon.now()))
end

-- ---- serving ------------------------------------------------------------------------------------

local function decode_body(request)
  if request.body == nil or request.body == "" then return {} end
  local value = json.decode(request.body)
  return type(value) == "table" and value or nil
end

--- Answers a request: status, headers, body.
function Api:route(request)
  if request.path:find "^/webhooks/" then -- who may, says the signature
    return require("watch.trigger_webhook").answer(self.daemon.triggers, request)
  elseif #(request.body or "") > MAX_BODY then
    return answer(413, { error = ("a body has at most %d bytes"):format(MAX_BODY) })
  end
  local id = request.path:match "/(%d+)%f[/%z]"
  local path = id and request.path:gsub("/%d+%f[/%z]", "/#", 1) or request.path
  local reads = request.method == "GET" or request.method == "HEAD"
  local handler = (reads and get or request.method == "POST" and post or {})[path]
  if not handler then
    if get[path] or post[path] then return answer(405, { error = "wrong method" }) end
    return answer(404, { error = "there is no " .. request.path })
  end
  if not allowed(self, request, not reads) then
    return answer(401, { error = "the token of watch.json beside the database is needed: "
      .. "Authorization: Bearer TOKEN" })
  end
  local body = decode_body(request)
  if not body then return answer(400, { error = "the body is no JSON object" }) end
  return handler(self, url.decode_query(request.query or ""), body, id)
end

--- Answers a request, whatever its handler does.
function Api:serve_one(request)
  local ok, status, headers, body = xpcall(self.route, function(err)
    return fault.is(err) and err.message or debug.traceback(tostring(err), 2)
  end, self, request)
  if not ok then
    self.daemon.log:say("error", "engine.bug", { "path", request.path, "text", status })
    status, headers, body = answer(500, { error = "the daemon failed; its log says more" })
  end
  self.server:respond(request.id, status, headers, body)
end

--- Answers until close. In a task of its own.
function Api:run()
  while true do
    local request = self.server:accept()
    if not request then return end
    sys.task.spawn(self.serve_one, self, request)
  end
end

--- Another address or token is configured: listens there from now on. What the old one has taken is
--- answered.
---@param config Config
---@return WatchApi? new      nil: nothing has changed
---@return table? trouble     it stays where it is
function Api:move(config)
  local listen, own = config:get "watch.listen", config:get "watch.token"
  if listen == self.listen and own == self.own then return nil end
  if listen == self.listen then
    self.own, self.token = own, own or self.token
    self.daemon.log:hide(self.token)
    self:announce()
    return nil
  end
  local new, trouble = api.open(self.daemon, config, self.token)
  if not new then return nil, trouble end
  self.server:close()
  return new
end

--- Stops listening; the file that says where goes, too.
function Api:close()
  self.server:close()
  sys.files.remove(self.file)
end

return api
