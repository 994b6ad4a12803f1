--- nano-sre silence: no messages about something for a while. Incidents go on being recorded.

local verb = {}

verb.examples = {
  { "nano-sre silence add store=my-shop skill=checkout --for 2h -m 'theme update'", "" },
  { "nano-sre silence add severity=P3 --for 1d", "" },
  { "nano-sre silence list", "" },
  { "nano-sre silence expire 3", "messages again from now on" },
}
verb.remarks = [[
WHAT is FIELD=VALUE: store, skill, severity, kind (shop or engine) or a label; * stands for any
text; several of one field are alternatives.]]

function verb.define(parser)
  parser:argument("action", "add, list or expire"):choices { "add", "list", "expire" }
  parser:argument("what", "FIELD=VALUE for add, the number for expire"):args "*":argname "WHAT"
  parser:option("--for", "how long"):argname "TIME":target "duration":default "1h"
  parser:option("-m --message", "why"):argname "TEXT"
  parser:option("--author", "who; default: you"):argname "NAME"
  parser:flag("--all", "list those that are over, too")
end

local function refuse(message, hint)
  error(require("fault").new("usage", { message = message, hint = hint, code = "usage" }), 0)
end

local function match_of(words)
  local match = {}
  for _, word in ipairs(words) do
    local field, value = word:match "^([%w_]+)=(.+)$"
    if not field then refuse(("%q is not FIELD=VALUE"):format(word), "such as skill=checkout") end
    if match[field] == nil then
      match[field] = value
    elseif type(match[field]) == "table" then
      table.insert(match[field], value)
    else
      match[field] = { match[field], value }
    end
  end
  if next(match) == nil then refuse("silence what?", "such as store=my-shop or skill=checkout") end
  return match
end

local function match_text(match)
  if type(match) ~= "table" then return tostring(match) end
  local parts = {}
  for field, value in pairs(match) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      parts[#parts + 1] = field .. "=" .. tostring(one)
    end
  end
  table.sort(parts)
  return table.concat(parts, " ")
end

local function list(config, args, out, ask)
  local db = require("watch.offline").database(config)
  local rows, why = require("watch.queries").silences(db, args.all, sys.clock.now())
  db:close()
  if not rows then error(why, 0) end
  if #rows == 0 then
    out.line "no silences"
    return 0
  end
  local words, lines = require "report.words", {}
  for i, row in ipairs(rows) do
    lines[i] = { "#" .. row.id, words.clean(match_text(row.match)), "until " .. ask.at(row.ends_at),
      words.clean(row.author or ""), words.clean(row.comment or "") }
  end
  out.write(1, out.columns(lines))
  return 0
end

function verb.run(args)
  local out, ask, offline = require "cli.out", require "watch.ask", require "watch.offline"
  local config = ask.config(args)
  if args.action == "list" then return list(config, args, out, ask) end
  if args.action == "expire" then
    if not args.what[1] then refuse("which silence?", "`nano-sre silence list` shows them") end
    local id = ask.id(args.what[1])
    offline.act(config, ("/api/v1/silences/%s/expire"):format(id), {}, "expire", id)
    out.line(("#%s is over"):format(id))
    return 0
  end
  local body = { match = match_of(args.what), for_ms = ask.duration(args.duration, "--for"),
    author = args.author or offline.author(), comment = args.message }
  local done = offline.act(config, "/api/v1/silences", body, "silence", body)
  out.line(("#%d until %s"):format(done.id, ask.at(done.ends_at)))
  return 0
end

return verb
