--- From -r words to files and stdout: which reporters a command has, where each writes, and that
--- one which can't write does not take the others with it. Called by cli/session.lua; the texts are
--- made in report/*.lua.

local fault = require "fault"
local out = require "cli.out"
local paths = require "config.paths"

local reporters = {}

local NAMES = { "list", "json", "jsonl", "junit", "tap", "md", "html", "github" }
local BY_EXTENSION = { md = "md", markdown = "md", html = "html", htm = "html", json = "json",
  jsonl = "jsonl", ndjson = "jsonl", xml = "junit", tap = "tap" }
-- What github writes stands among other lines, so it may share stdout.
local SHARES_STDOUT = { github = true }

local function refuse(message, hint)
  error(fault.new("usage", { message = message, hint = hint, code = "reporter" }), 0)
end

local function is_known(name)
  for _, known in ipairs(NAMES) do
    if known == name then return true end
  end
  return false
end

local function parse_one(word, cwd)
  local name, file = word:match("^([^=]*)=(.*)$")
  name = name or word
  if not is_known(name) then
    local nearest = require("run.nearest").find(name, NAMES)
    refuse(("there is no reporter %q"):format(name),
      nearest and ("did you mean %s?"):format(nearest) or "there are " .. table.concat(NAMES, ", "))
  end
  if file == "" then refuse(("reporter %s: the file's name is missing after ="):format(name)) end
  return { name = name, file = file and paths.absolute(file, cwd) }
end

local function name_by_ending(file)
  local extension = file:match("%.(%w+)$")
  local name = extension and BY_EXTENSION[extension:lower()]
  if not name then
    refuse(("--output %s: the ending decides the form of the report"):format(file),
      "use a name that ends in .md, .html, .json, .jsonl, .xml or .tap")
  end
  return name
end

--- Reads the reporters' words. Raises a usage fault for an unknown one and for two that both want
--- stdout.
---@param specs string[]      "list", "junit=out.xml", or several between commas
---@param output string[]|string|nil   --output FILE
---@param cwd string
---@return table[]            name, file?; to be opened by reporters.open
function reporters.parse(specs, output, cwd)
  local parsed, on_stdout = {}, nil
  for _, spec in ipairs(specs) do
    for word in spec:gmatch("[^,]+") do
      local one = parse_one(word:match("^%s*(.-)%s*$"), cwd)
      if not one.file and SHARES_STDOUT[one.name] then
        parsed[#parsed + 1] = one
      elseif not one.file then
        if on_stdout and on_stdout ~= one.name then
          refuse(("reporters %s and %s both write to stdout"):format(on_stdout, one.name),
            ("give one of them a file: -r %s,%s=FILE"):format(on_stdout, one.name))
        end
        if not on_stdout then parsed[#parsed + 1] = one end
        on_stdout = one.name
      else
        parsed[#parsed + 1] = one
      end
    end
  end
  for _, file in ipairs(type(output) == "table" and output or { output }) do
    parsed[#parsed + 1] = { name = name_by_ending(file), file = paths.absolute(file, cwd) }
  end
  return parsed
end

---@class Reporters
---@field files string[]  what was written
local Reporters = {}
Reporters.__index = Reporters

--- Loads the reporters.
---@param parsed table[]    from reporters.parse
---@param settings table    cwd, verbose, on_problem: function(problem); find?: fun(path) → where
---  a picture is now; getenv?: in the place of the environment
---@return Reporters
function reporters.open(parsed, settings)
  local list = {}
  for i, one in ipairs(parsed) do
    list[i] = { name = one.name, file = one.file, module = require("report." .. one.name) }
  end
  return setmetatable({ list = list, settings = settings, files = {} }, Reporters)
end

--- Whether a reporter of that name writes to stdout.
function Reporters:has_stdout(name)
  for _, one in ipairs(self.list) do
    if not one.file and one.name == name then return true end
  end
  return false
end

function Reporters:put(one, text, append)
  if not text or one.broken then return end
  if not one.file then return out.write(1, text) end
  local folder = paths.folder(one.file)
  local ok, why = true, nil
  if not append and not paths.is(folder, "dir") then ok, why = sys.files.make_dirs(folder) end
  if ok then ok, why = sys.files.write(one.file, text, { append = append }) end
  if not ok then
    one.broken = true
    self.settings.on_problem {
      message = ("can't write the %s report %s: %s"):format(one.name,
        paths.display(one.file, self.settings.cwd), tostring(why)),
      hint = "choose another place with -r " .. one.name .. "=FILE",
    }
  elseif not append then
    self.files[#self.files + 1] = one.file
  end
end

function Reporters:stream(method, ...)
  for _, one in ipairs(self.list) do
    if one.module.streaming then self:put(one, one.module[method](...), method ~= "start") end
  end
end

--- The run begins. plan: skills, store_url, version, started_at.
function Reporters:start(plan) self:stream("start", plan) end

--- An event of a run.
function Reporters:event(skill, event) self:stream("event", skill, event) end

--- A result is there.
function Reporters:result(result) self:stream("result", result) end

-- GitHub names files as seen from the checkout, wherever the command stands in it.
local function workspace_path(self)
  local getenv = self.settings.getenv or sys.env.get
  local root = getenv "GITHUB_WORKSPACE"
  if not root or root:sub(1, 1) ~= "/" then root = self.settings.cwd end
  return function(path) return paths.relative(path, root) end
end

local function render_options(self, one)
  local folder = one.file and paths.folder(one.file) or self.settings.cwd
  return {
    paint = one.file and nil or out.painter(1),
    display = function(path) return paths.display(path, self.settings.cwd) end,
    relative = function(path) return path:sub(1, 1) == "/" and paths.relative(path, folder)
    or path end,
    verbose = self.settings.verbose, find = self.settings.find,
    workspace_path = workspace_path(self),
    hostname = one.name == "junit" and sys.env.hostname() or nil,
    files = self.files,
  }
end

-- What a reporter has to say on the page of the CI job.
function Reporters:put_summary(one, report)
  if not one.module.summary then return end
  local file = (self.settings.getenv or sys.env.get) "GITHUB_STEP_SUMMARY"
  if not file or file == "" then return end
  local ok, why = sys.files.write(file, one.module.summary(report), { append = true })
  if not ok then
    self.settings.on_problem { message = "can't write the job's summary: " .. tostring(why),
      hint = "GITHUB_STEP_SUMMARY names the file" }
  end
end

--- Everything has ended. Files first, so that what goes to stdout can name them and what they could
--- not keep.
---@param make_report fun(): table
function Reporters:finish(make_report)
  for _, stdout_turn in ipairs { false, true } do
    for _, one in ipairs(self.list) do
      if (one.file == nil) == stdout_turn then
        local report = make_report()
        self:put(one, one.module.render(report, render_options(self, one)), one.module.streaming)
        self:put_summary(one, report)
      end
    end
  end
end

return reporters
