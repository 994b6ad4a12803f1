--- nano-sre report list | show: reports that were kept.

local verb = {}

verb.examples = {
  { "nano-sre report list", "newest first" },
  { "nano-sre report show", "the newest, in the terminal" },
  { "nano-sre report show 20260102-030405-678 --html", "as one HTML file, opened in the browser" },
  { "nano-sre report show ci/report.json -r junit=out.xml", "in another form" },
}
verb.remarks = [[
audit and `demo --check` keep a report.json beside what they write, and so does every check that
leaves pictures. WHICH is such a folder, its name below --report-dir, or a JSON file of `-r json`.]]

function verb.define(parser, flags)
  parser:argument("action", "list or show"):choices { "list", "show" }
  parser:argument("which", "a folder, a name or a file; default: the newest"):args "?"
    :argname "WHICH"
  parser:flag("--html", "write report.html beside it, and open it where there is a desktop")
  flags.reporting(parser)
end

local function list(folder, cwd)
  local out, words = require "cli.out", require "report.words"
  local saved, paint = require "cli.saved", out.painter(1)
  local rows = {}
  for _, entry in ipairs(saved.list(folder)) do
    local ok, report = pcall(saved.read, entry.file, entry.file)
    if ok then
      local status = (words.verdict(report))
      rows[#rows + 1] = { entry.name, paint(words.STYLES[status], status),
        words.clean(report.store_name or report.store_url or ""), words.totals(report.totals) }
    else
      rows[#rows + 1] = { entry.name, paint("red", "?"), "", "can't be read" }
    end
  end
  if #rows == 0 then
    out.note(("no reports in %s yet; `nano-sre audit --url URL` makes one"):format(
      require("config.paths").display(folder, cwd)))
    return 0
  end
  out.write(1, out.columns(rows))
  return 0
end

-- On a desktop the page opens; elsewhere its path is all that can be given.
local function open_page(file)
  local env = sys.env.get
  if not sys.env.is_tty(1) then return end
  if (env "DISPLAY" or "") == "" and (env "WAYLAND_DISPLAY" or "") == "" then return end
  require("cli.process").output { "xdg-open", file }
end

local function show_html(report, file, cwd)
  local out, paths = require "cli.out", require "config.paths"
  local page = file:gsub("%.json$", "") .. ".html"
  local html = require("report.html").render(report, { find = require("cli.saved").finder(file) })
  local ok, why = sys.files.write(page, html)
  if not ok then
    require("fault").engine {
      message = ("can't write %s: %s"):format(paths.display(page, cwd), why),
      hint = "write it elsewhere with -r html=FILE", code = "write" }
  end
  out.line(paths.display(page, cwd))
  open_page(page)
  return 0
end

local function show(report, file, args, config)
  local out, reporters = require "cli.out", require "cli.reporters"
  local code = 0
  -- The project's reporters are for its runs; here a file alone means that file alone.
  local words = #args.reporters > 0 and args.reporters or args.output and {} or { "list" }
  local opened = reporters.open(reporters.parse(words, args.output, config.cwd), {
    cwd = config.cwd, verbose = args.verbose > 0, find = require("cli.saved").finder(file),
    on_problem = function(problem)
      code = require("cli.exit").ENGINE
      out.problem(problem)
    end,
  })
  local names = {}
  for i, result in ipairs(report.results) do names[i] = result.skill end
  opened:start { skills = names, store_url = report.store_url, version = report.tool.version,
    started_at = report.started_at }
  for _, result in ipairs(report.results) do opened:result(result) end
  opened:finish(function() return report end)
  if not opened:has_stdout "list" then
    for _, written in ipairs(opened.files) do
      out.note("report: " .. require("config.paths").display(written, config.cwd))
    end
  end
  return code
end

function verb.run(args)
  local settings = require("cli.flags").settings(args)
  settings.reporters = nil
  local session = require("cli.session").open(settings, { tolerant = true })
  local config, saved = session.config, require "cli.saved"
  session:close()
  local folder = config:get "report_dir"
  if args.action == "list" then return list(folder, config.cwd) end
  local file = saved.find(args.which, folder, config.cwd)
  local report = saved.read(file, require("config.paths").display(file, config.cwd))
  if args.html then return show_html(report, file, config.cwd) end
  return show(report, file, args, config)
end

return verb
