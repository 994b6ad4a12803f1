--- Reporter list: the result as a person reads it in a terminal. A skill that is well takes one
--- line; one that is not is followed by the step, the cause, the evidence and what to do. Pure:
--- colour comes in as a function.

local build = require "report.build"
local words = require "report.words"

local reporter = { extension = "txt" }

local EVIDENCE_LINES = 5

local function plain(_, text) return text end

-- "    cause     first line\n              second line"
local function field(lines, paint, name, text)
  local label = "    " .. name .. string.rep(" ", 10 - #name)
  local body = words.clean(text):gsub("\n+$", ""):gsub("\n", "\n" .. string.rep(" ", 14))
  lines[#lines + 1] = paint("dim", label) .. body
end

local function last_of(list, count)
  local first = math.max(1, #list - count + 1)
  local picked = {}
  for i = first, #list do picked[#picked + 1] = list[i] end
  return picked
end

local LEFT = { ["the page was left"] = true, ["net::ERR_ABORTED"] = true }
local PATIENCE_MS = 2000 -- a request that was sent just before the end has had no time

-- Those that say something about a failure. ended: ms since the run began, nil if that is not known
local function bad_requests(requests, ended)
  local bad = {}
  for _, request in ipairs(requests) do
    local one = type(request) == "table" and request or {}
    local status, failure = tonumber(one.status), one.error or one.failure
    local young = not failure and ended and one.start_ms and ended - one.start_ms < PATIENCE_MS
    if not LEFT[failure or ""] and (failure or not status and not young or status and status >= 400)
    then
      bad[#bad + 1] = request
    end
  end
  return bad
end

local function add_evidence(lines, paint, evidence, step)
  if evidence.url then field(lines, paint, "page", evidence.url) end
  local console = {}
  for _, entry in ipairs(last_of(evidence.console, EVIDENCE_LINES)) do
    console[#console + 1] = words.console(entry)
  end
  if #console > 0 then field(lines, paint, "console", table.concat(console, "\n")) end
  local requests = {}
  local ended = step and step.start_ms and step.start_ms + (step.duration_ms or 0)
  for _, entry in ipairs(last_of(bad_requests(evidence.requests, ended), EVIDENCE_LINES)) do
    requests[#requests + 1] = words.request(entry)
  end
  if #requests > 0 then field(lines, paint, "requests", table.concat(requests, "\n")) end
end

-- Where the script's own lines say what is wrong; of a failure of the shop or trouble of the
-- monitor they are only of interest to the script's author.
local OF_THE_SCRIPT = { script = true, timeout = true, memory = true, killed = true }

local function add_problem(lines, result, options)
  local paint = options.paint
  local step, evidence = build.failed_step(result)
  local cause = build.cause(result)
  if result.status == "ERROR" then field(lines, paint, "shop", "was not judged") end
  if step then
    field(lines, paint, "step", (cause.step or step.name) .. " ("
      .. words.duration(step.duration_ms or 0) .. ")")
  end
  local message = cause.message or (step and step.error and step.error.message)
  if message and not (result.summary or ""):find(message, 1, true) then
    field(lines, paint, "cause", message)
  end
  local where = cause.where or (step and step.error and step.error.where)
  if where then field(lines, paint, "where", where) end
  if cause.excerpt and (OF_THE_SCRIPT[cause.kind] or options.verbose) then
    field(lines, paint, "", cause.excerpt)
  end
  if options.verbose and cause.traceback then field(lines, paint, "trace", cause.traceback) end
  if evidence then add_evidence(lines, paint, evidence, step) end
  for _, shot in ipairs(result.screenshots) do
    if shot.kind == "failure" then field(lines, paint, "picture", options.display(shot.path)) end
  end
  local advice = words.advice(result, options.display)
  if advice then field(lines, paint, "do", advice) end
end

local function add_warnings(lines, result, options)
  for _, warning in ipairs(result.warnings) do
    local text = (warning.step and warning.step .. ": " or "") .. warning.message
    if text ~= result.summary then field(lines, options.paint, "warning", text) end
  end
  for _, step in ipairs(result.steps) do
    if build.is_bad(step) and step.error then
      field(lines, options.paint, "warning", step.name .. ": " .. step.error.message
        .. " (the script went on)")
    end
  end
end

-- A line a page: "home: LCP 812 ms (good), CLS 0 (good)".
local function add_metrics(lines, result, options)
  local places, texts = {}, {}
  for _, metric in ipairs(result.metrics) do
    local name, value, verdict = words.metric(metric)
    local place, usual = metric.page or metric.step or "", words.usual(result, metric)
    if not texts[place] then
      texts[place] = {}
      places[#places + 1] = place
    end
    table.insert(texts[place], ("%s %s%s%s"):format(name, value,
      verdict and " (" .. verdict .. ")" or "", usual and " usually " .. usual or ""))
  end
  for _, place in ipairs(places) do
    field(lines, options.paint, "measured", (place ~= "" and place .. ": " or "")
      .. table.concat(texts[place], ", "))
  end
end

local function add_gate(lines, result, options)
  local gate = result.gate
  if not gate then return end
  field(lines, options.paint, "gate",
    ("%d effects, %d reads, %d refused, %d denied"):format(gate.effects or 0,
    gate.reads or 0, gate.refused or 0, gate.denied or 0))
end

local function add_result(lines, result, options, name_width)
  local paint = options.paint
  local status = result.status
  local head = words.SYMBOLS[status] .. " " .. status
  lines[#lines + 1] = ("%s%s  %s%s  %s  %s"):format(paint(words.STYLES[status], head),
    string.rep(" ", 5 - #status), paint("bold", words.clean(result.skill)),
    string.rep(" ", name_width - #result.skill),
    paint("dim", ("%8s"):format(words.duration(result.duration_ms or 0))),
      words.clean(result.summary or ""))
  if status == "FAIL" or status == "ERROR" then
    add_problem(lines, result, options)
  elseif status == "WARN" then
    add_warnings(lines, result, options)
    local advice = words.advice(result)
    if advice then field(lines, paint, "do", advice) end
  end
  local baselines = type(result.details) == "table" and result.details.baselines
  if baselines and baselines.updated then
    field(lines, paint, "baseline", "what this run measured is the new normal")
  end
  if options.verbose then add_metrics(lines, result, options) end
  if options.verbose or options.dry_run then add_gate(lines, result, options) end
end

--- @param report table  report/build.lua
--- @param options table?  paint: fun(style, text); display: fun(path) → text; verbose: boolean;
---   files: paths of the reports that were written
--- @return string
function reporter.render(report, options)
  options = options or {}
  options = {
    paint = options.paint or plain, display = options.display or function(path) return path end,
    verbose = options.verbose, dry_run = report.dry_run, files = options.files or {},
  }
  local lines, name_width = {}, 0
  for _, result in ipairs(report.results) do name_width = math.max(name_width, #result.skill) end
  for _, result in ipairs(report.results) do add_result(lines, result, options, name_width) end
  if #report.results > 1 or report.interrupted then
    local text = words.totals(report.totals) .. " in " .. words.duration(report.duration_ms or 0)
    local missing = (report.planned or 0) - #report.results
    if report.interrupted then
      text = text .. (", stopped by SIG%s with %d not finished"):format(report.interrupted, missing)
    end
    lines[#lines + 1] = ""
    lines[#lines + 1] = options.paint("bold", text)
  end
  for _, file in ipairs(options.files) do
    lines[#lines + 1] = "report: " .. options.display(file)
  end
  if #lines == 0 then return "" end
  return table.concat(lines, "\n") .. "\n"
end

return reporter
