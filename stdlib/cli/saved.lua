--- Reports that were kept as data (report.json): which there are, and reading one back. Called by
--- cli/verb/report.lua.

local build = require "report.build"
local fault = require "fault"
local json = require "json"
local paths = require "config.paths"

local saved = {}

local FILE = "report.json"
local LIST_HINT = "`nano-sre report list` shows the reports there are"
local MAX_BYTES = 128 * 1024 * 1024
local STATUSES = { PASS = true, WARN = true, FAIL = true, ERROR = true, SKIP = true }

local function refuse(message, hint)
  error(fault.new("usage", { message = message, hint = hint, code = "no-report" }), 0)
end

-- JSON null is nothing here.
local function without_null(value)
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do
    if item == json.null then value[key] = nil else without_null(item) end
  end
  return value
end

local function table_or(value, default) return type(value) == "table" and value or default end

-- Reporters trust the shape of a report; a file may have any.
local function problem_of(report)
  if type(report) ~= "table" or report.format ~= build.FORMAT then
    return "it is no report of nano-sre"
  elseif report.version ~= build.VERSION then
    return ("its version is %s, this nano-sre reads version %d"):format(tostring(report.version),
      build.VERSION)
  elseif type(report.results) ~= "table" then
    return "it has no results"
  end
  for i, result in ipairs(report.results) do
    if type(result) ~= "table" or type(result.skill) ~= "string" or not STATUSES[result.status] then
      return ("result %d is damaged"):format(i)
    end
  end
  return nil
end

--- Reads a report back.
---@param file string   absolute
---@param shown string  how to write it for a person
---@return table report
function saved.read(file, shown)
  local text, why = sys.files.read(file, MAX_BYTES)
  if not text then refuse(("can't read %s: %s"):format(shown, why), LIST_HINT) end
  local report = without_null((json.decode(text)))
  local problem = problem_of(report)
  if problem then
    refuse(("%s can't be shown: %s"):format(shown, problem),
      "a file of `-r json=FILE`, or a folder with a report.json, can be shown")
  end
  report.tool, report.problems = table_or(report.tool, {}), table_or(report.problems, {})
  for _, result in ipairs(report.results) do build.normalise(result) end
  report.totals = build.totals(report.results)
  return report
end

--- The folders with a report below report_dir, newest first.
---@param report_dir string  absolute
---@return {name: string, folder: string, file: string}[]
function saved.list(report_dir)
  local found = {}
  for _, item in ipairs(sys.files.list(report_dir) or {}) do
    local folder = report_dir .. "/" .. item.name
    if item.kind == "dir" and paths.is(folder .. "/" .. FILE) then
      table.insert(found, 1, { name = item.name, folder = folder, file = folder .. "/" .. FILE })
    end
  end
  return found
end

--- The file that a person means: a file, a folder with a report, the name of one below report_dir,
--- or (nothing) the newest.
---@param word string|nil
---@param report_dir string
---@param cwd string
---@return string file  absolute
function saved.find(word, report_dir, cwd)
  if not word then
    local newest = saved.list(report_dir)[1]
    if not newest then
      refuse(("there is no report in %s yet"):format(paths.display(report_dir, cwd)),
        "`nano-sre audit --url URL` makes one; so does a check that fails with a picture")
    end
    return newest.file
  end
  for _, base in ipairs { cwd, report_dir } do
    local path = paths.absolute(word, base)
    if paths.is(path) then return path end
    if paths.is(path .. "/" .. FILE) then return path .. "/" .. FILE end
  end
  if paths.is(paths.absolute(word, cwd), "dir") then
    refuse(("%s has no %s"):format(word, FILE), LIST_HINT)
  end
  refuse("there is no report " .. word, LIST_HINT)
end

--- Where a picture of a report is now: a report's folder may have been moved, or come from a CI
--- job.
---@param file string  of the report
---@return fun(path: string): string
function saved.finder(file)
  local folder = paths.folder(file)
  return function(path)
    if paths.is(path) then return path end
    local skill, name = path:match("([^/]+)/([^/]+)$")
    if not skill or skill == ".." or name == ".." then return path end
    for _, moved in ipairs { folder .. "/" .. skill .. "/" .. name, folder .. "/" .. name } do
      if paths.is(moved) then return moved end
    end
    return path
  end
end

return saved
