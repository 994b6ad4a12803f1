--- Two pictures of a page: how much of them differs, and where. What the common part shows is
--- compared; that one is longer is told beside. Used by visual/audit.lua. Waits.

local fault = require "fault"

local pixels = {}

local PAD = 4 -- pixels around what does not stand still: its edges move, too

--- Decodes a picture that was just taken. What is left of its file is garbage of megabytes.
---@param png string
---@return userdata
function pixels.decode(png)
  local picture, why = sys.image.decode(png)
  collectgarbage()
  if picture then return picture end
  fault.engine { code = "picture", message = "the browser's picture cannot be read: " .. why }
end

--- A picture as a file.
---@param picture userdata
---@return string png
function pixels.encode(picture)
  local png, why = picture:encode(6)
  if png then return png end
  fault.engine { code = "picture", message = "a picture cannot be kept: " .. why }
end

local function cropped(picture, width, height)
  local own_width, own_height = picture:size()
  if own_width == width and own_height == height then return picture, false end
  local made, why = picture:crop { x = 0, y = 0, width = width, height = height }
  if not made then fault.engine { code = "picture", message = "a picture: " .. why } end
  return made, true
end

---@class visual.Difference
---@field ratio number     of what is compared, 0 to 1
---@field boxes table[]    the largest first
---@field longer integer   pixels by which after is longer (negative: shorter)
---@field picture userdata?  of the difference; free it

--- Compares two decoded pictures of equal width.
---@param before userdata
---@param after userdata
---@param options { threshold: number, masks: table[]?, draw: boolean? }
---@return visual.Difference
function pixels.compare(before, after, options)
  local width, height_before = before:size()
  local _, height_after = after:size()
  local height = math.min(height_before, height_after)
  local a, a_own = cropped(before, width, height)
  local b, b_own = cropped(after, width, height)
  local found = sys.image.diff(a, b, { threshold = options.threshold, masks = options.masks,
    draw = options.draw })
  if a_own then a:free() end
  if b_own then b:free() end
  return { ratio = found.ratio, boxes = found.boxes, longer = height_after - height_before,
    picture = found.picture }
end

--- Where two looks at the same page differ by themselves.
---@param one userdata
---@param other userdata
---@param threshold number
---@return table[] boxes
function pixels.restless(one, other, threshold)
  local boxes = pixels.compare(one, other, { threshold = threshold }).boxes
  for i, box in ipairs(boxes) do
    boxes[i] = { x = box.x - PAD, y = box.y - PAD, width = box.width + 2 * PAD,
      height = box.height + 2 * PAD }
  end
  return boxes
end

return pixels
