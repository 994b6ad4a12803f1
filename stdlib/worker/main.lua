--- The worker's control script (trusted): takes jobs from main, starts each in a state of its own,
--- sends main what the run says. Started by the engine in the role "worker". It ends when main
--- closes the line.
---
--- Messages in: {op="run"|"cancel"|"ping"|"quit"}, after that of a run a NUL and the run's argument
--- as it is; out: {type="event", id, event}, {type="end", id, how, text, stats, event}, whose event
--- is the run's last, and {type="pong"}. Invariant: every "run" is answered by exactly one "end",
--- whatever the script does.

local main = {}

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

local RESULT = '{"result":' -- how run/events.lua's last event begins
local MEMORY_CAP = 64 * 1024 * 1024 -- bytes of Lua memory for one run
local handles = {} -- id → the run's handle

local function send(message) sys.worker.parent_send(encode(message)) end

--- Starts the job and forwards its messages until it has ended.
local function serve(message)
  local id, cpu = message.id, sys.clock.cpu()
  local handle, text, code = sys.script.start {
    name = message.name,
    module = message.module,
    argument = message.argument,
    memory_cap = message.memory_cap or MEMORY_CAP,
    slice_ms = message.slice_ms or 2000,
    capabilities = message.capabilities or {},
    dry_run = message.dry_run or false,
    record = message.record,
    policy = message.policy,
    base = message.base,
  }
  if not handle then
    send { type = "end", id = id, how = code, text = text }
    return
  end
  handles[id] = handle
  local result
  while true do
    local event, why, how = handle:recv()
    if not event then
      handles[id] = nil
      -- The worker's CPU meanwhile; the run's own only while it is the only one.
      local ending = encode { type = "end", id = id, how = how, text = why, stats = handle:stats(),
        cpu_ms = sys.clock.cpu() - cpu }
      sys.worker.parent_send(result and ending:sub(1, -2) .. ',"event":' .. result .. "}"
        or ending)
      return
    end
    if event:sub(1, #RESULT) == RESULT then
      result = event
    else
      sys.worker.parent_send('{"type":"event","id":"' .. id .. '","event":' .. event .. "}")
    end
  end
end

local on = {
  run = function(message) sys.task.spawn(serve, message) end,
  cancel = function(message)
    local handle = handles[message.id]
    if handle then handle:kill(message.reason or "cancelled") end
  end,
  ping = function() send { type = "pong" } end,
}

function main.run()
  while true do
    local text = sys.worker.parent_recv()
    if not text then return "0" end
    local head = text:find("\0", 1, true)
    local message = decode(head and text:sub(1, head - 1) or text)
    if message and head then message.argument = text:sub(head + 1) end
    if message and message.op == "quit" then
      sys.worker.parent_flush()
      return "0"
    end
    local handler = message and on[message.op]
    if handler then handler(message) end
  end
end

return main
