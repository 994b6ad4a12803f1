-- A real worker process, spoken to as service/runs.lua does.

local encode, decode = sys.codec.json_encode, sys.codec.json_decode

describe("a worker", function()
  local worker
  before_each(function() worker = assert(sys.worker.spawn()) end)
  after_each(function()
    worker:send(encode { op = "quit" })
    repeat local text = worker:recv(5000) until not text
    worker:close()
  end)

  local function next_message(kind)
    while true do
      local message = decode(assert(worker:recv(5000)))
      if message.type == kind then return message end
    end
  end

  local function job(source)
    return encode { id = "r1", script = "/x.lua", mode = "run", store = {}, options = {},
      source = source }
  end

  it("answers a ping", function()
    worker:send(encode { op = "ping" })
    expect(next_message("pong").type):is("pong")
  end)

  it("ends every run exactly once, whatever it is", function()
    worker:send(encode { op = "run", id = "a", name = "a", module = "no.such.module",
      argument = "" })
    worker:send(encode { op = "run", id = "b", name = "b", module = "run.main",
      argument = "not JSON" })
    worker:send(encode { op = "run", id = "c", name = "c", module = "run.main",
      argument = job 'return skill "c" { run = function() end }' })
    local ended = {}
    for _ = 1, 3 do
      local message = next_message("end")
      expect(ended[message.id]):is(nil)
      ended[message.id] = message.how
    end
    expect(ended):same { a = "error", b = "error", c = "finished" }
  end)

  it("cancels a run that waits", function()
    worker:send(encode { op = "run", id = "a", name = "a", module = "run.main",
      argument = job 'return skill "a" { run = function(t) t.sleep("1h") end }' })
    -- Nobody tells when it has begun to wait; cancelling is right at any moment.
    worker:send(encode { op = "cancel", id = "a", reason = "enough" })
    expect(next_message("end").how):is("killed")
  end)

  it("is told of nonsense without harm", function()
    worker:send("this is not JSON")
    worker:send(encode { op = "dance" })
    worker:send(encode { op = "cancel", id = "nobody" })
    worker:send(encode { op = "ping" })
    expect(next_message("pong").type):is("pong")
  end)

  it("says what it was doing when it is killed in a call that never returns", function()
    worker:send(encode { op = "run", id = "a", name = "a", module = "run.main", argument = job [[
return skill "a" { run = function(t)
  t.log("now")
  t.sleep("1ms") -- lets the line out
  local _ = ("a"):rep(60):find((".-"):rep(30) .. "b")
end }]] })
    next_message("event")
    -- It is in the call when it uses up CPU.
    local function ticks()
      local stat = assert(sys.files.read("/proc/" .. worker:pid() .. "/stat"))
      local fields = {}
      for field in stat:gsub("^.*%) ", ""):gmatch("%S+") do fields[#fields + 1] = field end
      return tonumber(fields[12])
    end
    local before = ticks()
    while ticks() < before + 5 do sys.clock.sleep(10) end
    worker:kill()
    repeat local text = worker:recv(5000) until not text
    expect(worker:last_words()):contains("x.lua:4")
  end)
end)
