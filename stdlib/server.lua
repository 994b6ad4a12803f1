--- An HTTP server with routes, for the stdlib itself (the demo store, webhooks, the dashboard).
---
---    local srv = assert(server.listen { port = 0 })
---    srv:route("GET", "/products/:handle", function(req)
---      return { status = 200, headers = { ["content-type"] = "text/plain" },
---        body = req.params.handle }
---    end)
---    srv:websocket("/live", function(socket, req) socket:send(socket:recv()) end)
---    srv:serve()                     waits until srv:close()
---
--- A handler runs in a task of its own and returns
---   { status = 200, headers = {name = value or {values}}, body = string }
---   … with json = value instead of body; with body = function(write) for an answer in pieces:
---   write(text) waits while the client is behind and returns nil, message when it has gone
---   a string: a page of plain text; nothing: 204
--- An error in it is a 500 and a line in the log, with the route and the traceback.

local fault = require "fault"
local json = require "json"
local request = require "server.request"
local router = require "server.router"

local server = {}

---@class server.Response
---@field status number?   default 200
---@field headers table<string, string|string[]>?
---@field body string|fun(write: fun(text: string): boolean?, string?)|nil
---@field json any?        encoded as the body

---@class server.Options
---@field host string?            an address of this machine; default 127.0.0.1
---@field port number?            default 0: any free one
---@field tls_cert string?        PEM file; with tls_key: TLS
---@field tls_key string?
---@field max_body number?        bytes; default 1 MB; beyond: 413
---@field max_message number?     bytes of a WebSocket message; default 8 MB
---@field max_connections number?  default 1,000; further clients wait
---@field max_waiting number?      requests not answered yet, default 1,000; beyond: 503
---@field header_timeout number?   milliseconds, default 10 s
---@field idle_timeout number?     milliseconds, default 60 s
---@field body_timeout number?     milliseconds, default 30 s
---@field answer_timeout number?   milliseconds for a handler to answer, default 30 s; then 504
---@field write_timeout number?    milliseconds that a client may take nothing, default 30 s
---@field ping_interval number?    milliseconds; silent WebSockets are pinged; default 30 s
---@field log (fun(line: string))?  takes lines of the log; default: to stderr

---@class server.Server
local Server = {}
Server.__index = Server

local function to_stderr(line)
  sys.env.write(2, line .. "\n")
end

--- Opens a server; it takes connections from now on, and answers from `serve` on.
---@param options server.Options?
---@return server.Server? server
---@return string? message
---@return string? code  "exists": the port is in use; "permission", "invalid", "tls", "not-found"
function server.listen(options)
  options = options or {}
  local handle, message, code = sys.server.listen(options)
  if not handle then return nil, message, code end
  return setmetatable({
    handle = handle,
    host = options.host or "127.0.0.1",
    scheme = options.tls_cert and "https" or "http",
    routes = router.new(), sockets = router.new(), log = options.log or to_stderr,
  }, Server)
end

--- The port that the server listens on.
---@return number
function Server:port() return self.handle:port() end

--- Where the server is, without a trailing slash.
---@return string
function Server:url()
  local host = self.host:find(":", 1, true) and "[" .. self.host .. "]" or self.host
  return ("%s://%s:%d"):format(self.scheme, host, self:port())
end

local function need_path(signature, path)
  if type(path) ~= "string" or path:sub(1, 1) ~= "/" then
    fault.usage(signature, 'path must be a text that begins with "/"')
  end
end

local function need_function(signature, fn)
  if type(fn) ~= "function" then
    fault.usage(signature, "fn must be a function, not " .. type(fn))
  end
end

--- Adds a handler; GET answers HEAD too.
---@param method string  "GET", "POST", …, or "*" for any
---@param path string    "/cart", "/products/:handle", "/files/*rest"
---@param fn fun(req: server.Request): server.Response|string|nil
---@raise usage: wrong arguments
function Server:route(method, path, fn)
  local signature = "srv:route(method, path, fn)"
  if type(method) ~= "string" then
    fault.usage(signature, "method must be a text, not " .. type(method))
  end
  need_path(signature, path)
  need_function(signature, fn)
  self.routes:add(method:upper(), path, { path = method:upper() .. " " .. path, fn = fn })
end

--- Answers what no route takes; without it that is a 404.
---@param fn fun(req: server.Request): server.Response|string|nil
---@raise usage: wrong arguments
function Server:fallback(fn)
  need_function("srv:fallback(fn)", fn)
  self.otherwise = { path = "(fallback)", fn = fn }
end

--- Takes WebSockets at a path. fn runs in a task of its own; when it returns the WebSocket is
--- closed. Its socket has
---   socket:recv([timeout_ms])     waits → data, "text"|"binary" | nil, message, code
---   socket:send(data[, binary])   → true | nil, message, code
---   socket:close([code[, reason]])
--- A page of another origin is refused with 403 unless options.any_origin.
---@param path string  as for `route`
---@param fn fun(socket: userdata, req: server.Request)
---@param options {any_origin: boolean?}?
---@raise usage: wrong arguments
function Server:websocket(path, fn, options)
  need_path("srv:websocket(path, fn[, options])", path)
  need_function("srv:websocket(path, fn[, options])", fn)
  self.handle:add_socket_path(router.fixed_part(path), options and options.any_origin or false)
  self.sockets:add("GET", path, { path = "websocket " .. path, fn = fn })
end

--- Answers GET of a path from memory, with ETag.
---@param path string
---@param content_type string
---@param data string
function Server:file(path, content_type, data)
  self.handle:add_file(path, content_type, data)
end

--- Answers GET below a prefix with the files of a folder, with ETag; never with names that begin
--- with a dot, never through symbolic links. What is not there goes to the routes.
---@param prefix string  begins and ends with "/"
---@param dir string
---@return boolean? ok
---@return string? message
---@return string? code
function Server:folder(prefix, dir)
  return self.handle:add_folder(prefix, dir)
end

local function text_answer(status, text, headers)
  headers = headers or {}
  headers["content-type"] = "text/plain; charset=utf-8"
  return { status = status, headers = headers, body = text .. "\n" }
end

local function log_failure(self, req, entry, trace)
  self.log(('level=error event=server.handler method=%s route="%s" error=%q'):format(req.method,
    entry.path, trace))
end

-- Runs a handler. Returns whether it did not fail, and what it returned.
local function protected(self, req, entry, ...)
  local trace
  local ok, result = xpcall(entry.fn, function(err)
    trace = debug.traceback(tostring(err), 2)
  end, ...)
  if not ok then log_failure(self, req, entry, trace) end
  return ok, result
end

local function find_answer(self, req)
  local entry, params, allowed = self.routes:find(req.method, req.path)
  if not entry and allowed[1] then
    local headers = { allow = table.concat(allowed, ", ") }
    if req.method == "OPTIONS" then return { status = 204, headers = headers } end
    return text_answer(405, "405 Method Not Allowed", headers)
  end
  entry = entry or self.otherwise
  if not entry then return text_answer(404, "404 Not Found") end
  req.params = params
  local ok, result = protected(self, req, entry, req)
  if ok then return result, entry end
  return text_answer(500, "500 Internal Server Error")
end

local function stream(self, req, entry, answer)
  local handle, id = self.handle, req.id
  local ok, message = handle:stream_begin(id, answer.status or 200, answer.headers or {})
  if not ok then return ok, message end
  local complete = protected(self, req, entry, function(text)
    return handle:stream_write(id, text)
  end)
  if complete then return handle:stream_end(id) end
  return handle:stream_abort(id)
end

local function send(self, req, entry, answer)
  if type(answer) == "string" then
    answer = { body = answer, headers = { ["content-type"] = "text/plain; charset=utf-8" } }
  elseif answer == nil then
    answer = { status = 204 }
  end
  local headers, body = answer.headers or {}, answer.body
  if type(body) == "function" then
    return stream(self, req, { path = entry.path, fn = body }, answer)
  end
  if answer.json ~= nil then
    headers["content-type"] = headers["content-type"] or "application/json"
    body = json.encode(answer.json)
  end
  return self.handle:respond(req.id, answer.status or 200, headers, body or "")
end

local function serve_request(self, raw)
  local req = request.wrap(raw)
  local answer, entry = find_answer(self, req)
  local fine, ok, message, code = pcall(send, self, req, entry or {}, answer)
  if fine and (ok or code == "closed") then return end
  log_failure(self, req, entry or { path = req.path }, tostring(fine and message or ok))
  local sorry = text_answer(500, "500 Internal Server Error")
  self.handle:respond(req.id, sorry.status, sorry.headers, sorry.body)
end

local function serve_socket(self, raw)
  local socket, req = raw.socket, request.wrap(raw)
  local entry, params = self.sockets:find("GET", req.path)
  if not entry then return socket:close(1008, "there is nothing at this path") end
  req.params = params
  local ok = protected(self, req, entry, socket, req)
  socket:close(ok and 1000 or 1011, ok and "" or "internal error")
end

--- Answers requests until `close` and everything under way is answered. Waits. Call it once.
function Server:serve()
  local handle, spawn = self.handle, sys.task.spawn
  while true do
    local raw = handle:accept()
    if not raw then return end
    spawn(raw.kind == "websocket" and serve_socket or serve_request, self, raw)
  end
end

--- Takes no more connections; requests under way are answered, WebSockets are closed with 1001,
--- then `serve` returns.
function Server:close() self.handle:close() end

return server
