local exit = require "cli.exit"

local function err(kind, code) return { status = "ERROR", error = { kind = kind, code = code } } end

describe("the exit code of one result", function()
  local cases = {
    { { status = "PASS" }, "fail", 0 },
    { { status = "SKIP" }, "warn", 0 },
    { { status = "WARN" }, "fail", 0 },
    { { status = "WARN" }, "warn", 1 },
    { { status = "FAIL" }, "fail", 1 },
    { err "script", "fail", 1 },
    { err "memory", "fail", 1 },
    { err "timeout", "fail", 124 },
    { err "config", "fail", 2 },
    { err("timeout", "slice"), "fail", 1 }, -- an endless loop, stopped by the watchdog
    { err("killed", "hung"), "fail", 1 }, -- the same inside one call of C
    { err "browser", "fail", 3 },
    { err "killed", "fail", 3 },
    { err "engine", "fail", 3 },
    { err "something new", "fail", 3 },
    { { status = "ERROR" }, "fail", 3 },
  }
  for i, case in ipairs(cases) do
    local result, fail_on, expected = case[1], case[2], case[3]
    local kind = result.error and " " .. result.error.kind or ""
    it(i .. ": " .. result.status .. kind .. ", fail on " .. fail_on, function()
      expect(exit.of_result(result, fail_on)):is(expected)
    end)
  end
end)

describe("the exit code of a command", function()
  local cases = {
    { {}, nil, 0 },
    { { 0, 0 }, nil, 0 },
    { { 0, 124 }, nil, 124 },
    { { 124, 2 }, nil, 2 },
    { { 2, 124, 3 }, nil, 3 },
    { { 3, 1, 124 }, nil, 1 },
    { { 1 }, "INT", 130 },
    { {}, "TERM", 143 },
    { { 3 }, "HUP", 129 },
  }
  for _, case in ipairs(cases) do
    it(table.concat(case[1], ",") .. " " .. tostring(case[2]), function()
      expect(exit.combine(case[1], case[2])):is(case[3])
    end)
  end
end)
