--- HTML, built so that nothing can be forgotten: a child that is a plain text is escaped, whatever
--- it holds; only what h() itself made stands as markup. Used by report/html.lua and its parts.
--- Pure.
---
---   h("p.note", { id = "x" }, "a < b", h("b", nil, "!"))
---   → <p class="note" id="x">a &lt; b<b>!</b></p>

local text = require "report.text"

local tags = {}

---@class report.Markup
---@field html string
local Markup = {}
Markup.__index = Markup

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }
local EMPTY = { meta = true, img = true, br = true, input = true }
local MAX = 20000 -- bytes of one text: a shop may have any amount of it

--- Text as HTML shows it.
---@param value any
---@return string
function tags.escape(value)
  local plain = text.valid(text.clip(tostring(value), MAX))
  return (plain:gsub("[&<>\"']", ENTITIES))
end

local function add(parts, child)
  if child == nil or child == false then return end
  if getmetatable(child) == Markup then
    parts[#parts + 1] = child.html
  elseif type(child) == "table" then
    for _, one in ipairs(child) do add(parts, one) end
  else
    parts[#parts + 1] = tags.escape(child)
  end
end

-- A data: URL is ours and long; every other value is text.
local function attribute(name, value)
  if value == true then return " " .. name end
  if getmetatable(value) == Markup then return (' %s="%s"'):format(name, value.html) end
  return (' %s="%s"'):format(name, tags.escape(value))
end

--- An element.
---@param spec string          name and classes: "div.card.wide"; ours, never a shop's
---@param attributes table?    true stands for an attribute without value, false for none
---@param ... any              children: texts, markup, lists of them; nil and false are left out
---@return report.Markup
function tags.h(spec, attributes, ...)
  local name, classes = spec:match("^(%w+)(.*)$")
  local parts = { "<", name }
  if classes ~= "" then
    parts[#parts + 1] = ' class="' .. classes:sub(2):gsub("%.", " ") .. '"'
  end
  local keys = {}
  for key, value in pairs(attributes or {}) do
    if value ~= false then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do parts[#parts + 1] = attribute(key, attributes[key]) end
  parts[#parts + 1] = ">"
  if not EMPTY[name] then
    for i = 1, select("#", ...) do add(parts, (select(i, ...))) end
    parts[#parts + 1] = "</" .. name .. ">"
  end
  return setmetatable({ html = table.concat(parts) }, Markup)
end

--- Markup that is known to be ours.
---@param html string
---@return report.Markup
function tags.trusted(html) return setmetatable({ html = html }, Markup) end

--- A link, when the address is one of the web; else the text alone: "javascript:" must not be
--- clickable.
---@param url any
---@param label any?
---@return report.Markup
function tags.link(url, label)
  url = tostring(url)
  if not url:lower():find("^https?://") or #url > 2000 then
    return tags.h("span.url", nil, label or url)
  end
  return tags.h("a.url", { href = url, rel = "noreferrer noopener nofollow" }, label or url)
end

--- A number of per cent for a style attribute: never outside of 0 to 100, never NaN.
---@param share number  0 to 1
---@return string
function tags.percent(share)
  if share ~= share then share = 0 end
  return (("%.2f"):format(math.max(0, math.min(1, share)) * 100):gsub("%.?0+$", "")) .. "%"
end

return tags
