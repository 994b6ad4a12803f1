-- 100 journeys in a row: the checkout skill at the demo store, one worker, one browser. What the
-- worker has of memory for itself (RssAnon) after each; growth is the median of the last 20 against
-- that of 20 after the first 40, per journey. The browser's own memory and the wall of the first
-- and the last 20 show whether a long life slows anything down.
local bench = ...

local COUNT, PART = 100, 20

local store = bench.demo_store()
local pool = require("service.runs").open { concurrency = 1, policy = { allow_private = true } }
local source = sys.resource("scripts/skills/checkout.lua")
local own, browser, walls = {}, {}, {}
for i = 1, COUNT do
  local start = sys.clock.mono()
  local result = pool:run { script = "checkout.lua", source = source, skill = "checkout",
    store = { url = store.url }, options = {}, timeout_ms = 60000, browser = { kind = "auto" } }
  assert(result.status == "PASS", result.summary)
  walls[i] = sys.clock.mono() - start
  own[i], browser[i] = bench.memory(next(pool.workers).pid)
end
pool:close()
store.stop()

local function median(list, from)
  local part = {}
  for i = from, from + PART - 1 do part[#part + 1] = list[i] end
  return bench.quantile(part, 0.5)
end

local last, middle = COUNT - PART + 1, 41
local function growth(list) return (median(list, last) - median(list, middle)) / (last - middle) end
bench.figure("journeys", "worker_memory", median(own, last), "MB")
bench.figure("journeys", "worker_growth_per_journey", growth(own) * 1024, "KB", { target = "0" })
bench.figure("journeys", "browser_memory", median(browser, last), "MB")
bench.figure("journeys", "browser_growth_per_journey", growth(browser) * 1024, "KB")
bench.figure("journeys", "wall_first_20", median(walls, 1), "ms")
bench.figure("journeys", "wall_last_20", median(walls, last), "ms")
