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
    expect(refusal { "pdf" }.hint):is("there are list, json, jsonl, junit, tap, md, html, github")
  end)

  it("refuses two that both want stdout", function()
    expect(refusal { "list,json" }.message):is("reporters list and json both write to stdout")
  end)

  it("lets github share stdout, as it writes lines among others", function()
    expect(parse { "list,github" }):same { { name = "list" }, { name = "github" } }
    expect(parse { "github,json" }):same { { name = "github" }, { name = "json" } }
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
    expect(parse({}, "a.tap")[1].name):is("tap")
    expect(parse({}, { "a.md", "a.html" })):same {
      { name = "md", file = "/p/a.md" }, { name = "html", file = "/p/a.html" },
    }
  end)

  it("says which endings there are", function()
    expect(refusal({ "list" }, "report.pdf").hint):contains(".md, .html, .json")
    expect(refusal({ "list" }, "report").hint):contains(".md, .html, .json")
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

  it("adds github's summary to the job's page, and names files as the checkout does", function()
    sys.files.write(dir .. "/summary.md", "before\n")
    local env = { GITHUB_STEP_SUMMARY = dir .. "/summary.md", GITHUB_WORKSPACE = dir }
    local opened = reporters.open(parse { "github=" .. dir .. "/sub/out.txt" }, { cwd = dir
      .. "/sub", on_problem = error, getenv = function(name) return env[name] end })
    opened:finish(function()
      return build.report { version = "0.1.0", exit_code = 1, results = { build.normalise {
        skill = "x", status = "FAIL", summary = "no", script = dir .. "/skills/x.lua",
        failure = { where = "x.lua:3" } } } }
    end)
    expect(sys.files.read(dir .. "/summary.md")):matches "^before\n## ❌ The shop has a problem"
    expect(sys.files.read(dir .. "/sub/out.txt"))
      :is "::error file=skills/x.lua,line=3,title=x failed::no\n"
  end)

  it("tells when the job's page can't be written", function()
    local problems = {}
    local opened = reporters.open(parse { "github=" .. dir .. "/out.txt" }, { cwd = dir,
      on_problem = function(problem) problems[#problems + 1] = problem end,
      getenv = function(name) return name == "GITHUB_STEP_SUMMARY" and dir .. "/no/x" or nil end })
    opened:finish(report)
    expect(#problems):is(1)
    expect(problems[1].message):contains "can't write the job's summary"
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
