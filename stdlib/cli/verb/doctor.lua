--- nano-sre doctor: what this machine lacks, and what mends it.

local verb = {}

verb.examples = {
  { "nano-sre doctor", "" },
  { "nano-sre doctor --url https://my-shop.example", "can this machine reach the shop?" },
}
verb.remarks = "Ends with 3 when the monitor can't run on this machine, else with 0."

function verb.define(parser, flags)
  flags.shop(parser)
  flags.browser(parser)
  parser:option("-r",
    "list, or json for programs"):hidden_name("--reporter"):target("form"):argname("FORM")
    :choices { "list", "json" }:default "list"
end

local MARKS = { ok = { "green", "✓" }, warn = { "yellow", "!" }, fail = { "red", "✗" } }

local function print_finding(finding)
  local out, words = require "cli.out", require "report.words"
  local paint = out.painter(1)
  local mark = MARKS[finding.level]
  out.line(("%s %-10s %s"):format(paint(mark[1], mark[2]), finding.what, words.clean(finding.text)))
  if finding.fix and finding.level ~= "ok" then
    out.line("             " .. paint("cyan", "→ ") .. words.clean(finding.fix))
  end
end

-- An examination that breaks is a finding too: doctor is used where things are broken.
local function examine(doctor, name, session)
  local ok, findings = xpcall(doctor[name], function(err)
    return require("fault").is(err) and err.message or debug.traceback(tostring(err), 2)
  end, session)
  if ok then return findings end
  return { { level = "fail", what = name, text = findings,
    fix = "mend that first, then ask doctor again" } }
end

function verb.run(args)
  local doctor = require "cli.doctor"
  local session = require("cli.session").open(require("cli.flags").settings(args),
    { tolerant = true })
  local all, failed = {}, false
  for _, name in ipairs(doctor.EXAMINATIONS) do
    for _, finding in ipairs(examine(doctor, name, session)) do
      all[#all + 1] = finding
      failed = failed or finding.level == "fail"
      if args.form == "list" then print_finding(finding) end
    end
  end
  session:close()
  if args.form == "json" then
    local json = require "json"
    require("cli.out").line(json.pretty { findings = json.array(all), can_run = not failed })
  end
  return failed and require("cli.exit").ENGINE or 0
end

return verb
