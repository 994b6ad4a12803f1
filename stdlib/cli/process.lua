--- Runs a small command of the system and takes its output. For doctor and version alone: checks
--- never start programs.

local process = {}

local LIMIT_MS = 5000

--- Runs argv; nil when it can't be started or does not end in time.
---@param argv string[]
---@return string|nil stdout, integer|string code_or_why
function process.output(argv)
  local proc, why = sys.process.spawn { argv = argv, stdin = "null", stdout = "pipe",
    stderr = "null" }
  if not proc then return nil, why end
  local parts, deadline = {}, sys.clock.mono() + LIMIT_MS
  while true do
    local chunk, problem = proc:read("stdout", math.max(1, deadline - sys.clock.mono()))
    if not chunk then
      proc:kill "KILL"
      proc:wait()
      return nil, problem
    end
    if chunk == "" then break end
    parts[#parts + 1] = chunk
  end
  local ended = proc:wait(LIMIT_MS)
  if not ended then return nil, argv[1] .. " did not end" end
  return table.concat(parts), ended.code or 128
end

return process
