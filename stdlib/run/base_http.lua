--- As run/base.lua, for a run that will make HTTP requests.

local _ = sys.http
require "run.base"
require "http"
require "run.http_words"
