local json = require "json"
local saved = require "cli.saved"

local dir
before_each(function() dir = sys.files.temp_dir "nano-saved" end)
after_each(function() sys.files.remove(dir, { recursive = true }) end)

local function keep(name, report)
  sys.files.make_dirs(dir .. "/" .. name)
  local text = type(report) == "string" and report or json.encode(report or {
    format = "nano-sre/report", version = 1, results = { { skill = "a", status = "PASS",
      summary = json.null, details = { x = json.null, y = { json.null } } } },
  })
  sys.files.write(dir .. "/" .. name .. "/report.json", text)
end

local function refusal(fn, ...)
  local ok, problem = pcall(fn, ...)
  expect(ok):is(false)
  return problem.message
end

it("lists the newest first, and only what has a report", function()
  keep "20260101-000000-000"
  keep "20260102-000000-000"
  sys.files.make_dirs(dir .. "/20260103-000000-000")
  local names = {}
  for i, entry in ipairs(saved.list(dir)) do names[i] = entry.name end
  expect(names):same { "20260102-000000-000", "20260101-000000-000" }
  expect(saved.list(dir .. "/none")):same {}
end)

it("finds a file, a folder, a name, or the newest", function()
  keep "one"
  keep "two"
  local file = dir .. "/one/report.json"
  expect(saved.find("one/report.json", "/none", dir)):is(file)
  expect(saved.find("one", "/none", dir)):is(file)
  expect(saved.find("one", dir, "/")):is(file)
  expect(saved.find(nil, dir, "/")):is(dir .. "/two/report.json")
end)

it("says what there is not", function()
  sys.files.make_dirs(dir .. "/empty")
  expect(refusal(saved.find, nil, dir .. "/empty", dir)):is "there is no report in empty yet"
  expect(refusal(saved.find, "empty", dir, dir)):is "empty has no report.json"
  expect(refusal(saved.find, "x", dir, dir)):is "there is no report x"
end)

it("reads a report with whatever its JSON leaves out", function()
  keep "one"
  local report = saved.read(dir .. "/one/report.json", "one")
  expect(report.totals.passed):is(1)
  expect(report.results[1].summary):is(nil)
  expect(report.results[1].details):same { y = {} }
  for _, name in ipairs { "list", "json", "junit", "tap", "md", "html", "github" } do
    expect(type(require("report." .. name).render(report))):is "string"
  end
end)

it("refuses what is no report", function()
  for text, why in pairs {
    ["{"] = "no report of nano-sre", ['"x"'] = "no report", ["{}"] = "no report",
    ['{"format":"nano-sre/report","version":2}'] = "its version is 2",
    ['{"format":"nano-sre/report","version":1}'] = "no results",
    ['{"format":"nano-sre/report","version":1,"results":[{"skill":1,"status":"PASS"}]}']
      = "result 1 is damaged",
    ['{"format":"nano-sre/report","version":1,"results":[{"skill":"a","status":"<b>"}]}']
      = "result 1 is damaged",
  } do
    keep("bad", text)
    expect(refusal(saved.read, dir .. "/bad/report.json", "bad")):contains(why)
  end
  expect(refusal(saved.read, dir .. "/none.json", "none.json")):contains "can't read none.json"
end)

it("finds pictures again when the folder was moved", function()
  keep "one"
  sys.files.make_dirs(dir .. "/one/checkout")
  sys.files.write(dir .. "/one/checkout/a.png", "x")
  sys.files.write(dir .. "/b.png", "x")
  local find = saved.finder(dir .. "/one/report.json")
  expect(find "/ci/out/20260101/checkout/a.png"):is(dir .. "/one/checkout/a.png")
  expect(find(dir .. "/b.png")):is(dir .. "/b.png")
  expect(find "/ci/../b.png"):is "/ci/../b.png"
end)
