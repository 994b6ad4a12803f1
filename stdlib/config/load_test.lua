local load = require "config.load"
local schema = require "config.schema"

local dir

before_each(function() dir = sys.files.temp_dir "nano-config" end)
after_each(function() sys.files.remove(dir, { recursive = true }) end)

local function write(name, text) sys.files.write(dir .. "/" .. name, text) end

local function load_with(fields)
  fields = fields or {}
  local env = fields.env or {}
  return load.load {
    cwd = fields.cwd or dir, flags = fields.flags, tolerant = fields.tolerant,
    getenv = function(name) return env[name] end,
    inspect = function() return fields.file, fields.problem end,
  }
end

local function message_of(fields)
  local ok, problem = pcall(load_with, fields)
  expect(ok):is(false)
  return problem.message
end

describe("configuration", function()
  it("is defaults where nobody said anything", function()
    local config = load_with()
    expect(config:get "store.url"):is(nil)
    expect(config:get "jobs"):is(1)
    expect(config.origins.jobs):is("default")
    expect(config:get "report_dir"):is(dir .. "/nano-sre-report")
  end)

  it("lets flags win over the environment, that over .env, that over the file", function()
    write("nano-sre.lua", "")
    write(".env", "# shop\nSTORE_URL=https://dotenv.example\nSQLITE_DB_PATH=kept.db\n")
    local file = { store = { url = "https://file.example", name = "My shop" }, timeout = "2m" }
    local config = load_with { file = file }
    expect(config:get "store.url"):is("https://dotenv.example")
    expect(config.origins["store.url"]):is(".env:2")
    expect(config:get "store.name"):is("My shop")
    expect(config.origins["store.name"]):is("nano-sre.lua")
    expect(config:get "timeout"):is(120000)
    expect(config:get "database"):is(dir .. "/kept.db")

    config = load_with { file = file, env = { STORE_URL = "https://env.example" } }
    expect(config:get "store.url"):is("https://env.example")
    expect(config.origins["store.url"]):is("environment STORE_URL")

    config = load_with {
      file = file, env = { STORE_URL = "https://env.example" },
      flags = { ["store.url"] = "flag.example" },
    }
    expect(config:get "store.url"):is("https://flag.example")
    expect(config.origins["store.url"]):is("--url")
  end)

  it("finds the project from below and reads paths as written there", function()
    write("nano-sre.lua", "")
    write(".env", "SQLITE_DB_PATH=./nano_sre.db\n")
    sys.files.make_dirs(dir .. "/a/b")
    local config = load_with { cwd = dir .. "/a/b", file = { report_dir = "out" } }
    expect(config.project.root):is(dir)
    expect(config:get "report_dir"):is(dir .. "/out")
    expect(config:get "database"):is(dir .. "/nano_sre.db")
  end)

  it("keeps results in the project, else in the state folder", function()
    write("nano-sre.lua", "")
    expect(load_with { file = {} }:get "database"):is(dir .. "/.nano-sre/nano-sre.db")
  end)

  it("takes an empty value of the environment as not set", function()
    write(".env", "STORE_PASSWORD=\n")
    expect(load_with { env = { STORE_URL = "" } }:get "store.url"):is(nil)
    expect(load_with():get "store.password"):is(nil)
  end)

  it("follows { env = NAME } in the file", function()
    write("nano-sre.lua", "")
    local file = { store = { password = { env = "SHOP_A_PASSWORD" } } }
    local config = load_with { file = file, env = { SHOP_A_PASSWORD = "geheim" } }
    expect(config:get "store.password"):is("geheim")
    expect(config.origins["store.password"]):is("environment SHOP_A_PASSWORD, from nano-sre.lua")
    expect(load_with { file = file }:get "store.password"):is(nil)
  end)

  it("names the nearest setting for an unknown one", function()
    write("nano-sre.lua", "")
    expect(message_of { file = { stroe = {} } }):matches('there is no setting "stroe"')
    expect(message_of { file = { timeuot = "1m" } }):matches('did you mean "timeout"')
    expect(message_of { file = { store = { ulr = "x" } } })
      :contains('"store.ulr", did you mean "store.url"')
    expect(message_of { file = { skills = { checkout = { option = {} } } } })
      :contains('did you mean "options"')
  end)

  it("lists every problem at once, with its place", function()
    write("nano-sre.lua", "")
    local text = message_of { file = { jobs = "many", headed = "perhaps" },
      flags = { timeout = "5" } }
    expect(text):matches('nano%-sre.lua: jobs must be a whole number from 1 to 64, not "many"')
    expect(text):matches('nano%-sre.lua: headed must be true or false')
    expect(text):matches('%-%-timeout: timeout must be a time with its unit')
  end)

  it("never shows a secret in an error", function()
    write("nano-sre.lua", "")
    expect(message_of { file = { store = { password = { "geheim" } } } }:find("geheim", 1,
      true)):is(nil)
  end)

  it("passes on what is wrong with the file itself", function()
    write("nano-sre.lua", "")
    local ok, problem = pcall(load_with,
      { problem = { message = "unexpected symbol", where = "nano-sre.lua:3" } })
    expect(ok):is(false)
    expect(problem.where):is("nano-sre.lua:3")
    expect(problem.message):matches("unexpected symbol")
  end)

  it("warns, but goes on, about what this version does not use, and about lines of .env", function()
    write(".env", "just words\n")
    local config = load_with { env = { MCP_ENABLED = "often" } }
    expect(#config.warnings):is(2)
    expect(config.warnings[1]):matches("%.env:1 is left out")
    expect(config.warnings[2]):matches("MCP_ENABLED")
  end)

  it("reads what skills are told", function()
    write("nano-sre.lua", "")
    local config = load_with { file = { skills = {
      checkout = { options = { product = "snowboard" }, timeout = "2m" }, search = false,
      stock = true,
    } } }
    expect(config.skills.checkout):same { options = { product = "snowboard" }, timeout = 120000 }
    expect(config.skills.search.enabled):is(false)
    expect(config.skills.stock.enabled):is(true)
  end)

  it("shows each setting with the environment name that existing users have", function()
    local names = {}
    for _, setting in ipairs(schema) do
      if setting.env then names[#names + 1] = setting.env end
    end
    table.sort(names)
    expect(names):same {
      "ALERT_WEBHOOK_URL", "CHECK_INTERVAL_MINUTES", "LLM_API_KEY", "LLM_MODEL", "LLM_PROVIDER",
      "MCP_ARGS", "MCP_COMMAND", "MCP_ENABLED", "MCP_SERVER_URL", "NANO_SRE_TOKEN", "REDACT_PII",
      "SCREENSHOT_BLUR_ENABLED", "SHOPIFY_ADMIN_API_KEY", "SQLITE_DB_PATH", "STORE_PASSWORD",
      "STORE_URL",
    }
  end)
end)
