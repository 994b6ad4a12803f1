--- t.page and t.screenshot: what the runner does for pages. Loaded, and browser/page.lua with it,
--- when a script opens its first page: then run.page_context is set.

local guard = require "run.guard"

local pages = {}

local CLOSE_LIMIT_MS = 5000

--- A file name of a person's words.
local function slug(text)
  return (text:lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", ""):sub(1, 60))
end

--- Keeps an artifact of this run, and tells of it in the result.
---@return string? path
---@return string? message
local function save(run, name, bytes)
  local folder = run.job.artifacts
  if not folder then return nil, "the run has no folder for artifacts" end
  if run.job.dry_run then return nil, "a dry run writes nothing" end
  local stem, extension = name:match("^(.-)(%.%w+)$")
  local step = run.stack[#run.stack]
  run.artifact_count = run.artifact_count + 1
  local file = ("%02d-%s%s%s"):format(run.artifact_count, step and slug(step.name) .. "-" or "",
    slug(stem or name),
    extension or "")
  local path = folder .. "/" .. file
  local made, why = sys.files.make_dirs(folder)
  if made then made, why = sys.files.write(path, bytes) end
  if not made then return nil, why end
  if extension ~= ".png" then return path end -- an archive is no picture
  table.insert(run.screenshots,
    { path = path, step = step and step.name, kind = run.capturing and "failure" or "shot" })
  return path
end

--- Notes what a kept picture shows.
---@param run run.State
---@param path string?
---@param url string?
---@param step string?  when the picture was taken after the step had been ended
function pages.note_shot(run, path, url, step)
  for _, shot in ipairs(run.screenshots) do
    if shot.path == path then shot.url, shot.step = url, shot.step or step end
  end
end

-- What browser/page.lua needs to know of a run.
local function context_of(run)
  local job = run.job
  local store = job.store or {}
  local browser, own_browser = require("run.conditions").browser(job)
  return {
    store = { url = store.url, password = store.password },
    hosts = run.skill.needs.hosts,
    browser = browser, own_browser = own_browser,
    device = job.device,
    privacy = job.blur_screenshots and "blur" or job.redact_pii and "fill" or nil,
    folder = job.script and job.script:match("^(.*)/") or nil,
    save = function(name, bytes) return save(run, name, bytes) end,
    log = run.log,
  }
end

--- t.page.
---@param run run.State
---@param options table?
---@return table page
function pages.open(run, options)
  if not run.skill.needs.has.browser then
    guard.refuse("t.page: the script does not declare that it needs a browser",
      'add "browser" to needs', "needs")
  end
  if options ~= nil and type(options) ~= "table" then
    guard.refuse("t.page{…}: takes a table, not " .. require("run.show").value(options),
      't.page { device = "iPhone 17 Pro" }')
  end
  run.page_context = run.page_context or context_of(run)
  return require("browser.page").open(run.page_context, options or {})
end

--- t.screenshot.
---@param run run.State
---@param page table
---@param name string
---@return string? path
function pages.screenshot(run, page, name)
  local signature = "t.screenshot(page, name)"
  if type(page) ~= "table" or type(page.screenshot) ~= "function" then
    guard.refuse(signature .. ": the first argument is a page", "local page = t.page()")
  end
  if type(name) ~= "string" or name == "" then
    guard.refuse(signature .. ": the name must be a text")
  end
  local _, path = page:screenshot { name = name }
  pages.note_shot(run, path, page:url())
  return path
end

--- The browser's end, when it died under a page that the script had not closed.
---@param run run.State
---@return run.Problem?
function pages.lost(run)
  for _, one in ipairs(run.page_context.shared and run.page_context.shared.pages or {}) do
    local trouble = one.tab.problem
    if trouble and trouble.code == "browser" then
      return require("run.problem").describe(trouble)
    end
  end
end

--- Closes all pages and the browser context of a run that has opened one. Bounded in time, never
--- raises.
---@param run run.State
function pages.finish(run)
  local task = sys.task.spawn(require("browser.page").finish, run.page_context)
  local ok, why = task:join(CLOSE_LIMIT_MS)
  if ok then return end
  if not task:done() then task:kill("closing the pages took too long") end
  run.log("warn", "the pages could not be closed: "
    .. (type(why) == "string" and why or "unknown reason"))
end

return pages
