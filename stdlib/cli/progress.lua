--- What happens, as it happens, on stderr: a line when a step has finished. No spinner and no
--- rewriting of lines, so that a CI log reads the same as a terminal. Called by cli/session.lua.

local out = require "cli.out"
local words = require "report.words"

---@class Progress
local Progress = {}
Progress.__index = Progress

local progress = {}

local LEVELS = { debug = 1, info = 2, warn = 3, error = 4 }
local LEVEL_STYLES = { debug = "dim", info = "dim", warn = "yellow", error = "red" }

--- @param options {quiet: boolean, verbose: boolean, several: boolean} several: more than one run
--- at once, so that
---   each line needs the name of its skill
--- @return Progress
function progress.new(options)
  return setmetatable({
    quiet = options.quiet, several = options.several, paint = out.painter(2),
    least = options.verbose and LEVELS.debug or LEVELS.info,
  }, Progress)
end

function Progress:line(skill, text)
  local prefix = self.several and self.paint("dim", words.clean(skill) .. "  ") or "  "
  out.note(prefix .. text)
end

--- A run begins.
---@param skill string
---@param place string|nil  the shop's URL
function Progress:started(skill, place)
  if self.quiet or self.several then return end
  out.note(self.paint("bold", words.clean(skill))
    .. (place and self.paint("dim", "  " .. words.clean(place)) or ""))
end

--- An event of a run.
---@param skill string
---@param event table
function Progress:event(skill, event)
  if self.quiet then return end
  if event.type == "step.finished" then
    local status = event.status or "PASS"
    local text = self.paint(words.STYLES[status] or "dim", words.SYMBOLS[status] or "-") .. " "
      .. words.clean(event.name)
        .. self.paint("dim", "  " .. words.duration(event.duration_ms or 0))
    local message = event.message
    if message and message ~= "" then
      text = text .. "  " .. words.clean(message):match("^[^\n]*")
    end
    self:line(skill, text)
  elseif event.type == "log" then
    local level = LEVELS[event.level] and event.level or "info"
    if LEVELS[level] < self.least then return end
    self:line(skill, self.paint(LEVEL_STYLES[level], "· " .. words.clean(event.text or "")))
  end
end

return progress
