--- The tables of nano-sre.lua that the daemon reads: stores, routes, maintenance. Checks all of
--- them and brings them into one form; problems are collected, so that a person sees every one.
--- Used by watch/setup.lua. Touches nothing but zone files.

local config_load = require "config.load"
local cron = require "schedule.cron"
local hours = require "schedule.hours"
local time = require "time"
local types = require "config.types"
local zone = require "schedule.zone"

local settings = {}

local STORE_FIELDS = { url = "url", password = "string", admin_api_key = "string",
  name = "string", skills = "skills",
  options = "table", every = "minutes", cron = "string", hours = "string", timezone = "string",
  severity = "severity", fails = "count", of = "count", passes = "count", errors = "count",
  routes = "list", labels = "table", timeout = "duration" }
local ROUTE_FIELDS = { name = "string", to = "list", match = "table", continue = "boolean",
  group_by = "list", group_wait = "wait", group_interval = "wait", repeat_interval = "wait",
  rate_interval = "wait", quiet = "string", digest = "string", timezone = "string",
  escalate = "table" }
local WINDOW_FIELDS = { match = "table", window = "string", timezone = "string", from = "string",
  to = "string", comment = "string" }
local STEP_FIELDS = { after = "wait", to = "list" }

local own = {}
function own.table(raw)
  if type(raw) == "table" then return raw end
  return nil, "a table"
end
own.skills = own.table
function own.severity(raw)
  if type(raw) == "string" and raw:match "^P[0-3]$" then return raw end
  return nil, "P0, P1, P2 or P3"
end
function own.wait(raw)
  local ms = type(raw) == "string" and time.parse_duration(raw)
  if ms then return ms end
  return nil, 'a time such as "30s" or "4h"'
end

--- Reads the fields of one table by their kinds: those of config/types.lua, those above, those of
--- `more`.
---@param raw any
---@param kinds table<string, string>
---@param prefix string
---@param problems string[]
---@param more table<string, fun(raw: any): any, string?>?
---@return table
function settings.fields(raw, kinds, prefix, problems, more)
  local out = {}
  if type(raw) ~= "table" then
    problems[#problems + 1] = prefix .. " must be a table"
    return out
  end
  for name, value in pairs(raw) do
    local kind = kinds[name]
    if not kind then
      local nearest = require("run.nearest").find(tostring(name), kinds)
      problems[#problems + 1] = ("%s has no field %q%s"):format(prefix, tostring(name),
        nearest and (", did you mean %q?"):format(nearest) or "")
    else
      local parsed, expected
      local parser = more and more[kind] or own[kind]
      if parser then parsed, expected = parser(value)
      else parsed, expected = types.parse({ type = kind }, value) end
      if parsed == nil then
        problems[#problems + 1] = ("%s.%s must be %s"):format(prefix, name, expected)
      end
      out[name] = parsed
    end
  end
  return out
end

--- A value may be { env = "NAME" }, so that nano-sre.lua can be shared without secrets.
---@param raw any
---@param environment fun(name: string): string?
---@param problems string[]
---@param prefix string
---@return any
function settings.resolve(raw, environment, problems, prefix)
  if type(raw) ~= "table" then return raw end
  local out = {}
  for name, value in pairs(raw) do
    if type(value) == "table" and type(value.env) == "string" then
      out[name] = environment(value.env)
      if out[name] == nil then
        problems[#problems + 1] = ("%s.%s: %s is not set in the environment"):format(prefix,
          tostring(name), value.env)
      end
    else
      out[name] = value
    end
  end
  return out
end

-- A list may mix names and settings: { "checkout", search = { every = "5m" }, seo = false }.
local function read_skills(raw, prefix, problems)
  local out = {}
  for key, value in pairs(raw) do
    if type(key) == "number" then
      if type(value) == "string" then out[value] = {} else
        problems[#problems + 1] = prefix .. " must be names of skills, or name = { … }"
      end
    else
      out[key] = config_load.skill_fields(prefix .. "." .. key, value,
        function(message) problems[#problems + 1] = message end)
    end
  end
  return out
end

local function host_of(url)
  local host = url:match "^%a[%w+.-]*://([^/]+)" or url
  return (host:gsub("^.*@", ""))
end

local function read_store(raw, prefix, environment, problems)
  raw = settings.resolve(raw, environment, problems, prefix)
  local store = settings.fields(raw, STORE_FIELDS, prefix, problems)
  if not store.url then problems[#problems + 1] = prefix .. " needs a url" end
  if store.skills then
    store.skills = read_skills(store.skills, prefix .. ".skills", problems)
  end
  store.name = store.name or store.url and host_of(store.url) or prefix
  return store
end

--- The stores: those of `stores`, else the single `store`.
---@param config Config
---@param problems string[]
---@return table[]
function settings.stores(config, problems)
  local list, seen = {}, {}
  local many = config.tables.stores
  if many and config.origins["store.url"] ~= "--url" then
    for i, raw in ipairs(many) do
      list[i] = read_store(raw, ("stores[%d]"):format(i), config.environment, problems)
    end
  elseif config:get "store.url" then
    local url = config:get "store.url"
    list[1] = { url = url, password = config:get "store.password",
      admin_api_key = config:get "store.admin_api_key",
      name = config:get "store.name" or host_of(url) }
  end
  for _, store in ipairs(list) do
    if seen[store.name] then
      problems[#problems + 1] = ("two stores are called %q: give each a name"):format(store.name)
    end
    seen[store.name] = true
  end
  return list
end

--- A schedule from the fields every, cron, hours, timezone.
---@param from table
---@param default_zone string
---@param prefix string
---@param problems string[]
---@return table  every_ms?, cron?, cron_text?, hours?, hours_text?, zone
function settings.schedule(from, default_zone, prefix, problems)
  local function problem(text) problems[#problems + 1] = prefix .. ": " .. text end
  local where, why = zone.load(from.timezone or default_zone)
  if not where then
    problem(why)
    where = zone.load "UTC"
  end
  local out = { zone = where, every_ms = not from.cron and from.every or nil }
  if from.cron then
    out.cron, why = cron.parse(from.cron)
    out.cron_text = from.cron
    if not out.cron then problem("cron: " .. why) end
  end
  if from.hours then
    out.hours, why = hours.parse(from.hours, where)
    out.hours_text = from.hours
    if not out.hours then problem("hours: " .. why) end
  end
  return out
end

local function read_hours(route, field, where, prefix, problems)
  if not route[field] then return end
  local parsed, why = hours.parse(route[field], where)
  if not parsed then problems[#problems + 1] = ("%s.%s: %s"):format(prefix, field, why) end
  route[field] = parsed
end

local function read_route(raw, prefix, default_zone, problems)
  local route = settings.fields(raw, ROUTE_FIELDS, prefix, problems)
  route.name = route.name or prefix
  if not route.to then
    problems[#problems + 1] = prefix .. ' needs to = { "an alerter" }'
    route.to = {}
  end
  local where, why = zone.load(route.timezone or default_zone)
  if not where then problems[#problems + 1] = prefix .. ": " .. why else
    read_hours(route, "quiet", where, prefix, problems)
    read_hours(route, "digest", where, prefix, problems)
  end
  for i, step in ipairs(route.escalate or {}) do
    local name = ("%s.escalate[%d]"):format(prefix, i)
    route.escalate[i] = settings.fields(step, STEP_FIELDS, name, problems)
    if not route.escalate[i].after or not route.escalate[i].to then
      problems[#problems + 1] = name .. ' needs after = "15m" and to = { … }'
    end
  end
  return route
end

--- The routes, those of single stores first; without any, everything goes to `default_to`.
---@param config Config
---@param stores table[]
---@param default_to string[]
---@param problems string[]
---@return Route[]
function settings.routes(config, stores, default_to, problems)
  local list, seen = {}, {}
  local zone_name = config:get "timezone"
  for _, store in ipairs(stores) do
    if store.routes then
      list[#list + 1] = { name = "store " .. store.name, to = store.routes,
        match = { store = store.url } }
    end
  end
  for i, raw in ipairs(config.tables.routes or {}) do
    list[#list + 1] = read_route(raw, ("routes[%d]"):format(i), zone_name, problems)
  end
  if not config.tables.routes then
    list[#list + 1] = { name = "default", to = default_to }
  end
  for _, route in ipairs(list) do
    if seen[route.name] then
      problems[#problems + 1] = ("two routes are called %q"):format(route.name)
    end
    seen[route.name] = true
  end
  return list
end

--- Maintenance windows as silences of alert/dispatch.lua.
---@return table[]
function settings.maintenance(config, problems)
  local list = {}
  for i, raw in ipairs(config.tables.maintenance or {}) do
    local prefix = ("maintenance[%d]"):format(i)
    local window = settings.fields(raw, WINDOW_FIELDS, prefix, problems)
    local one = { match = window.match or {}, comment = window.comment }
    if window.window then
      local schedule = settings.schedule({ hours = window.window, timezone = window.timezone },
        config:get "timezone", prefix, problems)
      one.hours = schedule.hours
    else
      one.starts = window.from and time.parse_iso8601(window.from)
      one.ends = window.to and time.parse_iso8601(window.to)
      if not one.starts or not one.ends then
        problems[#problems + 1] = prefix
          .. ' needs window = "sun 02:00-04:00", or from and to = "2026-01-01T02:00:00Z"'
      end
    end
    if one.hours or one.starts and one.ends then list[#list + 1] = one end
  end
  return list
end

return settings
