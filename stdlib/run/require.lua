--- `require` for scripts: public modules of the stdlib, and files beside the script ("lib.cart" is
--- lib/cart.lua in the script's folder). A file is loaded once a run, in the script's own
--- environment, and cannot wait while it loads.

local fault = require "fault"
local frames = require "run.frames"
local guard = require "run.guard"
local public = require "run.public"

local loader = {}

local FILE_MAX = 1024 * 1024 -- bytes of one file

local function refuse(name, problem, hint, where)
  error(fault.new("usage",
    { message = ('require "%s": %s'):format(tostring(name), problem), hint = hint,
    code = "require", where = where or frames.where() }), 0)
end

local function folder_of(path)
  return path:match("^(.*)/[^/]*$") or "."
end

--- Names that a person may have meant: the public modules and the files beside the one that is
--- missing.
local function candidates(base, name)
  local out = {}
  for module in pairs(public) do out[#out + 1] = module end
  local folder = name:match("^(.*)%.[^.]*$")
  local entries = sys.files.list(folder and base .. "/" .. folder:gsub("%.", "/") or base)
  for _, entry in ipairs(entries or {}) do
    local stem = entry.name:match("^(.*)%.lua$")
    if stem then out[#out + 1] = folder and folder .. "." .. stem or stem end
  end
  return out
end

--- The file's place, after symbolic links, must lie in the project, and not be its settings.
local function check_place(name, path, root)
  local real, root_real = sys.files.real_path(path), sys.files.real_path(root)
  local inside = root_real and root_real:gsub("/$", "") .. "/"
  if not real or not inside or real:sub(1, #inside) ~= inside then
    refuse(name, "the file lies outside of the project's folder", "copy it beside the script")
  end
  if real:match("[^/]*$") == "nano-sre.lua" then
    refuse(name, "a script does not see the project's settings: they may hold passwords",
      "what it needs of them are its options (o.NAME) and t.store")
  end
end

local function read_file(name, base, root)
  local path = base .. "/" .. name:gsub("%.", "/") .. ".lua"
  if not sys.files.stat(path) then
    local problem = "there is no module of this name and no file %s.lua beside the script"
    refuse(name, problem:format((name:gsub("%.", "/"))),
      require("run.nearest").hint(name, candidates(base, name)))
  end
  check_place(name, path, root)
  local text, why = sys.files.read(path, FILE_MAX)
  if not text then refuse(name, why) end
  return text
end

local LATE = "its name is put together while the script runs, so it was read only now; with "
  .. 'require "lib.cart" in the text it belongs to the version of the script that was loaded'

--- Runs a loaded chunk where it cannot wait: in a coroutine that is not a task's own.
---@return boolean ok
---@return any value_or_error
---@return thread co  for its traceback
function loader.execute(chunk, ...)
  local co = coroutine.create(chunk)
  local ok, value = coroutine.resume(co, ...)
  if ok and coroutine.status(co) ~= "dead" then
    return false, fault.new("usage", { code = "load",
      message = "a file cannot wait or yield while it loads",
      hint = "move the call into the run function", where = frames.where(co) }), co
  end
  if not ok and type(value) == "string" and value:find("this call waits", 1, true) then
    value = fault.new("usage", { message = "a file cannot wait while it loads", code = "load",
      hint = "move the call into the run function", where = frames.where(co) })
  end
  return ok, value, co
end

-- The file of a module, compiled. In a daemon the texts came with the job; one that did not is read
-- as it stands now.
local function compile(state, name)
  local file = name:gsub("%.", "/") .. ".lua"
  local given = state.modules and state.modules[file]
  local text = given or read_file(name, state.base, state.root)
  state.files[#state.files + 1], state.texts[file] = file, text
  frames.register(file, text)
  local chunk, message = sys.load_user(text, file, state.env)
  if not chunk then
    local where, problem = frames.split(message)
    refuse(name, problem, state.modules and not given and LATE or nil, where)
  end
  return chunk, text
end

local function load_file(state, name)
  local chunk = compile(state, name)
  local ok, value, co = loader.execute(chunk, name)
  if not ok then
    if type(value) == "string" and not frames.split(value) then
      refuse(name, value, nil, frames.where(co))
    end
    error(value, 0)
  end
  return value == nil and true or value
end

local function refuse_need(name, need, where)
  refuse(name, ("the script does not declare that it needs %s"):format(need),
    ('add "%s" to needs'):format(need), where)
end

local function load_public(state, name)
  local need = public[name].need
  if need and not state.needs then
    state.wanted[#state.wanted + 1] = { name = name, need = need, where = frames.where() }
  elseif need and not state.needs.has[need] then
    refuse_need(name, need)
  end
  local module = require(name)
  return type(module) == "table" and guard.readonly(name, module, {}) or module
end

---@class run.Loader
---@field base string    the script's folder
---@field root string    the project's folder
---@field env table      the user's environment; set before the first call
---@field files string[] the files that were loaded
---@field texts table<string, string>  what was loaded, by file
---@field modules table<string, string>?  texts that came with the job, by file, as old as the
---  script
---@field wanted table[] what was required before the manifest was known
---@field needs run.Needs?  set by loader.declare once the script has been loaded

--- Makes the `require` of a run.
---@param base string
---@param root string
---@param modules table<string, string>?
---@return fun(name: string): any require
---@return run.Loader state
function loader.make(base, root, modules)
  local state = { base = base, root = root, files = {}, texts = {}, wanted = {},
    modules = modules }
  local loaded, loading = {}, {}
  local function require_user(name)
    if type(name) ~= "string" then refuse(name, "takes a name in quotes") end
    if loaded[name] ~= nil then return loaded[name] end
    if public[name] then
      loaded[name] = load_public(state, name)
      return loaded[name]
    end
    for part in (name .. "."):gmatch("(.-)%.") do
      if not part:match("^[%w_-]+$") then
        refuse(name, "is not a module's name",
          'write names with dots: require "lib.cart" is lib/cart.lua')
      end
    end
    if loading[name] then
      local circle = {}
      for i = loading[name], #loading do circle[#circle + 1] = loading[i] end
      circle[#circle + 1] = name
      refuse(name, "files require each other in a circle: " .. table.concat(circle, " → "))
    end
    loading[#loading + 1] = name
    loading[name] = #loading
    local ok, value = pcall(load_file, state, name)
    loading[name] = nil
    loading[#loading] = nil
    if not ok then error(value, 0) end
    loaded[name] = value
    return value
  end
  return require_user, state
end

--- Tells the loader the manifest; raises for what was required without being declared.
---@param state run.Loader
---@param needs run.Needs
function loader.declare(state, needs)
  for _, want in ipairs(state.wanted) do
    if not needs.has[want.need] then refuse_need(want.name, want.need, want.where) end
  end
  state.needs = needs
end

--- Compiles the files that a text requires by name, and those that they require, though none of it
--- has been executed: they belong to the same version of the script. Raises for one that is broken.
---@param state run.Loader
---@param source string
---@param seen table<string, boolean>?
function loader.foresee(state, source, seen)
  seen = seen or {}
  local text_only = source:gsub("%-%-[^\n]*", "")
  for name in text_only:gmatch "%f[%w_]require%s*%(?%s*[\"']([%w_.-]+)[\"']" do
    local file = name:gsub("%.", "/") .. ".lua"
    local is_file = state.texts[file] or state.modules and state.modules[file]
      or sys.files.stat(state.base .. "/" .. file)
    if is_file and not public[name] and not seen[file] then
      seen[file] = true
      local text = state.texts[file] or select(2, compile(state, name))
      loader.foresee(state, text, seen)
    end
  end
end

--- The folder of a script.
loader.folder_of = folder_of

return loader
