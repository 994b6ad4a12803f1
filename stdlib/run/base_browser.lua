--- As run/base.lua, for a run that will open pages. The scripts for pages are put together here,
--- too.

local _ = sys.cdp, sys.task
require "run.base"
require "expect"
require "browser.page"
local injected = require "browser.injected"
injected.command()
injected.vitals()
