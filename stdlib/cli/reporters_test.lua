local build = require "report.build"
local reporters = require "cli.reporters"

local function parse(specs, output) return reporters.parse(specs, output, "/p") end

local function refusal(...)
  local ok, problem = pcall(parse, ...)
  expect(ok):is(false)
  return problem
end

describe("-r", function()
  it("takes several, with commas or repeated, each with a file or not", function()
    expect(parse { "list,junit=out.xml", "md=/abs/r.md" }):same {
      { name = "list" }, { name = "junit", file = "/p/out.xml" },
      { name = "md", file = "/abs/r.md" },
    }
  end)

  it("names the nearest reporter", function()
    expect(refusal { "lits" }.hint):is("did you mean list?")
    expect(refusal { "pdf" }.hint):is("there are list, json, jsonl, junit, md")
  end)

  it("refuses two that both want stdout", function()
    expect(refusal { "list,json" }.message):is("reporters list and json both write to stdout")
  end)

  it("counts the same one twice as once", function() expect(#parse { "list", "list" }):is(1) end)

  it("refuses an empty file name", function()
    expect(refusal { "json=" }.message):matches("file's name is missing")
  end)
end)

describe("--output", function()
  it("takes its form from the ending", function()
    expect(parse({ "list" }, "r/shop.md")[2]):same { name = "md", file = "/p/r/shop.md" }
    expect(parse({}, "a.xml")[1].name):is("junit")
    expect(parse({}, "a.JSON")[1].name):is("json")
  end)

  it("says which endings there are", function()
    expect(refusal({ "list" }, "report.pdf").hint):matches("%.md, %.json")
    expect(refusal({ "list" }, "report").hint):matches("%.md, %.json")
  end)
end)

describe("writing reports", function()
  local dir
  before_each(function() dir = sys.files.temp_dir "nano-reporters" end)
  after_each(function() sys.files.remove(dir, { recursive = true }) end)

  local function report()
    return build.report { version = "0.1.0",
      results = { build.normalise { skill = "x", status = "PASS" } }, exit_code = 0 }
  end

  it("makes the folders that are missing", function()
    local opened = reporters.open(parse { "json=" .. dir .. "/a/b/out.json" },
      { cwd = dir, on_problem = error })
    opened:finish(report)
    expect(sys.files.read(dir .. "/a/b/out.json")):matches('"nano%-sre/report"')
    expect(opened.files):same { dir .. "/a/b/out.json" }
  end)

  it("tells of one that can't be written and writes the others", function()
    sys.files.write(dir .. "/file", "")
    local problems = {}
    local opened = reporters.open(parse { "json=" .. dir .. "/file/out.json,md=" .. dir
      .. "/out.md" }, {
      cwd = dir, on_problem = function(problem) problems[#problems + 1] = problem end,
    })
    opened:finish(report)
    expect(#problems):is(1)
    expect(problems[1].message):matches("can't write the json report file/out.json")
    expect(sys.files.read(dir .. "/out.md")):matches("^# Store report")
  end)

  it("streams jsonl as things happen", function()
    local opened = reporters.open(parse { "jsonl=" .. dir .. "/out.jsonl" },
      { cwd = dir, on_problem = error })
    local function lines()
      local _, count = sys.files.read(dir .. "/out.jsonl"):gsub("\n", "")
      return count
    end
    opened:start { skills = { "x" }, version = "0.1.0" }
    expect(lines()):is(1)
    opened:event("x", { type = "step.started", name = "a", index = 1 })
    expect(lines()):is(2)
    opened:result(report().results[1])
    opened:finish(report)
    expect(lines()):is(4)
    expect(opened.files):same { dir .. "/out.jsonl" }
  end)
end)
