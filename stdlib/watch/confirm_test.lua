-- A second look at a failing shop: at another of its addresses, in a browser of its own.

local confirm = require "watch.confirm"
local expect = require "expect"

describe("the next look goes", function()
  local choose = confirm.choose
  it("to the address after the one that was used, of its family", function()
    local all = { "192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3" }
    expect(choose(all, "192.0.2.1")):is "192.0.2.2"
    expect(choose(all, "192.0.2.2")):is "192.0.2.3"
    expect(choose(all, "192.0.2.3")):is "192.0.2.1"
    expect(choose(all, nil)):is "192.0.2.2" -- then the first was used
    expect(choose(all, "192.0.2.9")):is "192.0.2.1" -- the answer has changed
    expect(choose(all, "2001:db8::1")):is(nil) -- no way to IPv4 is the shop's affair neither
  end)

  it("where it went when there is no other", function()
    expect(choose({ "192.0.2.1" }, "192.0.2.1")):is(nil)
    expect(choose({ "192.0.2.1" }, nil)):is(nil)
    expect(choose({}, nil)):is(nil)
    expect(choose({}, "192.0.2.1")):is(nil)
  end)

  it("on without the resolver", function()
    local function look(resolve)
      return confirm.look(resolve, "https://shop.example", "192.0.2.1")
    end
    expect(look(function() return nil, "no", "dns" end)):same { previous = "192.0.2.1" }
    expect(look(function() return { "192.0.2.1", "192.0.2.2" } end))
      :same { address = "192.0.2.2", previous = "192.0.2.1", count = 2 }
  end)
end)

local SKILLS = {
  http = [[local http = require "http"
return skill "look" { every = "1h", needs = { "http" }, run = function(t)
  t.expect(http.get(t.store.url .. "/").status, "the status"):is(200) end }]],
  browser = [[return skill "look" { every = "1h", needs = { "browser" }, run = function(t)
  t.page():goto(t.store.url) end }]],
}

-- A shop with two addresses, the first of which is broken: 127.0.0.1 and 127.0.0.2.
local function shop()
  local self, port = { asked = {} }, 0
  self.servers = {}
  for i, address in ipairs { "127.0.0.1", "127.0.0.2" } do
    local server = assert(sys.server.listen { host = address, port = port })
    port, self.servers[i] = server:port(), server
    sys.task.spawn(function()
      while true do
        local request = server:accept()
        if not request then return end
        self.asked[i] = (self.asked[i] or 0) + 1
        local fine = i == 2 or self.mended
        server:respond(request.id, fine and 200 or 503, { ["content-type"] = "text/html" },
          "<title>shop</title><h1>shop</h1>")
      end
    end)
  end
  self.url = "http://localhost:" .. port
  return self
end

local function processes_with(text)
  local count = 0
  for _, entry in ipairs(sys.files.list "/proc") do
    local line = entry.name:match "^%d+$" and sys.files.read("/proc/" .. entry.name .. "/cmdline")
    if line and line:find(text, 1, true) then count = count + 1 end
  end
  return count
end

describe("a shop with one broken address", function()
  for kind, text in pairs(SKILLS) do
    it("fails at that one and passes at the other (" .. kind .. ")", function()
      local folder = assert(sys.files.temp_dir "nano-confirm-")
      local one = shop()
      sys.files.make_dirs(folder .. "/skills")
      assert(sys.files.write(folder .. "/skills/look.lua", text))
      assert(sys.files.write(folder .. "/nano-sre.lua",
        ("return { store = { url = %q, name = 'shop' } }"):format(one.url)))
      local daemon = require("watch.daemon").new { log = require("watch.log").new { silent = true },
        cwd = folder, version = "test", getenv = function() end,
        resolve = function() return { "127.0.0.1", "127.0.0.2" } end }
      daemon:start()
      daemon.core.chance = function() return 0 end
      local results = {}
      table.insert(daemon.listeners, function(what, fields)
        if what == "finished" then results[#results + 1] = fields.result end
      end)
      while #results < 2 do sys.clock.sleep(20) end
      expect(results[1].status):is "FAIL"
      expect(results[1].details.conditions):same { attempt = 1, address = "127.0.0.1" }
      expect(results[2].status):is "PASS"
      expect(results[2].details.conditions):same { attempt = 2, address = "127.0.0.2",
        previous = "127.0.0.1", addresses = 2 }
      expect(results[2].notes[1]):is "look 2 at the shop, at 127.0.0.2 instead of 127.0.0.1"
      expect(next(daemon.core.book.incidents)):is(nil)
      local kept
      while not kept do
        local rows = assert(daemon.db:read "SELECT details FROM check_runs WHERE attempt = 2")
        kept = rows[1] and rows[1].details
        if not kept then sys.clock.sleep(20) end
      end
      expect(kept):matches "127.0.0.2"
      -- The browser that went to the other address has ended with its run.
      expect(processes_with("MAP localhost 127.0.0.2")):is(0)
      daemon:stop "test"
      for _, server in ipairs(one.servers) do server:close() end
      sys.files.remove(folder, { recursive = true })
    end, { timeout_ms = 60000 })
  end
end)
