--- nano-sre trigger NAME…: the daemon runs checks now, or sets a trigger off. With --dry-run a
--- trigger's script says what it would run; no daemon is needed for that.

local verb = {}

verb.examples = {
  { "nano-sre trigger checkout", "the check of every shop that has it" },
  { "nano-sre trigger my-shop.example/checkout", "of one shop" },
  { "nano-sre trigger launches", "a trigger of nano-sre.lua or triggers/" },
  { "nano-sre trigger launches --dry-run", "what would its script run?" },
}
verb.remarks = "docs/triggers.md tells how to write a trigger."

function verb.define(parser)
  parser:argument("name", "a check, a skill, a shop or a trigger"):args("+"):argname "NAME"
  parser:flag("-n --dry-run", "a trigger's script: say what it would run"):target "dry_run"
  parser:option("--event", "with --dry-run: a JSON file that the script gets as t.event.body")
    :argname "FILE"
end

local function refuse(message, hint, code)
  error(require("fault").new("usage", { message = message, hint = hint, code = code or "trigger" }),
    0)
end

local function read_event(path)
  if not path then return { kind = "manual" } end
  local text, why = sys.files.read(path, 1048576)
  if not text then refuse(("can't read %s: %s"):format(path, why)) end
  local body, problem = require("json").decode(text)
  if type(body) ~= "table" then refuse(("%s is no JSON: %s"):format(path, tostring(problem))) end
  return { kind = "webhook", body = body }
end

local function find(triggers, name)
  local trigger = triggers.by_name[name]
  for _, other in ipairs(triggers.list) do -- its script's name will do
    if not trigger and other.script and other.script.name == name then trigger = other end
  end
  if not trigger then
    local nearest = require("run.nearest").find(name, triggers.by_name)
    refuse(("there is no trigger %q"):format(name), nearest and ("did you mean %s?"):format(nearest)
      or "`nano-sre list` shows them")
  elseif trigger.kind ~= "script" and not trigger.script then
    refuse(("the trigger %s has no script: it always runs %s"):format(name,
      table.concat(trigger.checks, ", ")))
  elseif not trigger.script.manifest then
    require("cli.out").problem(trigger.script.broken)
    return nil
  end
  return trigger
end

-- The text for one t.run: "north/checkout with product=board, after 30s".
local function words_of(run)
  local options = run.options and sys.codec.json_encode(run.options)
  local after = run.after_ms and require("time").format_duration(run.after_ms)
  return (options and " with " .. options or "") .. (after and ", after " .. after or "")
end

local function try(daemon, trigger, event, out)
  local outcome = daemon.pool:trigger(daemon.triggers:job(trigger, event))
  for _, text in ipairs(outcome.log or {}) do out.note(text) end
  if not outcome.ok then
    out.problem(require("fault").new("usage", { message = outcome.message, where = outcome.where,
      hint = outcome.hint, code = "trigger", details = { excerpt = outcome.excerpt } }))
    return 1
  end
  for _, run in ipairs(outcome.runs) do
    for _, id in ipairs(run.ids) do out.line(id .. words_of(run)) end
  end
  if #outcome.runs == 0 then out.note("it would run nothing now") end
  return 0
end

local function dry_run(args, out)
  local daemon = require("watch.daemon").new { flags = require("cli.flags").settings(args),
    log = require("watch.log").new { silent = true }, cwd = sys.env.cwd(),
    version = require("cli.session").version() }
  local ok, code = pcall(function()
    local made, _, config = daemon:read()
    daemon.setup, daemon.config = made, config
    daemon.triggers:configure(made.triggers)
    local worst, event = 0, read_event(args.event)
    for _, name in ipairs(args.name) do
      local trigger = find(daemon.triggers, name)
      worst = math.max(worst, trigger and try(daemon, trigger, event, out) or 1)
    end
    return worst
  end)
  daemon.pool:close()
  if not ok then error(code, 0) end
  return code
end

function verb.run(args)
  local out = require "cli.out"
  if args.dry_run then return dry_run(args, out) end
  local daemon = require("watch.client").need(require("watch.ask").config(args))
  for _, name in ipairs(args.name) do
    local answer = daemon:post("/api/v1/trigger", { name = name })
    for _, id in ipairs(answer.started) do out.line(id) end
    for _, id in ipairs(answer.queued) do out.line(id .. " (after the run that goes on)") end
    if #answer.started + #answer.queued == 0 then out.note(name .. " asked for no run") end
  end
  return 0
end

return verb
