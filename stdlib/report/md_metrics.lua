--- The table of measurements in the Markdown report: pages, vitals, what Google thinks of them and
--- what is usual for this shop. Used by report/md.lua. Pure.

local markdown = require "report.markdown"
local words = require "report.words"

local metrics = {}

local MARKS = { good = "🟢", ["needs work"] = "🟡", poor = "🔴" }

-- "1.2 s 🟢", with what is usual where that is known.
local function metric_cell(result, metric)
  local _, value, verdict = words.metric(metric)
  local usual = words.usual(result, metric)
  return markdown.escape(value) .. (verdict and " " .. MARKS[verdict] or "")
    .. (usual and markdown.escape((" (usually %s)"):format(usual)) or "")
end

--- The measurements of a result: one row a page, one column a measure, both in the order in which
--- they were measured. A value that was measured twice for a page stands there twice.
---@param result table  with at least one metric
---@return string
function metrics.render(result)
  local pages, measures, cells = {}, {}, {}
  for _, metric in ipairs(result.metrics) do
    local page, measure = metric.page or metric.step or "", (words.metric(metric))
    if not cells[page] then
      cells[page] = {}
      pages[#pages + 1] = page
    end
    if not measures[measure] then
      measures[measure] = true
      measures[#measures + 1] = measure
    end
    local before = cells[page][measure]
    local cell = metric_cell(result, metric)
    cells[page][measure] = before and before .. ", " .. cell or cell
  end
  local head, rows = { "Page" }, {}
  for i, measure in ipairs(measures) do head[i + 1] = markdown.escape(measure) end
  for i, page in ipairs(pages) do
    rows[i] = { markdown.escape(page) }
    for j, measure in ipairs(measures) do rows[i][j + 1] = cells[page][measure] or "" end
  end
  return "**Page speed and measurements** (🟢 good, 🟡 needs work, 🔴 poor, as Google judges)\n\n"
    .. markdown.table(head, rows)
end

return metrics
