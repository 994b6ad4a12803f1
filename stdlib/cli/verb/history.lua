--- nano-sre history SKILL: how it did lately, as a trend that fits a terminal.

local verb = {}

verb.examples = {
  { "nano-sre history checkout", "the last runs and what they measured" },
  { "nano-sre history checkout --store my-shop --since 30d", "" },
}

local BARS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local LETTERS = { PASS = "·", WARN = "w", FAIL = "F", ERROR = "E", SKIP = "-" }
local STYLES = { PASS = "green", WARN = "yellow", FAIL = "red", ERROR = "red", SKIP = "dim" }
local WIDTH = 60

function verb.define(parser)
  parser:argument("skill", "the skill's name"):argname "SKILL"
  parser:option("--store", "only of this shop (name or URL)"):argname "NAME"
  parser:option("--since", "how far back"):argname "TIME":default "7d"
end

-- Values in groups of equal size, so that they fit the width: their means.
local function groups(values, width)
  local out, size = {}, math.max(1, math.ceil(#values / width))
  for first = 1, #values, size do
    local sum, count = 0, 0
    for i = first, math.min(#values, first + size - 1) do
      sum, count = sum + values[i], count + 1
    end
    out[#out + 1] = sum / count
  end
  return out
end

--- A line of bars. Exposed for its test.
---@param values number[]
---@return string
function verb.spark(values)
  local low, high = math.huge, -math.huge
  local means = groups(values, WIDTH)
  for _, value in ipairs(means) do low, high = math.min(low, value), math.max(high, value) end
  local parts = {}
  for i, value in ipairs(means) do
    local level = high > low and (value - low) / (high - low) or 0
    parts[i] = BARS[1 + math.floor(level * (#BARS - 1) + 0.5)]
  end
  return table.concat(parts)
end

local function print_results(out, runs)
  local paint, counts = out.painter(1), {}
  local shown = {}
  for i = math.max(1, #runs - WIDTH + 1), #runs do
    local status = runs[i].status
    shown[#shown + 1] = paint(STYLES[status] or "dim", LETTERS[status] or "?")
  end
  for _, run in ipairs(runs) do counts[run.status] = (counts[run.status] or 0) + 1 end
  local parts = {}
  for _, status in ipairs { "PASS", "WARN", "FAIL", "ERROR", "SKIP" } do
    if counts[status] then parts[#parts + 1] = ("%d %s"):format(counts[status], status) end
  end
  out.line(("  results   %s  %s"):format(table.concat(shown), table.concat(parts, ", ")))
  local durations = {}
  for _, run in ipairs(runs) do
    if run.duration_ms and run.status ~= "SKIP" then durations[#durations + 1] = run.duration_ms end
  end
  if #durations > 0 then
    local format = require("time").format_duration
    out.line(("  duration  %s  median %s, last %s"):format(verb.spark(durations),
      format(require("service.baselines").median(durations)), format(durations[#durations])))
  end
end

local function print_metrics(out, db, store_url, skill, since)
  local rows, why = db:read("SELECT name, page, unit, value FROM metrics WHERE store_url = ? AND "
    .. "skill_name = ? AND timestamp >= ? ORDER BY name, page, timestamp LIMIT 20000", store_url,
    skill, since)
  if not rows then error(why, 0) end
  local words, series, order = require "report.words", {}, {}
  for _, row in ipairs(rows) do
    local key = row.name .. "\0" .. row.page
    if not series[key] then
      series[key] = { row = row, values = {} }
      order[#order + 1] = key
    end
    table.insert(series[key].values, row.value)
  end
  for _, key in ipairs(order) do
    local one = series[key]
    local function text(value)
      local _, shown = words.metric { name = one.row.name, unit = one.row.unit, value = value }
      return shown
    end
    out.line(("  %s%s  %s  median %s, last %s"):format(words.clean(one.row.name),
      one.row.page ~= "" and " (" .. words.clean(one.row.page) .. ")" or "",
      verb.spark(one.values), text(require("service.baselines").median(one.values)),
      text(one.values[#one.values])))
  end
end

local function by_store(rows, wanted)
  local stores, order = {}, {}
  for i = #rows, 1, -1 do -- the oldest first
    local run = rows[i]
    local name = run.check_id and run.check_id:match "^(.*)/[^/]*$" or run.store_url
    if not wanted or wanted == name or wanted == run.store_url then
      if not stores[run.store_url] then
        stores[run.store_url] = { name = name, runs = {} }
        order[#order + 1] = run.store_url
      end
      table.insert(stores[run.store_url].runs, run)
    end
  end
  return stores, order
end

-- No run of that name at all is a mistake; none lately is an answer.
local function nothing(out, db, args)
  local rows, why = db:read "SELECT DISTINCT skill_name AS name FROM check_runs"
  db:close()
  if not rows then error(why, 0) end
  local known = {}
  for _, row in ipairs(rows) do known[row.name] = true end
  if known[args.skill] then
    out.line(("no runs of %s in the last %s"):format(args.skill, args.since))
    return 0
  end
  local nearest = require("run.nearest").find(args.skill, known)
  error(require("fault").new("usage", { code = "usage",
    message = ("there is no run of %q%s"):format(args.skill,
      nearest and (", did you mean %q?"):format(nearest) or "") }), 0)
end

function verb.run(args)
  local out, ask = require "cli.out", require "watch.ask"
  local config = ask.config(args)
  local db = require("watch.offline").database(config)
  local since = require("time").iso8601(sys.clock.now() - ask.duration(args.since, "--since"))
  local rows, why = require("watch.queries").runs(db, { skill = args.skill, since = since,
    limit = 1000 })
  if not rows then error(why, 0) end
  local stores, order = by_store(rows, args.store)
  ask.warn_if_behind(config)
  if #order == 0 then return nothing(out, db, args) end
  for _, store_url in ipairs(order) do
    local one = stores[store_url]
    out.line(out.painter(1)("bold", ("%s  %s"):format(args.skill,
      require("report.words").clean(one.name))))
    print_results(out, one.runs)
    print_metrics(out, db, store_url, args.skill, since)
    for i = #one.runs, math.max(1, #one.runs - 4), -1 do
      local run = one.runs[i]
      if run.status ~= "PASS" then
        out.line(("  %s  %s  %s"):format(ask.at(run.timestamp), run.status,
          require("report.words").clean(run.summary or "")))
      end
    end
  end
  db:close()
  return 0
end

return verb
