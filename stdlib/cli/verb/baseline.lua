--- nano-sre baseline: what later runs are compared with. Shows it, approves what has changed on
--- purpose, begins anew.

local verb = {}

verb.examples = {
  { "nano-sre baseline show", "and what waits for approval" },
  { "nano-sre baseline approve", "so the shop looks now" },
  { "nano-sre baseline approve product --device phone", "only these" },
  { "nano-sre baseline reset home/desktop", "the next run takes it anew" },
  { "nano-sre baseline reset checkout", "figures, too" },
}
verb.remarks = [[
WHAT is a picture (page/device, as `baseline show` lists them), a page, or a skill. approve takes
what waits; reset of a skill forgets everything that it learned about the shop.]]

function verb.define(parser)
  parser:argument("action", "show, approve or reset"):choices { "show", "approve", "reset" }
  parser:argument("what", "a picture, a page or a skill"):args "*":argname "WHAT"
  parser:option("--store", "only of this shop (URL, or a part of it)"):argname "NAME"
  parser:option("--skill", "only of this skill"):argname "NAME"
  parser:option("--page", "only pictures of this page"):argname "NAME"
  parser:option("--device", "only pictures of this device"):argname "NAME"
  parser:flag("--all", "approve, reset: everything, of every shop")
end

local function refuse(message, hint)
  error(require("fault").new("usage", { message = message, hint = hint, code = "usage" }), 0)
end

-- ---- which of them ------------------------------------------------------------------------------

local function device_fits(entry, wanted)
  wanted = wanted:lower()
  local name = tostring(entry.device):lower()
  if name == wanted or entry.name:match("/(.*)$") == wanted then return true end
  local ok, device = pcall(require("browser.devices").find, entry.device)
  return ok and require("visual.words").device(device) == wanted
end

local function store_fits(row, wanted)
  local url = require("service.db_record").store_url(wanted)
  return row.store_url == url or row.store_url:lower():find(wanted:lower(), 1, true) ~= nil
end

-- Whether a word of WHAT means the row as a whole, or one of its pictures.
local function means_row(row, word) return row.skill == word end
local function means_picture(entry, word) return entry.name == word or entry.page == word end

local function known_words(rows)
  local known = {}
  for _, row in ipairs(rows) do
    known[row.skill] = true
    for _, entry in ipairs(row.pictures) do known[entry.name], known[entry.page] = true, true end
  end
  return known
end

local function check_words(rows, words)
  for _, word in ipairs(words) do
    local found = false
    for _, row in ipairs(rows) do
      found = found or means_row(row, word)
      for _, entry in ipairs(row.pictures) do found = found or means_picture(entry, word) end
    end
    if not found then
      local near = require("run.nearest").hint(word, known_words(rows))
      refuse(("there is no baseline %q"):format(word),
        near or "`nano-sre baseline show` lists them")
    end
  end
end

local function chosen_pictures(row, args, whole)
  local out = {}
  for _, entry in ipairs(row.pictures) do
    local named = whole or #args.what == 0
    for _, word in ipairs(args.what) do named = named or means_picture(entry, word) end
    if named and (not args.page or entry.page == args.page)
      and (not args.device or device_fits(entry, args.device)) then
      out[#out + 1] = entry
    end
  end
  return out
end

-- { row, whole: the skill is meant, pictures } for what the arguments choose.
local function choose(rows, args)
  local picked, chosen = {}, {}
  for _, row in ipairs(rows) do
    if (not args.store or store_fits(row, args.store))
      and (not args.skill or row.skill == args.skill) then
      picked[#picked + 1] = row
    end
  end
  check_words(picked, args.what)
  local narrow = args.page or args.device
  for _, row in ipairs(picked) do
    local whole = #args.what == 0
    for _, word in ipairs(args.what) do whole = whole or means_row(row, word) end
    local entries = chosen_pictures(row, args, whole)
    if #entries > 0 or whole and not narrow then
      chosen[#chosen + 1] = { row = row, whole = whole and not narrow, pictures = entries }
    end
  end
  return chosen
end

-- Approving for one shop what was meant for another is not undone.
local function check_one_store(chosen, args)
  local stores, count = {}, 0
  for _, one in ipairs(chosen) do
    if not stores[one.row.store_url] then count = count + 1 end
    stores[one.row.store_url] = true
  end
  if count <= 1 or args.store or args.all then return end
  local names = {}
  for url in pairs(stores) do names[#names + 1] = url end
  table.sort(names)
  refuse(("this is about %d shops: %s"):format(count, table.concat(names, ", ")),
    "say which with --store, or --all")
end

-- ---- show ---------------------------------------------------------------------------------------

local function file_words(context, row, name)
  local path = require("service.kept").path(context.folder(row), row.skill, tostring(name))
  local there = require("config.paths").is(path)
  return tostring(name) .. (there and "" or " (is not there)")
end

-- Where the files are, once for all of a skill's pictures.
local function folder_words(context, one)
  if #one.pictures == 0 then return "" end
  local path = require("service.kept").path(context.folder(one.row), one.row.skill, "")
  return "  in " .. require("config.paths").display(path:gsub("/$", ""), context.cwd)
end

local function show_pictures(context, one)
  local out, ask, words = context.out, context.ask, require "report.words"
  local lines = {}
  for i, entry in ipairs(one.pictures) do
    lines[i] = { words.clean(entry.name), ask.ago(entry.approved_at or entry.taken_at)
      .. (entry.approved_at and ", approved" or ""), words.clean(entry.path or ""),
      file_words(context, one.row, entry.picture) }
  end
  out.write(1, out.columns(lines, "    "))
end

local function show_waiting(context, one)
  local out, words = context.out, require "report.words"
  local paint, head = out.painter(1), false
  for _, entry in ipairs(one.pictures) do
    local pending = type(entry.pending) == "table" and entry.pending
    if pending then
      if not head then out.line(paint("yellow", "    waiting for approval")) end
      head = true
      out.line(("      %s  %s  %s"):format(paint("bold", words.clean(entry.name)),
        context.ask.ago(pending.seen_at), words.clean(pending.words or "")))
      out.line("        now         " .. file_words(context, one.row, pending.picture))
      if pending.diff then
        out.line("        difference  " .. file_words(context, one.row, pending.diff))
      end
    end
  end
  if head then out.line "      → nano-sre baseline approve" end
end

local function show_metrics(context, one)
  local words, lines = require "report.words", {}
  for _, metric in ipairs(one.row.metrics) do
    local name, value = words.metric { name = metric.name, unit = metric.unit,
      value = metric.median or metric.value }
    local said = metric.median and ("usually %s, slow above %s (%d runs)"):format(value,
      (select(2, words.metric { name = metric.name, unit = metric.unit, value = metric.limit })),
      metric.runs or 0) or ("%s; what is usual is not known yet"):format(value)
    lines[#lines + 1] = { words.clean((metric.page and metric.page .. " " or "") .. name), said }
  end
  context.out.write(1, context.out.columns(lines, "    "))
end

local function show(context, chosen)
  local words, last = require "report.words", nil
  local paint = context.out.painter(1)
  for _, one in ipairs(chosen) do
    if one.row.store_url ~= last then
      context.out.line(paint("bold", words.clean(one.row.store_url)))
      last = one.row.store_url
    end
    local since = one.row.data and one.row.data.since
    local remark = since and "  figures begin " .. context.ask.at(since) or ""
    local learned = one.row.data and one.row.data.learned ~= nil and #one.row.pictures == 0
    context.out.line(("  %s%s%s%s"):format(paint("bold", words.clean(one.row.skill)),
      folder_words(context, one), remark, learned and "  learned what is usual there" or ""))
    show_pictures(context, one)
    show_waiting(context, one)
    if one.whole then show_metrics(context, one) end
  end
  if #chosen == 0 then
    context.out.note "no baselines yet; `nano-sre run visual_auditor --url URL` takes pictures"
  end
  return 0
end

-- ---- approve, reset -----------------------------------------------------------------------------

local function approve(context, chosen)
  local count, now = 0, require("time").iso8601()
  for _, one in ipairs(chosen) do
    local done, why = require("service.pictures").approve(context.db, one.row, one.pictures, now)
    if not done then error(why, 0) end
    for _, entry in ipairs(done) do
      context.out.line(("%s  is how %s looks now"):format(entry.name, one.row.store_url))
    end
    count = count + #done
  end
  if count == 0 then context.out.note "nothing waits for approval" end
  return 0
end

local function reset(context, chosen, args)
  if #args.what == 0 and not args.page and not args.device and not args.skill and not args.all then
    refuse("reset what?", "a skill, a picture of `nano-sre baseline show`, or --all")
  end
  local service = require "service.pictures"
  for _, one in ipairs(chosen) do
    local folder, ok, why = context.folder(one.row), nil, nil
    if one.whole then
      ok, why = service.reset(context.db, one.row, folder)
    else
      ok, why = service.forget(context.db, one.row, one.pictures, folder)
    end
    if not ok then error(why, 0) end
    context.out.line(one.whole and ("%s  begins anew at %s"):format(one.row.skill,
      one.row.store_url) or ("%d %s forgotten at %s"):format(#one.pictures,
      #one.pictures == 1 and "picture" or "pictures", one.row.store_url))
  end
  if #chosen == 0 then context.out.note "there is no such baseline" end
  return 0
end

function verb.run(args)
  local ask = require "watch.ask"
  local config = ask.config(args)
  local db = require("watch.offline").database(config)
  local rows, why = require("service.pictures").list(db)
  if not rows then error(why, 0) end
  local context = { out = require "cli.out", ask = ask, db = db, cwd = config.cwd,
    folder = function(row)
      return require("service.kept").folder(config:get "database", row.store_url)
    end }
  local chosen = choose(rows, args)
  if args.action ~= "show" then
    if args.action == "approve" then
      for i = #chosen, 1, -1 do
        if #chosen[i].pictures == 0 then table.remove(chosen, i) end
      end
    end
    check_one_store(chosen, args)
  end
  local code = ({ show = show, approve = approve, reset = reset })[args.action](context, chosen,
    args)
  db:close()
  return code
end

return verb
