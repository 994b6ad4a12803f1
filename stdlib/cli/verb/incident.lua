--- nano-sre incident: what is broken, since when, and what people do about it.

local verb = {}

verb.examples = {
  { "nano-sre incident list", "the open ones" },
  { "nano-sre incident show 12", "timeline, cause, evidence, runs" },
  { "nano-sre incident ack 12 -m 'on it'", "told to those who know of it; then its end" },
  { "nano-sre incident note 12 -m 'theme rolled back'", "a line in its timeline" },
  { "nano-sre incident resolve 12", "over, whatever the checks say" },
}

local ACTIONS = { ack = true, resolve = true, note = true }

function verb.define(parser)
  parser:argument("action", "list, show, ack, resolve or note")
    :choices { "list", "show", "ack", "resolve", "note" }
  parser:argument("id", "the incident's number"):args "?":argname "ID"
  parser:option("-m --message", "a text for the timeline"):argname "TEXT"
  parser:option("--author", "who; default: you"):argname "NAME"
  parser:flag("--all", "list resolved ones too")
  parser:option("--store", "only of this shop"):argname "NAME"
  parser:option("--skill", "only of this skill"):argname "SKILL"
  parser:flag("--json", "as JSON")
end

local function list(config, args, out, ask)
  local db = require("watch.offline").database(config)
  local rows, why = require("watch.queries").incidents(db, { store = args.store,
    skill = args.skill, status = not args.all and "open" or nil, limit = 200 })
  db:close()
  if not rows then error(why, 0) end
  if args.json then
    out.line(require("json").encode(require("json").array(rows)))
    return 0
  end
  if #rows == 0 then
    out.line(args.all and "no incidents" or "nothing is broken")
    return 0
  end
  local words, lines = require "report.words", {}
  for i, row in ipairs(rows) do
    local state = row.status == "resolved" and "resolved" or row.acknowledged_at and "acked"
      or "open"
    lines[i] = { "#" .. row.id, row.severity, state, words.clean(row.store_name or row.store_url),
      words.clean(row.skill_name), "since " .. ask.ago(row.first_seen or row.created_at),
      words.clean(row.title) }
  end
  out.write(1, out.columns(lines))
  return 0
end

local function print_evidence(out, words, evidence)
  if type(evidence) ~= "table" then return end
  for _, field in ipairs { "url", "selector", "screenshot" } do
    if evidence[field] then out.line(("  %-11s %s"):format(field, words.clean(evidence[field]))) end
  end
  for _, request in ipairs(evidence.requests or {}) do
    out.line(("  %-11s %s %s %s"):format("request", request.method or "", words.clean(request.url
      or ""), request.status or request.error or ""))
  end
  for _, line in ipairs(evidence.console or {}) do
    out.line(("  %-11s %s"):format("console", words.clean(line)))
  end
end

local function print_incident(out, ask, one)
  local words = require "report.words"
  local paint, details = out.painter(1), type(one.details) == "table" and one.details or {}
  out.line(paint("bold", ("#%d %s %s"):format(one.id, one.severity, words.clean(one.title))))
  out.line(("  %-11s %s, %s"):format("where", words.clean(one.store_name or one.store_url),
    words.clean(one.skill_name)))
  out.line(("  %-11s %s%s"):format("status", one.status,
    one.acknowledged_at and ", acknowledged by " .. words.clean(one.acknowledged_by or "?") or ""))
  out.line(("  %-11s %s (%s), seen %d times, last %s"):format("since",
    ask.at(one.first_seen or one.created_at), ask.ago(one.first_seen or one.created_at),
    one.seen or 1, ask.ago(one.last_seen)))
  if one.resolved_at then out.line(("  %-11s %s"):format("resolved", ask.at(one.resolved_at))) end
  if details.step and details.step ~= "" then
    out.line(("  %-11s %s"):format("step", words.clean(details.step)))
  end
  if details.cause then out.line(("  %-11s %s"):format("cause", words.clean(details.cause))) end
  print_evidence(out, words, details.evidence)
  out.line()
  for _, entry in ipairs(one.timeline) do
    out.line(("  %s  %-12s %s%s"):format(ask.at(entry.timestamp), entry.type,
      entry.author and words.clean(entry.author) .. ": " or "", words.clean(entry.text or "")))
  end
  if #one.runs > 0 then out.line() end
  for _, run in ipairs(one.runs) do
    out.line(("  %s  %-12s %s  %s"):format(ask.at(run.timestamp), run.status, run.run_id or "",
      words.clean(run.summary or "")))
  end
end

local function show(config, args, out, ask)
  local db = require("watch.offline").database(config)
  local one, why = require("watch.queries").incident(db, tonumber(ask.id(args.id)))
  db:close()
  if why then error(why, 0) end
  if not one then
    error(require("fault").new("usage", { message = "there is no incident " .. args.id }), 0)
  end
  if args.json then out.line(require("json").pretty(one)) else print_incident(out, ask, one) end
  return 0
end

function verb.run(args)
  local out, ask, offline = require "cli.out", require "watch.ask", require "watch.offline"
  local config = ask.config(args)
  if args.action == "list" then return list(config, args, out, ask) end
  if not args.id then
    error(require("fault").new("usage", { message = ("nano-sre incident %s needs the number of an "
      .. "incident"):format(args.action), hint = "`nano-sre incident list` shows them" }), 0)
  end
  if args.action == "show" then return show(config, args, out, ask) end
  assert(ACTIONS[args.action])
  local id = ask.id(args.id)
  local body = { author = args.author or offline.author(), text = args.message }
  local done = offline.act(config, ("/api/v1/incidents/%s/%s"):format(id, args.action), body,
    args.action, id, body)
  out.line(("#%d %s"):format(done.id, ({ ack = "acknowledged", resolve = "resolved",
    note = "noted" })[args.action]))
  return 0
end

return verb
