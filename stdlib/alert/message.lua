--- From a row of the outbox (watch/outbox.lua) to the message that an alerter's script gets: words
--- for people, stable keys for machines. Pure: "now" is the time at which the row was made, so a
--- message is the same at every try. Used by alert/send.lua and the verb alert.
---
--- The message's fields are described in docs/alerting.md.

local format = require "alert.format"
local time = require "time"

local message = {}

local ITEMS_SHOWN, REQUESTS_SHOWN = 10, 3

local VERB = { opened = "is broken", changed = "is broken in another way",
  again = "is still broken",
  escalated = "is still broken and nobody has taken it", resolved = "works again",
  acknowledged = "is being looked at" }

local function parse(text) return text and time.parse_iso8601(text) end

local function lasted(from, to)
  local a, b = parse(from), parse(to)
  return a and b and b >= a and time.format_duration(math.floor((b - a) / 1000) * 1000) or nil
end

-- "2026-05-04 10:11:12 UTC": what people can read aloud.
local function clock(iso)
  local day, hour = (iso or ""):match("^(%d+-%d+-%d+)T(%d+:%d+:%d+)")
  return day and day .. " " .. hour .. " UTC" or iso
end

local function subject_of(incident)
  if incident.kind == "engine" then
    local trigger = (incident.skill or ""):match("^trigger (.+)$")
    if trigger then return "The trigger " .. trigger end
    if (incident.store_url or "") == "" then return "nano-sre itself" end
    return ("The check %s of %s"):format(incident.skill, incident.store_name or incident.store_url)
  end
  local skill = (incident.skill or "a check"):gsub("[_-]+", " ")
  return ("%s on %s"):format(skill:sub(1, 1):upper() .. skill:sub(2),
    incident.store_name or incident.store_url or "the store")
end

local ENGINE = { opened = "cannot run", changed = "cannot run, for another reason",
  again = "still cannot run", escalated = "still cannot run and nobody has taken it",
  resolved = "runs again", acknowledged = "is being looked at" }

local function word_of(occasion) return (occasion or "opened"):match("^%a+") end

-- Longer texts help nobody, and every receiver has a limit somewhere.
local TEXT, NAME, URL = 1000, 200, 1500

local function one_line(text, limit)
  text = (text or ""):gsub("[%s%c]+", " "):gsub("^ ", ""):gsub(" $", "")
  return format.cut(text, limit or TEXT)
end

local function name_line(text) return text ~= nil and one_line(text, NAME) or nil end

local function evidence_lines(evidence, add)
  if type(evidence) ~= "table" then return end
  if evidence.url then add("Page: " .. one_line(evidence.url)) end
  for i, request in ipairs(evidence.requests or {}) do
    if i > REQUESTS_SHOWN then break end
    local outcome = request.status and request.status ~= 0 and tostring(request.status)
      or one_line(request.error or "no answer")
    add(("Request: %s %s → %s"):format(request.method or "GET", one_line(request.url), outcome))
  end
  local line = evidence.console and evidence.console[1]
  if line then add("Console: " .. one_line(line)) end
end

local function advice_lines(item, add)
  if item.status == "resolved" or not tonumber(item.incident_id) then return end
  local advice = item.evidence and item.evidence.advice
  if advice then add("What to do: " .. advice) end
  if item.kind ~= "engine" and item.skill and not item.acknowledged_at then
    add(("%s it again with `nano-sre run %s --url %s`"):format(
      advice and "Then try" or "To do: try", item.skill, item.store_url))
  end
  if item.acknowledged_at then
    add(("All of it: `nano-sre incident show %s`"):format(item.incident_id))
    return
  end
  add(("Take it with `nano-sre incident ack %s`; all of it: `nano-sre incident show %s`"):format(
    item.incident_id, item.incident_id))
end

local function item_text(item)
  local lines = {}
  local function add(line) lines[#lines + 1] = line end
  if item.status == "resolved" then
    add(("It lasted %s, from %s to %s."):format(item.lasted or "a while", clock(item.since),
      clock(item.resolved_at)))
    if item.cause ~= "" then add("It was: " .. item.cause) end
  else
    if item.acknowledged_at then
      add(("Taken by %s%s"):format(item.acknowledged_by or "somebody",
        item.acknowledged_text and ": " .. item.acknowledged_text or ""))
    end
    add((item.cause ~= "" and item.cause) or item.incident_title)
    if item.step and item.step ~= "" then add("Step: " .. item.step) end
    add("Since: " .. (item.since_text or "just now")
      .. (item.seen and item.seen > 1 and (", seen %d times"):format(item.seen) or ""))
    evidence_lines(item.evidence, add)
  end
  advice_lines(item, add)
  return table.concat(lines, "\n")
end

local function short_evidence(evidence)
  if type(evidence) ~= "table" then return nil end
  local out = { url = evidence.url, step = name_line(evidence.step),
    screenshot = evidence.screenshot,
    selector = evidence.selector and one_line(evidence.selector), requests = {}, console = {},
    advice = evidence.advice and one_line(evidence.advice) }
  for i, request in ipairs(evidence.requests or {}) do
    if i > REQUESTS_SHOWN then break end
    out.requests[i] = { method = request.method, url = one_line(request.url),
      status = request.status,
      error = request.error and one_line(request.error, NAME) }
  end
  for i, line in ipairs(evidence.console or {}) do
    if i > REQUESTS_SHOWN then break end
    out.console[i] = one_line(line, 300)
  end
  return out
end

local function make_item(entry, now_iso)
  local incident, occasion = entry.incident, word_of(entry.occasion)
  local verbs = incident.kind == "engine" and ENGINE or VERB
  local item = {
    occasion = occasion, level = tonumber((entry.occasion or ""):match(":(%d+)$")),
    status = incident.status, kind = incident.kind or "shop", severity = incident.severity or "P2",
    incident_id = incident.id, incident_title = one_line(incident.title),
    dedup_key = "nano-sre/" .. tostring(incident.key or incident.id),
    store_name = name_line(incident.store_name), store_url = incident.store_url,
    skill = name_line(incident.skill), step = name_line(incident.step),
      cause = one_line(incident.cause), since = incident.first_seen,
    last_seen = incident.last_seen, resolved_at = incident.resolved_at,
    acknowledged_at = incident.acknowledged_at,
    acknowledged_by = name_line(incident.acknowledged_by),
    acknowledged_text = incident.acknowledged_text and one_line(incident.acknowledged_text),
    seen = incident.seen, run_id = incident.run_id,
    labels = incident.labels or {}, evidence = short_evidence(incident.evidence),
  }
  local ends = item.status == "resolved" and item.resolved_at or now_iso
  item.lasted = lasted(item.since, ends)
  item.since_text = item.since and clock(item.since)
    .. (item.lasted and item.lasted ~= "0ms" and (" (%s)"):format(item.lasted) or "")
  item.headline = subject_of(item) .. " " .. (verbs[occasion] or verbs.opened)
  local tag = item.status == "resolved" and "OK" or item.severity
  item.title = ("[%s] %s"):format(tag, item.headline)
  item.text = item_text(item)
  return item
end

local ORDER = { P0 = 0, P1 = 1, P2 = 2, P3 = 3 }

-- Those that are open first, the gravest of them first.
local function before(a, b)
  if (a.status == "resolved") ~= (b.status == "resolved") then return b.status == "resolved" end
  local x, y = ORDER[a.severity] or 9, ORDER[b.severity] or 9
  if x ~= y then return x < y end
  return (tonumber(a.incident_id) or 0) < (tonumber(b.incident_id) or 0)
end

local function same(items, field)
  for _, item in ipairs(items) do
    if item[field] ~= items[1][field] then return nil end
  end
  return items[1][field]
end

local function group_title(items)
  local open, over = 0, 0
  for _, item in ipairs(items) do
    if item.status == "resolved" then over = over + 1 else open = open + 1 end
  end
  local store = same(items, "store_name")
  local place = store and " on " .. store or ""
  if open == 0 then return ("[OK] %d troubles%s are over"):format(over, place) end
  return ("[%s] %d %s%s%s"):format(items[1].severity, open, open == 1 and "trouble" or "troubles",
    place,
    over > 0 and (", %d over"):format(over) or "")
end

local function group_text(items)
  local lines = {}
  for i, item in ipairs(items) do
    if i > ITEMS_SHOWN then
      lines[#lines + 1] = ("… and %d more: `nano-sre incident list`"):format(#items - ITEMS_SHOWN)
      break
    end
    local why = item.status ~= "resolved" and (item.cause ~= "" and item.cause
      or item.incident_title)
      or item.lasted and "after " .. item.lasted or ""
    lines[#lines + 1] = ("%s%s"):format(item.title, why ~= "" and ": " .. why or "")
  end
  return table.concat(lines, "\n")
end

local function links_of(items)
  local links, seen = {}, {}
  for _, item in ipairs(items) do
    local page = type(item.evidence) == "table" and item.evidence.url
    for _, link in ipairs { { text = "Page", url = page },
      { text = item.store_name or "Store", url = item.store_url } } do
      if type(link.url) == "string" and link.url:find("^https?://") and #link.url <= URL
        and not seen[link.url]
        and #links < 5 then
        seen[link.url] = true
        links[#links + 1] = link
      end
    end
  end
  return links
end

-- The first picture; its path says nothing to anybody elsewhere, so it goes from the items.
local function take_screenshot(items)
  local found
  for _, item in ipairs(items) do
    local evidence = type(item.evidence) == "table" and item.evidence or {}
    local path = evidence.screenshot
    if type(path) == "string" then
      found = found or { path = path, name = path:match("[^/]+$") }
      item.evidence = {}
      for name, value in pairs(evidence) do
        if name ~= "screenshot" then item.evidence[name] = value end
      end
    end
  end
  return found
end

--- Makes the message of a row.
---@param row table  key, alerter, route, message (see watch/outbox.lua)
---@return table message
function message.build(row)
  local from = row.message
  local items = {}
  for i, entry in ipairs(from.items) do items[i] = make_item(entry, from.created_at) end
  table.sort(items, before)
  local shot = take_screenshot(items)
  local first = items[1]
  local out = {}
  for name, value in pairs(first) do out[name] = value end
  out.id, out.alerter, out.route = from.key or row.key, row.alerter, row.route or from.route
  out.created_at, out.items, out.links = from.created_at, items, links_of(items)
  out.screenshot = shot
  out.occasion = word_of(from.occasion or first.occasion)
  if #items > 1 then
    out.title, out.text = group_title(items), group_text(items)
    out.headline = (out.title:gsub("^%[.-%] ", ""))
    out.status = first.status -- open while one of them is
    out.store_name, out.store_url = same(items, "store_name"), same(items, "store_url")
    out.skill, out.step = same(items, "skill"), nil
  end
  if out.occasion == "test" then
    out.test, out.title = true, "[TEST] " .. out.title:gsub("^%[.-%] ", "")
    out.headline = "This is a test: " .. out.headline
    for _, item in ipairs(items) do item.test = true end
  end
  return out
end

--- A row for `nano-sre alert test NAME`.
---@param alerter string
---@param now number        ms since the epoch
---@param store {name: string?, url: string?}
---@return table row
function message.test_row(alerter, now, store)
  local key = "test-" .. sys.random.uuid()
  local incident = { key = key, kind = "shop", status = "open", severity = "P3",
    title = "a test of the alerter " .. alerter, cause = "Nothing is wrong: somebody tests the way "
      .. "on which messages come.", skill = "alert-test", store_name = store.name or "Test store",
    store_url = store.url or "https://shop.example", first_seen = time.iso8601(now),
    last_seen = time.iso8601(now), seen = 1 }
  return { key = key, alerter = alerter, route = "test", message = { key = key, alerter = alerter,
    route = "test", created_at = time.iso8601(now), occasion = "test",
    items = { { occasion = "opened", incident = incident } } } }
end

return message
