-- Two screenshots of 1290 x 2796 of the demo store's product page, one with an app's style that has
-- moved things. decode: one picture; decode_two: both, on two threads; diff: of what was decoded;
-- whole: both decoded and compared. Then as a whole process (bench/lab/run imgdiff): the same, and
-- two equal files. BENCH_PAIR=A.png:B.png takes other pictures.
local bench = ...

local pages = require "browser.page"

local function shoot()
  local store = bench.demo_store()
  local function shot(fault)
    if fault then
      assert(require("http").post(store.url .. "/__fault", { json = { name = fault, on = true } }))
    end
    local context = { store = { url = store.url } }
    local page = pages.open(context, { device = { like = "iPhone 17 Pro Max", width = 430,
      height = 932 } })
    page:goto("/collections/all")
    page:click("main a[href*='/products/']")
    page:wait_for_load()
    local png = page:screenshot()
    pages.finish(context)
    return png
  end
  local before, after = shot(), shot("layout_change")
  store.stop()
  return before, after
end

local function from_files(pair)
  local first, second = pair:match("^(.-):(.+)$")
  return assert(sys.files.read(first)), assert(sys.files.read(second))
end

local pair = sys.env.get("BENCH_PAIR")
local before, after
if pair then before, after = from_files(pair) else before, after = shoot() end

local function both()
  local first = sys.task.spawn(sys.image.decode, before)
  local second = assert(sys.image.decode(after))
  local _, decoded = first:join()
  return decoded, second
end

local function free(...) for _, picture in ipairs { ... } do picture:free() end end

local function whole()
  local first, second = both()
  sys.image.diff(first, second)
  free(first, second)
end

bench.time("imgdiff", "decode", 20, "ms", function() free(assert(sys.image.decode(after))) end)
bench.time("imgdiff", "decode_two", 20, "ms", function() free(both()) end)
local first, second = both()
local width, height = first:size()
local found = sys.image.diff(first, second)
bench.time("imgdiff", "diff", 20, "ms", function() sys.image.diff(first, second) end)
free(first, second)
bench.time("imgdiff", "whole", 20, "ms", whole)
bench.figure("imgdiff", "different", found.different, "pixels", { width = width, height = height,
  png_kb = math.floor(#before / 1024) })

local folder = assert(sys.files.temp_dir("nano-sre-bench-"))
for name, png in pairs { ["a.png"] = before, ["b.png"] = after, ["c.png"] = before } do
  assert(sys.files.write(folder .. "/" .. name, png))
end

local function process(one, other)
  local run = assert(sys.process.spawn { argv = { sys.env.get("NANO_SRE"), "--role=bench",
    "bench/lab/imgdiff.lua" }, stdin = "null", stdout = "null", stderr = "inherit",
    env = { BENCH_ARGS = folder .. "/" .. one .. "\n" .. folder .. "/" .. other } })
  assert(assert(run:wait()).code == 0)
end

bench.time("imgdiff", "process", 20, "ms", function() process("a.png", "b.png") end)
bench.time("imgdiff", "process_equal", 40, "ms", function() process("a.png", "c.png") end)
sys.files.remove(folder, { recursive = true })
