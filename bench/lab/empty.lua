-- The skill that does nothing: what a start costs.
return skill "empty" { about = "does nothing", run = function() end }
