--- What the command line writes: results to stdout, everything else to stderr, colour only where a
--- person looks. Used by every verb and by the terminal reporter. Text that came from a store
--- passes words.clean, so that a page title cannot move the reader's cursor.

local words = require "report.words"

local out = {}

local STYLES = {
  bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36",
}
local settings = { colour = true }
local painters = {}
local closed = {}

local function plain(_, text) return text end

local function coloured(style, text)
  return "\27[" .. STYLES[style] .. "m" .. text .. "\27[0m"
end

--- Turns colour off for good (--no-color).
function out.no_colour()
  settings.colour = false
  painters = {}
end

--- Whether fd shows colours: a terminal that is not dumb, NO_COLOR unset or empty, no --no-color.
---@param fd 1|2
---@return boolean
function out.has_colour(fd)
  if not settings.colour then return false end
  local no_color = sys.env.get("NO_COLOR")
  if no_color and no_color ~= "" then return false end
  return sys.env.get("TERM") ~= "dumb" and sys.env.is_tty(fd)
end

--- A function paint(style, text) for fd; without colour it returns the text as it is.
---@param fd 1|2
---@return fun(style: string, text: string): string
function out.painter(fd)
  local painter = painters[fd]
  if not painter then
    painter = out.has_colour(fd) and coloured or plain
    painters[fd] = painter
  end
  return painter
end

--- Writes text to fd. A reader that went away (`nano-sre list | head`) is not an error: the rest is
--- dropped.
---@param fd 1|2
---@param text string
function out.write(fd, text)
  if closed[fd] or text == "" then return end
  local ok, why, code = sys.env.write(fd, text)
  if ok then return end
  closed[fd] = true
  if code ~= "closed" and fd == 1 then
    require("fault").engine { message = "can't write to standard output: " .. tostring(why),
      code = "write" }
  end
end

--- A line on stdout: part of the result.
function out.line(text) out.write(1, (text or "") .. "\n") end

--- A line on stderr: progress, a remark.
function out.note(text) out.write(2, text .. "\n") end

--- How many columns text takes, without colours (one per code point: near enough for names and
--- messages).
function out.width(text)
  local bare = text:gsub("\27%[[%d;]*m", "")
  local _, continuation = bare:gsub("[\128-\191]", "")
  return #bare - continuation
end

--- Lays rows out in columns two spaces apart.
---@param rows string[][]
---@param indent string?
---@return string  lines, each with its newline
function out.columns(rows, indent)
  local widths = {}
  for _, row in ipairs(rows) do
    for i = 1, #row - 1 do widths[i] = math.max(widths[i] or 0, out.width(row[i])) end
  end
  local lines = {}
  for _, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      local padding = i < #row and string.rep(" ", widths[i] - out.width(cell)) or ""
      cells[i] = cell .. padding
    end
    lines[#lines + 1] = (indent or "") .. table.concat(cells, "  "):gsub("%s+$", "") .. "\n"
  end
  return table.concat(lines)
end

local function indented(text, prefix)
  return prefix .. text:gsub("\n$", ""):gsub("\n", "\n" .. prefix)
end

--- One problem as text: what happened, where, the excerpt, what to do.
---@param problem table  message, where?, excerpt?, hint? (or details.excerpt)
---@param paint fun(style: string, text: string): string
---@return string  several lines, without the last newline
function out.format_problem(problem, paint)
  local lines = {}
  local message = words.clean(problem.message or "unknown problem")
  local where = problem.where and problem.where ~= "" and problem.where
  if where and not message:find(where, 1, true) then message = where .. ": " .. message end
  lines[1] = message
  local excerpt = problem.excerpt or (problem.details and problem.details.excerpt)
  if excerpt then lines[#lines + 1] = paint("dim", indented(words.clean(excerpt), "  ")) end
  if problem.hint then
    lines[#lines + 1] = indented(paint("cyan", "→ ") .. words.clean(problem.hint), "  ")
  end
  return table.concat(lines, "\n")
end

--- Prints a problem on stderr, with the word "error" or "warning" before it.
---@param problem table
---@param severity "error"|"warning"|nil
function out.problem(problem, severity)
  local paint = out.painter(2)
  severity = severity or "error"
  local label = paint(severity == "error" and "red" or "yellow", severity .. ":")
  out.note(label .. " " .. out.format_problem(problem, paint))
end

return out
