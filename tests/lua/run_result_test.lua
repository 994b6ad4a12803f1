--- From a skill to its result: steps, statuses, summaries, evidence, time limits, dry runs.

local scripts = require "test.scripts"

local function step(result, name)
  for _, one in ipairs(result.steps) do
    if one.name == name then return one end
  end
  error("no step " .. name, 2)
end

describe("a run that passes", function()
  it("gives its result all fields", function()
    local result, outcome = scripts.run([[
-- api: 1
return skill "checkout" {
  about = "shops", severity = "P1",
  run = function(t, o)
    t.step("home", function()
      t.note("seen")
      t.measure("lcp_ms", 1200.5, { page = "home", baseline = true })
    end)
    t.step("cart", function() t.measure("items", 2, { unit = "items" }) end)
    t.detail("product", { title = "Snowboard", tags = { "a" }, price = 12.5 })
    t.note("all well")
  end,
}]])
    expect(outcome.how):is("finished")
    expect(result.format):is("nano-sre/result")
    expect(result.version):is(1)
    expect(result.skill):is("checkout")
    expect(result.script):is("/project/checkout.lua")
    expect(result.store_url):is("https://shop.example/")
    expect(result.status):is("PASS")
    expect(result.summary):matches("^2 steps passed in %d+m?s$")
    expect(result.severity):is("P1")
    expect(result.started_at):matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$")
    expect(result.duration_ms):above(0)
    expect(result.error):is(nil)
    expect(step(result, "home").notes):same { "seen" }
    expect(step(result, "home").status):is("PASS")
    expect(result.notes):same { "all well" }
    expect(result.details):same { product = { title = "Snowboard", tags = { "a" }, price = 12.5 } }
    expect(result.metrics):same {
      { name = "lcp_ms", value = 1200.5, unit = "ms", page = "home", step = "home",
        baseline = true },
      { name = "items", value = 2, unit = "items", step = "cart", baseline = false },
    }
    expect(result.gate.effects):is(0)
  end)

  it("tells of its steps while it goes on", function()
    local _, outcome = scripts.body(
      [[t.step("a", function() t.step("b", function() end) print("x", 1, nil) end)]])
    local seen = {}
    for i, event in ipairs(outcome.events) do
      seen[i] = event.type .. " " .. (event.name or event.text) .. " "
      .. (event.status or event.depth or event.level)
    end
    expect(seen):same { "step.started a 0", "step.started b 1", "step.finished b PASS",
      "log x\t1\tnil info",
      "step.finished a PASS" }
  end)

  it("needs no step and no check", function()
    local result = scripts.body("")
    expect(result.status):is("PASS")
    expect(result.steps):same {}
    expect(result.summary):matches("^passed in ")
  end)

  it("may say its summary itself", function()
    expect(scripts.body([[return "3 products in stock"]]).summary):is("3 products in stock")
    expect(scripts.body([[t.summary("first") return "second"]]).summary):is("first")
  end)

  it("gives back what a step returns", function()
    local result = scripts.body([[local a, b = t.step("x", function() return 1, "two" end)
      return a .. b]])
    expect(result.summary):is("1two")
  end)

  it("skips a measurement that there is none of", function()
    local result = scripts.body([[t.measure("lcp_ms", nil)]])
    expect(result.status):is("PASS")
    expect(result.metrics):same {}
    expect(result.notes):same { "lcp_ms was not measured" }
  end)
end)

describe("a run that fails", function()
  it("names step and cause", function()
    local result = scripts.body([[t.step("home", function() end)
      t.step("add to cart", function()
        t.expect(0, "items in the cart"):is(1)
      end)
      t.step("never", function() end)]])
    expect(result.status):is("FAIL")
    expect(result.summary):is("add to cart: items in the cart: expected 1, got 0")
    expect(result.error):is(nil)
    expect(result.failure.step):is("add to cart")
    expect(result.failure.where):is("checkout.lua:3")
    expect(result.failure.excerpt):contains("> 3 |         t.expect")
    expect(#result.steps):is(2)
    local failed = step(result, "add to cart")
    expect(failed.status):is("FAIL")
    expect(failed.error.message):is("items in the cart: expected 1, got 0")
    expect(failed.error.code):is("expect")
    expect(failed.error.where):is("checkout.lua:3")
  end)

  it("with t.fail, in words of the script", function()
    local result = scripts.body([[t.step("cart", function() t.fail("the cart is empty") end)]])
    expect(result.summary):is("cart: the cart is empty")
    expect(result.failure.code):is("fail")
  end)

  it("in a step inside a step fails both, and names the way", function()
    local result = scripts.body(
      [[t.step("pay", function() t.step("card", function() t.fail("declined") end) end)]])
    expect(result.summary):is("pay › card: declined")
    expect(step(result, "pay").status):is("FAIL")
    expect(step(result, "card").depth):is(1)
  end)

  it("outside of any step", function()
    local result = scripts.body([[t.expect("a"):is("b")]])
    expect(result.status):is("FAIL")
    expect(result.summary):is('expected "b", got "a"')
    expect(result.failure.step):is(nil)
  end)

  it("keeps the line of the failure when an outer function raises it again", function()
    local result = scripts.body(
      "t.step('a', function()\n local ok, e = pcall(t.fail, 'x')\n\n error(e) end)")
    expect(result.status):is("FAIL")
    expect(result.failure.where):is("checkout.lua:2")
  end)
end)

describe("a run that goes on", function()
  it("with a warning is WARN", function()
    local result = scripts.body([[t.step("home", function() t.warn("slow") end) t.warn("slower")]])
    expect(result.status):is("WARN")
    expect(result.summary):is("home: slow (and 1 more warning)")
    expect(step(result, "home").status):is("WARN")
    expect(result.warnings[1]):same { message = "slow", step = "home", where = "checkout.lua:1" }
  end)

  it("after an error that comes again in another step is told of where it came again", function()
    local result = scripts.body([[local function boom() error("boom", 0) end
      pcall(t.step, "first", boom)
      t.step("second", function()

        boom()
      end)]])
    expect(result.status):is("ERROR")
    expect(result.error.step):is("second")
    expect(result.error.traceback):contains("checkout.lua:5")
  end)

  it("without end keeps a thousand notes", function()
    local result, outcome = scripts.body("for i = 1, 3000 do t.note(i) t.measure('x', i) end")
    expect(#result.notes):is(1000)
    expect(#result.metrics):is(1000)
    expect(#outcome.log):is(1)
    expect(outcome.log[1]):contains("the rest is dropped")
  end)

  it("after a failed step is WARN, and the step stays failed", function()
    local result = scripts.body(
      [[pcall(t.step, "try", function() t.fail("no luck") end) t.step("else", function() end)]])
    expect(result.status):is("WARN")
    expect(result.summary):is("try: no luck (the script went on)")
    expect(step(result, "try").status):is("FAIL")
    expect(step(result, "else").status):is("PASS")
  end)
end)

describe("a run that skips", function()
  it("is SKIP with its reason", function()
    local result = scripts.body(
      [[t.step("cart", function() t.skip("the shop sells nothing today") end)]])
    expect(result.status):is("SKIP")
    expect(result.summary):is("cart: the shop sells nothing today")
    expect(step(result, "cart").status):is("SKIP")
    expect(result.error):is(nil)
  end)
end)

describe("a script that breaks", function()
  it("is ERROR with line, excerpt and the script's own frames", function()
    local result = scripts.body(
      "\n local function buy(cart)\n  return cart.items.count\n end\n t.step('a', function()\n"
      .. "  local n = buy({})\n end)")
    expect(result.status):is("ERROR")
    expect(result.error.kind):is("script")
    expect(result.error.where):is("checkout.lua:3")
    expect(result.error.excerpt):is(
      "  2 |  local function buy(cart)\n> 3 |   return cart.items.count\n  4 |  end")
    expect(result.error.traceback):matches(
      "^checkout.lua:3 in [^\n]*buy[^\n]*\ncheckout.lua:6[^\n]*\ncheckout.lua:5")
    expect(result.error.traceback):does_not_match("nano")
    expect(result.summary):is(
      "the script is broken at checkout.lua:3: a: attempt to index field 'items' (a nil value)")
    expect(step(result, "a").status):is("ERROR")
  end)

  it("is told what it called wrongly", function()
    for body, message in pairs {
      ["t.stpe('x', print)"] = 't has no "stpe"',
      ["t.step('x')"] = "t.step(name, function): the second argument must be a function, not nil",
      ["t.step(nil, print)"] = "name must be a text, not nil",
      ["t.measure('x', 'y')"] = "the value of x must be a number",
      ["t.measure('x', 0/0)"] = "must be a number",
      ["t.measure('x', 1, { untis = 'ms' })"] = 'unknown field "untis"',
      ["t.sleep('1 parsec')"] = "is not a duration",
      ["t.sleep()"] = "is not a duration",
      ["t.fail()"] = "takes a message",
      ["t.expect(1):iss(1)"] = "there is no such check",
      ["t.expect(1):at_least('x')"] = "takes a number",
      ["t.page()"] = "does not declare that it needs a browser",
      ["o.colour = 1"] = "read-only",
      ["return o.colour"] = 'the options has no "colour"',
      ["return t.store.ulr"] = 't.store has no "ulr"',
    } do
      local result = scripts.body(body)
      expect(result.status, body):is("ERROR")
      expect(result.error.kind, body):is("script")
      expect(result.error.message, body):contains(message)
      expect(result.error.where, body):is("checkout.lua:1")
    end
    expect(scripts.body("t.stpe('x')").error.hint):is('did you mean "step"?')
  end)

  it("with a syntax error, and a hint where other languages differ", function()
    local result = scripts.run("local a = 1\nif a != 2 then end")
    expect(result.status):is("ERROR")
    expect(result.error.where):is("checkout.lua:2")
    expect(result.error.hint):contains("~=")
    expect(result.skill):is("checkout")
  end)
end)

describe("the time limit", function()
  it("names step, call and line", function()
    local result, outcome = scripts.body("t.step('wait', function()\n t.sleep('1h') end)",
      { timeout_ms = 40 })
    expect(result.status):is("ERROR")
    expect(result.error.kind):is("timeout")
    expect(result.summary):is(
      'timed out after 40ms in step "wait" while waiting in sleep at checkout.lua:2')
    expect(result.error.where):is("checkout.lua:2")
    expect(step(result, "wait").status):is("ERROR")
    expect(outcome.events[#outcome.events].type):is("step.finished")
  end)

  it("comes from the job, else from the skill", function()
    local text = [[return skill "x" { timeout = "30ms", run = function(t) t.sleep("1h") end }]]
    expect(scripts.run(text).error.message):contains("timed out after 30ms")
    expect(scripts.run(text, { timeout_ms = 20 }).error.message):contains("timed out after 20ms")
  end)
end)

describe("a run that is ended from outside", function()
  it("ends its state at once, without a result", function()
    local handle = scripts.start(
      'return skill "x" { run = function(t) print("up") t.sleep("1h") end }')
    handle:recv()
    handle:kill("the worker is told to stop")
    local outcome = scripts.finish(handle)
    expect(outcome.how):is("killed")
    expect(outcome.text):contains("told to stop")
  end)
end)

describe("options", function()
  local source = [[return skill "x" {
  options = {
    product = option.string { required = true },
    count = option.number { default = 1, max = 5 },
  },
  run = function(t, o)
    return o.product .. " " .. o.count + 1 .. " " .. tostring(t.options == o)
  end,
}]]

  it("reach the run function converted", function()
    expect(scripts.run(source, { options = { product = "board", count = "3" } }).summary):is(
      "board 4 true")
    expect(scripts.run(source, { options = { product = "board" } }).summary):is("board 2 true")
  end)

  it("that are wrong end the run before it starts, all named at once", function()
    local result = scripts.run(source, { options = { prodct = "board", count = "nine" } })
    expect(result.status):is("ERROR")
    expect(result.error.kind):is("config")
    expect(result.summary):is('the run could not start: option "count": "nine" is not a number; '
      .. 'option "product" is required; unknown option "prodct"')
    expect(result.error.hint):is('did you mean "product"?')
  end)
end)

describe("secrets", function()
  local source = [[return skill "x" { options = { token = option.secret { required = true } },
    run = function(t, o)
      t.note("token " .. tostring(o.token))
      print(o.token, "Bearer " .. o.token)
      t.detail("all", { o.token, plain = "the text s3cr3t-token leaked" })
      t.step("say s3cr3t-token", function() t.fail("password hunter22 is wrong") end)
    end }]]

  it("are in no event and no result", function()
    local handle = scripts.start(source, { options = { token = "s3cr3t-token" },
      store = { url = "https://shop.example/", password = "hunter22" } })
    local texts = {}
    while true do
      local text = handle:recv()
      if not text then break end
      texts[#texts + 1] = text
    end
    local all = table.concat(texts, "\n")
    expect(all):contains("say [secret]")
    expect(all):contains("password [secret] is wrong")
    expect(all):lacks("s3cr3t")
    expect(all):lacks("hunter22")
  end)

  it("of a wrong form are not shown by the message", function()
    local result = scripts.run(
      [[return skill "x" { options = { token = option.secret { pattern = "^shpat_" } },
      run = function() end }]], { options = { token = "s3cr3t-token" } })
    expect(result.summary):contains('option "token": does not have the required form')
    expect(result.summary):lacks("s3cr3t")
  end)
end)

describe("a dry run", function()
  it("is SKIP at the first effect, and says what was refused, with counts", function()
    local result = scripts.run([[return skill "x" { needs = { "http" }, run = function(t)
      t.step("look", function() t.note("fine") end)
      t.step("order", function()
        t.http.post("https://shop.example/cart/add.js", { body = "id=1" })
      end)
    end }]], { dry_run = true })
    expect(result.status):is("SKIP")
    expect(result.dry_run):is(true)
    expect(result.summary):matches(
      '^dry run: stopped in "order" before its first effect %(http.request')
    expect(result.summary):contains("0 effects, 1 refused")
    expect(result.gate.effects):is(0)
    expect(result.gate.refused):is(1)
    expect(step(result, "look").status):is("PASS")
    expect(step(result, "order").status):is("SKIP")
  end)

  it("of a skill without effects is an ordinary run", function()
    expect(scripts.body("", { dry_run = true }).status):is("PASS")
  end)
end)

describe("what the gate grants", function()
  it("is what the manifest declares, though the worker was granted more", function()
    local result = scripts.run([[return skill "x" { needs = { "http" }, run = function(t)
      local res, why, code = require("http").get("http://127.0.0.1:1/")
      return tostring(code)
    end }]], { start = { capabilities = { "files" } } })
    expect(result.summary):is("denied")
    result = scripts.run([[return skill "x" { needs = { "http" }, run = function(t)
      t.http.get("http://127.0.0.1:1/")
    end }]], { start = { capabilities = { "files" } } })
    expect(result.status):is("ERROR")
    expect(result.error.kind):is("script")
    expect(result.error.code):is("denied")
  end)
end)
