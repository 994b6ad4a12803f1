--- The audit of a run: which visitor looks at which page, what is compared, and what the run says
--- in the end. Public through visual.lua.

local album = require "visual.album"
local devices = require "browser.devices"
local face = require "browser.face"
local fault = require "fault"
local findings = require "shop.findings"
local judge = require "visual.judge"
local pages = require "visual.pages"
local pixels = require "visual.pixels"
local shots = require "visual.shots"
local words = require "visual.words"

local BOXES_KEPT, ELEMENTS_KEPT = 8, 12
local FAILURES_SHOWN = 3
local HINT = "if it is meant to be so: `nano-sre baseline approve`"

---@class visual.Audit
local Audit = {}
Audit.__index = Audit

-- ---- visitors -----------------------------------------------------------------------------------

local function device_word(self, device)
  local same = 0
  for _, name in ipairs(self.options.devices) do
    if words.device(devices.find(name)) == words.device(device) then same = same + 1 end
  end
  local word = words.device(device)
  return same > 1 and ("%s (%s)"):format(word, device.name) or word
end

--- A new visitor comes: own cookies, an empty cart.
---@param device string
function Audit:visit(device)
  if self.stopped then return end
  if self.page then self.page:close() end
  self.device = devices.find(device)
  self.page = self.t.page { device = device, fresh = true }
  self.visitor = device_word(self, self.device)
  self.cart_filled = nil
end

-- ---- one page -----------------------------------------------------------------------------------

local function add_entry(self, one, state, more)
  local entry = { page = one.name, device = self.device.name, place = self.place, state = state,
    name = album.name(one.name, self.device.name), path = one.path, ratio = 0 }
  for key, value in pairs(more or {}) do entry[key] = value end
  self.entries[#self.entries + 1] = entry
  return entry
end

local function leave_out(self, one, why)
  self.t.note("left out: " .. why)
  add_entry(self, one, "left out", { words = why })
end

local function take(self, one)
  return shots.take(self.t, self.page, one, self.options)
end

local function warn_of_keys(self, one, look)
  for _, key in ipairs(shots.keys(one, self.options.keys)) do
    local found = false
    for _, e in ipairs(look.snapshot.elements) do found = found or e.kind == key.kind end
    local what = key.kind:find("^own") and key[1] or key.kind
    if not found then
      self.t.warn(("no %s is to be seen when the baseline is taken, so none will be missed; "
        .. "-o keys=SELECTOR names one"):format(what))
    end
  end
end

-- The first picture of a page: looked at twice, so that what never stands still is known.
local function begin(self, one)
  local first = take(self, one)
  if self.album.homeless then return add_entry(self, one, "new") end
  local second = take(self, one)
  local restless = pixels.restless(first.picture, second.picture, self.options.threshold)
  first.picture:free()
  warn_of_keys(self, one, second)
  second.snapshot = judge.steady(first.snapshot, second.snapshot)
  add_entry(self, one, "new",
    { baseline = self.album:begin(one, self.device.name, second, restless) })
  second.picture:free()
end

local function trouble(self, entry, why)
  local text = ("the baseline of the %s cannot be used: %s"):format(self.place, why)
  self.t.note(text)
  self.troubles[#self.troubles + 1] = { text = text, name = entry.name }
end

-- Keeps a picture among the run's artifacts; nil where a run has none.
local function save(self, name, picture)
  return (face.hidden(self.page, "page").tab.save(name, pixels.encode(picture)))
end

local function element_words(changes)
  local out = {}
  for i, phrase in ipairs(words.phrases(changes)) do
    if i > ELEMENTS_KEPT then break end
    out[i] = phrase
  end
  return out
end

local function first_boxes(boxes)
  local out = {}
  for i = 1, math.min(#boxes, BOXES_KEPT) do out[i] = boxes[i] end
  return out
end

local function tell(self, verdict)
  local message = verdict.words
  if verdict.severity == "fail" then
    local text = self.place .. ": " .. message
    self.seen_by[text] = { visitor = self.visitor, title = self.title, words = message }
    self.found.bad(text, { code = "visual", url = self.page:url(), short = message, hint = HINT,
      at_hand = true })
    return
  end
  self.t.warn(message)
  table.insert(self.found.list, { severity = "poor", step = self.place, code = "visual",
    message = self.place .. ": " .. message, url = self.page:url() })
end

-- A picture that differs: kept for the report, and for `nano-sre baseline approve`.
local function report_change(self, one, past, before, verdict)
  add_entry(self, one, "changed", { severity = verdict.severity, words = verdict.words,
    ratio = verdict.ratio, longer = verdict.longer, boxes = first_boxes(verdict.boxes),
    elements = element_words(verdict.changes),
    baseline = save(self, "before.png", before.picture) or before.file,
    current = save(self, "after.png", verdict.look.picture),
    diff = save(self, "difference.png", verdict.diff) })
  self.album:propose(past, verdict.look, verdict.restless, { diff = verdict.diff,
    ratio = verdict.ratio, words = verdict.words, path = one.path })
  verdict.diff:free()
  tell(self, verdict)
end

local function compare(self, one, past)
  local before, why = self.album:load(past)
  if not before then return trouble(self, past, why) end
  local look = take(self, one)
  if before.snapshot.page_width ~= look.snapshot.page_width then
    return trouble(self, past, ("it is %d px wide, this %s is %d"):format(
      before.snapshot.page_width, self.visitor, look.snapshot.page_width))
  end
  local verdict = judge.page(before, look, function() return take(self, one) end, self.options)
  if verdict.severity then
    report_change(self, one, past, before, verdict)
  else
    past.pending = nil
    if verdict.words then self.t.note(verdict.words) end
    add_entry(self, one, "same", { ratio = verdict.ratio, longer = verdict.longer,
      words = verdict.words, baseline = before.file, elements = element_words(verdict.changes) })
  end
  before.picture:free()
  verdict.look.picture:free()
end

-- The cart is looked at with a product in it. Says why not, unless its page does not even open.
local function fill_cart(self, one)
  if one.name ~= "cart" or self.cart_filled then return nil end
  local product = self.by_name.product or self.own_product
  pages.locate(self.t, self.page, product, self.album:path_of "product")
  local why = pages.fill_cart(self.t, self.page, product.path)
  self.cart_filled = not why
  if why then shots.open(self.t, self.page, one) end
  return why
end

local function gone(why, one, past)
  return past and not one.given and fault.is(why, "failure") and why.code == "http-status"
    and why.details and (why.details.status == 404 or why.details.status == 410)
end

local function look_at(self, one)
  local past = self.album:get(one.name, self.device.name)
  pages.locate(self.t, self.page, one, self.album:path_of(one.name))
  local empty = fill_cart(self, one)
  if empty then return leave_out(self, one, "the cart stayed empty: " .. empty) end
  if past and past.path ~= one.path then
    self.t.note(("the baseline was of %s; a new one is taken of %s"):format(
      tostring(past.path), one.path))
    past = nil
  end
  if not past then return begin(self, one) end
  local ok, why = pcall(compare, self, one, past)
  if ok then return end
  if not gone(why, one, past) then error(why, 0) end
  one.path = nil
  pages.locate(self.t, self.page, one)
  self.t.note(("%s is gone; a new baseline is taken of %s"):format(past.path, one.path))
  begin(self, one)
end

--- Looks at a page and compares it with its baseline, or takes it as the baseline.
---@param name string  of a page: "home"
function Audit:look(name)
  if self.page:is_closed() then self:visit(self.device.name) end
  local one = self.by_name[name]
  self.title, self.place = one.title, ("%s's %s"):format(self.visitor, one.title)
  if self.stopped then return end
  self.found.step(self.place, function()
    local ok, why = pcall(look_at, self, one)
    if ok then return end
    -- Behind a password every page is the same trouble.
    if fault.is(why, "failure") and why.code == "password" then self.stopped = true end
    error(why, 0)
  end)
end

-- ---- the end ------------------------------------------------------------------------------------

local function count(self, state)
  local number = 0
  for _, entry in ipairs(self.entries) do
    if entry.state == state then number = number + 1 end
  end
  return number
end

local function plural(number, word)
  return ("%d %s%s"):format(number, word, number == 1 and "" or "s")
end

local function summary(self)
  local same, new, left_out = count(self, "same"), count(self, "new"), count(self, "left out")
  local parts = {}
  if same > 0 then
    parts[1] = ("%s look%s like %s"):format(plural(same, "page"), same == 1 and "s" or "",
      same == 1 and "its baseline" or "their baselines")
  end
  if new > 0 and self.album.homeless then
    parts[#parts + 1] = plural(new, "page") .. " looked at, but results of this run are not kept, "
      .. "so the next one has nothing to compare with"
  elseif new > 0 then
    parts[#parts + 1] = ("baseline taken of %s%s"):format(plural(new, "page"),
      same == 0 and ", nothing compared yet" or "")
  end
  if left_out > 0 then parts[#parts + 1] = plural(left_out, "page") .. " left out" end
  return table.concat(parts, "; ")
end

-- What failed, a page that several visitors saw fail in the same way once: "phone's and desktop's
-- product page: the button “Add to cart” vanished; …".
local function failure_words(self)
  local groups, by_key, out = {}, {}, {}
  for _, failure in ipairs(self.found.failures) do
    local seen = self.seen_by[failure.message]
    local key = seen and seen.title .. "\n" .. seen.words:match("^[^;]*") or failure.message
    if not by_key[key] then
      by_key[key] = { visitors = {}, seen = seen, message = failure.message,
        place = failure.step }
      groups[#groups + 1] = by_key[key]
    end
    if seen then table.insert(by_key[key].visitors, seen.visitor .. "'s") end
  end
  for i, group in ipairs(groups) do
    out[i] = not group.seen and group.place .. ": " .. group.message or ("%s %s: %s"):format(
      table.concat(group.visitors, " and "), group.seen.title, group.seen.words)
  end
  local text = table.concat(out, "; ", 1, math.min(#out, FAILURES_SHOWN))
  if #out > FAILURES_SHOWN then text = ("%s; and %d more"):format(text, #out - FAILURES_SHOWN) end
  local others = #self.found.list - #self.found.failures
  if others == 0 then return text end
  return ("%s; %s"):format(text, others == 1 and "one page more looks different"
    or others .. " more pages look different")
end

--- Ends the audit: fails, warns or sets the summary. A baseline that could not be used is the
--- monitor's own trouble.
function Audit:finish()
  if self.page then self.page:close() end
  self.t.detail("visual", self.entries)
  self.t.detail("findings", self.found.list)
  self.album:learn()
  if #self.found.failures > 0 then
    fault.failure { code = "visual", message = failure_words(self),
      hint = self.found.failures[1].hint }
  end
  if #self.troubles > 0 then
    local first, more = self.troubles[1], #self.troubles - 1
    fault.engine { code = "baseline", message = first.text
      .. (more > 0 and (" (and %d more)"):format(more) or ""),
      hint = ("`nano-sre baseline reset %s` has the next run take a new one"):format(
        more > 0 and "visual_auditor" or first.name) }
  end
  self.t.summary(summary(self))
end

local audit = {}

--- Makes the audit of a run.
---@param t table
---@param options table  of visual.audit, checked
---@return visual.Audit
function audit.new(t, options)
  local self = setmetatable({ t = t, options = options, found = findings.new(t), entries = {},
    troubles = {}, seen_by = {}, album = album.open(t), by_name = {},
    own_product = { name = "product", title = "product page", path = options.product
      and "/products/" .. options.product } }, Audit)
  for _, one in ipairs(options.pages) do
    if one.name == "product" and options.product then one.path = self.own_product.path end
    one.given = one.path ~= nil
    self.by_name[one.name] = one
  end
  return self
end

return audit
