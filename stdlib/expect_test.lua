--- expect: each check holds where it should, and says what it saw where it does not.

local function message(fn)
  local ok, fault = pcall(fn)
  expect(ok):is(false)
  expect(type(fault)):is("table")
  return fault.message, fault
end

local PASS = {
  is = { { 1, 1 }, { "a", "a" }, { nil, nil } },
  is_not = { { 1, 2 }, { nil, false } },
  same = { { { 1, { a = 2 } }, { 1, { a = 2 } } }, { 1, 1 }, { 0 / 0, 0 / 0 } },
  not_same = { { { 1 }, { 2 } }, { { 1 }, { 1, 2 } }, { {}, nil } },
  truthy = { { 0 }, { "" }, { true } },
  falsy = { { nil }, { false } },
  is_a = { { 1, "number" }, { nil, "nil" } },
  contains = { { "abc", "b" }, { "a.c", "." }, { { 1, 2 }, 2 }, { { { a = 1 } }, { a = 1 } } },
  lacks = { { "abc", "x" }, { { 1 }, 2 } },
  matches = { { "abc", "^a" }, { "a1", "%d" } },
  does_not_match = { { "abc", "^b" }, { nil, "x" } },
  at_least = { { 2, 2 }, { 3, 2 } }, at_most = { { 2, 2 }, { 1, 2 } }, above = { { 3, 2 } },
  below = { { 1, 2 } },
  near = { { 1.05, 1, 0.1 } },
  one_of = { { 2, { 1, 2 } } },
  has_length = { { "abc", 3 }, { { 1, 2 }, 2 } },
  empty = { { "" }, { {} } },
  raises = { { error }, { function() error("boom") end, "boom" } },
}

local FAIL = {
  is = { { 1, 2, "expected 2, got 1" }, { "1", 1, 'expected 1, got "1"' },
    { nil, 1, "expected 1, got nil" } },
  is_not = { { 1, 1, "expected anything but 1, got 1" } },
  same = { { { 1, { a = 2 } }, { 1, { a = 3 } }, "(at [2].a: expected 3, got 2)" },
    { 1, { 1 }, "expected { 1 }, got 1" },
    { { 1 }, { 1, 2 }, "at [2]: expected 2, got nil" } },
  not_same = { { { 1 }, { 1 }, "anything but { 1 }" } },
  truthy = { { false, nil, "expected a value that counts as true, got false" } },
  falsy = { { 1, nil, "expected nil or false, got 1" } },
  is_a = { { "x", "number", 'expected a number, got "x"' } },
  contains = { { "abc", "x", 'expected something that contains "x", got "abc"' },
    { nil, "x", "got nil" } },
  lacks = { { "abc", "b", 'without "b"' } },
  matches = { { "abc", "^b", 'expected a text that matches "^b", got "abc"' },
    { 5, "5", "got 5" } },
  does_not_match = { { "abc", "b", "does not match" } },
  at_least = { { 1, 2, "expected at least 2, got 1" }, { "3", 2, 'got "3"' } },
  at_most = { { 3, 2, "expected at most 2, got 3" } },
  above = { { 2, 2, "expected more than 2, got 2" } },
  below = { { 2, 2, "expected less than 2, got 2" } },
  one_of = { { 3, { 1, 2 }, "expected one of { 1, 2 }, got 3" } },
  has_length = { { "ab", 3, "its length is 2" }, { 5, 1, "got 5" } },
  empty = { { { 1 }, nil, "expected nothing in it, got { 1 }" } },
  raises = { { function() end, "x", "expected an error, got none" },
    { function() error("a", 0) end, "b", 'got "a"' } },
}

for name, cases in pairs(PASS) do
  it(name .. " holds", function()
    for _, case in ipairs(cases) do
      local e = expect(case[1])
      expect(e[name](e, case[2], case[3])):is(e)
    end
  end)
end

for name, cases in pairs(FAIL) do
  it(name .. " fails with what it saw", function()
    for _, case in ipairs(cases) do
      expect((message(function()
        local e = expect(case[1])
        e[name](e, case[2])
      end))):contains(case[3])
    end
  end)
end

it("near fails with its tolerance", function()
  expect((message(function() expect(2):near(1, 0.5) end))):is("expected 1, give or take 0.5, got 2")
end)

it("names the value and the line", function()
  local text, fault = message(function() expect(0, "items in the cart"):is(1) end)
  expect(text):is("items in the cart: expected 1, got 0")
  expect(fault.kind):is("failure")
  expect(fault.code):is("expect")
  expect(fault.where):matches("expect_test.lua:%d+$")
  expect(fault.details):same { expected = "1", actual = "0", label = "items in the cart" }
end)

it("compares tables that contain themselves", function()
  local a, b = { 1 }, { 1 }
  a.self, b.self = a, b
  expect(a):same(b)
  b.x = 1
  expect(a):not_same(b)
end)

it("wrong use is no failure of the shop", function()
  local _, fault = message(function() expect(1):at_least("x") end)
  expect(fault.kind):is("usage")
  _, fault = message(function() expect("x"):contains(1) end)
  expect(fault.kind):is("usage")
  _, fault = message(function() expect(1):toBe(1) end)
  expect(fault.kind):is("usage")
  expect(fault.message):contains("there is no such check")
end)
