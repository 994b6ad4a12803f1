--- Holds the LuaLS annotations in stdlib/types against the real API: every function and field that
--- an editor completes exists, and everything that exists is annotated.

local expect_module = require "expect"
local option = require "run.option"
local scripts = require "test.scripts"

-- ---- reading annotations ------------------------------------------------------------------------

---@class types.Class
---@field members table<string, "function"|"field">
---@field parents string[]

--- Reads one file: its module name ("_" for globals), its classes, what it returns, its global
--- functions and values.
local function read(text)
  local file = { classes = {}, globals = {}, module = text:match("^%-%-%-@meta ([^\n]+)") }
  local class, variables = nil, {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local name, parents = line:match("^%-%-%-@class ([%w_.]+):?(.*)")
    if name then
      class = { name = name, members = {}, parents = {}, methods = false }
      for parent in parents:gmatch("[%w_.]+") do table.insert(class.parents, parent) end
      file.classes[name] = class
    end
    local field = line:match('^%-%-%-@field ([%w_]+)%??%s')
      or line:match('^%-%-%-@field %["([^"]+)"%]')
    if field then class.members[field] = "field" end
    local variable = line:match("^local ([%w_]+) = {}")
    if variable then
      variables[variable], class = class, nil
    end
    local owner, member = line:match("^function ([%w_]+)[.:]([%w_]+)%(")
    if not owner then owner, member = line:match('^([%w_]+)%["([^"]+)"%] = function') end
    if owner then
      if not variables[owner] then error("a function of an unknown class: " .. line) end
      variables[owner].members[member] = "function"
      variables[owner].methods = true
    end
    local global = line:match("^function ([%w_]+)%(") or line:match("^([%w_]+) = ")
    if global then file.globals[global] = true end
    local returned = line:match("^return ([%w_]+)$")
    if returned then file.returns = variables[returned] or returned end
    if line == "" then class = class and class.methods and nil or class end
  end
  return file
end

local files, classes = {}, {}
for _, entry in ipairs(assert(sys.files.list("stdlib/types"))) do
  if entry.name:find("%.lua$") then
    local file = read(assert(sys.files.read("stdlib/types/" .. entry.name)))
    files[entry.name] = file
    for name, class in pairs(file.classes) do classes[name] = class end
  end
end

local function annotated(name)
  local class = classes[name]
  if not class then error("no class " .. name .. " is annotated", 2) end
  local set = {}
  for _, parent in ipairs(class.parents) do
    for member in pairs(annotated(parent)) do set[member] = true end
  end
  for member in pairs(class.members) do set[member] = true end
  return set
end

-- ---- what there really is -----------------------------------------------------------------------

local function words(text)
  local set = {}
  for word in text:gmatch("[^, ]+") do set[word] = true end
  return set
end

--- The words that an object of ours knows, as its own error lists them when none is near.
local function known(read_unknown)
  local ok, fault = pcall(read_unknown)
  if ok then error("reading an unknown word did not raise", 2) end
  return words(fault.hint:match("^known: (.*)$")
    or error("no list of words: " .. tostring(fault.hint), 2))
end

local function known_in_run(expression, needs)
  local result = scripts.run(([[return skill "x" { needs = { %s }, run = function(t, o)
    local ok, e = pcall(function() return (%s).qqqqqqqqqqqqqqqqqqqq end)
    return e.hint
  end }]]):format(needs or "", expression))
  return words(result.summary:match("^known: (.*)$") or error(result.summary, 2))
end

local function known_fields(declaration)
  local result = scripts.run("local _ = " .. declaration)
  return words(result.error.hint:match("^known: (.*)$") or error(result.error.message, 2))
end

local function keys(set)
  local out = {}
  for key in pairs(set) do
    if not tostring(key):find("^__") then out[key] = true end
  end
  return out
end

local function made_by(fn, name)
  for i = 1, 100 do
    local upvalue, value = debug.getupvalue(fn, i)
    if upvalue == name then return value end
    if upvalue == nil then error("no upvalue " .. name, 2) end
  end
end

--- A page or locator without a browser behind it.
local function browser_words(make)
  local object = make { words = tostring, tab = {} }
  return known(function() return object.qqqqqqqqqqqqqqqqqqqq end)
end

-- A maker of page.lua: "make_page", "make_locator", "make_frame".
local function page_maker(name)
  local make_page = made_by(made_by(require("browser.page").open, "register"), "make_page")
  if name == "make_page" then return make_page end
  local callable = made_by(made_by(make_page, "meta").__index, "callable")
  local method = made_by(callable[name:match("_(.*)$")], "method") -- the one that notes the use
  local inner = made_by(method, "method")
  return made_by(made_by(inner, name == "make_frame" and "in_frame" or "locator"), name)
end

-- By class: the words that the real thing has.
local REAL = {
  ["nano.Context"] = function() return known_in_run("t") end,
  ["nano.Store"] = function() return known_in_run("t.store") end,
  ["nano.OptionWords"] = function() return known_in_run("option") end,
  ["nano.Expectation"] = function() return known(
    function() return expect_module(1).qqqqqqqqqqqqqqqqqqqq end) end,
  ["nano.SkillFields"] = function() return known_fields(
    'skill "x" { qqqqqqqqqqqqqqqqqqqq = 1 }') end,
  ["nano.AlerterFields"] = function() return known_fields(
    'alerter "x" { qqqqqqqqqqqqqqqqqqqq = 1 }') end,
  ["nano.AlertContext"] = function()
    local a = require("run.alert_words").make({ name = "x", options = {}, needs = { has = {} } },
      { version = "1" }, {}, {})
    return known(function() return a.qqqqqqqqqqqqqqqqqqqq end)
  end,
  ["nano.TriggerFields"] = function() return known_fields(
    'trigger "x" { qqqqqqqqqqqqqqqqqqqq = 1 }') end,
  ["nano.TriggerContext"] = function()
    local t = require("run.trigger_words").make({ name = "x", options = {}, needs = { has = {} } },
      { trigger = "x", checks = {}, event = {} }, {}, { runs = {}, log = {} })
    return known(function() return t.qqqqqqqqqqqqqqqqqqqq end)
  end,
  ["nano.OptionFields"] = function() return known_fields(
    "option.url { qqqqqqqqqqqqqqqqqqqq = 1 }") end,
  ["nano.TextOptionFields"] = function() return known_fields(
    "option.string { qqqqqqqqqqqqqqqqqqqq = 1 }") end,
  ["nano.NumberOptionFields"] = function() return known_fields(
    "option.number { qqqqqqqqqqqqqqqqqqqq = 1 }") end,
  ["nano.DurationOptionFields"] = function() return known_fields(
    "option.duration { qqqqqqqqqqqqqqqqqqqq = 1 }") end,
  ["nano.ListOptionFields"] = function() return known_fields(
    "option.list { qqqqqqqqqqqqqqqqqqqq = 1 }") end,
  ["nano.MeasureFields"] = function()
    local result = scripts.body("t.measure('x', 1, { qqqqqqqqqqqqqqqqqqqq = 1 })")
    return words(result.error.hint:match("^known: (.*)$"))
  end,
  ["nano.Page"] = function() return browser_words(page_maker("make_page")) end,
  ["nano.Locator"] = function() return browser_words(page_maker("make_locator")) end,
  ["nano.Frame"] = function() return browser_words(page_maker("make_frame")) end,
}

local exchange = require "browser.exchange"
REAL["nano.Request"] = function()
  return browser_words(made_by(exchange.request, "request_face"))
end
REAL["nano.Response"] = function()
  return browser_words(made_by(exchange.response, "response_face"))
end

local http = require "http"
--- What a server with TLS answers.
local function answer()
  local pixels = assert(require("demo.pixels").start("127.0.0.1"))
  sys.task.spawn(function() pixels:serve() end)
  local got = assert(http.get("https://" .. pixels:describe().address, { insecure = true }))
  pixels:close()
  return got
end

REAL["http.Jar"] = function()
  return keys(made_by(made_by(http.jar, "JarMeta").__index, "Jar"))
end
REAL["http.Cookie"] = function()
  local jar = assert(http.jar())
  jar:set { name = "a", value = "1", domain = "shop.example", expires = 4e9 }
  return keys(jar:cookies()[1])
end
REAL["http.Response"] = function()
  local got = answer()
  local real = keys(got)
  real.headers, real.header_block = got.headers and true, nil -- the block is not for scripts
  for name in pairs(made_by(debug.getmetatable(got).__index, "methods")) do real[name] = true end
  return real
end
REAL["http.Timings"] = function() return keys(answer().timings) end
REAL["http.Certificate"] = function() return keys(answer().certificate) end
REAL["http.Stream"] = function()
  local real = annotated("http.Response")
  for name in pairs(made_by(http.open, "Stream")) do real[name] = true end
  return real
end
REAL["http.Options"] = function()
  local _, problem = pcall(http.get, "http://shop.example", { qqqqqqqqqqqqqqqqqqqq = 1 })
  return words(problem.hint:match("^known are (.*)$"))
end
REAL["http.RetryOptions"] = function()
  local _, problem = pcall(http.get, "http://shop.example", { retry = { qqqqqqqqqqqqqqq = 1 } })
  return words(problem.hint:match("^known are (.*)$"))
end

--- Fails with both lists of differences.
local function compare(name, real, written)
  local missing, extra = {}, {}
  for word in pairs(real) do
    if not written[word] then missing[#missing + 1] = word end
  end
  for word in pairs(written) do
    if not real[word] then extra[#extra + 1] = word end
  end
  table.sort(missing)
  table.sort(extra)
  expect({ not_annotated = missing, does_not_exist = extra }, name):same { not_annotated = {},
    does_not_exist = {} }
end

-- ---- tests --------------------------------------------------------------------------------------

describe("modules", function()
  for file_name, file in pairs(files) do
    if file.module ~= "_" then
      it(file.module, function()
        expect(file_name):is(file.module .. ".lua")
        local real = require(file.module)
        if type(real) == "function" then
          expect(file.returns):is_a("string")
        else
          expect(file.returns):is_a("table")
          compare(file.module, keys(real), annotated(file.returns.name))
        end
      end)
    end
  end

  it("that are public are all annotated", function()
    local written = {}
    for _, file in pairs(files) do written[file.module] = true end
    for name in pairs(require "run.public") do expect(written[name], name):is(true) end
  end)
end)

describe("classes", function()
  for name, real in pairs(REAL) do
    it(name, function() compare(name, real(), annotated(name)) end)
  end
end)

describe("classes with functions", function()
  it("are all held against something", function()
    for name, class in pairs(classes) do
      local is_module = name:find("^nano%.") and files[name:sub(6) .. ".lua"]
      if class.methods and not is_module then expect(REAL[name], name):is_a("function") end
    end
  end)
end)

describe("globals", function()
  it("are words of the sandbox", function()
    local found = 0
    for _, file in pairs(files) do
      for name in pairs(file.globals) do
        found = found + 1
        expect(scripts.body(("return type(%s)"):format(name)).summary, name):matches("^[ft]")
      end
    end
    expect(found):at_least(2)
  end)

  it("beyond Lua's own are all annotated", function()
    local lua = words("_G _VERSION assert bit collectgarbage coroutine error getmetatable "
      .. "ipairs math next os pairs pcall print rawequal rawget rawset require select "
      .. "setmetatable string table tonumber tostring type unpack xpcall")
    local result = scripts.body([[local all = {} for name in pairs(_G) do all[#all + 1] = name end
      return table.concat(all, ", ")]])
    local written = {}
    for _, file in pairs(files) do
      for name in pairs(file.globals) do written[name] = true end
    end
    for name in pairs(words(result.summary)) do
      expect(lua[name] or written[name], name):is(true)
    end
  end)
end)

describe("docs/browser.md", function()
  it("names functions that exist", function()
    local makers = { page = "make_page", frame = "make_frame", locator = "make_locator" }
    local real, found, text = {}, 0, assert(sys.files.read("docs/browser.md"))
    for owner, maker in pairs(makers) do real[owner] = browser_words(page_maker(maker)) end
    for owner, name in text:gmatch("%f[%w](%a+):([%a_]+)%f[^%w_]") do
      if real[owner] then
        found = found + 1
        expect(real[owner][name], owner .. ":" .. name):is(true)
      end
    end
    expect(found):above(80)
  end)
end)

describe("kinds of options", function()
  it("are those that exist", function()
    local real = require("run.option_kinds").kinds
    compare("option", keys(real), annotated("nano.OptionWords"))
    expect(option.words().string):is_a("function")
  end)
end)

describe("this test", function()
  it("sees a function that is annotated and does not exist, and one that is not annotated",
    function()
    local file = read("---@meta x\n\n---@class nano.x\n---@field a number\n"
      .. "---@field [\"goto\"] any\nlocal x = {}\n\n"
      .. "---@param y? number\nfunction x.b(y) end\n\nfunction x:c() end\n\nreturn x\n")
    expect(keys(file.returns.members)):same { a = true, b = true, c = true, ["goto"] = true }
    expect(function() compare("x", { a = true, d = true },
      { a = true, b = true }) end):raises("not_annotated = { \"d\" }")
  end)
end)
