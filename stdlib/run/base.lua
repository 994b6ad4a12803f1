--- The modules that every run of a skill uses. The engine loads this file into a state once, keeps
--- the state as it is then, and copies it for each run (sys.script.start{prepared=true}).
---
--- Invariant: loading these modules depends on nothing but this binary: no clock, no chance, no
--- environment, and they open nothing that has to be closed.

require "run.main"
require "run.session"
require "run.http_words"
require "expect"
