local build = require "report.build"
local tap = require "report.tap"

local HOSTILE = 'a # SKIP x\nnot ok 7 - "b"\\\r\n1..0\n\1\255Bail out!'

local function render(results, fields)
  for _, result in ipairs(results) do
    result.duration_ms = result.duration_ms or 1000
    build.normalise(result)
  end
  local all = { version = "0.1.0", results = results, exit_code = 0, planned = #results }
  for key, value in pairs(fields or {}) do all[key] = value end
  return tap.render(build.report(all))
end

local function sample()
  return {
    { skill = "checkout", status = "FAIL", summary = "add to cart: /cart/add answered 500",
      steps = {
        { name = "home", status = "PASS", duration_ms = 812, notes = { "first: \"Snow\"" } },
        { name = "add to cart", status = "FAIL", duration_ms = 50, depth = 1,
          error = { message = "/cart/add answered 500", where = "checkout.lua:36" } },
      },
      failure = { message = "/cart/add answered 500", where = "checkout.lua:36", hint = "look" } },
    { skill = "broken", status = "ERROR", summary = "the script is broken",
      error = { kind = "script", message = "nil", where = "broken.lua:3" } },
    { skill = "slow", status = "WARN", summary = "slow", warnings = { { message = "LCP 5 s" } } },
    { skill = "later", status = "SKIP", summary = "no token" },
  }
end

--- Checks a document against the grammar of TAP 14, as far as we write it, and returns the top
--- level's points.
local function read(text)
  local points, planned, sub, in_yaml = {}, nil, nil, nil
  local number = 0
  for line in text:gmatch("([^\n]*)\n") do
    number = number + 1
    local indent, rest = line:match("^(    )(.*)$")
    if not indent then indent, rest = "", line end
    local level = indent ~= "" and sub or nil
    if number == 1 then
      expect(line):is "TAP version 14"
    elseif in_yaml then
      expect(line:sub(1, #in_yaml)):is(in_yaml)
      if line == in_yaml .. "..." then
        in_yaml = nil
      else
        local value = line:match("^%s+[%a_]+: (.+)$") or line:match("^%s+%- (.+)$")
        if value then expect(value:match '^".*"$' or value:match "^%d+%.%d+$"):is(value) end
      end
    elseif rest:match "^  %-%-%-$" then
      in_yaml = indent .. "  "
    elseif rest:match "^# Subtest: " then
      sub = { count = 0 }
    elseif rest:match "^1%.%.%d+$" then
      local count = tonumber(rest:match "%d+$")
      if level then level.planned = count else planned = count end
    elseif rest:match "^Bail out! " then
      points.bailed = true
    else
      local ok, place, name = rest:match "^(n?o?t? ?ok) (%d+) %- (.+)$"
      if not ok then error("this is no line of TAP: " .. line) end
      local bare = name:gsub("\\.", "")
      local point = { ok = ok == "ok", name = name, directive = bare:match " # (%u+)" }
      if level then
        level.count = level.count + 1
        expect(tonumber(place)):is(level.count)
        level.failed = level.failed or not point.ok and point.directive ~= "TO" .. "DO"
      else
        if sub then
          expect(sub.count):is(sub.planned)
          expect(point.ok):is(not sub.failed)
          sub = nil
        end
        points[#points + 1] = point
        expect(tonumber(place)):is(#points)
      end
    end
  end
  expect(#points):is(planned)
  return points
end

describe("tap", function()
  it("has a point for a skill and a subtest for its steps", function()
    expect(render { sample()[1] }):is [[
TAP version 14
1..1
# Subtest: checkout
    1..2
    ok 1 - home
      ---
      duration_ms: 812.000
      notes:
        - "first: \"Snow\""
      ...
    not ok 2 - home › add to cart
      ---
      message: "/cart/add answered 500"
      severity: "fail"
      at: "checkout.lua:36"
      duration_ms: 50.000
      ...
not ok 1 - checkout
  ---
  message: "add to cart: /cart/add answered 500"
  severity: "fail"
  at: "checkout.lua:36"
  hint: "look"
  duration_ms: 1000.000
  ...
]]
  end)

  it("tells ok from not ok, and why something was skipped", function()
    local points = read(render(sample()))
    expect(points[1].ok):is(false)
    expect(points[2].ok):is(false)
    expect(points[3].ok):is(true)
    expect(points[4].ok):is(true)
    expect(points[4].name):is "later # SKIP no token"
    expect(render(sample())):contains 'severity: "error"'
    expect(render(sample())):contains '- "LCP 5 s"'
  end)

  it("does not count a failure that the script survived", function()
    local points = read(render { { skill = "x", status = "PASS", summary = "",
      steps = { { name = "try", status = "FAIL", error = { message = "no" } } } } })
    expect(points[1].ok):is(true)
  end)

  it("has a point for a problem outside of every step, and for the monitor's", function()
    local points = read(render({ { skill = "x", status = "FAIL", summary = "too slow",
      steps = { { name = "a", status = "PASS" } } } }, { problems = { { message = "disk" } } }))
    expect(#points):is(2)
    expect(points[2].ok):is(false)
    expect(read(render({}, { interrupted = "INT" })).bailed):is(true)
  end)

  it("lets no text be more than text", function()
    local results = sample()
    for _, result in ipairs(results) do
      result.skill, result.summary = HOSTILE, HOSTILE
      for _, step in ipairs(result.steps or {}) do step.name, step.notes = HOSTILE, { HOSTILE } end
      result.warnings = { { message = HOSTILE } }
    end
    local text = render(results, { problems = { { message = HOSTILE } } })
    local points = read(text)
    expect(#points):is(5)
    expect(points[1].ok):is(false)
    expect(points[1].directive):is(nil)
    expect(points.bailed):is(nil)
    expect(text:find("[%z\1-\9\11-\31\127]")):is(nil)
  end)
end)
