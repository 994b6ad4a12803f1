--- Where things are: the project's folder, relative names, the places of database and reports.
--- Called by config/load.lua and the verbs. Touches nothing but stat.

local paths = {}

paths.CONFIG_FILE = "nano-sre.lua"

--- The folder where the person stands. Raises a usage fault when it has been removed.
---@return string
function paths.here()
  local here, why = sys.env.cwd()
  if here then return here end
  error(require("fault").new("usage", { message = why, hint = "cd to a folder that exists" }), 0)
end

--- The absolute form of path, with "." and ".." worked out on paper (symbolic links are not
--- followed).
---@param path string
---@param base string  absolute
---@return string
function paths.absolute(path, base)
  if path:sub(1, 2) == "~/" and sys.env.get("HOME") then
    path = sys.env.get("HOME") .. path:sub(2)
  end
  if path:sub(1, 1) ~= "/" then path = base .. "/" .. path end
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return "/" .. table.concat(parts, "/")
end

--- path as seen from the folder base; both absolute. For links in reports and short messages.
---@return string
function paths.relative(path, base)
  local from, to = {}, {}
  for part in base:gmatch("[^/]+") do from[#from + 1] = part end
  for part in path:gmatch("[^/]+") do to[#to + 1] = part end
  local same = 0
  while same < #from and same < #to - 1 and from[same + 1] == to[same + 1] do same = same + 1 end
  local parts = {}
  for _ = same + 1, #from do parts[#parts + 1] = ".." end
  for i = same + 1, #to do parts[#parts + 1] = to[i] end
  return table.concat(parts, "/")
end

--- The shortest honest way to write path for a person who stands in cwd.
---@return string
function paths.display(path, cwd)
  if path:sub(1, 1) ~= "/" then return path end
  if path:sub(1, #cwd + 1) == cwd .. "/" then return path:sub(#cwd + 2) end
  return path
end

--- The part of path before the last slash.
---@return string
function paths.folder(path)
  local folder = path:match("^(.*)/[^/]*$")
  if folder == nil then return "." end
  return folder == "" and "/" or folder
end

--- The part of path after the last slash.
---@return string
function paths.base(path) return path:match("([^/]*)$") end

--- Whether path is there and a file (or, with kind, a "dir").
---@return boolean
function paths.is(path, kind)
  local stat = sys.files.stat(path)
  return stat ~= nil and stat.kind == (kind or "file")
end

--- The project that cwd stands in: the nearest folder upwards with a nano-sre.lua.
---@param cwd string  absolute
---@return {root: string, file: string}|nil
function paths.find_project(cwd)
  local folder = cwd
  while true do
    local file = (folder == "/" and "" or folder) .. "/" .. paths.CONFIG_FILE
    if paths.is(file) then return { root = folder, file = file } end
    if folder == "/" then return nil end
    folder = paths.folder(folder)
  end
end

--- Where results are kept when nobody says otherwise.
---@param project {root: string}|nil
---@return string
function paths.default_database(project)
  if project then return project.root .. "/.nano-sre/nano-sre.db" end
  local state = sys.env.get("XDG_STATE_HOME")
  if not state or state:sub(1, 1) ~= "/" then
    state = (sys.env.get("HOME") or "/var/lib") .. "/.local/state"
  end
  return state .. "/nano-sre/nano-sre.db"
end

--- Where reports go when nobody says otherwise.
---@return string
function paths.default_report_dir(project, cwd)
  return (project and project.root or cwd) .. "/nano-sre-report"
end

return paths
