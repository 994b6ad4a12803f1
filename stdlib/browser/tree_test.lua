local tree = require "browser.tree"

local function context(frame, id, own)
  return { uniqueId = id, id = #id, auxData = { frameId = frame, isDefault = own == true } }
end

local function gone(id) return ('{"executionContextUniqueId":"%s"}'):format(id) end

describe("a frame that two sessions tell of", function()
  local frames, record
  before_each(function()
    frames = tree.new()
    record = frames:record("f")
    frames:context_made(context("f", "own main", true), "frame's")
    frames:context_made(context("f", "own world"), "frame's")
  end)

  it("keeps what its own process told, when the page's tells late of what was before", function()
    frames:context_made(context("f", "blank main", true), "page's")
    expect(record.session):is("page's")
    expect(record.world):is(nil)
    frames:context_gone(gone "blank main")
    expect(record.session):is("frame's")
    expect(record.main):is("own main")
    expect(record.world):is("own world")
  end)

  it("goes back to the page's process when its own has ended", function()
    frames:context_made(context("f", "back"), "page's")
    frames:session_ended("frame's", "f")
    expect(record.session):is("page's")
    expect(record.world):is("back")
    expect(record.main):is(nil)
    frames:contexts_cleared("page's")
    expect(record.world):is(nil)
    expect(next(frames.contexts)):is(nil)
  end)

  it("has nobody to answer for it between two processes; frames within it are gone", function()
    frames:context_made(context("inner", "inner main", true), "frame's")
    frames:session_ended("frame's", "f")
    expect(record.session):is(nil)
    expect(record.world):is(nil)
    expect(frames.frames.inner):is(nil)
    expect(frames.frames.f):is(record)
  end)

  it("forgets a world that turned out to be gone", function()
    frames:set_world("f", nil)
    frames:context_made(context("f", "next main", true), "frame's")
    expect(record.world):is(nil)
    expect(record.main):is("next main")
  end)
end)
