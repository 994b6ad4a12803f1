--- The baselines of a skill at a shop: pictures and snapshots in files (t.keep), what there is of
--- them in t.learned. `nano-sre baseline` reads and changes the same list (service/pictures.lua).
---
---   learned = { pictures = { { page, device, name = "home/iphone-17-pro", path, picture, snapshot,
---     width, taken_at, approved_at?, pending = { picture, snapshot, diff, path, width, seen_at,
---     ratio, words }? }… } }

local json = require "json"
local pixels = require "visual.pixels"
local time = require "time"

local album = {}

---@class visual.Album
---@field homeless boolean  nothing is kept in this run
local Album = {}
Album.__index = Album

--- "home/iphone-17-pro": what people call a picture at the command line.
---@param page string
---@param device string
---@return string
function album.name(page, device)
  return page .. "/" .. device:lower():gsub("[^%w]+", "-"):gsub("^%-", ""):gsub("%-$", "")
end

--- Opens what earlier runs left.
---@param t table
---@return visual.Album
function album.open(t)
  local _, _, code = t.kept "any.png"
  local self = setmetatable({ t = t, list = {}, by_name = {}, homeless = code == "nowhere" }, Album)
  local past = type(t.learned) == "table" and t.learned.pictures
  for _, entry in ipairs(type(past) == "table" and past or {}) do
    if type(entry) == "table" and type(entry.name) == "string" then self:put(entry) end
  end
  return self
end

--- Puts an entry into the list, in the place of the one of its name.
function Album:put(entry)
  if not self.by_name[entry.name] then self.list[#self.list + 1] = entry.name end
  self.by_name[entry.name] = entry
end

---@return table? entry
function Album:get(page, device) return self.by_name[album.name(page, device)] end

--- The path of a page at the last run, on whatever device.
---@return string?
function Album:path_of(page)
  for _, name in ipairs(self.list) do
    if self.by_name[name].page == page then return self.by_name[name].path end
  end
end

-- Keeps both files of a look; nil when nothing is kept in this run.
local function save(self, name, look, restless)
  local stem = name:gsub("/", "-")
  local picture, path = self.t.keep(stem .. ".png", pixels.encode(look.picture))
  if not picture then return nil end
  local snapshot = self.t.keep(stem .. ".json", json.encode { snapshot = look.snapshot,
    restless = json.array(restless), theme = look.theme })
  return { picture = picture, snapshot = snapshot, width = look.snapshot.page_width }, path
end

--- A look becomes the baseline.
---@param one visual.Page
---@param device string
---@param look visual.Look
---@param restless table[]
---@return string? path  of the picture; nil when nothing is kept in this run
function Album:begin(one, device, look, restless)
  local name = album.name(one.name, device)
  local entry, path = save(self, name, look, restless)
  if not entry then return nil end
  entry.page, entry.device, entry.name, entry.path = one.name, device, name, one.path
  entry.taken_at = time.iso8601()
  self:put(entry)
  return path
end

--- A look that differs waits for somebody's word.
---@param entry table
---@param look visual.Look
---@param restless table[]
---@param more { diff: userdata, ratio: number, words: string, path: string }
function Album:propose(entry, look, restless, more)
  local pending = save(self, entry.name, look, restless)
  if not pending then return end
  pending.diff = self.t.keep(entry.name:gsub("/", "-") .. "-diff.png", pixels.encode(more.diff))
  pending.ratio, pending.words, pending.path = more.ratio, more.words, more.path
  pending.seen_at = time.iso8601()
  entry.pending = pending
end

--- The files of a baseline.
---@param entry table
---@return { picture: userdata, file: string, snapshot: nano.Snapshot, restless: table[],
---  theme: table? }?  free its picture
---@return string? why  it cannot be used
function Album:load(entry)
  local png, file = self.t.kept(entry.picture)
  if not png then return nil, file end
  local picture, problem = sys.image.decode(png)
  if not picture then return nil, entry.picture .. ": " .. problem end
  local text, why = self.t.kept(entry.snapshot)
  if not text then return nil, why end
  local data = json.decode(text)
  local snapshot = type(data) == "table" and data.snapshot
  if type(snapshot) ~= "table" or type(snapshot.elements) ~= "table" then
    return nil, ("%s is damaged: it holds no snapshot"):format(entry.snapshot)
  end
  return { picture = picture, file = file, snapshot = snapshot, restless = data.restless or {},
    theme = type(data.theme) == "table" and data.theme or nil }
end

--- What the next run is to know.
function Album:learn()
  local pictures = {}
  for i, name in ipairs(self.list) do pictures[i] = self.by_name[name] end
  if #pictures > 0 then self.t.learn { pictures = pictures } end
end

return album
