local args = require "cli.args"
local verbs = require "cli.verbs"

local function parse(name, argv)
  return args.parse(name, verbs[name], require("cli.verb." .. name), argv)
end

local function refusal(name, argv)
  local ok, problem = pcall(parse, name, argv)
  expect(ok):is(false)
  return problem
end

describe("arguments", function()
  it("fill settings by their keys", function()
    local values = parse("run", {
      "a.lua", "b", "--url", "https://x.example", "-o", "k=v", "-o", "l=w", "-r",
      "list,junit=o.xml", "--jobs=2", "-qv",
    })
    expect(values.skill):same { "a.lua", "b" }
    expect(values.option):same { "k=v", "l=w" }
    local settings = require("cli.flags").settings(values)
    expect(settings):same { ["store.url"] = "https://x.example",
      reporters = { "list,junit=o.xml" }, jobs = "2" }
    expect(values.quiet):is(true)
    expect(values.verbose):is(1)
  end)

  it("have long names too", function()
    expect(parse("run", { "a", "--option", "k=v", "--reporter", "json" }).option):same { "k=v" }
  end)

  it("take an argument for the browser as it is", function()
    local values = parse("run", { "a", "--browser-arg", "--no-sandbox", "--browser-arg=--lang=de",
      "--headed" })
    expect(values.browser_args):same { "--no-sandbox", "--lang=de" }
    expect(values.headed):is(true)
  end)

  it("are refused with the nearest flag", function()
    local problem = refusal("run", { "a", "--ulr", "x" })
    expect(problem.kind):is("usage")
    expect(problem.message):is("nano-sre run: unknown option '--ulr'")
    expect(problem.hint):matches("did you mean '%-%-url'%?")
  end)

  it("may be missing", function()
    expect(refusal("run", {}).message):matches("missing argument")
  end)
end)

describe("every verb", function()
  for _, name in ipairs(verbs.names()) do
    it(name .. " has a module, help and examples", function()
      local values, help = parse(name, { "--help" })
      expect(values):is(nil)
      expect(help):matches("^Usage: nano%-sre " .. name)
      expect(help):matches("Examples:")
      expect(help):matches("%-%-no%-color")
    end)
  end

  it("is known to the completion of every shell", function()
    local parser = args.full_parser(verbs, function(name) return require("cli.verb." .. name) end)
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      local text = parser["get_" .. shell .. "_complete"](parser)
      for _, name in ipairs(verbs.names()) do expect(text):contains(name) end
      expect(text):contains("update-baseline")
    end
  end)
end)
