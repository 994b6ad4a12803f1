-- The table `triggers` of nano-sre.lua: what is taken, and what is said of what is wrong.

local expect = require "expect"
local trigger_settings = require "watch.trigger_settings"

local SCRIPTS = { { name = "launches", shown = "triggers/launches.lua", path = "/p/l.lua" } }
local SECRET = "0123456789abcdef"

local function read(triggers, env)
  local problems = {}
  local list = trigger_settings.read({ tables = { triggers = triggers }, cwd = "/p",
    environment = function(name) return (env or {})[name] end }, SCRIPTS, problems)
  local by_name = {}
  for _, trigger in ipairs(list) do by_name[trigger.name] = trigger end
  return by_name, table.concat(problems, "\n")
end

describe("triggers in nano-sre.lua", function()
  it("are webhooks, files and scripts", function()
    local found, problems = read({
      deploy = { webhook = "github", secret = { env = "DEPLOY" }, run = "checkout",
        after = "30s", environments = "Production" },
      turn = { webhook = "hmac", header = "X-Sig", encoding = "base64",
        secret = { { env = "OLD" }, { env = "NEW" } }, use = "launches" },
      stock = { file = "in/stock-*.csv", run = { "north", "south/search" } },
    }, { DEPLOY = SECRET, OLD = SECRET .. "1", NEW = SECRET .. "2" })
    expect(problems):is ""
    expect(found.deploy.hook.secrets):same { SECRET }
    expect(found.deploy.hook.states):same { "success" }
    expect(found.deploy.hook.environments):same { "Production" }
    expect(found.deploy.after_ms):is(30000)
    expect(found.deploy.run):same { "checkout" }
    expect(#found.turn.hook.secrets):is(2)
    expect(found.turn.hook.header):is "x-sig"
    expect(found.turn.script.name):is "launches"
    expect(found.stock.file.folder):is "/p/in"
    expect(("stock-7.csv"):find(found.stock.file.pattern) ~= nil):is(true)
    expect(("stock-7xcsv"):find(found.stock.file.pattern)):is(nil)
    expect(found.launches):is(nil) -- used by another
    expect(read({}).launches.kind):is "script"
    expect(read({ launches = false }).launches):is(nil)
    expect(read({ launches = { every = "2m" } }).launches.timing.every):is(120000)
  end)

  it("are refused with what is wrong, all at once", function()
    local _, problems = read({
      a = { webhook = "github", run = "x" },
      b = { webhook = "gitlab", secret = SECRET, run = "x" },
      c = { webhook = "github", secret = "short", run = "x" },
      d = { webhook = "hmac", secret = SECRET, run = "x" },
      e = { webhook = "standard", secret = SECRET, states = { "success" }, run = "x" },
      f = { webhook = "github", secret = { env = "NONE" }, run = "x" },
      g = { file = "x", webhook = "github", secret = SECRET, run = "x" },
      h = { file = "x", every = "5m", run = "x" },
      i = { file = "x" }, j = { use = "launhces" }, k = { every = "5m" },
      ["l m"] = { file = "x", run = "x" }, n = { file = "x", run = "x", fil = 1 }, o = 7,
    })
    for _, text in ipairs { "triggers.a needs a secret",
      "triggers.b.webhook must be github, standard or hmac",
      "triggers.c.secret must be a text of at least 16 characters",
      'triggers.d needs header = "X-Signature"',
      "triggers.e.states has no meaning for a webhook of the form standard",
      "triggers.f.secret: NONE is not set in the environment",
      "triggers.g has webhook and file",
      "triggers.h.every has no meaning for a trigger that is set off by a file",
      "triggers.i needs run =", "there is no script triggers/launhces.lua, did you mean launches?",
      "triggers.k: there is no script triggers/k.lua, and it has neither webhook nor file",
      "triggers.l m: a name has letters", 'triggers.n has no field "fil", did you mean "file"?',
      "triggers.o must be a table" } do
      if not problems:find(text, 1, true) then error("not said: " .. text .. "\n" .. problems) end
    end
    expect(problems:find("triggers.f needs a secret", 1, true)):is(nil)
  end)
end)
