-- Every result that reaches Lua is in the record, in the order in which it did. The run keeps its
-- own account of what it was told (stdlib/test/record_watch.lua); this test holds the record
-- against it.

local demo = require "demo.store"

-- As record_watch's canonical, from the record's JSON.
local function canonical(value)
  local kind = type(value)
  if value == sys.codec.null then return "nil" end
  if kind == "number" then return ("%.17g"):format(value) end
  if kind == "string" then return "s" .. sys.codec.hex(value) end
  if kind ~= "table" then return tostring(value) end
  if value["$hex"] then return "s" .. value["$hex"] end
  if value["$handle"] then return "<handle>" end
  if value["$function"] then return "<function>" end
  if value["$null"] then return "null" end
  if value["$number"] then return value["$number"] end
  local parts = {}
  if value["$pairs"] then
    for _, pair in ipairs(value["$pairs"]) do
      parts[#parts + 1] = canonical(pair[1]) .. "=" .. canonical(pair[2])
    end
  else
    for key, item in pairs(value) do
      parts[#parts + 1] = canonical(key) .. "=" .. canonical(item)
    end
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function read_record(path)
  local lines = {}
  for line in assert(sys.files.read(path)):gmatch("[^\n]+") do
    local entry = assert(sys.codec.json_decode(line))
    local parts = {}
    for i, item in ipairs(entry.result) do parts[i] = canonical(item) end
    -- JSON null ends an ipairs over cjson's sparse list nowhere: null is a value there.
    lines[#lines + 1] = { text = entry.op:match("[%w_]+$") .. " " .. table.concat(parts, " "),
      op = entry.op, seq = entry.seq }
  end
  return lines
end

local folder, store

before_each(function()
  folder = assert(sys.files.temp_dir("nano-sre-record-"))
  store = assert(demo.start {})
  sys.task.spawn(function() store:serve() end)
end)
after_each(function()
  store:close()
  sys.files.remove(folder, { recursive = true })
end)

--- Runs the probe; returns what it was told, what the record says, and the gate's counts.
local function probe(settings, capabilities)
  local handle = assert(sys.script.start { name = "probe", module = "test.record_probe",
    argument = sys.codec.json_encode(settings), memory_cap = 256 * 1024 * 1024,
    slice_ms = 20000, capabilities = capabilities, record = folder .. "/record.jsonl",
    policy = { allow_private = true } })
  local told, result = {}, nil
  while true do
    local text, why, how = handle:recv(60000)
    if not text then
      if how ~= "finished" then error(("the probe ended: %s: %s"):format(how, tostring(why))) end
      break
    end
    if text:sub(1, 1) ~= "{" then
      told[#told + 1] = text
    elseif text:find('"type":"result"', 1, true) then
      result = sys.codec.json_decode(text).result
    end
  end
  return told, read_record(folder .. "/record.jsonl"), handle:stats().gate, result
end

--- The two accounts are the same, and the counts are theirs; calls that threw had no result.
local function agree(told, record, counts, without_result)
  local sequence = {}
  for i = 1, math.max(#told, #record) do
    local said = record[i] and record[i].text
    if told[i] ~= said then
      error(("entry %d differs\n  the run was told %s\n  the record says  %s"):format(i,
        tostring(told[i]):sub(1, 2000), tostring(said):sub(1, 2000)))
    end
    expect(sequence[record[i].seq]):is(nil)
    sequence[record[i].seq] = true
  end
  expect(counts.reads + counts.effects + counts.chances + counts.denied)
    :is(#record + without_result)
end

describe("the gate's record", function()
  it("holds every result that reached the script, in order", function()
    local told, record, counts = probe({ url = store:url(), folder = folder },
      { "files", "env", "http", "process" })
    agree(told, record, counts, 2) -- a call that threw, and one that sleeps on
    expect(#told):at_least(40)
    expect(counts.denied):is(1)
  end)

  it("holds every result of a shopper's journey with a browser", function()
    local path = "scripts/skills/checkout.lua"
    local told, record, counts, result = probe({ job = { id = "1", mode = "run", script = path,
      source = assert(sys.files.read(path)), timeout_ms = 60000,
      store = { url = store:url(), name = "Shop" } } }, { "files", "http", "browser" })
    expect(result.status, result.summary):is("PASS")
    agree(told, record, counts, 0)
    local seen = {}
    for _, line in ipairs(record) do seen[line.op] = true end
    for _, op in ipairs { "cdp.connect", "cdp.browser.send", "cdp.browser.wait", "clock.now",
      "task.join" } do
      expect(seen[op] ~= nil, op):is(true)
    end
  end)
end)
