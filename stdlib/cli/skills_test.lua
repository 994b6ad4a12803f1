local paths = require "config.paths"
local skills = require "cli.skills"

local dir

before_each(function() dir = sys.files.temp_dir "nano-skills" end)
after_each(function() sys.files.remove(dir, { recursive = true }) end)

local function write(name, text)
  sys.files.make_dirs(paths.folder(dir .. "/" .. name))
  sys.files.write(dir .. "/" .. name, text or "return skill 'x' {}")
end

local function config(fields)
  local project = { root = dir, file = dir .. "/nano-sre.lua" }
  local all = { cwd = dir, skills = {}, warnings = {}, project = project }
  for key, value in pairs(fields or {}) do all[key] = value end
  return all
end

local function no_manifest() return nil end

local function refusal(fn, ...)
  local ok, problem = pcall(fn, ...)
  expect(ok):is(false)
  return problem
end

describe("the skills that have a name", function()
  it("are the project's, those of scripts/skills and the bundled ones; the first wins", function()
    write "skills/mine.lua"
    write "skills/checkout.lua"
    write "scripts/skills/mine.lua"
    write "scripts/skills/other.lua"
    local all = skills.all(config())
    expect(all.mine.origin):is("project")
    expect(all.checkout.origin):is("project")
    expect(all.other.origin):is("scripts")
  end)

  it("are Lua files, but not tests and hidden ones", function()
    write "skills/a.lua"
    write "skills/a_test.lua"
    write "skills/.hidden.lua"
    write "skills/notes.md"
    local names = {}
    for _, entry in ipairs(skills.all(config())) do
      if entry.origin == "project" then names[#names + 1] = entry.name end
    end
    expect(names):same { "a" }
  end)
end)

describe("what check runs", function()
  local function names(fields)
    local list = {}
    for _, entry in ipairs(skills.for_check(config(fields))) do list[#list + 1] = entry.name end
    return list
  end

  it("is everything of the project", function()
    write "skills/a.lua"
    write "skills/b.lua"
    expect(names()):same { "a", "b" }
  end)

  it("leaves out what is switched off", function()
    write "skills/a.lua"
    write "skills/b.lua"
    expect(names { skills = { b = { enabled = false } } }):same { "a" }
  end)

  it("warns of a name that is no skill", function()
    write "skills/search.lua"
    local warnings = {}
    names { skills = { serach = { enabled = true } }, warnings = warnings }
    expect(warnings[1]):contains("skills.serach: there is no such skill, did you mean search?")
  end)

  it("is the bundled skills where there are no others", function()
    local bundled = {}
    for _, entry in ipairs(skills.all(config())) do bundled[#bundled + 1] = entry.name end
    expect(names()):same(bundled)
  end)
end)

describe("finding a skill", function()
  it("takes a path", function()
    write "deep/x.lua"
    local entry = skills.find(config(), "deep/x.lua", no_manifest)
    expect(entry.name):is("x")
    expect(entry.path):is(dir .. "/deep/x.lua")
  end)

  it("names the nearest file for a wrong path", function()
    write "deep/checkout.lua"
    local problem = refusal(skills.find, config(), "deep/chekout.lua", no_manifest)
    expect(problem.kind):is("usage")
    expect(problem.message):is("there is no file deep/chekout.lua")
    expect(problem.hint):is("did you mean deep/checkout.lua?")
  end)

  it("says when not even the folder is there", function()
    expect(refusal(skills.find, config(), "nowhere/x.lua",
      no_manifest).hint):matches("no folder nowhere")
  end)

  it("says that a folder is no skill", function()
    write "deep/checkout.lua"
    expect(refusal(skills.find, config(), "deep/", no_manifest).message):matches("is not a file")
  end)

  it("takes a name, and an alias that a skill declares", function()
    write "skills/checkout.lua"
    expect(skills.find(config(), "checkout", no_manifest).name):is("checkout")
    local entry = skills.find(config(), "shopify_shopper", function(candidate)
      return candidate.name == "checkout"
        and { name = "checkout", aliases = { "shopify_shopper" } } or nil
    end)
    expect(entry.name):is("checkout")
  end)

  it("names the nearest skill for an unknown name", function()
    write "skills/search.lua"
    local problem = refusal(skills.find, config(), "serach", no_manifest)
    expect(problem.message):is('there is no skill "serach"')
    expect(problem.hint):is("did you mean search?")
  end)
end)

describe("reading a skill", function()
  it("refuses a binary file", function()
    write("a.lua", "\27LJ\2\0")
    local entry = skills.find(config(), "./a.lua", no_manifest)
    expect(refusal(skills.read, entry).message):matches("is not a Lua script but a binary file")
  end)

  it("says why a file can't be read", function()
    expect(refusal(skills.read,
      { path = dir .. "/gone.lua", shown = "gone.lua" }).message):matches("can't read gone.lua: ")
  end)
end)
