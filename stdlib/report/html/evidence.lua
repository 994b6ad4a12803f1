--- The failed step in the HTML report: the picture, what went wrong and where, the browser's
--- console, the requests, the page's source around it. Used by report/html/skill.lua.

local build = require "report.build"
local tags = require "report.html.tags"
local text = require "report.text"
local timing = require "report.html.timing"
local words = require "report.words"

local h = tags.h

local evidence = {}

local MAX_CONSOLE, MAX_LINE, MAX_DOM, MAX_CODE = 30, 1000, 12000, 4000

--- A picture with its caption, or why it is not there.
---@param shot {path: string, caption: string}
---@param pictures report.Pictures
---@return report.Markup
function evidence.picture(shot, pictures)
  local picture, why = pictures:take(shot.path)
  if not picture then
    return h("figure.shot.missing", nil, h("p.quiet", nil, why),
      h("figcaption", nil, shot.caption))
  end
  return h(picture.height > picture.width and "figure.shot.upright" or "figure.shot", nil,
    h("span.frame", nil, h("img", { src = tags.trusted(picture.url), alt = shot.caption,
      width = tostring(picture.width), height = tostring(picture.height) })),
    h("figcaption", nil, shot.caption))
end

local function code_block(title, code, open)
  return h("details.code", { open = open or false }, h("summary", nil, title),
    h("pre", nil, text.clip(code, MAX_CODE)))
end

-- The line that a message is about stands out.
local function excerpt(code)
  local lines = {}
  for line in (text.clip(code, MAX_CODE) .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line:find("^%s*>") and h("mark", nil, line .. "\n") or line .. "\n"
  end
  return h("pre.excerpt", nil, lines)
end

local function console(seen)
  local lines = {}
  local function add(list, class)
    for i = math.max(1, #list - MAX_CONSOLE + 1), #list do
      local entry = list[i]
      local level = class or type(entry) == "table" and (entry.level or entry.type) or ""
      lines[#lines + 1] = h(tostring(level):find("err") and "li.bad" or "li", nil,
        text.clip(words.console(entry), MAX_LINE))
    end
  end
  add(seen.console)
  local said = {}
  for _, entry in ipairs(seen.console) do said[words.console(entry)] = true end
  local exceptions = {}
  for _, entry in ipairs(seen.errors) do
    if not said[words.console(entry)] then exceptions[#exceptions + 1] = entry end
  end
  add(exceptions, "error")
  if #lines == 0 then return nil end
  return h("div.block", nil, h("h4", nil, "Browser console"), h("ul.console", nil, lines))
end

local function fact(list, name, value)
  if value then
    list[#list + 1] = h("dt", nil, name)
    list[#list + 1] = h("dd", nil, value)
  end
end

local function facts(result, step, seen, cause)
  local list = {}
  local message = cause.message or step and step.error and step.error.message
  if message and not (result.summary or ""):find(message, 1, true) then
    fact(list, "What went wrong", message)
  end
  fact(list, "Step", cause.step or step and step.name)
  fact(list, "Page", seen and seen.url and tags.link(seen.url))
  fact(list, "Title", seen and seen.title ~= "" and seen.title)
  fact(list, "Looked for", seen and seen.selector and h("code", nil, seen.selector))
  local where = cause.where or step and step.error and step.error.where
  fact(list, "In the script", where and h("span", nil, h("code", nil, where),
    cause.excerpt and excerpt(cause.excerpt)))
  return #list > 0 and h("dl.facts", nil, list) or nil
end

local function dom_of(seen)
  if seen.dom == nil then return nil end
  local source = type(seen.dom) == "string" and seen.dom or require("json").pretty(seen.dom)
  if source == "" then return nil end
  return h("details.code", nil, h("summary", nil, "The page's source around it"),
    h("pre", nil, text.clip(source, MAX_DOM)))
end

-- The picture of the failure, from the evidence or from the list of screenshots.
local function shot_of(result, step, seen)
  if seen and seen.screenshot then
    return { path = seen.screenshot, caption = ("What the shopper saw at “%s”"):format(
      seen.step or step and step.name or "the end") }
  end
  for _, shot in ipairs(result.screenshots) do
    if shot.kind == "failure" then
      return { path = shot.path, caption = ("What the shopper saw at “%s”"):format(
        shot.step or "the end") }
    end
  end
  return nil
end

--- What explains a FAIL or an ERROR.
---@param result table
---@param pictures report.Pictures
---@return report.Markup
function evidence.render(result, pictures)
  local step, seen = build.failed_step(result)
  local cause = build.cause(result)
  local shot = shot_of(result, step, seen)
  local figure = shot and evidence.picture(shot, pictures)
  local body = { facts(result, step, seen, cause), seen and console(seen) or nil }
  if cause.traceback then
    body[#body + 1] = code_block("Where the script was", cause.traceback)
  end
  local below = {}
  if seen then
    below[1] = timing.requests(seen.requests, step, seen.url)
    below[#below + 1] = dom_of(seen)
  end
  return h("div.failure", nil,
    h(figure and "div.evidence.pictured" or "div.evidence", nil, figure,
      h("div.explained", nil, body)), below)
end

return evidence
