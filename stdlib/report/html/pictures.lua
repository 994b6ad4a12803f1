--- Pictures inside the HTML report, as data: URLs: read, made smaller when they are huge, and
--- bounded in number and size, because the report is sent by mail. Used by report/html.lua. Waits.

local pictures = {}

local MAX_COUNT = 60
local MAX_TOTAL = 16 * 1024 * 1024 -- bytes of all pictures, before base64
local MAX_FILE = 64 * 1024 * 1024
local MAX_PIXELS = 60 * 1000 * 1000 -- decoded, four bytes each
local MAX_PLAIN = 300 * 1024 -- up to here a picture stays as it is
local WIDTH_UPRIGHT, WIDTH_WIDE = 780, 1400 -- twice what a phone, and what a screen, shows of it
local WORK_MS = 6000 -- for making pictures smaller; who waits for a report waits no longer
local SIGNATURE = "\137PNG\r\n\26\n"

---@class report.Pictures
---@field find fun(path: string): string   where the file is now
local Pictures = {}
Pictures.__index = Pictures

---@param find (fun(path: string): string)?
---@param work_ms number?  how long it may take, in all, to make pictures smaller
---@return report.Pictures
function pictures.new(find, work_ms)
  return setmetatable({ find = find or function(path) return path end, count = 0, bytes = 0,
    known = {}, left_ms = work_ms or WORK_MS }, Pictures)
end

-- Width and height from the header, nil when it is no PNG.
local function size_of(png)
  if png:sub(1, 8) ~= SIGNATURE or png:sub(13, 16) ~= "IHDR" or #png < 33 then return nil end
  local function number(at)
    local a, b, c, d = png:byte(at, at + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
  end
  return number(17), number(21)
end

local function shrink(png, width, height)
  local wanted = height > width and WIDTH_UPRIGHT or WIDTH_WIDE
  local picture = sys.image.decode(png)
  if not picture then return nil end
  if width > wanted then
    local small = picture:downscale(wanted)
    picture:free()
    picture = small
  end
  local smaller = picture and picture:encode(6)
  if picture then picture:free() end
  return smaller and #smaller < #png and smaller or png
end

local function read(self, path)
  local png = sys.files.read(self.find(path), MAX_FILE)
  if not png then return nil, "the picture is not there any more" end
  local width, height = size_of(png)
  if not width or width == 0 or height == 0 then return nil, "this is no picture" end
  if self.count >= MAX_COUNT or self.bytes >= MAX_TOTAL then
    return nil, "left out, to keep this report small"
  end
  if width * height > MAX_PIXELS then return nil, "too large to be shown here" end
  if #png > MAX_PLAIN and self.left_ms > 0 then
    local began = sys.clock.mono()
    png = shrink(png, width, height)
    self.left_ms = self.left_ms - (sys.clock.mono() - began)
  end
  if not png then return nil, "the picture is damaged" end
  if self.bytes + #png > MAX_TOTAL then return nil, "left out, to keep this report small" end
  self.count, self.bytes = self.count + 1, self.bytes + #png
  return { url = "data:image/png;base64," .. sys.codec.base64(png), width = width,
    height = height }
end

--- The picture of a file, at most once: later askers for the same file get nil, "shown above".
---@param path any
---@return {url: string, width: integer, height: integer}|nil picture  size: of the file
---@return string|nil why
function Pictures:take(path)
  if type(path) ~= "string" or path == "" then return nil, "there is no picture" end
  if self.known[path] then return nil, "shown above" end
  local picture, why = read(self, path)
  if picture then self.known[path] = true end
  return picture, why
end

--- Whether the file's picture is in the report already.
function Pictures:has(path) return self.known[path] == true end

return pictures
