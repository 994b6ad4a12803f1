--- nano-sre alert: who is told about incidents, and whether that works.

local verb = {}

verb.examples = {
  { "nano-sre alert list", "the alerters that are configured, and those that there are" },
  { "nano-sre alert test slack", "send a message that says that it is a test" },
}
verb.remarks = [[
Alerters are configured in nano-sre.lua, under alerts; docs/alerting.md shows each of them.]]

function verb.define(parser)
  parser:argument("action", "list or test"):choices { "list", "test" }
  parser:argument("name", "the alerter to test"):args "?":argname "NAME"
  parser:flag("-n --dry-run", "test: do everything but send"):target "dry_run"
end

local function list(session, out)
  local alerts = require "alert.config"
  local settings, names = alerts.read(session.config), {}
  for name in pairs(settings) do names[#names + 1] = name end
  table.sort(names)
  local used, rows = {}, {}
  local problems, broken, manifests = alerts.check(session.config,
    function(job) return session.pool:inspect(job) end)
  for _, name in ipairs(names) do
    local setting, manifest = settings[name], manifests[name]
    used[setting.use] = true
    rows[#rows + 1] = { name, setting.use ~= name and "(" .. setting.use .. ")" or "",
      setting.origin, manifest and manifest.about or "" }
  end
  out.write(1, out.columns(rows))
  local others = {}
  for _, name in ipairs(alerts.scripts(session.config)) do
    if not used[name] then others[#others + 1] = name end
  end
  if #others > 0 then out.line("not configured: " .. table.concat(others, ", ")) end
  for _, problem in ipairs(problems) do
    out.problem(require("fault").new("usage", { message = problem, code = "config" }))
  end
  for _, problem in ipairs(broken) do
    out.problem(require("fault").new("usage", { message = problem.message, where = problem.where,
      hint = problem.hint, code = "config" }))
  end
  return (#problems > 0 or #broken > 0) and 2 or 0
end

local function test(session, name, dry_run, out)
  local alerts, fault = require "alert.config", require "fault"
  local settings = alerts.read(session.config)
  if not name or not settings[name] then
    local nearest = name and require("run.nearest").find(name, settings)
    error(fault.new("usage", { code = "no-alerter",
      message = name and ("no alerter %q is configured"):format(name) or "which alerter?",
      hint = nearest and ("did you mean %s?"):format(nearest)
        or "`nano-sre alert list` shows them; nano-sre.lua configures them under alerts" }), 0)
  end
  local now = sys.clock.now()
  local sender = require("alert.send").new { pool = session.pool, now = sys.clock.now,
    version = require("cli.session").version(), config = function() return session.config end }
  local row = require("alert.message").test_row(name, now, {
    name = session.config:get "store.name", url = session.config:get "store.url" })
  row.dry_run = dry_run
  local outcome = sender:deliver(row)
  if outcome.sent then
    out.line(("%s: sent%s"):format(name, outcome.id and " (" .. tostring(outcome.id) .. ")" or ""))
    return 0
  end
  out.problem(fault.new("engine", { message = name .. ": " .. tostring(outcome.error),
    hint = outcome.hint, code = "alert" }))
  return 3
end

function verb.run(args)
  local out = require "cli.out"
  local session = require("cli.session").open(require("cli.flags").settings(args))
  local ok, code = pcall(function()
    if args.action == "list" then return list(session, out) end
    return test(session, args.name, args.dry_run, out)
  end)
  session:close()
  if not ok then error(code, 0) end
  return code
end

return verb
