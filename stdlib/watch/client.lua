--- The verbs' way to a daemon that runs: where it is stands in watch.json beside the database. Used
--- by cli/verb/{trigger,reload,incident,silence}.lua.

local fault = require "fault"
local json = require "json"
local paths = require "config.paths"

local client = {}

local LIMIT_MS = 60000

---@class WatchClient
local Client = {}
Client.__index = Client

--- The daemon that has this configuration's database.
---@param config Config
---@return WatchClient?  nil: none runs
function client.find(config)
  local folder = paths.folder(config:get "database")
  local text = sys.files.read(folder .. "/watch.json", 65536)
  local found = text and json.decode(text)
  if type(found) ~= "table" or not found.url or not found.pid then return nil end
  -- The file of a daemon that was killed stays behind; the lock does not.
  local lock, _, code = sys.files.lock(folder .. "/watch.lock")
  if lock then
    lock:release()
    return nil
  end
  if code ~= "busy" then return nil end
  return setmetatable({ url = found.url, token = found.token, pid = found.pid }, Client)
end

--- Like find, but none is a usage fault.
---@return WatchClient
function client.need(config)
  local found = client.find(config)
  if not found then
    error(fault.new("engine", { message = "no nano-sre watches with this database ("
      .. paths.display(config:get "database", config.cwd) .. ")", code = "not-running",
      hint = "start it with `nano-sre watch`" }), 0)
  end
  return found
end

--- Why the database is behind what the daemon knows; nil: it is not.
---@return string?
function Client:behind()
  local response = sys.http.request { url = self.url .. "/-/ready", timeout = 2000 }
  if not response or response.status ~= 503 then return nil end
  return (response.body or ""):match "^(the database can't be written.-)%s*$"
end

--- Asks the daemon.
---@param method string
---@param path string
---@param body table?
---@return integer status
---@return table answer
function Client:request(method, path, body)
  local response, why = sys.http.request { url = self.url .. path, method = method,
    headers = { "authorization", "Bearer " .. self.token, "content-type", "application/json" },
    body = body and json.encode(body) or nil, timeout = LIMIT_MS }
  if not response then
    error(fault.new("engine", { message = "the daemon does not answer: " .. tostring(why),
      code = "no-answer" }), 0)
  end
  return response.status, json.decode(response.body) or {}
end

--- Asks the daemon; anything but 200 raises what it says.
---@return table answer
function Client:post(path, body)
  local status, answer = self:request("POST", path, body or {})
  if status == 200 then return answer end
  error(fault.new("usage", { message = answer.error or ("the daemon answered %d"):format(status),
    code = answer.code }), 0)
end

return client
