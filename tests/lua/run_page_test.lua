--- A run with a real page: evidence of a failed step, pictures, secrets in fields, dry runs,
--- time-outs.

local scripts = require "test.scripts"

local PAGE = [[<!doctype html><title>Shop</title><h1>Boots</h1>
<button onclick="document.title = 'added'">Add to cart</button>
<input type="password" id="p"><script>console.log("ready to sell")</script>]]

local server, url, artifacts

before_all(function()
  server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  url = ("http://127.0.0.1:%d/"):format(server:port())
  sys.task.spawn(function()
    while true do
      local request = server:accept()
      if not request then return end
      local known = request.path == "/"
      server:respond(request.id, known and 200 or 404, { ["content-type"] = "text/html" },
        known and PAGE or "")
    end
  end)
end)
after_all(function() server:close() end)

before_each(function() artifacts = assert(sys.files.temp_dir("nano-sre-page-")) end)
after_each(function() sys.files.remove(artifacts, { recursive = true }) end)

--- Runs the body of a run function that has a page open at the shop's home.
local function shop(body, options)
  local job = { artifacts = artifacts, store = { url = url, password = "hunter22" },
    start = { memory_cap = 64 * 1024 * 1024, slice_ms = 2000,
      policy = { allow_private = true, store_url = url } } }
  for key, value in pairs(options or {}) do job[key] = value end
  return scripts.run([[return skill "x" { needs = { "browser" }, run = function(t, o)
    local page = t.page()
    t.step("home", function() page:goto(t.store.url) end)
    ]] .. body .. "\nend }", job)
end

--- The file is a picture.
local function expect_png(path)
  expect(path:sub(1, #artifacts)):is(artifacts)
  expect(assert(sys.files.read(path)):sub(1, 8)):is("\137PNG\r\n\26\n")
end

describe("a failed step", function()
  it("has its evidence collected, and the page's words in the summary", function()
    local result = shop([[t.step("buy", function()
        page:click("text=Buy now", { timeout = 200 })
      end)]])
    expect(result.status):is("FAIL")
    expect(result.summary):matches("^buy: click text=Buy now: no visible match")
    expect(result.summary):contains("Add to cart")
    expect(#result.evidence):is(1)
    local seen = result.evidence[1]
    expect(seen.step):is("buy")
    expect(seen.url):is(url)
    expect(seen.title):is("Shop")
    expect(seen.selector):is("text=Buy now")
    expect(seen.dom):contains("Add to cart")
    expect(seen.requests[1].url):is(url)
    expect(#result.screenshots):is(1)
    expect(result.screenshots[1].kind):is("failure")
    expect(result.screenshots[1].step):is("buy")
    expect(result.screenshots[1].path):is(seen.screenshot)
    expect(seen.screenshot):matches("/01%-buy%-failure%.png$")
    expect_png(seen.screenshot)
  end)

  it("that the script caught has its evidence from that moment", function()
    local result = shop([[pcall(t.step, "try", function() t.fail("not yet") end)
      page:click("text=Add to cart")
      t.expect(page:title()):is("added")]])
    expect(result.status):is("WARN")
    expect(result.evidence[1].title):is("Shop")
  end)

  it("inside another is collected once", function()
    local result = shop([[t.step("a", function() t.step("b", function() t.fail("no") end) end)]])
    expect(#result.evidence):is(1)
    expect(result.evidence[1].step):is("b")
  end)
end)

describe("a script that breaks", function()
  it("says so when its picture can't be kept", function()
    local result, outcome = shop([=[t.step("buy", function()
        page:click("text=Buy now", { timeout = 100 })
      end)]=], { artifacts = "/proc/nowhere" })
    expect(result.status):is("FAIL")
    expect(#result.evidence):is(1)
    expect(#result.screenshots):is(0)
    expect(table.concat(outcome.log, "\n")):contains("picture of the failure is not kept: ")
  end)

  it("outside of a step has evidence too", function()
    local result = shop("t.nope()")
    expect(result.status):is("ERROR")
    expect(#result.evidence):is(1)
    expect(result.evidence[1].step):is(nil)
    expect_png(result.evidence[1].screenshot)
  end)
end)

describe("the time limit", function()
  it("ends a wait in the page, and shows the page as it was", function()
    local result = shop([[t.step("wait", function()
        page:wait_for("text=never", { timeout = "1m" })
      end)]],
      { timeout_ms = 1500 })
    expect(result.status):is("ERROR")
    expect(result.error.kind):is("timeout")
    expect(result.error.message):contains(
      'in step "wait" while waiting in wait_for at checkout.lua:5')
    expect(result.evidence[1].dom):contains("Boots")
    expect(result.screenshots[1].step):is("wait")
  end)
end)

describe("pictures that a script takes", function()
  it("are kept and told of", function()
    local result = shop([[t.step("look", function() return t.screenshot(page, "Home page") end)]])
    expect(result.status):is("PASS")
    local shot = result.screenshots[1]
    expect({ shot.kind, shot.step, shot.url }):same { "shot", "look", url }
    expect(shot.path):matches("/01%-look%-home%-page%.png$")
    expect_png(shot.path)
  end)

  it("are taken of pages", function()
    expect(shop([[t.screenshot("page", "x")]]).error.message):contains(
      "the first argument is a page")
  end)
end)

describe("secrets", function()
  it("go into a field, and come out of it as [secret]", function()
    local result = shop([[page:fill("#p", t.store.password)
      t.note(page:value("#p"))
      t.note(page:eval("document.querySelector('#p').value.length"))]])
    expect(result.status, result.summary):is("PASS")
    expect(result.notes):same { "[secret]", "8" }
  end)
end)

describe("a dry run", function()
  it("looks, and stops before the first click", function()
    local result = shop([[t.step("buy", function() page:click("text=Add to cart") end)]],
      { dry_run = true, start = { memory_cap = 64 * 1024 * 1024, slice_ms = 2000, dry_run = true,
        policy = { allow_private = true, store_url = url } } })
    expect(result.status):is("SKIP")
    expect(result.summary):matches('^dry run: stopped in "buy" before its first effect')
    expect(result.gate.effects):is(0)
    expect(result.gate.refused):is(1)
    expect(#sys.files.list(artifacts)):is(0)
  end)
end)
