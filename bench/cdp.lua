-- Round trips of Runtime.evaluate '1' on about:blank over the pipe, one after another: wall, and
-- our own process's CPU (Lua included). The browser's own share is about 0.4 ms.
local bench = ...

local browser = assert(sys.cdp.connect { kind = "auto" })
local context = assert(browser:context())
local function call(method, params, session)
  return sys.codec.json_decode(assert(browser:call(method, sys.codec.json_encode(params), session,
    10000)))
end
local target = call("Target.createTarget", { url = "about:blank", browserContextId = context:id() })
local session = call("Target.attachToTarget", { targetId = target.targetId,
  flatten = true }).sessionId
for _ = 1, 200 do assert(browser:call("Runtime.evaluate", '{"expression":"1"}', session, 10000)) end
bench.time("cdp", "evaluate_round_trip", 2000, "us", function()
  assert(browser:call("Runtime.evaluate", '{"expression":"1"}', session, 10000))
end)
context:close()
