-- From nano-sre.lua to checks, routes and windows.

local config_load = require "config.load"
local scripts = require "service.scripts"
local settings = require "watch.settings"
local setup = require "watch.setup"

describe("watch.setup", function()
  local folder
  local manifests = {
    home = { name = "home", every_ms = 60000, capabilities = { "http" }, options = {} },
    checkout = { name = "checkout", capabilities = { "browser" }, parents = { "home" },
      severity = "P0", options = { { name = "product" } } },
  }
  before_each(function()
    folder = assert(sys.files.temp_dir "nano-setup-")
    sys.files.make_dirs(folder .. "/skills")
    for name in pairs(manifests) do
      sys.files.write(folder .. "/skills/" .. name .. ".lua", name)
    end
    sys.files.write(folder .. "/nano-sre.lua", "")
  end)
  after_each(function() sys.files.remove(folder, { recursive = true }) end)

  local function load(file, flags, env)
    return config_load.load { cwd = folder, flags = flags or {},
      getenv = function(name) return (env or {})[name] end, inspect = function() return file end }
  end
  local function build(file, flags, env)
    local found = scripts.new(function(job) return manifests[job.script:match "([%w]+)%.lua$"] end)
    return setup.build { config = load(file, flags, env), scripts = found,
      trigger_scripts = scripts.new(error), version = "1" }
  end
  local function by_id(made)
    local map = {}
    for _, check in ipairs(made.checks) do map[check.id] = check end
    return map
  end

  it("makes every skill of every store a check", function()
    local made = build { stores = { { url = "north.example", name = "north" },
      { url = "https://south.example/", skills = { "home" } } } }
    local checks = by_id(made)
    expect(#made.checks):is(3)
    expect(checks["north/home"].store.url):is "https://north.example"
    expect(checks["south.example/home"]):truthy()
    expect(checks["north/checkout"].browser):is(true)
    expect(checks["north/home"].browser):is(false)
    expect(checks["north/home"].inhibits):same { "checkout" }
    expect(checks["north/checkout"].policy.severity):is "P0"
  end)

  it("lets the nearest setting win", function()
    local file = { timezone = "Europe/Berlin",
      skills = { home = { every = "5m", fails = 3, of = 5, options = { a = 1, b = 1 } } },
      stores = { { url = "a.example", name = "a", every = "7m", options = { home = { b = 2 } },
        skills = { home = { every = "2m", labels = { team = "x" } }, checkout = {} } },
        { url = "b.example", name = "b", severity = "P2", skills = { "home", checkout = {
          cron = "0 8 * * *", timezone = "UTC" } } } } }
    local checks = by_id(build(file))
    expect(checks["a/home"].every_ms):is(120000)
    expect(checks["a/checkout"].every_ms):is(420000)
    expect(checks["b/home"].every_ms):is(300000)
    expect(checks["b/checkout"].every_ms):is(nil)
    expect(checks["b/checkout"].cron):truthy()
    expect(checks["b/checkout"].zone.name):is "UTC"
    expect(checks["a/home"].zone.name):is "Europe/Berlin"
    expect(checks["a/home"].options):same { a = 1, b = 2 }
    expect(checks["a/home"].policy.fails):is(3)
    expect(checks["b/checkout"].policy.severity):is "P2"
    expect(checks["a/home"].labels):same { team = "x" }
    checks = by_id(build(file, { interval = "30" }))
    for _, check in pairs(checks) do expect(check.every_ms):is(1800000) end
    checks = by_id(build({ store = { url = "a.example" } }, {},
      { CHECK_INTERVAL_MINUTES = "15" }))
    expect(checks["a.example/home"].every_ms):is(900000)
    checks = by_id(build { store = { url = "a.example" } })
    expect(checks["a.example/home"].every_ms):is(60000)
    expect(checks["a.example/checkout"].every_ms):is(1800000)
  end)

  it("takes secrets from the environment", function()
    local file = { stores = { { url = "a.example", password = { env = "A_PASSWORD" } } } }
    local made = build(file, {}, { A_PASSWORD = "hush" })
    expect(made.checks[1].store.password):is "hush"
    expect(function() build(file) end):raises "A_PASSWORD is not set"
  end)

  it("lists everything that is wrong, at once", function()
    local ok, why = pcall(build, { stores = { { url = "a.example", name = "x", evry = "5m",
      skills = { chekout = {} } }, { name = "x", cron = "99 * * * *" } },
      routes = { { match = {} }, { name = "n", to = { "a" }, quiet = "whenever",
        group_wait = "soon" } },
      maintenance = { { window = "sun" }, {} } })
    expect(ok):is(false)
    for _, text in ipairs { 'no field "evry", did you mean "every"', "stores%[2%] needs a url",
      "two stores are called \"x\"", 'no skill "chekout", did you mean "checkout"',
      "routes%[1%] needs to", "routes%[2%].quiet", "group_wait must be a time",
      "maintenance%[1%]", "maintenance%[2%] needs window" } do
      expect(why.message):matches(text)
    end
  end)

  it("reads routes and windows", function()
    local problems = {}
    local config = load { store = { url = "a.example" }, routes = { { name = "night",
      to = { "mail" }, quiet = "daily 22:00-07:00", group_wait = "0", repeat_interval = "1d",
      escalate = { { after = "15m", to = { "phone" } } } } },
      maintenance = { { match = { skill = "home" }, window = "sun 02:00-04:00" },
        { from = "2026-01-01T00:00:00Z", to = "2026-01-02T00:00:00Z" } } }
    local stores = settings.stores(config, problems)
    stores[1].routes = { "theirs" }
    local routes = settings.routes(config, stores, {}, problems)
    expect(problems):same {}
    expect(routes[1].to):same { "theirs" }
    expect(routes[2].quiet:contains(23 * 3600000)):is(true)
    expect(routes[2].group_wait):is(0)
    expect(routes[2].escalate[1].after):is(900000)
    local windows = settings.maintenance(config, problems)
    expect(#windows):is(2)
    expect(windows[1].hours):truthy()
    expect(windows[2].ends - windows[2].starts):is(86400000)
  end)

  it("goes on with what loads when a script is broken from the start", function()
    local found = scripts.new(function(job)
      if job.script:match "home" then return nil, { message = "boom", where = "home.lua:1" } end
      return manifests.checkout
    end)
    local made, broken = setup.build { config = load { store = { url = "a.example" } },
      scripts = found, trigger_scripts = found, version = "1" }
    expect(#made.checks):is(2)
    expect(#broken):is(1)
    expect(broken[1].where):is "home.lua:1"
  end)
end)
