-- The transcripts' own rules: a comparison that accepts everything would be worth nothing.

local lib = assert(sys.load_trusted(sys.files.read "tests/cli/lib.lua", "tests/cli/lib.lua"))()

describe("a transcript", function()
  it("reads files, commands and their answers", function()
    local scenes = lib.parse("## one\n<<< a/b.lua\nx\n\n>>>\n"
      .. "$ A=1 nano-sre run 'a b' \"c\"\n| out\n|\n! err\n= 3\n")
    expect(scenes[1].files):same { { "a/b.lua", "x\n\n" } }
    local command = scenes[1].commands[1]
    expect(command.argv):same { "run", "a b", "c" }
    expect(command.env):same { A = "1" }
    expect(command.out):same { "out", "" }
    expect(command.err):same { "err" }
    expect(command.code):is(3)
  end)

  it("normalises what differs from run to run", function()
    local text = lib.normalise("/tmp/x1/a took 12 ms and    3.4 s, nano-sre 0.1.0 at "
      .. "2026-01-02T03:04:05.678Z in 85ms", "/tmp/x1")
    expect(text):is("DIR/a took TIME and TIME, nano-sre VERSION at WHEN in TIME")
  end)

  for _, case in ipairs {
    { "$ nano-sre version\n| nano-sre VERSION\n", true }, { "$ nano-sre version\n| …\n", true },
    { "$ nano-sre version\n| nano-sre\n", false },
    { "$ nano-sre version\n| nano-sre VERSION\n| more\n", false },
    { "$ nano-sre version\n", false }, { "$ nano-sre version\n| nano-sre VERSION\n! x\n", false },
    { "$ nano-sre version\n| nano-sre VERSION\n= 1\n", false },
  } do
    it((case[2] and "accepts " or "refuses ") .. case[1]:gsub("\n", "⏎"), function()
      expect((pcall(lib.play, lib.parse("## x\n" .. case[1])[1]))):is(case[2])
    end)
  end
end)
