-- What it refuses and how it indents is in json_test.lua.

local json = require "json"

describe("json_encode", function()
  it("writes the same in C and in Lua", function()
    local in_lua = require("json_encode").encode
    local function draw(depth)
      local kind = math.floor(sys.random.number() * (depth > 4 and 6 or 9))
      if kind == 0 then return sys.random.number() < 0.5 end
      if kind == 1 then return math.floor((sys.random.number() - 0.5) * 2 ^ 54) end
      if kind == 2 then
        return (sys.random.number() - 0.5) * 10 ^ (sys.random.number() * 40 - 20)
      end
      if kind == 3 then return sys.random.bytes(math.floor(sys.random.number() * 20)) end
      if kind == 4 then return json.null end
      if kind == 5 then return math.floor(sys.random.number() * 100) - 50 end
      local out = kind == 6 and json.array {} or {}
      for i = 1, math.floor(sys.random.number() * 6) do
        local key = kind == 8 and sys.random.bytes(i) or i
        out[key] = draw(depth + 1)
      end
      return out
    end
    for _ = 1, 500 do
      local value = draw(0)
      expect(json.encode(value)):is(in_lua(value))
    end
    for _, number in ipairs { 0, -0, 2 ^ 53, -2 ^ 53, 2 ^ 53 - 1, 1e300, 5e-324, 0.1 + 0.2, 100 } do
      expect(json.encode(number)):is(in_lua(number))
    end
    local deep = {}
    for _ = 1, 500 do deep = { deep } end
    expect(json.encode(deep)):is(in_lua(deep))
  end)
end)
