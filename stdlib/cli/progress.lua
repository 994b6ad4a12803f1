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
    told = {}, -- skill → the message that was shown last
  }, Progress)
end

function Progress:line(skill, text, depth)
  local prefix = self.several and self.paint("dim", words.clean(skill) .. "  ") or "  "
  out.note(prefix .. string.rep("  ", depth or 0) .. text)
end

-- An inner step tells what went wrong; the steps around it would only say the same again.
function Progress:news(skill, event)
  local message = event.message
  if not message or message == "" or self.told[skill] == message then return "" end
  self.told[skill] = message
  return "  " .. words.clean(message):match("^[^\n]*")
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
    self:line(skill, text .. self:news(skill, event), event.depth)
  elseif event.type == "log" then
    local level = LEVELS[event.level] and event.level or "info"
    if LEVELS[level] < self.least then return end
    self:line(skill, self.paint(LEVEL_STYLES[level], "· " .. words.clean(event.text or "")))
  end
end

return progress
