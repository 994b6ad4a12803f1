--- The devices that a page can pretend to be: the size of the screen in CSS pixels, its pixel
--- ratio, touch, and what the browser says about itself. Sizes are the makers'; the user agents are
--- those that the devices' own browsers send (Safari says iOS 18 whatever the version, since Safari
--- 26). Safari sends no client hints, Chrome does: `hints`.

local fault = require "fault"
local nearest = require "run.nearest"

local devices = {}

--- The shopper that a store has most of.
devices.DEFAULT = "iPhone 17 Pro"

local SAFARI_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 "
  .. "(KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
local SAFARI_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
  .. "(KHTML, like Gecko) Version/26.0 Safari/605.1.15"
local CHROME = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%%d.0.0.0 "
  .. "%sSafari/537.36"
local CHROME_PHONE = CHROME:format("Linux; Android 10; K", "Mobile ")
local CHROME_TABLET = CHROME:format("Linux; Android 10; K", "")
local CHROME_MAC = CHROME:format("Macintosh; Intel Mac OS X 10_15_7", "")
local CHROME_WINDOWS = CHROME:format("Windows NT 10.0; Win64; x64", "")

---@class browser.Device
---@field name string
---@field width integer    CSS pixels
---@field height integer   CSS pixels
---@field scale number     device pixels per CSS pixel
---@field mobile boolean   meta viewport counts, overlay scrollbars
---@field touch boolean
---@field agent string     %d: the browser's major version
---@field platform string  navigator.platform
---@field hints table?     client hints: { platform =, version =, model =, mobile = }

local function iphone(width, height, scale)
  return { width = width, height = height, scale = scale or 3, mobile = true, touch = true,
    agent = SAFARI_IPHONE, platform = "iPhone" }
end

-- An iPad asks for desktop pages: Safari there says that it is a Mac.
local function ipad(width, height)
  return { width = width, height = height, scale = 2, mobile = true, touch = true,
    agent = SAFARI_MAC, platform = "MacIntel" }
end

local function android(width, height, scale, model, version, tablet)
  return { width = width, height = height, scale = scale, mobile = true, touch = true,
    agent = tablet and CHROME_TABLET or CHROME_PHONE, platform = "Linux armv81",
    hints = { platform = "Android", version = version, model = model, mobile = not tablet } }
end

local function desktop(width, height, scale, windows)
  return { width = width, height = height, scale = scale or 1, mobile = false, touch = false,
    agent = windows and CHROME_WINDOWS or CHROME_MAC,
    platform = windows and "Win32" or "MacIntel",
    hints = { platform = windows and "Windows" or "macOS",
      version = windows and "19.0.0" or "15.5.0", model = "", mobile = false } }
end

local known = {
  ["iPhone 17 Pro"] = iphone(402, 874),
  ["iPhone 17 Pro Max"] = iphone(440, 956),
  ["iPhone 17"] = iphone(402, 874),
  ["iPhone Air"] = iphone(420, 912),
  ["iPhone 15"] = iphone(393, 852),
  ["iPhone 13"] = iphone(390, 844),
  ["iPhone SE"] = iphone(375, 667, 2),
  ["iPad"] = ipad(820, 1180),
  ["iPad mini"] = ipad(744, 1133),
  ["iPad Pro 11"] = ipad(834, 1210),
  ["Pixel 9"] = android(412, 923, 2.625, "Pixel 9", "15.0.0"),
  ["Galaxy S25"] = android(360, 780, 3, "SM-S931B", "15.0.0"),
  ["Galaxy A15"] = android(384, 832, 2.8125, "SM-A155F", "14.0.0"),
  ["Galaxy Tab S9"] = android(800, 1280, 2, "SM-X710", "14.0.0", true),
  ["Desktop"] = desktop(1440, 900),
  ["Desktop 1280x720"] = desktop(1280, 720),
  ["Desktop 1440x900"] = desktop(1440, 900),
  ["Desktop 1920x1080"] = desktop(1920, 1080, 1, true),
  ["Desktop HiDPI"] = desktop(1440, 900, 2),
}

--- The names, sorted.
---@return string[]
function devices.names()
  local out = {}
  for name in pairs(known) do out[#out + 1] = name end
  table.sort(out)
  return out
end

local FIELDS = { width = "number", height = "number", scale = "number", mobile = "boolean",
  touch = "boolean", agent = "string", platform = "string", like = "string" }
local SIGNATURE = "t.page{device = name or {like, width, height, scale, mobile, touch, agent}}"

local function custom(given)
  local base = devices.find(given.like or devices.DEFAULT)
  local out = {}
  for key, value in pairs(base) do out[key] = value end
  for key, value in pairs(given) do
    if not FIELDS[key] then
      fault.usage(SIGNATURE, ("unknown field %q"):format(tostring(key)), nearest.hint(key, FIELDS))
    end
    if type(value) ~= FIELDS[key] then
      fault.usage(SIGNATURE, ("%s must be a %s"):format(key, FIELDS[key]))
    end
    if key ~= "like" then out[key] = value end
  end
  for _, side in ipairs { "width", "height" } do
    if out[side] < 1 or out[side] > 10000 then
      fault.usage(SIGNATURE, side .. " must be from 1 to 10000 pixels")
    end
  end
  if out.scale <= 0 or out.scale > 10 then
    fault.usage(SIGNATURE, "scale must be above 0 and at most 10")
  end
  if given.agent then out.hints = nil end -- they would tell of another browser
  out.name = given.like or "custom"
  return out
end

--- The device of that name, or one like it with fields of its own.
---@param given string|table|nil  nil: the default
---@return browser.Device
function devices.find(given)
  if type(given) == "table" then return custom(given) end
  local name = given or devices.DEFAULT
  local device = known[name]
  if not device then
    for other, found in pairs(known) do -- "iphone 17 pro" is a name as well
      if type(name) == "string" and other:lower() == name:lower() then
        name, device = other, found
      end
    end
  end
  if not device then
    fault.usage("t.page{device = name}", ("there is no device %q"):format(tostring(given)),
      nearest.hint(tostring(given), known) or "known: " .. table.concat(devices.names(), ", "))
  end
  local out = { name = name }
  for key, value in pairs(device) do out[key] = value end
  return out
end

--- The client hints of a Chrome of that version; nil for a browser that sends none.
local function metadata(device, major)
  local hints = device.hints
  if not hints then return nil end
  local function brands(version)
    return { { brand = "Chromium", version = version },
      { brand = "Google Chrome", version = version },
      { brand = "Not)A;Brand", version = version:find(".", 1, true) and "24.0.0.0" or "24" } }
  end
  return { brands = brands(tostring(major)), fullVersionList = brands(major .. ".0.0.0"),
    platform = hints.platform, platformVersion = hints.version, model = hints.model,
    architecture = hints.mobile and "" or "arm", bitness = hints.mobile and "" or "64",
    mobile = hints.mobile }
end

--- The commands that make a page this device.
---@param device browser.Device
---@param product string  of the browser: "HeadlessChrome/156.0.1.2"
---@return table[]        { method, params }
function devices.commands(device, product)
  local major = tonumber(product:match("/(%d+)")) or 140
  local portrait = device.height >= device.width
  local orientation = portrait and { type = "portraitPrimary", angle = 0 }
    or { type = "landscapePrimary", angle = 90 }
  local commands = {
    { "Emulation.setDeviceMetricsOverride", { width = device.width, height = device.height,
      deviceScaleFactor = device.scale, mobile = device.mobile, screenWidth = device.width,
      screenHeight = device.height, screenOrientation = orientation } },
    { "Emulation.setUserAgentOverride", { userAgent = (device.agent:gsub("%%d", tostring(major))),
      platform = device.platform, userAgentMetadata = metadata(device, major) } },
  }
  if device.touch then
    commands[#commands + 1] = { "Emulation.setTouchEmulationEnabled",
      { enabled = true, maxTouchPoints = 5 } }
  end
  return commands
end

return devices
