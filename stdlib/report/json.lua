--- Reporter json: the whole report as one JSON document, keys in a stable order.
--- docs/result-format.md describes it.

local json = require "json"

local reporter = { extension = "json" }

--- @param report table  report/build.lua
--- @return string
function reporter.render(report) return json.pretty(report) .. "\n" end

return reporter
