local machine = require "service.machine"

describe("the machine", function()
  it("tells a share of the time, or that nothing is known", function()
    local before = machine.look()
    repeat until sys.clock.mono() > before.at
    local share = machine.wait_share(before)
    if sys.files.read("/proc/pressure/cpu", 4096) then
      expect(share):at_least(0)
      expect(share <= 1):is(true)
    else
      expect(share):is(nil)
    end
    expect(machine.wait_share { at = 0 }):is(nil)
  end)

  it("tells how long a process had no turn, and nothing of one that is gone", function()
    if sys.files.read("/proc/self/schedstat", 200) then
      expect(machine.waited_ms(sys.env.pid())):at_least(0)
    end
    expect(machine.waited_ms(2 ^ 31)):is(0)
  end)

  it("is busy from a limit on, and never where nothing is known", function()
    expect(machine.is_busy(nil)):is(false)
    expect(machine.is_busy(0.3)):is(false)
    expect(machine.is_busy(1)):is(true)
  end)
end)
