--- What took how long, drawn to scale: the steps of a skill, and the requests around the step that
--- failed. Used by report/html/skill.lua and evidence.lua. Pure.

local tags = require "report.html.tags"
local text = require "report.text"
local words = require "report.words"

local h, percent = tags.h, tags.percent

local timing = {}

local MAX_STEPS, MAX_REQUESTS, MAX_BEFORE = 200, 60, 40

local function style(left, width)
  return { style = ("left:%s;width:%s"):format(percent(left), percent(math.min(width, 1 - left))) }
end

-- When each step began. Older results do not tell: their steps stand one after the other.
local function starts_of(steps)
  local starts, next_at = {}, { [0] = 0 }
  for i, step in ipairs(steps) do
    local depth = step.depth or 0
    starts[i] = tonumber(step.start_ms) or next_at[depth] or 0
    next_at[depth] = starts[i] + (step.duration_ms or 0)
    next_at[depth + 1] = starts[i]
  end
  return starts
end

-- A round number of milliseconds, so that the scale has two to five of it.
local function tick_of(total)
  local unit = 10 ^ math.floor(math.log10(math.max(total, 10) / 2))
  for _, times in ipairs { 5, 2, 1 } do
    if total / (unit * times) >= 2 then return unit * times end
  end
  return unit
end

-- Seconds as few digits as they need: "2 s", "0.5 s".
local function scale_label(ms)
  if ms < 1000 then return ("%d ms"):format(ms) end
  return (("%.1f"):format(ms / 1000):gsub("%.0$", "")) .. " s"
end

local function scale(from, total)
  local marks, tick = {}, tick_of(total)
  for at = 0, total, tick do
    if at / total <= 0.93 then
      marks[#marks + 1] = h("span", { style = "left:" .. percent(at / total) },
        scale_label(from + at))
    end
  end
  return h("div.scale", { ["aria-hidden"] = "true" }, marks)
end

local function remarks_of(step)
  local remarks = {}
  if step.error then remarks[1] = h("p.wrong", nil, step.error.message or "") end
  for _, note in ipairs(step.notes or {}) do remarks[#remarks + 1] = h("p", nil, tostring(note)) end
  return #remarks > 0 and h("div.remarks", nil, remarks) or nil
end

--- The steps of a result as bars.
---@param result table  with at least one step
---@return report.Markup
function timing.steps(result)
  local starts, total, rows = starts_of(result.steps), result.duration_ms or 0, {}
  for i, step in ipairs(result.steps) do
    total = math.max(total, starts[i] + (step.duration_ms or 0))
  end
  total = math.max(total, 1)
  for i, step in ipairs(result.steps) do
    if i > MAX_STEPS then break end
    local ms = step.duration_ms or 0
    rows[i] = h("li.step." .. (words.STYLES[step.status] and step.status or "SKIP"), nil,
      h("span.name", { style = ("padding-left:%dpx"):format(math.min(step.depth or 0, 8) * 16) },
        h("i.mark", { title = step.status }, words.SYMBOLS[step.status] or "-"),
        step.name),
      h("span.track", nil, h("span.bar", style(starts[i] / total, ms / total))),
      h("span.time", nil, words.duration(ms)), remarks_of(step))
  end
  local left = #result.steps - MAX_STEPS
  return h("div.timeline", nil, scale(0, total), h("ol.steps", nil, rows),
    left > 0 and h("p.quiet", nil, ("and %d more steps"):format(left)))
end

local function host_of(url) return tostring(url):match("^%a[%w+.-]*://([^/?#]*)") end

-- The path on the page's own host, host and path elsewhere.
local function short_url(url, own_host)
  local host, rest = tostring(url):match("^%a[%w+.-]*://([^/?#]*)(.*)$")
  if not host then return text.clip(tostring(url), 120) end
  if rest == "" then rest = "/" end
  return text.clip(host == own_host and rest or host .. rest, 160)
end

local function outcome_of(request)
  if request.failure or request.error then
    return tostring(request.failure or request.error):gsub("^net::", ""), "bad"
  end
  local status = tonumber(request.status)
  if not status then return "no answer", "pending" end
  return ("%d"):format(status), status >= 400 and "bad" or "ok"
end

local function size_label(bytes)
  bytes = tonumber(bytes)
  if not bytes or bytes <= 0 then return "" end
  if bytes < 1000 then return ("%d B"):format(bytes) end
  if bytes < 1e6 then return ("%.0f kB"):format(bytes / 1000) end
  return ("%.1f MB"):format(bytes / 1e6)
end

local function bar_of(request, from, total)
  local start, ms = tonumber(request.start_ms), tonumber(request.duration_ms)
  if not start then return nil end
  local left = math.min((start - from) / total, 0.99) -- one that has just begun is seen too
  local bars = { h("span.bar", style(left, ms and math.max(ms / total, 0.002) or 1 - left)) }
  local wait = tonumber(request.ttfb_ms)
  if wait and ms and wait > 0 and wait < ms then
    bars[2] = h("span.bar.waiting", style(left, wait / total))
  end
  return bars
end

local function request_row(request, own_host, from, total)
  local outcome, class = outcome_of(request)
  local ms = tonumber(request.duration_ms)
  return h("li.request." .. class, nil,
    h("span.outcome", nil, outcome),
    h("span.what", { title = text.clip(tostring(request.url or ""), 500) },
      h("b", nil, tostring(request.method or "GET")), " ",
      short_url(request.url or "?", own_host)),
    h("span.kind", nil, tostring(request.type or "")),
    h("span.size", nil, request.from_cache and "cache" or size_label(request.bytes)),
    h("span.track", nil, bar_of(request, from, total)),
    h("span.time", nil, ms and words.duration(ms) or class ~= "pending" and "" or "…"))
end

-- until_ms: when the step ended, for requests that had not.
local function waterfall(requests, own_host, until_ms)
  local from, to = math.huge, until_ms or -math.huge
  for _, request in ipairs(requests) do
    local start = tonumber(request.start_ms)
    if start then
      from = math.min(from, start)
      to = math.max(to, start + (tonumber(request.duration_ms) or 0))
    end
  end
  if from > to then from, to = 0, 1 end
  local total, rows = math.max(to - from, 1), {}
  for i, request in ipairs(requests) do rows[i] = request_row(request, own_host, from, total) end
  return h("div.waterfall", nil, to - from > 1 and scale(0, total), h("ol.requests", nil, rows))
end

-- Those that began within the step, and those before it.
local function split(requests, step)
  local before, within = {}, {}
  local since = step and tonumber(step.start_ms)
  for _, request in ipairs(requests) do
    if type(request) ~= "table" then request = { url = tostring(request) } end
    local start = tonumber(request.start_ms)
    table.insert(since and start and start < since and before or within, request)
  end
  if #within == 0 then before, within = within, before end
  return before, within
end

local function last_of(list, count)
  local out = {}
  for i = math.max(1, #list - count + 1), #list do out[#out + 1] = list[i] end
  return out
end

local function ended_at(step)
  local start = step and tonumber(step.start_ms)
  return start and start + (tonumber(step.duration_ms) or 0)
end

--- The requests around a failed step: those of the step as a waterfall, those before it folded.
---@param requests table[]  evidence.requests
---@param step table|nil    the step that failed
---@param page_url string|nil
---@return report.Markup|nil  nil when there is none
function timing.requests(requests, step, page_url)
  if #requests == 0 then return nil end
  local before, within = split(requests, step)
  local own_host = host_of(page_url or "")
  local whose = step and #before > 0 and "Requests of this step" or "Last requests"
  return h("div.block", nil, h("h4", nil, whose),
    waterfall(last_of(within, MAX_REQUESTS), own_host, #before > 0 and ended_at(step) or nil),
    #before > 0 and h("details", nil, h("summary", nil, ("%d before it"):format(#before)),
      waterfall(last_of(before, MAX_BEFORE), own_host)),
    h("p.quiet", nil, "Striped: waiting for the server."))
end


return timing
