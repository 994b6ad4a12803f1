local json = require "json"
local record = require "worker.record"

-- A run that has made these calls, and declared these secrets.
local function handle_of(entries, secrets)
  local lines = {}
  for i, entry in ipairs(entries) do lines[i] = json.encode(entry) .. "\n" end
  return { record = function()
    local text = table.concat(lines)
    lines = {}
    return text
  end, secrets = function() return secrets or {} end }
end

describe("worker.record", function()
  local folder
  before_each(function() folder = assert(sys.files.temp_dir "nano-record-") end)
  after_each(function() sys.files.remove(folder, { recursive = true }) end)

  local function written(handle, job)
    local path = folder .. "/x.jsonl"
    local one = assert(record.start(path, handle, json.encode(job or {})))
    one:finish()
    local text = sys.files.read(path)
    local list = {}
    for line in text:gmatch "[^\n]+" do list[#list + 1] = json.decode(line) end
    return list, text
  end

  it("takes secrets out in every form, and leaves their place and size", function()
    local password = 'geheim "17" & more'
    local list, text = written(handle_of({
      { seq = 1, op = "page.fill", class = "effect", args = { password }, result = json.array {} },
      { seq = 2, op = "http.request", class = "effect",
        args = { { headers = { "X-Key", "plainkey", "Accept", "*/*" },
          body = "password=" .. require("url").encode(password) } },
        result = { { body = '{"echo":' .. json.encode(password) .. "}" } } },
      { seq = 3, op = "cdp.recv", class = "read", args = json.array {},
        result = { { ["$hex"] = sys.codec.hex("\255\0" .. password .. "\0") } } },
    }, { "plainkey" }), { store = { password = password } })
    expect(#list):is(3)
    expect(text):lacks "geheim"
    expect(text):lacks "plainkey"
    expect(list[1].args[1]):is "[secret 32]"
    expect(text):contains '"result":[]'
    expect(list[2].args[1].headers):same { "X-Key", "[secret 8]", "Accept", "*/*" }
    expect(list[2].result[1].body):matches '^{"echo":"%[secret %d+%]"}$'
    expect(sys.codec.unhex(list[3].result[1]["$hex"])):contains "[secret 32]"
  end)

  it("keeps everything else as it was, byte for byte", function()
    local entry = { seq = 7, op = "x", class = "read", task = 1, args = { 1, "a\nb", false },
      result = { { n = 0.1, empty = json.array {}, list = { { "$number" } },
        bytes = { ["$hex"] = "ff00" } }, json.null, 12345678901234 } }
    local _, text = written(handle_of { entry })
    expect(text):is(json.encode(entry) .. "\n")
  end)

  it("takes personal data out where that is wanted, and what looks like a token", function()
    local entry = { seq = 1, op = "x", class = "read", args = json.array {},
      result = { "ann@example.org shpat_0123456789abcdef0123456789abcdef" } }
    expect(written(handle_of { entry })[1].result[1]):is "ann@example.org [secret 64]"
    expect(written(handle_of { entry }, { redact_pii = true })[1].result[1])
      :lacks "ann@example.org"
  end)

  it("says when it can't be written", function()
    local one, why = record.start(folder .. "/no/such/x.jsonl", handle_of {}, "{}")
    expect(one):is(nil)
    expect(why):matches "no/such"
  end)
end)
