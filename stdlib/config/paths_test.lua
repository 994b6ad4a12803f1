local paths = require "config.paths"

describe("paths", function()
  it("makes a name absolute", function()
    expect(paths.absolute("a/./b/../c", "/x")):is("/x/a/c")
    expect(paths.absolute("/a//b/", "/x")):is("/a/b")
    expect(paths.absolute("../..", "/x")):is("/")
  end)

  it("makes a name relative", function()
    expect(paths.relative("/a/b/c.png", "/a")):is("b/c.png")
    expect(paths.relative("/a/b/c.png", "/a/x/y")):is("../../b/c.png")
    expect(paths.relative("/c.png", "/a")):is("../c.png")
    expect(paths.relative("/ab/c", "/a")):is("../ab/c")
  end)

  it("shows what lies below as relative, the rest as it is", function()
    expect(paths.display("/a/b", "/a")):is("b")
    expect(paths.display("/ab", "/a")):is("/ab")
  end)

  it("splits", function()
    expect(paths.folder "/a/b"):is("/a")
    expect(paths.folder "/a"):is("/")
    expect(paths.base "/a/b.lua"):is("b.lua")
  end)
end)
