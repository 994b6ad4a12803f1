--- A run that tells what C handed to it, for the test that holds this against the gate's record.
--- Started by tests/lua/record_test.lua through sys.script; not used by anything else.

local probe = {}

local function exercise(settings)
  sys.clock.now()
  sys.clock.mono()
  sys.clock.cpu()
  sys.random.number()
  sys.random.bytes(40)
  sys.random.uuid()
  sys.files.write(settings.folder .. "/a.txt", "text \255 bytes")
  sys.files.read(settings.folder .. "/a.txt")
  sys.files.read(settings.folder .. "/missing.txt")
  sys.files.list(settings.folder)
  sys.files.stat(settings.folder .. "/a.txt")
  sys.env.get("HOME")
  sys.env.cwd()
  sys.http.request { url = settings.url .. "/products.json?limit=2" }
  sys.http.request { url = settings.url .. "/cart/add.js", method = "POST", body = "{}" }
  sys.http.request { url = "http://127.0.0.1:1/" }
  sys.http.resolve("localhost")
  local stream = sys.http.open { url = settings.url .. "/" }
  stream:head()
  repeat until (stream:read() or "") == ""
  local process = sys.process.spawn(
    { argv = { "/bin/sh", "-c", "printf out; printf '\\377'; exit 3" }, stdout = "pipe" })
  process:read("stdout")
  process:wait()
  sys.worker.spawn() -- not granted: the refusal is a result as well
  local tasks = {}
  for i = 1, 5 do
    tasks[i] = sys.task.spawn(function()
      sys.clock.sleep((i * 7) % 5)
      sys.http.request { url = settings.url .. "/cart.js" }
      sys.random.number()
    end)
  end
  -- A call that throws has no result; what a wait after it tells is not taken for one.
  pcall(sys.files.read, nil)
  for _, task in ipairs(tasks) do assert(task:join()) end
  sys.task.spawn(sys.clock.sleep, 1000):join(1)
  sys.task.park(1)
  sys.host.recv(1)
end

---@param argument string  JSON: folder and url for the calls above, or job for a run of a skill
function probe.run(argument)
  local watch = require "test.record_watch"
  watch.start { "cdp", "clock", "env", "files", "host", "http", "process", "random", "task",
    "worker" }
  local settings = sys.codec.json_decode(argument)
  if settings.job then
    require("run.main").run(sys.codec.json_encode(settings.job))
  else
    exercise(settings)
  end
  for _, line in ipairs(watch.log()) do sys.host.send(line) end
end

return probe
