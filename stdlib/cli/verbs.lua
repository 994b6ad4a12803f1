--- The verbs, in the order in which help lists them. Each is a module cli.verb.<name>, loaded only
--- when it is used:
---   define(parser, flags)   declares arguments and flags on an argparse parser
---   run(args)               does it; returns the exit code; raises faults for expected problems
---   examples                { {command, what it does}, … } for --help

local verbs = {
  { "run", "run skills, by file or by name, once" },
  { "check", "run every skill of the project, or the bundled ones" },
  { "watch", "check by day and night, and tell people what matters" },
  { "trigger", "have the daemon run checks now" },
  { "reload", "have the daemon load what has changed, and say whether it could" },
  { "incident", "what is broken, since when; acknowledge, resolve, note" },
  { "silence", "send no messages about something for a while" },
  { "alert", "who is told about incidents; send a test" },
  { "history", "how a skill did lately: results and measured values" },
  { "baseline", "show, approve or reset what runs are compared with" },
  { "db", "check, back up or shrink the database" },
  { "audit", "check a shop and write a report for its owner" },
  { "report", "show a report that was kept, in the terminal or as HTML" },
  { "list", "list the skills that can be run" },
  { "info", "what a skill does, needs and can be told" },
  { "validate", "load skills without running them" },
  { "init", "make a project folder that works at once" },
  { "new", "begin a new skill from a template" },
  { "config", "every setting, its value and where it came from" },
  { "doctor", "what this machine lacks, and what mends it" },
  { "demo", "a small shop to try nano-sre on, with faults to switch on" },
  { "completion", "shell completion for bash, zsh or fish" },
  { "version", "the version" },
}

-- Verbs that people who know nano-sre will type and that this version does not have.
verbs.absent = {}

-- Verbs that load scripts: a worker is started for them before anything else is done.
verbs.with_worker = {
  run = true, check = true, audit = true, list = true, info = true, validate = true,
  alert = true,
}

for _, verb in ipairs(verbs) do verbs[verb[1]] = verb[2] end

--- The names alone.
---@return string[]
function verbs.names()
  local names = {}
  for i, verb in ipairs(verbs) do names[i] = verb[1] end
  return names
end

return verbs
