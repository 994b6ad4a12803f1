-- Start to exit of `nano-sre run` of an empty skill, its worker included, as whole processes;
-- against /bin/true, which is the cost of fork, exec and wait alone. 40 of each, in turn.
local bench = ...

local EMPTY = [[return skill "empty" { about = "does nothing", run = function() end }]]

local folder = assert(sys.files.temp_dir("nano-sre-bench-"))
assert(sys.files.write(folder .. "/empty.lua", EMPTY))
local program = sys.env.get("NANO_SRE")

local function once(argv)
  local start = sys.clock.mono()
  local process = assert(sys.process.spawn { argv = argv, cwd = folder, stdin = "null",
    stdout = "null", stderr = "null",
    env = { PATH = sys.env.get("PATH"), HOME = folder, TMPDIR = folder } })
  local ended = assert(process:wait())
  return sys.clock.mono() - start, ended.code
end

local ours, nothing = {}, {}
for i = 1, 41 do
  local ms, code = once { program, "run", "empty.lua" }
  assert(code == 0, "nano-sre run ended with " .. tostring(code))
  local base = once { "/bin/true" }
  if i > 1 then ours[#ours + 1], nothing[#nothing + 1] = ms, base end
end
bench.figure("startup", "empty_skill_wall", bench.quantile(ours, 0.5), "ms",
  { p99 = bench.quantile(ours, 0.99), n = #ours,
  target = "under 15" })
bench.figure("startup", "true_wall", bench.quantile(nothing, 0.5), "ms", { n = #nothing })
local version = {}
for i = 1, 20 do version[i] = once { program, "version" } end
bench.figure("startup", "version_wall", bench.quantile(version, 0.5), "ms", { n = #version })
sys.files.remove(folder, { recursive = true })
