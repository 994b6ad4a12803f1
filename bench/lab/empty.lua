return skill "empty" { about = "does nothing", run = function() end }
