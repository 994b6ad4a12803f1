--- What the whole-binary tests share: a folder of their own, running nano-sre in it, the demo
--- store. A test file gets it with: local lib =
--- assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local http = require "http"
local json = require "json"

local lib = {}

lib.program = sys.env.get("NANO_SRE") or sys.env.cwd() .. "/nano-sre"

---@class TestFolder
local Folder = {}
Folder.__index = Folder

--- A fresh folder with its own home; remove() deletes it.
function lib.folder()
  return setmetatable({ path = assert(sys.files.temp_dir("nano-sre-e2e-")) }, Folder)
end

function Folder:remove() sys.files.remove(self.path, { recursive = true }) end

--- Writes a file below the folder and returns its path.
function Folder:write(name, text)
  local path = self.path .. "/" .. name
  assert(sys.files.make_dirs(path:match("^(.*)/")))
  assert(sys.files.write(path, text))
  return path
end

function Folder:read(name) return sys.files.read(self.path .. "/" .. name) end

-- Reads one stream to its end in a task of its own, so that neither pipe can fill up and block the
-- child.
local function collect(process, stream)
  return sys.task.spawn(function()
    local parts = {}
    while true do
      local chunk = assert(process:read(stream))
      if chunk == "" then return table.concat(parts) end
      parts[#parts + 1] = chunk
    end
  end)
end

--- Starts nano-sre with the arguments in the folder. finish() waits and returns {code, signal,
--- stdout, stderr}.
function Folder:start(arguments, more_env)
  local env = { PATH = sys.env.get("PATH"), HOME = self.path, TMPDIR = self.path, LANG = "C.UTF-8",
    ASAN_OPTIONS = sys.env.get("ASAN_OPTIONS") }
  for name, value in pairs(more_env or {}) do env[name] = value end
  local argv = { lib.program, unpack(arguments) }
  local process = assert(sys.process.spawn { argv = argv, cwd = self.path, env = env,
    stdin = "null", stdout = "pipe",
    stderr = "pipe" })
  local out, err = collect(process, "stdout"), collect(process, "stderr")
  return {
    process = process,
    finish = function()
      local ended = assert(process:wait())
      local _, stdout = out:join()
      local _, stderr = err:join()
      return { code = ended.code, signal = ended.signal, stdout = stdout, stderr = stderr }
    end,
  }
end

--- Runs nano-sre to its end.
function Folder:run(arguments, more_env) return self:start(arguments, more_env).finish() end

--- Runs with the json reporter and decodes its report.
function Folder:report(arguments, more_env)
  local with = { unpack(arguments) }
  with[#with + 1] = "-r"
  with[#with + 1] = "json"
  local ended = self:run(with, more_env)
  local report = json.decode(ended.stdout)
  if not report then
    error("no JSON report; exit code " .. tostring(ended.code) .. "\n" .. ended.stdout
      .. ended.stderr)
  end
  local by_skill = {}
  for _, result in ipairs(report.results) do by_skill[result.skill] = result end
  return by_skill, ended, report
end

--- A demo store in a process of its own: {url, process, fault(name, on), stop()}. Takes names of
--- faults, and flags of `nano-sre demo`.
function Folder:demo(...)
  local argv = { lib.program, "demo", "--port", "0" }
  for _, name in ipairs { ... } do
    if not name:find("^%-%-") then argv[#argv + 1] = "--fault" end
    argv[#argv + 1] = name
  end
  local process = assert(sys.process.spawn { argv = argv, cwd = self.path, stdin = "null",
    stdout = "pipe",
    stderr = "inherit", env = { PATH = sys.env.get("PATH"), HOME = self.path,
      TMPDIR = self.path } })
  local text, url = "", nil
  while not url do
    local chunk = assert(process:read("stdout", 30000))
    if chunk == "" then error("the demo store ended: " .. text) end
    text = text .. chunk
    url = text:match("(http://[%w%.]+:%d+)")
  end
  local demo = { url = url, process = process }
  function demo.fault(name, on)
    local answer = assert(http.post(url .. "/__fault", { json = { name = name, on = on } }))
    assert(answer.status < 300, answer.body)
  end
  function demo.stop()
    process:kill("TERM")
    process:wait()
  end
  return demo
end

--- Names of processes whose command line contains the text, from /proc.
function lib.processes_with(text)
  local found = {}
  for _, entry in ipairs(sys.files.list("/proc")) do
    local line = entry.name:match("^%d+$") and sys.files.read("/proc/" .. entry.name .. "/cmdline")
    if line and line:find(text, 1, true) then
      found[#found + 1] = entry.name .. " " .. line:gsub("%z", " ")
    end
  end
  return found
end

return lib
