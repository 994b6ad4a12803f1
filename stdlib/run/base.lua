--- The modules that every run of a skill uses. The engine loads this file into a state, keeps the
--- state as it is then, and copies it for each run (sys.script.start{base=…}).
---
--- Invariant, of run/base_http.lua as well: loading these modules depends on nothing but this
--- binary: no clock, no chance, no environment, and opens nothing that has to be closed.

local _ = sys.clock, sys.host -- opens them: a part of sys is opened when it is first named
require "run.main"
require "run.session"
