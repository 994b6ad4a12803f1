--- The skills' files as the daemon knows them: text and manifest of the version that is current.
--- A version is taken only when it loads; a broken one leaves the old in place and is told. Used by
--- watch/setup.lua and alert/send.lua. Files are read here, in main; they are loaded in a worker.
---
--- Invariant: a check that runs has one whole version: its text, and the texts of the files that it
--- requires by name, while it loads or later, are those that were there when the version was
--- taken.

local scripts = {}

local FILE_MAX = 1024 * 1024

---@class WatchScript
---@field name string
---@field path string
---@field source string
---@field modules table<string, string>?  files beside it, by the name in require
---@field manifest table?     nil: it has never loaded
---@field broken table?       why the text that is on disk is not taken

---@class WatchScripts
local Scripts = {}
Scripts.__index = Scripts

---@param inspect fun(job: table): table?, table?  loads a text in a worker: manifest, or nil and
---  why
---@return WatchScripts
function scripts.new(inspect) return setmetatable({ inspect = inspect, by_path = {} }, Scripts) end

local function folder_of(path) return path:match("^(.*)/[^/]*$") or "." end

-- The texts of the files that a manifest says were loaded.
local function read_modules(path, files)
  if not files or #files == 0 then return nil end
  local texts, folder = {}, folder_of(path)
  for _, file in ipairs(files) do
    local text, why = sys.files.read(folder .. "/" .. file, FILE_MAX)
    if not text then return nil, why end
    texts[file] = text
  end
  return texts
end

local function same_modules(a, b)
  for file, text in pairs(a or {}) do
    if not b or b[file] ~= text then return false end
  end
  for file in pairs(b or {}) do
    if not a or not a[file] then return false end
  end
  return true
end

--- Loads a text; the files it requires are read before and after, so that what was loaded is known.
function Scripts:load(entry, source, project)
  local job = { script = entry.path, source = source, project = project, kind = entry.kind }
  for _ = 1, 5 do
    local manifest, why = self.inspect(job)
    if not manifest then return nil, why end
    local modules, trouble = read_modules(entry.path, manifest.files)
    if trouble then return nil, { message = trouble } end
    if same_modules(modules, job.modules) then return manifest, nil, modules end
    job.modules = modules -- once more, with exactly these
  end
  return nil, { message = "the files that it requires change while it is loaded" }
end

--- Brings one script up to date.
---@param entry SkillFile  name, path, origin, source (read by cli/skills.lua)
---@param project string
---@return WatchScript script
---@return table? problem  the text on disk is broken: the old version stays
---@return boolean? changed
function Scripts:refresh(entry, project)
  local old = self.by_path[entry.path]
  local current = old and not old.broken and old.source == entry.source
  if current then
    local modules, trouble = read_modules(entry.path, old.manifest and old.manifest.files)
    if not trouble and same_modules(modules, old.modules) then return old end
  end
  local manifest, why, modules = self:load(entry, entry.source, project)
  if manifest then
    local new = { name = entry.name, path = entry.path, source = entry.source, modules = modules,
      manifest = manifest }
    self.by_path[entry.path] = new
    return new, nil, old ~= nil
  end
  local problem = { script = entry.path, message = why.message, where = why.where,
    excerpt = why.excerpt, hint = why.hint }
  if old then
    old.broken = problem
    return old, problem
  end
  -- Never loaded: its runs will say why, as results.
  local new = { name = entry.name, path = entry.path, source = entry.source, broken = problem }
  self.by_path[entry.path] = new
  return new, problem
end

--- A file that cannot be read keeps its old version.
---@return WatchScript?
function Scripts:current(path) return self.by_path[path] end

--- Forgets scripts that are no longer used.
---@param used table<string, boolean>  by path
function Scripts:keep(used)
  for path in pairs(self.by_path) do
    if not used[path] then self.by_path[path] = nil end
  end
end

return scripts
