-- sys.files, sys.env and sys.random as the stdlib sees them. What they promise about disks and
-- links is in tests/unit/test_files.c.

local files, env = sys.files, sys.env

describe("sys.files", function()
  local folder
  before_each(function() folder = assert(files.temp_dir("nano-sre-test")) end)
  after_each(function() assert(files.remove(folder, { recursive = true })) end)

  it("writes, reads, lists and removes", function()
    expect(files.make_dirs(folder .. "/a/b")):is(true)
    expect(files.write(folder .. "/a/x", "one\0two")):is(true)
    expect(files.write(folder .. "/a/x", "+", { append = true })):is(true)
    expect(files.read(folder .. "/a/x")):is("one\0two+")
    local list = files.list(folder .. "/a")
    expect(#list):is(2)
    expect(list[1].name .. " " .. list[1].kind):is("b dir")
    expect(list[2].name .. " " .. list[2].kind .. " " .. list[2].size):is("x file 8")
    expect(files.stat(folder .. "/a").kind):is("dir")
    expect(files.rename(folder .. "/a/x", folder .. "/y")):is(true)
    expect(files.real_path(folder .. "/a/../y")):is(files.real_path(folder .. "/y"))
    expect(files.remove(folder .. "/y")):is(true)
    expect(#files.list(folder)):is(1)
  end)

  it("answers failures with text and code", function()
    local value, text, code = files.read(folder .. "/none")
    expect(value):is(nil)
    expect(text):matches("cannot read .*/none: No such file")
    expect(code):is("not-found")
    assert(files.write(folder .. "/x", "12345", { mode = 384 }))
    expect(files.stat(folder .. "/x").mode):is(384)
    expect(select(3, files.read(folder .. "/x", 4))):is("too-large")
    expect(select(3, files.list(folder .. "/x"))):truthy()
    expect(select(3, files.stat(folder .. "/none"))):is("not-found")
    expect(select(3, files.remove(folder .. "/none"))):is("not-found")
    expect(files.remove(folder .. "/.", { recursive = false })):is(nil)
  end)

  it("raises for wrong use, with the signature", function()
    expect(function() files.read() end):raises("files%.read%(path%[, max_bytes%]%): path must be")
    expect(function() files.read("a\0b") end):raises("zero byte")
    expect(function() files.read("") end):raises("must not be empty")
    expect(function() files.write(folder .. "/x", 5) end):raises("data must be a string")
    expect(function() files.write(folder .. "/x", "", { append = "yes" }) end):raises("append")
    expect(function() files.write(folder .. "/x", "", { mode = 99999 }) end):raises("mode")
  end)
end)

describe("sys.env", function()
  it("tells what surrounds the process", function()
    expect(env.get("PATH")):truthy()
    expect(env.get("NO_SUCH_VARIABLE_AT_ALL")):is(nil)
    expect(env.list().PATH):is(env.get("PATH"))
    expect(files.stat(env.cwd()).kind):is("dir")
    expect(files.stat(env.exe()).kind):is("file")
    expect(files.real_path("/proc/self")):is("/proc/" .. env.pid())
    expect(env.columns() > 0):is(true)
    expect(env.hostname()):matches("%S")
    expect(env.uid() >= 0):is(true)
    expect(function() env.write(3, "x") end):raises("fd must be 1")
  end)

  it("says when nobody reads what it writes", function()
    -- A child whose output is closed before it has written all of it.
    local script = [[local _, _, code = sys.env.write(1, ("x"):rep(1e7))
      sys.env.write(2, tostring(code))]]
    local folder = assert(files.temp_dir("nano-sre-test"))
    local test = 'it("writes", function() ' .. script .. " end)"
    assert(files.write(folder .. "/closed_test.lua", test))
    local child = assert(sys.process.spawn { argv = { "/bin/sh", "-c",
      '"$0" --role=test "$1" | head -c 1', env.exe(), folder .. "/closed_test.lua" },
      stdin = "null", stdout = "pipe", stderr = "pipe" })
    local said = ""
    repeat
      local chunk = assert(child:read("stderr"))
      said = said .. chunk
    until chunk == ""
    child:wait()
    assert(files.remove(folder, { recursive = true }))
    expect(said):matches("^closed")
  end)
end)

describe("sys.random", function()
  it("gives numbers from 0 to below 1, evenly", function()
    local sum, low, high = 0, 1, 0
    for _ = 1, 10000 do
      local number = sys.random.number()
      sum, low, high = sum + number, math.min(low, number), math.max(high, number)
    end
    expect(low >= 0 and high < 1):is(true)
    -- Twenty standard deviations: a failure is no accident.
    expect(math.abs(sum / 10000 - 0.5) < 20 * 0.00289):is(true)
    expect(#sys.random.bytes(1000)):is(1000)
    expect(sys.random.bytes(16) ~= sys.random.bytes(16)):is(true)
    expect(function() sys.random.bytes(-1) end):raises("count must be a number from 0")
  end)
end)

describe("sys.codec", function()
  it("raises for wrong use, with the signature", function()
    expect(function() sys.codec.base64(5) end):raises("base64%(data%): data must be a string")
    expect(function() sys.codec.gzip("x", 0) end):raises("level must be a number from 1 to 9")
    expect(function() sys.codec.json_encode(error) end):raises("codec%.json_encode%(value%)")
  end)

  it("bounds what comes out of compressed data", function()
    local bomb = sys.codec.gzip(("\0"):rep(5000000), 9)
    expect(#bomb < 10000):is(true)
    expect(select(3, sys.codec.gunzip(bomb, 1000))):is("too-large")
    expect(#sys.codec.gunzip(bomb)):is(5000000)
    expect(select(3, sys.codec.gunzip("nothing packed"))):is("invalid")
  end)
end)
