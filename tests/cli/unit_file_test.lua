-- contrib/nano-sre.service, as far as systemd can judge it without running it.

local function run(...)
  local process = sys.process.spawn { argv = { ... }, stdin = "null", stdout = "pipe",
    stderr = "pipe" }
  if not process then return nil end
  local said = sys.task.spawn(function()
    local parts = {}
    while true do
      local chunk = assert(process:read "stderr")
      if chunk == "" then return table.concat(parts) end
      parts[#parts + 1] = chunk
    end
  end)
  repeat local chunk = assert(process:read "stdout") until chunk == ""
  local code = process:wait(30000).code
  local _, text = said:join()
  return code, text
end

describe("the systemd unit", function()
  local folder, unit
  before_each(function()
    folder = assert(sys.files.temp_dir "nano-unit-")
    unit = folder .. "/nano-sre.service"
    local text = assert(sys.files.read "contrib/nano-sre.service")
    text = text:gsub("ExecStart=%S+", "ExecStart=/bin/true") -- verify wants it to be there
    sys.files.write(unit, text)
  end)
  after_each(function() sys.files.remove(folder, { recursive = true }) end)

  it("has nothing that systemd does not know", function()
    local code, said = run("systemd-analyze", "verify", "--recursive-errors=no", unit)
    if not code then return end -- a machine without systemd
    expect(said):is ""
    expect(code):is(0)
  end)

  it("is hardened", function()
    local code, said = run("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)
    if code and code ~= 0 then error(said) end
  end)
end)
