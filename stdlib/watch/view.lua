--- The terminal view: what is watched, how it is, what comes next, what is broken. Redrawn as a
--- whole, once a second at most. `lines` is pure; `run` draws. Used by watch/service.lua.

local out = require "cli.out"
local time = require "time"
local words = require "report.words"

local view = {}

local EVERY_MS = 1000
local STYLES = { PASS = "green", WARN = "yellow", FAIL = "red", ERROR = "red", SKIP = "dim" }

local function cut(text, width)
  if out.width(text) <= width then return text end
  -- By whole characters.
  local count, at = 0, 1
  while at <= #text and count < width - 1 do
    local byte = text:byte(at)
    at = at + (byte >= 240 and 4 or byte >= 224 and 3 or byte >= 192 and 2 or 1)
    count = count + 1
  end
  return text:sub(1, at - 1) .. "…"
end

local function pad(text, width) return text .. (" "):rep(math.max(0, width - out.width(text))) end

local function in_words(ms)
  return time.format_duration(math.max(0, math.floor(ms / 1000) * 1000))
end

local function ago(ms) return ms < 1000 and "just now" or time.format_duration(ms) .. " ago" end
local function until_then(ms) return ms < 1000 and "now" or "in " .. time.format_duration(ms) end

local function check_cells(daemon, check, now)
  local planner = daemon.core.planner
  local live = planner.live[check.id] or {}
  local last, launch = live.last, live.launch
  local next_ms = planner:next_of(check.id, now)
  local coming = launch and (launch.started_ms and "running" or "waiting")
    or next_ms and until_then(next_ms - now) or "never"
  return { check.store.name, check.skill, last and last.status or "-",
    last and time.format_duration(last.duration_ms) or "",
    last and ago(now - last.at) or "", coming,
    check.script.broken and "the file is broken; the old version runs"
      or last and last.status ~= "PASS" and last.summary or "" }
end

local function check_lines(lines, daemon, now, paint, columns, room)
  local rows, widths = {}, {}
  -- What is not well comes first when there is no room for all.
  local order = {}
  for i, check in ipairs(daemon.core.planner.order) do
    local last = (daemon.core.planner.live[check.id] or {}).last
    local bad = last and (last.status == "FAIL" or last.status == "ERROR") and 0 or 1
    order[i] = { check = check, rank = bad * 1e6 + i }
  end
  if #order > room then table.sort(order, function(a, b) return a.rank < b.rank end) end
  for i = 1, math.min(#order, room) do
    rows[i] = check_cells(daemon, order[i].check, now)
    for c = 1, 6 do widths[c] = math.max(widths[c] or 0, out.width(rows[i][c])) end
  end
  for _, row in ipairs(rows) do
    local parts, used = {}, 0
    for c = 1, 6 do
      parts[c] = pad(words.clean(row[c]), widths[c])
      used = used + widths[c] + 2
      if c == 3 then parts[c] = paint(STYLES[row[3]] or "dim", parts[c]) end
    end
    local rest = columns - used - 1
    lines[#lines + 1] = table.concat(parts, "  ") .. "  "
      .. (rest > 8 and paint("dim", cut(words.clean(row[7] or ""), rest)) or "")
  end
  if #order > #rows then
    lines[#lines + 1] = paint("dim", ("… and %d more"):format(#order - #rows))
  end
end

local function incident_lines(lines, daemon, now, paint, columns)
  local open = {}
  for _, incident in pairs(daemon.core.book.incidents) do
    if incident.status == "open" then open[#open + 1] = incident end
  end
  table.sort(open, function(a, b)
    if a.severity ~= b.severity then return a.severity < b.severity end
    return tonumber(a.id) < tonumber(b.id)
  end)
  lines[#lines + 1] = ""
  if #open == 0 then
    lines[#lines + 1] = paint("green", "nothing is broken")
    return
  end
  for i = 1, math.min(#open, 10) do
    local one = open[i]
    lines[#lines + 1] = paint("red", cut(words.clean(("#%s %s %s/%s for %s%s: %s"):format(one.id,
      one.severity, one.store_name, one.skill, in_words(now - one.first_seen),
      one.acknowledged_at and " (acknowledged)" or "", one.title)), columns - 1))
  end
end

--- The whole view as lines.
---@param daemon Daemon
---@param now number
---@param paint fun(style: string, text: string): string
---@param columns integer
---@param rows integer
---@return string[]
function view.lines(daemon, now, paint, columns, rows)
  local waiting, running = daemon.core.planner:count()
  local name = ("nano-sre %s"):format(daemon.version)
  local about = ("  watching %d checks, %d running, %d waiting, up %s"):format(
    #daemon.core.planner.order, running, waiting, in_words(now - daemon.started_ms))
  local where = daemon.api and ", " .. daemon.api.url or ""
  if #name + #about + #where < columns then about = about .. where end
  local lines = { paint("bold", name) .. paint("dim", cut(about, columns - #name - 1)), "" }
  if daemon.journal.trouble then
    lines[#lines + 1] = paint("red", cut(words.clean("results are not written: "
      .. daemon.journal.trouble.message), columns - 1))
  end
  local tail = 4
  check_lines(lines, daemon, now, paint, columns, math.max(3, rows - 10 - tail))
  incident_lines(lines, daemon, now, paint, columns)
  for _, problem in pairs(daemon.broken) do
    lines[#lines + 1] = ""
    for line in (out.format_problem(problem, paint) .. "\n"):gmatch "(.-)\n" do
      lines[#lines + 1] = cut(line, columns - 1)
    end
  end
  lines[#lines + 1] = ""
  local recent = daemon.log.recent
  for i = math.max(1, #recent - tail + 1), #recent do
    lines[#lines + 1] = paint("dim", cut(words.clean(recent[i]), columns - 1))
  end
  while #lines > rows - 1 and #lines > 1 do
    table.remove(lines, #lines - math.min(tail, #lines - 1))
  end
  return lines
end

local function draw(daemon)
  local columns = sys.env.columns(1)
  local lines = view.lines(daemon, daemon.now(), out.painter(1), columns,
    sys.env.rows())
  -- Home, each line with what was behind it cleared, then what was below.
  out.write(1, "\27[H" .. table.concat(lines, "\27[K\n") .. "\27[K\n\27[J")
end

--- Draws until the daemon stops. In a task of its own.
---@param daemon Daemon
function view.run(daemon)
  local me, drawn, noted = sys.task.current(), -math.huge, false
  table.insert(daemon.listeners, function()
    noted = true
    me:unpark()
  end)
  out.write(1, "\27[2J")
  while not daemon.stopping do
    local since = sys.clock.mono() - drawn
    -- Things that happen are shown soon; many at once are shown together.
    if noted and since < 200 then
      sys.clock.sleep(200 - since)
    elseif not noted and since < EVERY_MS then
      sys.task.park(EVERY_MS - since)
    end
    noted, drawn = false, sys.clock.mono()
    draw(daemon)
  end
end

return view
