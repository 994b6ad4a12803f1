-- The parts of the browser API that need no browser: devices, keys, messages, limits.

local devices = require "browser.devices"
local keys = require "browser.keys"
local limits = require "browser.limits"
local messages = require "browser.messages"

local function command(list, method)
  for _, one in ipairs(list) do
    if one[1] == method then return one[2] end
  end
end

describe("browser.devices", function()
  it("knows every device whole", function()
    for _, name in ipairs(devices.names()) do
      local device = devices.find(name)
      local list = devices.commands(device, "HeadlessChrome/156.0.8078.79")
      local size = command(list, "Emulation.setDeviceMetricsOverride")
      local agent = command(list, "Emulation.setUserAgentOverride")
      expect(size.width > 0 and size.height > 0 and size.deviceScaleFactor > 0, name):is(true)
      expect(agent.userAgent, name):matches("^Mozilla/5%.0 %(.*%) ")
      expect(agent.userAgent, name):lacks("%d")
      local chrome = agent.userAgent:find("Chrome/156.0.0.0", 1, true) ~= nil
      -- Chrome sends client hints, Safari none.
      expect(agent.userAgentMetadata ~= nil, name):is(chrome)
    end
  end)

  it("is an iPhone 17 Pro when nothing is said, and takes names in any case", function()
    local device = devices.find(nil)
    expect({ device.width, device.height, device.scale, device.touch }):same { 402, 874, 3, true }
    expect(devices.find("pixel 9").name):is("Pixel 9")
  end)

  it("makes a device like another, and drops hints that would contradict", function()
    local device = devices.find { like = "Pixel 9", width = 500, agent = "My/1.0" }
    expect(device.width):is(500)
    expect(device.height):is(923)
    expect(device.hints):is(nil)
    expect(devices.find("Pixel 9").width):is(412)
  end)
end)

describe("browser.keys", function()
  local function types(text)
    local out = {}
    for i, event in ipairs(keys.events(text)) do out[i] = event.type .. " " .. event.key end
    return out
  end

  it("presses and releases, modifiers around", function()
    expect(types("Enter")):same { "keyDown Enter", "keyUp Enter" }
    expect(types("Control+A")):same { "rawKeyDown Control", "rawKeyDown A", "keyUp A",
      "keyUp Control" }
    expect(keys.events("Enter")[1].text):is("\r")
    expect(keys.events("Control+a")[2].text):is(nil)
    expect(keys.events("Shift+a")[2].text):is("A")
    expect(keys.events("+")[1].text):is("+")
    expect(keys.events("é")[1].text):is("é")
  end)

  it("refuses what is no key", function()
    expect(function() keys.events("Entr") end):raises('no key "Entr"')
    expect(function() keys.events("Ctrl+A") end):raises("no key")
    expect(function() keys.events("") end):raises("must be a text")
  end)
end)

describe("browser.messages", function()
  local function text(answer) return messages.text("click #a", answer, "10 s", "http://s/") end

  it("says what was there instead", function()
    local near = { 'button "Sold out" (disabled)', 'button "Notify me"' }
    expect(text { why = "missing", near = near })
      :is('click #a: no visible match for 10 s. On the page are: button "Sold out" (disabled), '
        .. 'button "Notify me". URL http://s/')
    expect(text { why = "missing", near = {} })
      :is("click #a: no visible match for 10 s. URL http://s/")
  end)

  it("says what was in the way", function()
    expect(text { why = "covered", matched = 2, element = 'button "Add"', by = "<div>" })
      :is('click #a: button "Add" is covered by <div> (the first visible of 2 matches). '
        .. "URL http://s/")
    expect(text { why = "hidden", matched = 1, element = 'button "Add"' })
      :is('click #a: button "Add" is not visible for 10 s. URL http://s/')
    expect(text { why = "hidden", matched = 3, element = "<i>", near = { "link \"B\"" } })
      :contains('3 matches, none of them visible for 10 s: <i>. On the page are: link "B"')
  end)
end)

describe("browser.limits", function()
  it("reads milliseconds and durations", function()
    expect(limits.read("x", nil, 7)):is(7)
    expect(limits.read("x", 250, 7)):is(250)
    expect(limits.read("x", "5s", 7)):is(5000)
    for _, wrong in ipairs { "5 parsecs", -1, true, 0 / 0 } do
      local ok, raised = pcall(limits.read, "x", wrong, 7)
      expect(ok or raised.kind, tostring(wrong)):is("usage")
    end
  end)

  it("says them as people do", function()
    expect(limits.words(10000)):is("10 s")
    expect(limits.words(1500)):is("1.5 s")
    expect(limits.words(50)):is("50 ms")
  end)
end)
