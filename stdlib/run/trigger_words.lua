--- `t`, the first argument of a trigger's run function. What is wrong is said at the script's line,
--- before anything has been started. Used by run/trigger_run.lua; works in the user's task.

local guard = require "run.guard"
local plain = require "run.plain"
local time = require "time"

local trigger_words = {}

local RUNS_MAX, LOG_MAX, TEXT_MAX = 100, 100, 2000
local RUN = "t.run(name, options, { after })"
local WORD = { store = true, skill = true, name = true }

-- The checks that a name means, as for `nano-sre trigger`: a check, a skill or a shop.
local function find(checks, name)
  local found, known = {}, {}
  for _, check in ipairs(checks) do
    for field in pairs(WORD) do
      local word = check[field]
      known[word] = true
      if word == name and found[#found] ~= check then found[#found + 1] = check end
    end
  end
  if #found > 0 then return found end
  guard.refuse(("%s: nothing called %q is watched"):format(RUN, tostring(name)),
    require("run.nearest").hint(tostring(name), known))
end

local function read_options(checks, given)
  if given == nil then return nil end
  if type(given) ~= "table" then
    guard.refuse(RUN .. ": options must be a table", 't.run("checkout", { product = "board" })')
  end
  for name, value in pairs(given) do
    for _, check in ipairs(checks) do
      local known = {}
      for _, option in ipairs(check.options) do known[option] = true end
      if not known[name] then
        guard.refuse(("%s: %s has no option %q"):format(RUN, check.name, tostring(name)),
          require("run.nearest").hint(tostring(name), known))
      end
    end
    if require("run.secret").is(value) then
      guard.refuse(("%s: %s is a secret"):format(RUN, name),
        "secrets of a skill stand in nano-sre.lua, under its options")
    end
  end
  return plain.copy(given)
end

local function read_after(more)
  if more == nil then return nil end
  if type(more) ~= "table" then guard.refuse(RUN .. ": the last argument is a table") end
  for field in pairs(more) do
    if field ~= "after" then
      guard.refuse(("%s: unknown field %q"):format(RUN, tostring(field)),
        require("run.nearest").hint(tostring(field), { after = true }))
    end
  end
  local ms = type(more.after) == "string" and time.parse_duration(more.after)
  if more.after and not ms then guard.refuse(RUN .. ": after is a time such as \"30s\"") end
  return ms or nil
end

local function add_run(job, into)
  return function(name, options, more)
    if #into.runs >= RUNS_MAX then
      guard.refuse(("%s: at most %d times"):format(RUN, RUNS_MAX))
    end
    local found = find(job.checks, name)
    local run = { ids = {}, options = read_options(found, options), after_ms = read_after(more) }
    for i, check in ipairs(found) do run.ids[i] = check.name end
    into.runs[#into.runs + 1] = run
    return { unpack(run.ids) }
  end
end

local function checks_of(job)
  local list = {}
  for i, check in ipairs(job.checks) do
    list[i] = { name = check.name, store = check.store, store_url = check.store_url,
      skill = check.skill, status = check.status, last_at = check.last_at }
  end
  return list
end

local function stores_of(job)
  local list, seen = {}, {}
  for _, check in ipairs(job.checks) do
    if not seen[check.store] then
      seen[check.store], list[#list + 1] = true, { name = check.store, url = check.store_url }
    end
  end
  return list
end

--- Makes t and the options as the script sees them.
---@param found run.Trigger
---@param job table
---@param options table  resolved
---@param into table     runs, learned: receive what the script asks for
---@return table t
---@return table options
function trigger_words.make(found, job, options, into)
  local known = {}
  for name in pairs(found.options) do known[name] = true end
  local shown = guard.readonly("the options", options, known)
  local t = { name = job.trigger, options = shown, checks = checks_of(job),
    stores = stores_of(job), event = job.event,
    learned = job.learned, run = add_run(job, into) }
  function t.log(text)
    if #into.log >= LOG_MAX then return end
    text = type(text) == "string" and text or require("run.show").value(text)
    into.log[#into.log + 1] = text:sub(1, TEXT_MAX)
  end
  function t.learn(value)
    if value == nil then guard.refuse("t.learn(value): takes a value") end
    into.learned = plain.copy(value)
  end
  t.http = found.needs.has.http and require("run.http_words").make() or guard.undeclared "http"
  return guard.readonly("t", t, { learned = true, event = true }), shown
end

return trigger_words
