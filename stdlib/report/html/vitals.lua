--- Page speed in the HTML report: Google's Web Vitals on a scale with their published thresholds,
--- page by page, and every other measurement in a table. Used by report/html/skill.lua. Pure.

local tags = require "report.html.tags"
local words = require "report.words"

local h, percent = tags.h, tags.percent

local vitals = {}

local CLASSES = { good = "good", ["needs work"] = "fair", poor = "poor" }
local SPOKEN = { good = "good", ["needs work"] = "needs work", poor = "poor" }
local NAMES = {
  lcp_ms = "main content is there", fcp_ms = "something is seen", ttfb_ms = "the server answers",
  inp_ms = "answer to a tap", cls = "content that jumps",
}
local ORDER = { "lcp_ms", "inp_ms", "cls", "fcp_ms", "ttfb_ms" }
local MAX_PAGES, MAX_OTHERS = 20, 100

-- Each third of the scale is one verdict, whatever the numbers.
local function position(value, limits)
  if value <= limits.good then return value / limits.good / 3 end
  if value <= limits.poor then
    return (1 + (value - limits.good) / (limits.poor - limits.good)) / 3
  end
  return math.min((2 + (value - limits.poor) / limits.poor) / 3, 0.985)
end

local function limit_text(metric, value)
  return (select(2, words.metric { name = metric.name, value = value }))
end

local function gauge(result, metric)
  local label, value, verdict = words.metric(metric)
  local limits, usual = words.thresholds(metric.name), words.usual(result, metric)
  return h("div.vital." .. CLASSES[verdict], nil,
    h("p.label", nil, h("b", nil, label), " ", h("span", nil, NAMES[metric.name])),
    h("p.value", nil, value, " ", h("small", nil, SPOKEN[verdict])),
    h("div.gauge", { ["aria-hidden"] = "true" },
      h("i", { style = "left:" .. percent(position(metric.value, limits)) })),
    h("p.limits", nil, ("good up to %s, poor above %s"):format(
      limit_text(metric, limits.good), limit_text(metric, limits.poor)),
      usual and h("br"), usual and ("usually " .. usual)))
end

-- Pages in the order in which they were measured, each with its vitals; and the rest.
local function sort_out(result)
  local pages, by_page, others = {}, {}, {}
  for _, metric in ipairs(result.metrics) do
    local number = type(metric.value) == "number" and metric.value == metric.value
    if number and words.thresholds(metric.name) then
      local page = metric.page or metric.step or ""
      if not by_page[page] then
        by_page[page] = { name = page, vitals = {} }
        pages[#pages + 1] = by_page[page]
      end
      by_page[page].vitals[metric.name] = metric
    else
      others[#others + 1] = metric
    end
  end
  return pages, others
end

local function page_row(result, page)
  local gauges = {}
  for _, name in ipairs(ORDER) do
    local metric = page.vitals[name]
    if metric then gauges[#gauges + 1] = gauge(result, metric) end
  end
  return h("div.page", nil, h("h5", nil, page.name ~= "" and page.name or "page"),
    h("div.vitals", nil, gauges))
end

local function others_table(result, others)
  local rows = {}
  for i, metric in ipairs(others) do
    if i > MAX_OTHERS then break end
    local name, value = words.metric(metric)
    rows[i] = h("tr", nil, h("td", nil, metric.page or metric.step or ""), h("td", nil, name),
      h("td.number", nil, value), h("td", nil, words.usual(result, metric) or ""))
  end
  return h("details", nil, h("summary", nil, ("Other measurements (%d)"):format(#others)),
    h("div.scroll", nil, h("table", nil, h("thead", nil, h("tr", nil, h("th", nil, "Page"),
      h("th", nil, "What"), h("th.number", nil, "Value"), h("th", nil, "Usually"))),
      h("tbody", nil, rows))))
end

--- The measurements of a result.
---@param result table
---@return report.Markup|nil  nil when there is none
function vitals.render(result)
  if #result.metrics == 0 then return nil end
  local pages, others = sort_out(result)
  local rows = {}
  for i = 1, math.min(#pages, MAX_PAGES) do rows[i] = page_row(result, pages[i]) end
  return h("div.block", nil, #rows > 0 and h("h4", nil, "Page speed"), rows,
    #others > 0 and others_table(result, others))
end

return vitals
