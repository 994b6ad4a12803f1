local dotenv = require "config.dotenv"

local function value_of(line)
  local values, problems = dotenv.parse(line)
  return values.A and values.A.value, problems[1] and problems[1].message
end

describe(".env", function()
  local cases = {
    ["A=b"] = "b",
    ["A="] = "",
    ["A=   # nothing"] = "",
    ["A=#nothing"] = "",
    [" A = b c  "] = "b c",
    ["export A=b"] = "b",
    ["A=b # comment"] = "b",
    ["A=b#c"] = "b#c",
    ["A='b # c'"] = "b # c",
    ["A='b\\n'  # comment"] = "b\\n",
    ['A="b\\n\\"c\\" \\\\ $HOME"'] = 'b\n"c" \\ $HOME',
    ["A=$HOME"] = "$HOME",
    ["A=https://x.example/?a=b"] = "https://x.example/?a=b",
    ["\239\187\191A=b\r\n"] = "b",
    ["A=1\nA=2"] = "2",
    ["A='[\"-y\", \"@shopify/dev-mcp@latest\"]'"] = '["-y", "@shopify/dev-mcp@latest"]',
  }
  for line, expected in pairs(cases) do
    it(line:gsub("[\r\n]", "|"), function() expect(value_of(line)):is(expected) end)
  end

  it("tells the line of what it leaves out, and reads the rest", function()
    local values, problems = dotenv.parse("# head\nA='x\njust words\n\nB=1\nC=\"x\" y\n")
    expect(values.B):same { value = "1", line = 5 }
    expect(values.A):is(nil)
    expect(#problems):is(3)
    expect(problems[1].line):is(2)
    expect(problems[1].message):matches("closing '")
    expect(problems[2].line):is(3)
    expect(problems[3].line):is(6)
  end)
end)
