--- The door for webhooks, /webhooks/NAME: who may, what was there before, how many. Used by
--- watch/api.lua; what is let in goes to watch/triggers.lua.

local hooks = require "watch.hooks"
local json = require "json"

local trigger_webhook = {}

local function respond(status, value, headers)
  headers = headers or {}
  headers["content-type"], headers["cache-control"] = "application/json", "no-store"
  return status, headers, json.encode(value) .. "\n"
end

-- What the script of a webhook sees of it: never its signature.
local function event_of(judged)
  return { kind = "webhook", form = judged.form, id = judged.id, name = judged.name,
    body = judged.body, text = judged.text, about = judged.about, keys = judged.keys }
end

--- Answers a request for /webhooks/NAME.
---@param self Triggers
---@param request table
---@return integer status
---@return table headers
---@return string body
function trigger_webhook.answer(self, request)
  local daemon = self.daemon
  local trigger = self.by_name[request.path:match "^/webhooks/([%w_-]+)$" or ""]
  if not trigger or trigger.kind ~= "webhook" then
    return respond(404, { error = "there is no webhook of this name" })
  end
  if request.method ~= "POST" then
    return respond(405, { error = "a webhook is sent by POST" }, { allow = "POST" })
  end
  if self.stopped then
    return respond(503, { error = "nano-sre stops" }, { ["retry-after"] = "30" })
  end
  local state, now = self.states[trigger.name], daemon.now()
  local judged, refusal = hooks.judge(trigger.hook, request, now)
  if not judged then
    self:count(trigger, "refused")
    self:tell_refused(trigger, "trigger.refused", { "from", request.remote, "status",
      refusal.status, "why", refusal.message })
    return respond(refusal.status, { error = refusal.message })
  end
  if judged.ignored then
    self:count(trigger, "ignored")
    return respond(200, { ignored = judged.ignored })
  end
  if not state.seen:add(trigger.name, judged.keys, daemon.db) then
    self:count(trigger, "duplicate")
    return respond(200, { duplicate = true })
  end
  local wait_ms = state.rate:take(now)
  local taken = not wait_ms and self:take(trigger, event_of(judged)) or { busy = true }
  if taken.busy then
    state.seen:remove(judged.keys) -- it may come again
    self:count(trigger, "limited")
    self:tell_refused(trigger, "trigger.limited", { "limit", trigger.limit })
    local seconds = math.max(1, math.ceil((wait_ms or 10000) / 1000))
    return respond(429, { error = ("more than %d deliveries a minute, or too much that waits")
      :format(trigger.limit) }, { ["retry-after"] = ("%d"):format(seconds) })
  end
  if not taken.kept then
    return respond(503, { error = "taken, but it cannot be kept at present: send it again",
      runs = taken.runs }, { ["retry-after"] = "60" })
  end
  return respond(200, { runs = taken.runs and json.array(taken.runs), script = trigger.script
    and trigger.script.name })
end

return trigger_webhook
