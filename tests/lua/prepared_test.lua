-- A run's state is copied from one that was prepared. What a run finds must not depend on what the
-- one before it did to the same state.

describe("a prepared state", function()
  local function outcome(argument, base)
    local handle = assert(sys.script.start { name = "t", module = "test.litter",
      argument = argument, base = base, memory_cap = 64 * 1024 * 1024,
      capabilities = { "files", "http" } })
    local told
    while true do
      local text, why, how = handle:recv(20000)
      if not text then
        expect(how, why):is("finished")
        return { told = told, memory = handle:stats().memory }
      end
      told = text
    end
  end

  for _, base in ipairs { "run.base", "run.base_http" } do
    it("is the same for every run: " .. base, function()
      local first = outcome("look", base)
      expect(tonumber(first.told:match "^%d+") > 500):is(true)
      expect(outcome("look", base)):same(first)
      local dirty = outcome("litter", base)
      expect(dirty.told == first.told):is(false)
      expect(outcome("look", base)):same(first)
      outcome("litter", base)
      outcome("litter", base)
      expect(outcome("look", base)):same(first)
    end)
  end

  it("is another for runs at the same time", function()
    local handles = {}
    for i = 1, 5 do
      handles[i] = assert(sys.script.start { name = "t" .. i, module = "run.main",
        base = "run.base", argument = require("json").encode { id = "t", script = "/x.lua",
          mode = "run", store = {}, options = {},
          source = ('local mine = %d\n'):format(i) .. [[
            return skill "x" { run = function(t)
              for _ = 1, 20 do t.sleep(1) end
              return "I am " .. mine
            end }]] } })
    end
    for i = 1, 5 do
      local last
      repeat
        local text = handles[i]:recv(20000)
        last = text or last
      until not text
      expect(last):contains("I am " .. i)
    end
  end)

  it("says so when its base cannot be loaded, and runs without", function()
    local handle = assert(sys.script.start { name = "t", module = "test.litter",
      argument = "look", base = "no.such.base", memory_cap = 0, capabilities = {} })
    expect(handle:recv(20000)):matches("^%d+ %x+$")
  end)
end)
