--- Marketing pixels over a shopper's journey. Public: `local pixel = require "pixel"`; the skill
--- pixel_auditor is made of it.
---
---    local audit = pixel.audit(t, page, { wait = "5s", vendors = {…}, events = {…} })
---    audit:step("product view", "view_item", function() … end)
---    audit:finish()   -- tells of what is wrong: fails, warns, or sets the summary

local audit = require "pixel.audit"
local face = require "browser.face"
local fault = require "fault"
local nearest = require "run.nearest"
local parse = require "pixel.parse"
local record = require "pixel.record"
local storefront = require "shop"
local time = require "time"
local truth = require "pixel.truth"

local pixel = {}

local SIGNATURE = "pixel.audit(t, page, {wait, vendors, events, learned})"
local OPTIONS = { wait = true, vendors = true, events = true, learned = true }
local WAIT_MS = 5000 -- Google Analytics sends its events in bundles, up to 5 s later

local function check_vendors(vendors)
  for _, word in ipairs(vendors or {}) do
    local vendor = tostring(word):match("^[^:]+") or ""
    if not parse.names[vendor] or vendor == "shopify" then
      local known = {}
      for name in pairs(parse.names) do known[name] = name ~= "shopify" or nil end
      fault.usage(SIGNATURE, ("there is no vendor %q"):format(word), nearest.hint(vendor, known))
    end
  end
end

local function check_events(events)
  local known = {}
  for _, name in ipairs(parse.EVENTS) do known[name] = true end
  for _, name in ipairs(events or {}) do
    if not known[name] then
      fault.usage(SIGNATURE, ("there is no event %q"):format(tostring(name)),
        nearest.hint(name, known))
    end
  end
end

local function read_wait(value)
  if value == nil then return WAIT_MS end
  if type(value) == "number" then return value end
  local ms, why = time.parse_duration(value)
  if not ms then fault.usage(SIGNATURE, why, 'write wait = "5s"') end
  return ms
end

-- Who is waited for in a step, so that it need not wait longer than they take.
local function wanted_of(self, event)
  local wanted = {}
  for _, word in ipairs(self.vendors or {}) do wanted[word .. " " .. event] = true end
  if self.vendors then return wanted end
  for _, past in ipairs(self.learned and self.learned.vendors or {}) do
    for _, name in ipairs(past.events or {}) do
      if name == event then
        wanted[("%s:%s %s"):format(past.vendor, past.id or "", event)] = true
      end
    end
  end
  return wanted
end

-- A shop that cannot be gone through is for the checkout skill to tell of: here the journey ends.
local function end_journey(self, name, why)
  if not (fault.is(why) and why.kind == "failure") then error(why, 0) end
  self.ended = { step = name, message = why.message }
  self.t.note(("the journey ends here: %s"):format(why.message))
end

local function step(self, name, event, fn)
  check_events { event }
  if self.ended then return end
  self.t.step(name, function()
    self.record:begin(name)
    local ok, why = pcall(fn)
    if not ok then return end_journey(self, name, why) end
    self.reached[event] = self.reached[event] or name
    self.record:settle(wanted_of(self, event))
  end)
end

local function read_truth(self, product)
  local ok, found = pcall(truth.read, self.page, product)
  if not ok and not (fault.is(found) and found.kind == "failure") then error(found, 0) end
  if not ok then return end
  self.truth.currency = found.currency or self.truth.currency
  self.truth.product = found.product or self.truth.product
  self.truth.cart = found.cart or self.truth.cart
end

local function judge(self)
  self.record:stop()
  return audit.judge { events = self.record:events(), reached = self.reached, truth = self.truth,
    vendors = self.vendors, expect = self.events, learned = self.learned, denied = self.denied }
end

-- A fresh visitor who says no.
local function check_refusal(self, product)
  local t, rows, problems = self.t, {}, {}
  t.step("cookies refused", function()
    local page = t.page { device = self.page:device(), fresh = true }
    local kept = record.start(page, self.wait_ms)
    kept:begin("before the answer")
    storefront.open(t, page, "/")
    if not storefront.answer_cookies(page, "decline") then
      t.note("the cookie banner has no button to refuse, or it did not come again")
      return page:close()
    end
    kept:begin("cookies refused")
    storefront.open(t, page, product and "/products/" .. product.handle or "/")
    kept:settle()
    kept:stop()
    local after = {}
    for _, event in ipairs(kept:events()) do
      if event.step == "cookies refused" then after[#after + 1] = event end
    end
    local found = audit.judge { events = after, reached = {}, denied = true }
    rows, problems = found.rows, found.problems
    page:close()
  end)
  return rows, problems
end

local function append(list, more)
  for _, one in ipairs(more) do list[#list + 1] = one end
end

local function summary(self, seen)
  local names, count = {}, {}
  for _, one in ipairs(seen) do count[one.vendor] = (count[one.vendor] or 0) + 1 end
  for i, one in ipairs(seen) do
    names[i] = audit.name(one.vendor, count[one.vendor] > 1 and one.id or nil)
  end
  local text
  if self.denied then
    text = "after cookies were refused, no pixel sent anything that it may not"
  elseif #names == 0 then
    text = "no marketing pixel sends anything"
  else
    text = ("%d pixel%s tell the same story as the shop: %s"):format(#names, #names == 1 and ""
      or "s", table.concat(names, ", "))
    if #names == 1 then text = text:gsub("pixel tell", "pixel tells", 1) end
  end
  return text
end

-- What was not heard is not judged: the shop's own trouble is for other skills to tell of.
local function skip(self)
  local what = self.ended.message:gsub(" %(console: .*$", "")
  what = what:match("^(.-)%. ") or what
  local heard = next(self.reached)
    and "pixels were heard only for a part of the sale, in which nothing is wrong"
    or "no pixel could be heard"
  self.t.skip(("%s: the shop itself failed at \"%s\" (%s). Mend that first; "
    .. "`nano-sre run checkout` shows more"):format(heard, self.ended.step, what))
end

local function tell(self, problems)
  local fails = {}
  for _, one in ipairs(problems) do
    if one.severity == "fail" then fails[#fails + 1] = one end
  end
  for _, one in ipairs(problems) do
    if one.severity ~= "fail" then self.t.warn(one.message) end
  end
  if #fails == 0 then return end
  local rest = #problems - 1
  fault.failure { code = "pixel", hint = fails[1].hint, unseen = true,
    message = fails[1].message .. (rest > 0 and (" (and %d more problem%s of pixels)"):format(rest,
    rest == 1 and "" or "s") or "") }
end

local function finish(self, options)
  options = options or {}
  self.denied = options.denied
  local found = judge(self)
  local rows, problems = found.rows, found.problems
  if options.refusal and not self.ended then
    local more_rows, more = check_refusal(self, options.product)
    append(rows, more_rows)
    for i, one in ipairs(more) do table.insert(problems, i, one) end
  end
  local words = {}
  for i, one in ipairs(problems) do words[i] = one.message end
  self.t.detail("pixels", rows)
  self.t.detail("problems", words)
  if not self.denied then
    self.t.learn(audit.learn(self.learned, found.seen))
  end
  if self.ended and #problems == 0 then skip(self) end
  self.t.summary(summary(self, found.seen))
  tell(self, problems)
end

local make_audit = face.maker("pixel audit", {
  step = step,
  compare_with = read_truth,
  finish = finish,
})

--- Begins to watch the pixels of a page.
---@param t table
---@param page Page
---@param options table?  wait: how long at most to wait for the events of a step (5 s); vendors:
---  who must send ("meta", "meta:1234"); events: what each of them must send; learned: t.learned,
---  so that what disappears is told
---@return table audit    with step(name, event, function), compare_with(product), finish{denied
---  (the visitor refused cookies), refusal (another visitor is to refuse), product}
function pixel.audit(t, page, options)
  options = options or {}
  for key in pairs(options) do
    if not OPTIONS[key] then
      fault.usage(SIGNATURE, ("unknown option %q"):format(tostring(key)),
        nearest.hint(key, OPTIONS))
    end
  end
  check_vendors(options.vendors)
  check_events(options.events)
  local wait_ms = read_wait(options.wait)
  return make_audit { t = t, page = page, record = record.start(page, wait_ms), reached = {},
    truth = {}, wait_ms = wait_ms, vendors = options.vendors, events = options.events,
    learned = options.learned }
end

return pixel
