-- Browser launch: from starting the process to a page in which 1 was evaluated, and the way out, 5
-- times.
local bench = ...

local function launch(kind)
  local times, quits = {}, {}
  for i = 1, 5 do
    local start = sys.clock.mono()
    local browser, why = sys.cdp.connect { kind = kind, args = { "--nano-sre-bench=" .. i } }
    if not browser then return bench.figure("browser", kind .. "_missing", 0, why) end
    local context = assert(browser:context())
    local created = sys.codec.json_decode(assert(browser:call("Target.createTarget",
      sys.codec.json_encode { url = "about:blank", browserContextId = context:id() }, nil, 10000)))
    local attached = sys.codec.json_decode(assert(browser:call("Target.attachToTarget",
      sys.codec.json_encode { targetId = created.targetId, flatten = true }, nil, 10000)))
    assert(browser:call("Runtime.evaluate", '{"expression":"1"}', attached.sessionId, 10000))
    times[i] = sys.clock.mono() - start
    start = sys.clock.mono()
    browser:close()
    quits[i] = sys.clock.mono() - start
  end
  bench.figure("browser", kind .. "_launch_to_page", bench.quantile(times, 0.5), "ms",
    { n = #times })
  bench.figure("browser", kind .. "_quit", bench.quantile(quits, 0.5), "ms", { n = #quits })
end

launch("shell")
launch("chromium")
