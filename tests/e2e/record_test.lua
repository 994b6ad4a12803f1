-- `--record` of a run that uses secrets: the record has every call and none of the secrets.

local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

local SKILL = [[
local http = require "http"
return skill "probe" { needs = { "http" }, options = { key = option.secret {} },
  run = function(t, o)
    local answer = http.post(t.store.url .. "/echo", {
      headers = { ["X-Key"] = o.key, Authorization = "Bearer " .. o.key },
      json = { password = t.store.password, key = o.key } })
    t.step("look", function() t.expect(answer.body):contains("echo") end)
  end }
]]

describe("a record", function()
  it("of a run with secrets has none of them", function()
    local folder = lib.folder()
    local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
    sys.task.spawn(function()
      while true do
        local request = server:accept()
        if not request then return end
        server:respond(request.id, 200, {}, "echo " .. request.body)
      end
    end)
    folder:write("skills/probe.lua", SKILL)
    folder:write("nano-sre.lua", ([[return { store = { url = "http://127.0.0.1:%d",
      password = 'open "sesame" now' } }]]):format(server:port()))
    local ended = folder:run { "run", "probe", "-o", "key=quitesecretkey", "--record", "rec", "-q" }
    if ended.code ~= 0 then error(ended.stdout .. ended.stderr) end
    server:close()
    local text = folder:read "rec/probe.jsonl"
    for _, secret in ipairs { "quitesecretkey", "sesame" } do expect(text):lacks(secret) end
    expect(text):contains "[secret 16]"
    local ops = 0
    for line in text:gmatch "[^\n]+" do
      ops = ops + (json.decode(line).op == "http.request" and 1 or 0)
    end
    expect(ops):is(1)
    folder:remove()
  end, { timeout_ms = 30000 })
end)
