local build = require "report.build"
local github = require "report.github"

local HOSTILE = "a\n::error::b\r\n##[error]c%0A::stop-commands::x,line=1:<img src=x>\1|`"

local function report(results, fields)
  for _, result in ipairs(results) do build.normalise(result) end
  local all = { version = "0.1.0", results = results, exit_code = 1, planned = #results,
    store_url = "https://shop.example" }
  for key, value in pairs(fields or {}) do all[key] = value end
  return build.report(all)
end

local function relative(path) return (path:gsub("^/repo/", "")) end

local function render(results, fields)
  return github.render(report(results, fields), { workspace_path = relative })
end

local function sample()
  return {
    { skill = "slow", status = "WARN", summary = "slow", script = "/repo/skills/slow.lua",
      warnings = { { message = "LCP 5 s", where = "slow.lua:7" } } },
    { skill = "search", status = "PASS", summary = "fine" },
    { skill = "checkout", status = "FAIL", summary = "add: 100% broken, it is",
      script = "/repo/skills/checkout.lua",
      steps = { { name = "add", status = "FAIL", duration_ms = 50,
        error = { message = "100% broken" } } },
      failure = { message = "it broke", where = "checkout.lua:36", hint = "mend `it`",
        excerpt = "> 36 | x" } },
  }
end

describe("annotations", function()
  it("name file, line and what to do, errors first, and are silent about what is well", function()
    expect(render(sample())):is("::error file=skills/checkout.lua,line=36,title=checkout failed::"
      .. "add: 100%25 broken, it is%0Ait broke%0A→ mend `it`\n"
      .. "::warning file=skills/slow.lua,line=7,title=slow%3A warning::slow%0ALCP 5 s\n")
    expect(render { { skill = "x", status = "PASS" } }):is ""
  end)

  it("point at a file beside the script", function()
    expect(render { { skill = "x", status = "ERROR", summary = "s", script = "/repo/a/x.lua",
      error = { kind = "script", message = "m", where = "lib/y.lua:3" } } })
      :contains "file=a/lib/y.lua,line=3,"
  end)

  it("name no file that is not in the checkout", function()
    for _, script in ipairs { "scripts/skills/checkout.lua", "/elsewhere/x.lua" } do
      expect(render { { skill = "x", status = "FAIL", summary = "s", script = script,
        failure = { where = "x.lua:3" } } }):matches "^::error title=x failed::s\n"
    end
  end)

  it("tell the monitor's own trouble", function()
    expect(render({}, { problems = { { message = "disk is full", hint = "free some" } } }))
      :is "::error title=the monitor::disk is full%0A→ free some\n"
  end)

  it("are one line each, whatever a shop says", function()
    local results = sample()
    for _, result in ipairs(results) do
      result.skill, result.summary = HOSTILE, HOSTILE
      result.script = "/repo/" .. HOSTILE
      result.warnings = { { message = HOSTILE, where = HOSTILE } }
      result.failure = result.failure and { message = HOSTILE .. "2", where = HOSTILE,
        hint = HOSTILE }
    end
    local text = render(results)
    expect(select(2, text:gsub("\n", ""))):is(2)
    for line in text:gmatch "[^\n]+" do
      local properties, message = line:match "^::%l+ ([^:]*)::(.*)$"
      expect(properties):is_not(nil)
      expect(select(2, properties:gsub(",", "")) <= 2):is(true)
      expect(message:find("%%0A::stop", 1, true) == nil):is(true) -- their %0A is %250A
      expect(message):contains "%250A"
    end
    expect(text:find("[%z\1-\9\11-\31]")):is(nil)
  end)

  it("are bounded", function()
    expect(#render { { skill = "x", status = "FAIL", summary = ("ä"):rep(1e6) } } < 5000):is(true)
  end)
end)

describe("the job's summary", function()
  local function summary(...) return github.summary(report(...)) end

  it("says how the shop is, with a table and what failed", function()
    local text = summary(sample())
    expect(text):matches "^## ❌ The shop has a problem: checkout failed%.\n"
    expect(text):contains "| ✅ | search | fine |"
    expect(text):contains "### ❌ checkout\n"
    expect(text):contains "**What to do:** mend `it`"
    expect(text):contains "> 36 | x"
    expect(text:find("### ✅", 1, true)):is(nil)
  end)

  it("keeps a shop's text from being markup", function()
    local results = sample()
    results[3].summary = HOSTILE
    local text = summary(results)
    expect(text:find("[^\\]<img")):is(nil)
    expect(text):contains "\\<img"
  end)

  it("stays below GitHub's limit", function()
    local results = {}
    for i = 1, 300 do
      results[i] = { skill = "s" .. i, status = "FAIL", summary = ("long "):rep(4000) }
    end
    expect(#summary(results) < 1024 * 1024):is(true)
    results = { { skill = "s", status = "FAIL", summary = "x",
      failure = { excerpt = ("y"):rep(2e6) } } }
    expect(summary(results)):contains "the reports have all of it"
  end)
end)
