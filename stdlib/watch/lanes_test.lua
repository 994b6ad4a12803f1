local lanes = require "watch.lanes"

local function item(name) return { name = name } end

local function take_all(line)
  local names, taken = {}, {}
  while true do
    local one = line:take()
    if not one then return table.concat(names, " "), taken end
    names[#names + 1], taken[#taken + 1] = one.name, one
  end
end

describe("watch.lanes", function()
  it("gives out as many slots as there are, in order", function()
    local line = lanes.new(2, 2)
    for i = 1, 3 do line:offer("a", false, item("a" .. i)) end
    local names, taken = take_all(line)
    expect(names):is "a1 a2"
    line:done(taken[1])
    line:done(taken[1]) -- twice is once
    expect((take_all(line))):is "a3"
    local waiting, running = line:count()
    expect(waiting):is(0)
    expect(running):is(2)
  end)

  it("lets stores take turns, and none have more than its share", function()
    local line = lanes.new(4, 2)
    for i = 1, 5 do line:offer("a", false, item("a" .. i)) end
    for i = 1, 2 do line:offer("b", false, item("b" .. i)) end
    expect((take_all(line))):is "a1 b1 a2 b2"
    expect(line:take()):is(nil)
  end)

  it("never lets slow ones into the way of the others", function()
    local line = lanes.new(2, 2)
    for i = 1, 5 do line:offer("a", true, item("slow" .. i)) end
    for i = 1, 2 do line:offer("a", false, item("fast" .. i)) end
    expect((take_all(line))):is "fast1 fast2 slow1 slow2"
  end)

  it("moves what turns out to be slow, and its slot is free again", function()
    local line = lanes.new(1, 1)
    line:offer("a", false, item "hangs")
    local first = line:take()
    line:offer("a", false, item "next")
    expect(line:take()):is(nil)
    expect(line:is_slow(first)):is(true)
    expect(line:is_slow(first)):is(false)
    expect(line:take().name):is "next"
    line:offer("a", true, item "slow")
    expect(line:take()):is(nil) -- the slow lane is full
    line:done(first)
    expect(line:take().name):is "slow"
  end)

  it("never counts below or above, whatever the order", function()
    local line, live, out = lanes.new(5, 3), {}, 0
    for i = 1, 5000 do
      local roll = sys.random.number()
      if roll < 0.5 then
        line:offer("s" .. i % 7, sys.random.number() < 0.3, item(i))
        out = out + 1
      elseif roll < 0.6 and live[1] then
        line:is_slow(live[1])
      elseif live[1] then
        line:done(table.remove(live, 1))
        out = out - 1
      end
      local one = line:take()
      if one then live[#live + 1] = one end
      local waiting, running = line:count()
      expect(running):is(#live)
      expect(waiting + running):is(out)
      expect(line.fast.used <= 5):is(true)
    end
  end)
end)
