--- Circumstances that a page can be put into: where the shopper is, how good the network and the
--- phone are, what the system prefers. Given to t.page{…} or, for an open page, to page:emulate{…}.

local devices = require "browser.devices"
local fault = require "fault"
local json = require "json"
local nearest = require "run.nearest"
local secret = require "run.secret"
local world = require "browser.world"

local emulate = {}

local CALL_MS = 5000

-- Bytes a second and milliseconds, as Chromium's own developer tools have them: a share of what the
-- name promises, because latency there is added to each request and not to each packet.
local NETWORKS = {
  ["Fast 4G"] = { down = 1012500, up = 168750, latency = 165 },
  ["Slow 4G"] = { down = 180000, up = 84375, latency = 562.5 },
  ["Fast 3G"] = { down = 180000, up = 84375, latency = 562.5 },
  ["Slow 3G"] = { down = 50000, up = 50000, latency = 2000 },
}
-- How many times slower than this machine.
local CPUS = { ["Mid-tier phone"] = 4, ["Low-tier phone"] = 6 }
local SCHEMES = { light = true, dark = true }

local SIGNATURE = "page:emulate{…}"

--- The fields, as t.page takes them too.
emulate.FIELDS = { locale = true, timezone = true, geolocation = true, offline = true,
  network = true, cpu = true, headers = true, reduced_motion = true, color_scheme = true }

local function refuse(problem, hint) fault.usage(SIGNATURE, problem, hint) end

local function preset(what, value, known)
  local found = known[value]
  if found == nil then
    refuse(("there is no %s %q"):format(what, tostring(value)),
      nearest.hint(tostring(value), known))
  end
  return found
end

local function network_command(given)
  local speed = { down = -1, up = -1, latency = 0 }
  if type(given.network) == "table" then
    for key, value in pairs(given.network) do
      if not speed[key] or type(value) ~= "number" then
        refuse(("network: unknown field %q"):format(tostring(key)),
          "write { down = 180000, up = 84375, latency = 560 }: bytes a second, milliseconds")
      end
      speed[key] = value
    end
  elseif given.network then
    speed = preset("network", given.network, NETWORKS)
  end
  return { "Network.emulateNetworkConditions", { offline = given.offline == true,
    latency = speed.latency, downloadThroughput = speed.down, uploadThroughput = speed.up } }
end

local function cpu_command(cpu)
  local rate = cpu or 1
  if type(rate) == "string" then rate = preset("cpu", rate, CPUS) end
  if type(rate) ~= "number" or rate < 1 or rate > 100 then
    refuse("cpu is how many times slower, from 1 to 100, or the name of a phone")
  end
  return { "Emulation.setCPUThrottlingRate", { rate = rate } }
end

local function locale_commands(out, tab, locale)
  if type(locale) ~= "string" or not locale:find("^%a%a%a?[%w-]*$") then
    refuse("locale is a language tag", 'write locale = "de-DE"')
  end
  out[#out + 1] = { "Emulation.setLocaleOverride", { locale = (locale:gsub("-", "_")) } }
  for _, command in ipairs(devices.commands(tab.device, tab.browser:info().product)) do
    if command[1] == "Emulation.setUserAgentOverride" then
      local language = locale:match("^%a+")
      command[2].acceptLanguage = language == locale and locale or locale .. "," .. language
      out[#out + 1] = command
    end
  end
end

local function place_command(place)
  if place == false then return { "Emulation.clearGeolocationOverride" } end
  local function within(value, limit)
    return type(value) == "number" and math.abs(value) <= limit
  end
  if type(place) ~= "table" or not within(place.latitude, 90)
    or not within(place.longitude, 180) then
    refuse("geolocation is a place", "write { latitude = 52.5, longitude = 13.4 }")
  end
  return { "Emulation.setGeolocationOverride", { latitude = place.latitude,
    longitude = place.longitude, accuracy = place.accuracy or 10 } }
end

local function media_command(given)
  local features = json.array {}
  if given.color_scheme then
    preset("color_scheme", given.color_scheme, SCHEMES)
    features[1] = { name = "prefers-color-scheme", value = given.color_scheme }
  end
  if given.reduced_motion ~= nil then
    features[#features + 1] = { name = "prefers-reduced-motion",
      value = given.reduced_motion and "reduce" or "no-preference" }
  end
  return { "Emulation.setEmulatedMedia", { features = features } }
end

local function headers_command(headers)
  local out = {}
  for name, value in pairs(headers or {}) do
    local text = secret.reveal(value)
    if type(name) ~= "string" or type(text) ~= "string" then
      refuse("headers: names and values are texts")
    end
    out[name] = text
  end
  return { "Network.setExtraHTTPHeaders", { headers = out } }
end

-- Only what was named changes; together with what was set before where one command carries both.
local function commands(tab, given, all)
  local out = {}
  if given.locale then locale_commands(out, tab, given.locale) end
  if given.timezone then
    out[#out + 1] = { "Emulation.setTimezoneOverride", { timezoneId = given.timezone } }
  end
  if given.geolocation ~= nil then out[#out + 1] = place_command(given.geolocation) end
  if given.offline ~= nil or given.network ~= nil then out[#out + 1] = network_command(all) end
  if given.cpu ~= nil then out[#out + 1] = cpu_command(given.cpu) end
  if given.headers ~= nil then out[#out + 1] = headers_command(given.headers) end
  if given.reduced_motion ~= nil or given.color_scheme ~= nil then
    out[#out + 1] = media_command(all)
  end
  return out
end

--- Puts a page into circumstances; what is not named stays as it is. false takes back a network,
--- a cpu, a geolocation or headers.
---@param tab browser.Tab
---@param given table  fields of emulate.FIELDS
function emulate.apply(tab, given)
  if type(given) ~= "table" then refuse("takes a table", 'write { network = "Slow 4G" }') end
  local all = {}
  for key, value in pairs(tab.emulated or {}) do all[key] = value end
  for key, value in pairs(given) do
    if not emulate.FIELDS[key] then
      refuse(("unknown field %q"):format(tostring(key)), nearest.hint(key, emulate.FIELDS))
    end
    all[key] = value
  end
  local tickets, list = {}, commands(tab, given, all)
  for i, command in ipairs(list) do
    command.params = command[2] and json.encode(command[2])
    tickets[i] = tab.browser:send(command[1], command.params, tab.session)
  end
  if given.geolocation then
    tab.browser:post("Browser.grantPermissions", json.encode { permissions = { "geolocation" },
      browserContextId = tab.context:id() })
  end
  for i, ticket in ipairs(tickets) do
    local answer, text, code = tab.browser:wait(ticket, CALL_MS)
    if not answer and code == "cdp" then
      refuse(("Chromium refuses it: %s"):format(text), list[i][1] == "Emulation.setTimezoneOverride"
        and 'write timezone = "Europe/Berlin"' or nil)
    elseif not answer then
      world.raise(tab, "emulate", text, code)
    end
  end
  for _, command in ipairs(list) do
    local slot = command[1]:gsub("^Emulation%.clear", "Emulation.set")
    tab.targets:tell(slot, command[1], command.params)
  end
  tab.emulated = all
end

return emulate
