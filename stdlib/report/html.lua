--- Reporter html: the whole report as one file that opens anywhere, without network: style, script
--- and pictures are inside. Everything essential is there without JavaScript. A shop's text is
--- hostile: html/tags.lua escapes by construction, and a Content-Security-Policy in the file
--- forbids every script but ours and every request.
---
--- Rendering reads the pictures and may wait for them (html/pictures.lua).

local skill = require "report.html.skill"
local tags = require "report.html.tags"
local text = require "report.text"
local words = require "report.words"

local h, trusted = tags.h, tags.trusted

local reporter = { extension = "html" }

local HURRY_MS = 1000 -- after a signal a report is there within seconds

-- Pictures are for what is wrong first, should there be too many.
local RANK = { FAIL = 1, ERROR = 2, WARN = 3, PASS = 4, SKIP = 5 }
local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December" }

-- "21 November 2026, 01:22 UTC"
local function date_of(iso)
  local year, month, day, clock = tostring(iso):match("^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d:%d%d)")
  if not year or not MONTHS[tonumber(month)] then return nil end
  return h("time", { datetime = iso }, ("%d %s %s, %s UTC"):format(tonumber(day),
    MONTHS[tonumber(month)], year, clock))
end

local function name_of(report)
  return text.one_line(report.store_name or report.store_url or "no store")
end

local function header(report)
  local facts = {}
  if report.store_url then facts[1] = h("span", nil, tags.link(report.store_url)) end
  local date = date_of(report.finished_at)
  if date then facts[#facts + 1] = h("span", nil, date) end
  facts[#facts + 1] = h("span", nil, "took " .. words.duration(report.duration_ms or 0))
  return h("header", nil, h("p.kicker", nil, "Store report"), h("h1", nil, name_of(report)),
    h("p.meta", nil, facts))
end

local COUNTS = { { "passed", "passed", "PASS" }, { "warned", "warnings", "WARN" },
  { "failed", "failed", "FAIL" }, { "errors", "not checked", "ERROR" },
  { "skipped", "skipped", "SKIP" } }

local function verdict(report)
  local status, head, rest = words.verdict(report)
  local counts = {}
  for _, count in ipairs(COUNTS) do
    local number = report.totals[count[1]]
    if number > 0 then
      local label = count[1] == "warned" and number == 1 and "warning" or count[2]
      counts[#counts + 1] = h("li." .. count[3], nil, h("b", nil, tostring(number)), " " .. label)
    end
  end
  return h("section.verdict." .. status, nil,
    h("span.sign", { ["aria-hidden"] = "true" }, words.SYMBOLS[status]),
    h("div", nil, h("h2", nil, head), rest and h("p", nil, rest), h("ul.counts", nil, counts)))
end

local function item(status, target, name, message, advice)
  return h("li", nil, skill.pill(status),
    h("div", nil, target and h("a", { href = "#" .. target }, name) or h("b", nil, name),
      h("p", nil, message),
      advice and h("p.advice", nil, skill.advice(advice))))
end

local function actions(report)
  local items = {}
  for _, status in ipairs { "FAIL", "ERROR", "WARN" } do
    for place, result in ipairs(report.results) do
      if result.status == status then
        items[#items + 1] = item(status, "skill-" .. place, tostring(result.skill),
          status == "ERROR" and words.error_meaning(result) or text.one_line(result.summary or ""),
          words.advice(result))
      end
    end
  end
  for _, problem in ipairs(report.problems) do
    items[#items + 1] = item("ERROR", nil, "the monitor", tostring(problem.message), problem.hint)
  end
  -- A single check says it itself, right below.
  if #items == 0 or #report.results == 1 and #items == 1 then return nil end
  return h("section.actions", nil, h("h2", nil, "What to look at"), h("ul", nil, items))
end

local function remarks(report)
  local parts = {}
  if report.interrupted then
    parts[1] = h("p.remark", nil, ("This report is not complete: the command was stopped (SIG%s) "
      .. "after %d of %d checks."):format(report.interrupted, #report.results,
      report.planned or #report.results))
  end
  if report.dry_run then
    parts[#parts + 1] = h("p.remark", nil, "A dry run: nothing was changed in the shop.")
  end
  if report.totals.errors > 0 then
    parts[#parts + 1] = h("p.remark", nil,
      "“Not checked” says nothing about the shop: the check itself could not be done.")
  end
  return parts
end

-- The sections, rendered in the order of what matters, put in the order in which the skills ran.
local function sections(report, pictures)
  local order, made = {}, {}
  for place, result in ipairs(report.results) do
    order[place] = { place = place, result = result }
  end
  table.sort(order, function(a, b)
    local rank_a, rank_b = RANK[a.result.status] or 2, RANK[b.result.status] or 2
    if rank_a ~= rank_b then return rank_a < rank_b end
    return a.place < b.place
  end)
  for _, entry in ipairs(order) do
    made[entry.place] = skill.render(entry.result, entry.place, pictures, #order == 1)
  end
  return made
end

local function footer(report)
  return h("footer", nil, "Made by nano-sre ", report.tool and report.tool.version or "",
    report.command and { " with ", h("code", nil, text.one_line(report.command)) })
end

local function policy(script)
  local hash = sys.codec.base64(sys.codec.unhex(sys.codec.sha256(script)))
  return ("default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    .. "script-src 'sha256-%s'; base-uri 'none'; form-action 'none'"):format(hash)
end

local function head(report, script)
  return h("head", nil, h("meta", { charset = "utf-8" }),
    h("meta", { ["http-equiv"] = "Content-Security-Policy", content = policy(script) }),
    h("meta", { name = "viewport", content = "width=device-width, initial-scale=1" }),
    h("meta", { name = "color-scheme", content = "light dark" }),
    h("meta", { name = "robots", content = "noindex" }),
    h("title", nil, (words.verdict(report)) .. ": " .. name_of(report)),
    h("style", nil, trusted(sys.resource("report/html/report.css"))))
end

--- @param report table    report/build.lua
--- @param options table?  find: fun(path) → where a picture is now
--- @return string
function reporter.render(report, options)
  local pictures = require("report.html.pictures").new(options and options.find,
    report.interrupted and HURRY_MS)
  local script = sys.resource("report/html/report.js")
  local page = h("html", { lang = "en" }, head(report, script),
    h("body", nil, h("main", nil, header(report), verdict(report), remarks(report),
      actions(report),
      #report.results > 0 and h("section.checks", nil, h("h2", nil, "The checks"),
        sections(report, pictures)),
      footer(report)),
      h("script", nil, trusted(script))))
  return "<!DOCTYPE html>\n" .. page.html .. "\n"
end

return reporter
