--- How a shop's pages look, in the Markdown report: which changed and how, before, after and the
--- difference side by side. Used by report/md.lua. Pure.

local markdown = require "report.markdown"

local escape = markdown.escape

local visual = {}

local STATES = { new = "baseline taken", same = "as before", ["left out"] = "left out" }

local function share(entry)
  local ratio = tonumber(entry.ratio) or 0
  if entry.state and entry.state ~= "changed" then return STATES[entry.state] or "" end
  return ("%.1f %% changed"):format(ratio * 100)
end

local function place_of(entry)
  return tostring(entry.place or (tostring(entry.page or "page")
    .. (entry.device and ", " .. tostring(entry.device) or "")))
end

local function words_of(entry)
  if entry.words then return tostring(entry.words) end
  local words = {}
  for _, element in ipairs(type(entry.elements) == "table" and entry.elements or {}) do
    if type(element) ~= "table" then words[#words + 1] = tostring(element) end
  end
  return table.concat(words, "; ")
end

local function picture(path, relative, caption)
  if type(path) ~= "string" then return "" end
  return ("![%s](%s)"):format(escape(caption), markdown.link_target(relative(path)))
end

--- The differences of a result as Markdown; nil when it has none.
---@param result table
---@param relative fun(path: string): string
---@return string?
---@return table<string, true> shown  pictures that stand in it
function visual.render(result, relative)
  local shown, rows, pictures = {}, {}, {}
  local entries = type(result.details) == "table" and result.details.visual
  for _, entry in ipairs(type(entries) == "table" and entries or {}) do
    if type(entry) == "table" then
      rows[#rows + 1] = { escape(place_of(entry)), escape(share(entry)), escape(words_of(entry)) }
      if entry.current then
        pictures[#pictures + 1] = { escape(place_of(entry)),
          picture(entry.baseline, relative, "before"), picture(entry.current, relative, "after"),
          picture(entry.diff, relative, "difference") }
        for _, path in ipairs { entry.baseline or "", entry.current, entry.diff or "" } do
          shown[path] = true
        end
      end
    end
  end
  if #rows == 0 then return nil, shown end
  local text = markdown.table({ "Page", "Look", "What" }, rows)
  if #pictures > 0 then
    text = text .. "\n" .. markdown.table({ "Page", "Before", "After", "Difference" }, pictures)
  end
  return text, shown
end

return visual
