-- Every result that reaches Lua is in the record, in the order in which it did. The run keeps its
-- own account of what it was told (stdlib/test/record_probe.lua); this test holds the record
-- against it.

local demo = require "demo.store"

-- As record_probe's canonical, from the record's JSON.
local function canonical(value)
  local kind = type(value)
  if value == sys.codec.null then return "nil" end
  if kind == "number" then return ("%.17g"):format(value) end
  if kind == "string" then return "s" .. sys.codec.hex(value) end
  if kind ~= "table" then return tostring(value) end
  if value["$hex"] then return "s" .. value["$hex"] end
  if value["$handle"] then return "<handle>" end
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

local function read_record(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    local entry = assert(sys.codec.json_decode(line))
    local parts = {}
    for i, item in ipairs(entry.result) do parts[i] = canonical(item) end
    -- JSON null ends an ipairs over cjson's sparse list nowhere: null is a value there.
    lines[#lines + 1] = { text = entry.op .. " " .. table.concat(parts, " "), seq = entry.seq,
      class = entry.class }
  end
  return lines
end

describe("the gate's record", function()
  it("holds every result that reached the script, in order", function()
    local folder = assert(sys.files.temp_dir("nano-sre-record-"))
    local store = assert(demo.start {})
    sys.task.spawn(function() store:serve() end)
    local handle = assert(sys.script.start { name = "probe", module = "test.record_probe",
      argument = sys.codec.json_encode { url = store:url(), folder = folder },
      capabilities = { "files", "env", "http", "process" }, record = true,
      policy = { allow_private = true } })
    local text, why = handle:recv(20000)
    if not text then error(why) end
    local told = sys.codec.json_decode(text)
    local ended, end_text, how = handle:recv(5000)
    expect(ended):is(nil)
    expect(how):is("finished")
    store:close()
    local record = read_record(handle:record())
    local seen, sequence = {}, {}
    for i, line in ipairs(record) do
      seen[i] = line.text
      expect(sequence[line.seq]):is(nil)
      sequence[line.seq] = true
    end
    expect(#told > 30):is(true)
    for i = 1, math.max(#told, #seen) do
      if told[i] ~= seen[i] then
        error(("entry %d differs\n  the run was told %s\n  the record says  %s"):format(i,
          tostring(told[i]), tostring(seen[i])))
      end
    end
    -- What was counted is what was recorded.
    local counts = handle:stats().gate
    local classes = { read = 0, effect = 0, chance = 0 }
    for _, line in ipairs(record) do classes[line.class] = classes[line.class] + 1 end
    expect(counts.reads + counts.effects + counts.chances + counts.denied):is(#record)
    expect(counts.denied):is(1)
    expect(end_text):is("")
    sys.files.remove(folder, { recursive = true })
  end)
end)
