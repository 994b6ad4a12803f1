--- Helpers for alerters. Public, pure.
---
---    local format = require "alert.format"
---    format.cut(message.title, 150)

local format = {}

local COLOURS = { P0 = "#B42318", P1 = "#D92D20", P2 = "#F79009", P3 = "#2E90FA" }
local GREEN, GREY = "#12B76A", "#667085"
local WORDS = { P0 = "critical", P1 = "error", P2 = "warning", P3 = "info" }

--- The colour of a message or an item: "#D92D20". Green when it is over, grey for a test.
---@param message table
---@return string
function format.colour(message)
  if message.test then return GREY end
  if message.status == "resolved" then return GREEN end
  return COLOURS[message.severity] or GREY
end

--- The same as a number, 0xRRGGBB.
---@param message table
---@return number
function format.colour_number(message) return tonumber(format.colour(message):sub(2), 16) end

--- The state in one short word: "P1", "OK" or "TEST".
---@param message table
---@return string
function format.tag(message)
  if message.test then return "TEST" end
  return message.status == "resolved" and "OK" or message.severity or "P2"
end

--- P0 to P3 as "critical", "error", "warning", "info".
---@param severity string
---@return string
function format.level(severity) return WORDS[severity] or "warning" end

-- Where each character of a UTF-8 text begins; a byte that is none counts as one.
local CHARACTER = "[%z\1-\127\192-\255][\128-\191]*"

--- The length of a text as vendors count it.
---@param text string
---@param unit "characters"|"utf16"|"bytes"|nil
---@return number
function format.length(text, unit)
  if unit == "bytes" then return #text end
  local count = 0
  for char in text:gmatch(CHARACTER) do
    count = count + (unit == "utf16" and char:byte() >= 0xF0 and 2 or 1)
  end
  return count
end

--- A text of at most `limit` characters (UTF-16 units, bytes), cut between characters, with "…" at
--- the end when something is missing.
---@param text string?
---@param limit number
---@param unit "characters"|"utf16"|"bytes"|nil
---@return string
function format.cut(text, limit, unit)
  text = text or ""
  if #text <= limit or format.length(text, unit) <= limit then return text end
  local room, used, last = limit - (unit == "bytes" and 3 or 1), 0, 0
  for first, char in text:gmatch("()(" .. CHARACTER .. ")") do
    used = used + (unit == "bytes" and #char or unit == "utf16" and char:byte() >= 0xF0 and 2 or 1)
    if used > room then break end
    last = first + #char - 1
  end
  return text:sub(1, last) .. "…"
end

local function replace(text, map, pattern) return (text:gsub(pattern, map)) end

local HTML = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

--- Text for HTML (e-mail, Telegram).
---@param text string
---@return string
function format.html(text) return replace(text, HTML, '[&<>"]') end

--- Text for Slack's mrkdwn: nothing in it is a link or a mention.
---@param text string
---@return string
function format.slack(text) return replace(text, HTML, "[&<>]") end

local function escape_markdown(text)
  text = text:gsub("[\\`*_{}%[%]()#+!|~<>]", "\\%0")
  return (text:gsub("@", "@\226\128\139")) -- a zero-width space keeps it from being a mention
end

--- Text for Markdown (Discord, Teams, GitHub): its characters mean themselves. Addresses of pages
--- stay as they are.
---@param text string
---@return string
function format.markdown(text)
  local out, from = {}, 1
  while true do
    local first, last = text:find("https?://[^%s<>()%[%]]+", from)
    if not first then break end
    out[#out + 1] = escape_markdown(text:sub(from, first - 1))
    out[#out + 1] = text:sub(first, last)
    from = last + 1
  end
  out[#out + 1] = escape_markdown(text:sub(from))
  return table.concat(out)
end

--- A text between code fences that it cannot leave.
---@param text string
---@return string
function format.code(text) return "```\n" .. text:gsub("```", "'''") .. "\n```" end

--- The facts of an item as a list of { name, value }: those that are known.
---@param item table
---@return {name: string, value: string}[]
function format.facts(item)
  local out = {}
  local function add(name, value)
    if value ~= nil and value ~= "" then
      out[#out + 1] = { name = name, value = tostring(value) }
    end
  end
  add("Store", item.store_name or item.store_url)
  add("Check", item.skill and item.step and item.step ~= "" and item.skill .. ", " .. item.step
    or item.skill)
  add("Severity", item.severity)
  add("Since", item.since and item.since_text or item.since)
  add("Lasted", item.status == "resolved" and item.lasted or nil)
  add("Incident", item.incident_id and "#" .. item.incident_id)
  return out
end

return format
