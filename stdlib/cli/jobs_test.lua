local jobs = require "cli.jobs"

local MANIFEST = { capabilities = { "browser" },
  options = { { name = "product" }, { name = "quantity" } } }
local OTHER = { capabilities = {}, options = { { name = "query" } } }

local function config(fields)
  local values = { browser = "auto", headed = false }
  for key, value in pairs(fields or {}) do values[key] = value end
  return {
    cwd = "/p", skills = fields and fields.skills or {}, origins = fields and fields.origins or {},
    warnings = fields and fields.warnings or {},
    dotenv = fields and fields.dotenv, get = function(_, key) return values[key] end,
  }
end

local function entry(name)
  return { name = name, path = "/p/skills/" .. name .. ".lua", source = "needs" }
end

local function make(fields)
  local manifests = fields.manifests or { checkout = MANIFEST, search = OTHER }
  return jobs.make({
    entries = fields.entries or { entry "checkout" }, words = fields.words or {},
    dry_run = fields.dry_run,
    artifacts = fields.artifacts, record = fields.record,
  }, config(fields.config), function(one) return manifests[one.name] end, "0.1.0")
end

local function refusal(fields)
  local ok, problem = pcall(make, fields)
  expect(ok):is(false)
  return problem
end

local SHOP = { ["store.url"] = "https://shop.example" }

describe("options of a skill", function()
  it("come from nano-sre.lua, then the environment, then -o", function()
    local items = make {
      words = { "product=flag" },
      config = {
        ["store.url"] = "https://shop.example",
        skills = { checkout = { options = { product = "file", quantity = 2 } } },
        dotenv = { values = { NANO_SRE_CHECKOUT_QUANTITY = { value = "3", line = 1 } } },
      },
    }
    expect(items[1].job.options):same { product = "flag", quantity = "3" }
  end)

  it("go to every skill that has them, or to the one that is named", function()
    local items = make {
      entries = { entry "checkout", entry "search" }, config = SHOP,
      words = { "query=a=b", "checkout.quantity=2" },
    }
    expect(items[1].job.options):same { quantity = "2" }
    expect(items[2].job.options):same { query = "a=b" }
  end)

  it("are refused with the nearest name before anything runs", function()
    local problem = refusal { words = { "prodct=x" }, config = SHOP }
    expect(problem.message):is('-o prodct=x: checkout has no option "prodct"')
    expect(problem.hint):is("did you mean product?")
    expect(refusal { words = { "zzzzzz=x" },
      config = SHOP }.hint):matches("there are product, quantity")
    expect(refusal { words = { "product" }, config = SHOP }.message):matches("KEY=VALUE")
  end)

  it("of the environment that no skill has are left out, and told of", function()
    local warnings = {}
    local items = make { config = {
      ["store.url"] = "https://shop.example", warnings = warnings,
      dotenv = { values = { NANO_SRE_CHECKOUT_PRODCT = { value = "3", line = 1 } } },
    } }
    expect(items[1].job.options):same {}
    expect(warnings[1]):is('NANO_SRE_CHECKOUT_PRODCT is left out: checkout has no option "prodct"')
  end)

  it("are left to the run where the skill can't be loaded", function()
    local items = make { words = { "product=x" }, config = SHOP, manifests = {} }
    expect(items[1].job.options):same { product = "x" }
  end)
end)

describe("a shop", function()
  it("must be configured for a skill that goes there", function()
    local problem = refusal {}
    expect(problem.message):is("no shop is configured, and checkout needs one")
    expect(problem.hint):matches("STORE_URL")
  end)

  it("need not be for one that needs nothing", function()
    expect(make { entries = { entry "search" } }[1].job.store):is(nil)
  end)
end)

describe("a job", function()
  it("carries limits: the flag's, else the skill's of nano-sre.lua, else the general one",
    function()
    local function limit(fields)
      fields["store.url"] = "https://shop.example"
      return make { config = fields }[1].job.timeout_ms
    end
    local skill = { checkout = { timeout = 2000 } }
    expect(limit { timeout = 1000 }):is(1000)
    expect(limit { timeout = 1000, skills = skill }):is(2000)
    expect(limit { timeout = 1000, skills = skill, origins = { timeout = "--timeout" } }):is(1000)
    expect(limit {}):is(nil)
  end)

  it("has folders of its own, also beside one of the same name", function()
    local items = make {
      entries = { entry "checkout", entry "checkout" }, config = SHOP, artifacts = "/out",
      record = "/rec",
    }
    expect(items[1].job.artifacts):is("/out/checkout")
    expect(items[2].job.artifacts):is("/out/checkout-2")
    expect(items[2].job.record):is("/rec/checkout-2.jsonl")
  end)
end)

describe("the browser", function()
  it("is a kind, a path or an address", function()
    expect(jobs.browser("auto", false, "/p")):same { kind = "auto", headed = false }
    expect(jobs.browser("auto", true, "/p")):same { kind = "chromium", headed = true }
    expect(jobs.browser("ws://127.0.0.1:1/x", false, "/p").endpoint):is("ws://127.0.0.1:1/x")
    expect(jobs.browser("/bin/sh", false, "/p").path):is("/bin/sh")
  end)

  it("takes arguments, unless it runs already", function()
    expect(jobs.browser("auto", false, "/p", { "--no-sandbox" }).args):same { "--no-sandbox" }
    local ok, problem = pcall(jobs.browser, "ws://127.0.0.1:1/x", false, "/p", { "--x" })
    expect(ok):is(false)
    expect(problem.message):contains("--browser-arg can't be used")
  end)

  for which, expected in pairs {
    ["http://127.0.0.1:9222/x"] = "named by its ws:// address",
    ["/no/such/browser"] = "there is no browser at /no/such/browser", chromum = 'not "chromum"',
  } do
    it("refuses " .. which, function()
      local ok, problem = pcall(jobs.browser, which, false, "/p")
      expect(ok):is(false)
      expect(problem.message):contains(expected)
    end)
  end

  it("refuses a window where there is none", function()
    expect((pcall(jobs.browser, "shell", true, "/p"))):is(false)
    expect((pcall(jobs.browser, "ws://x/y", true, "/p"))):is(false)
  end)
end)
