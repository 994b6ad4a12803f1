--- A run that notes every value which C hands to it, for the test that holds this against the
--- gate's record. Started by tests/lua/record_test.lua through sys.script; not used by anything
--- else.

local probe = {}

local log = {}

-- A value as text that is the same however it travelled. Handles have no value of their own.
local function canonical(value)
  local kind = type(value)
  if kind == "userdata" then return value == sys.codec.null and "null" or "<handle>" end
  if kind == "number" then return ("%.17g"):format(value) end
  if kind == "string" then return "s" .. sys.codec.hex(value) end
  if kind ~= "table" then return tostring(value) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = canonical(key) .. "=" .. canonical(item) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function note(op, ...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = canonical((select(i, ...))) end
  log[#log + 1] = op .. " " .. table.concat(parts, " ")
  return ...
end

-- Calls through here are noted with what they return, in the order in which they return.
local function call(op, ...)
  local module, name = op:match("^(%w+)%.([%w_]+)$")
  return note(op, sys[module][name](...))
end

local function method(op, handle, ...)
  return note(op, handle[op:match("%.([%w_]+)$")](handle, ...))
end

local function exercise(settings)
  call("clock.now")
  call("clock.mono")
  call("random.number")
  call("random.bytes", 40)
  call("random.uuid")
  call("files.write", settings.folder .. "/a.txt", "text \255 bytes")
  call("files.read", settings.folder .. "/a.txt")
  call("files.read", settings.folder .. "/missing.txt")
  call("files.list", settings.folder)
  call("files.stat", settings.folder .. "/a.txt")
  call("env.get", "HOME")
  call("env.cwd")
  call("http.request", { url = settings.url .. "/products.json?limit=2" })
  call("http.request", { url = settings.url .. "/cart/add.js", method = "POST", body = "{}" })
  call("http.request", { url = "http://127.0.0.1:1/" })
  call("http.resolve", "localhost")
  local process = call("process.spawn",
    { argv = { "/bin/sh", "-c", "printf out; printf '\\377'; exit 3" }, stdout = "pipe" })
  method("process.read", process, "stdout")
  method("process.wait", process)
  call("worker.spawn") -- not granted: the refusal is a result as well
  local tasks = {}
  for i = 1, 5 do
    tasks[i] = sys.task.spawn(function()
      call("clock.sleep", (i * 7) % 5)
      call("http.request", { url = settings.url .. "/cart.js" })
      call("random.number")
    end)
  end
  for _, task in ipairs(tasks) do assert(task:join()) end
  call("host.recv", 1)
end

function probe.run(argument)
  local settings = sys.codec.json_decode(argument)
  exercise(settings)
  sys.host.send(sys.codec.json_encode(log))
end

return probe
