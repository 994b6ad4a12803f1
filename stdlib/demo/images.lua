--- The shop's pictures as PNG files: drawn when first asked for, then kept. Names are those of
--- Shopify's CDN paths: /cdn/shop/files/NAME.png?v=1&width=W. Used by demo/shop.lua.

local catalog = require "demo.catalog"
local mountains = require "demo.mountains"
local paint = require "demo.paint"
local scenes = require "demo.scenes"

local images = {}

--- The widths in pixels that pages offer; any other is answered with the next larger one, as a CDN
--- may do.
images.widths = { 165, 360, 533, 720, 1206 }

-- Drawing takes some tens of milliseconds, in which the shop's process does nothing else.
local KEEP = 120

local known = {} -- name → { width, height, scene = function(aspect) }

--- What a phone asks for on its first pages: { { name, width }, … }.
images.first_pages = { { "favicon" }, { "hero-tall" }, { "alpenglow-snowboard", 1206 } }

for i, product in ipairs(catalog.products()) do
  if i <= 8 then table.insert(images.first_pages, { product.images[1].name, 533 }) end
  for _, picture in ipairs(product.images) do
    known[picture.name] = {
      width = picture.width, height = picture.height,
      scene = function() return scenes[product.drawing](catalog.palette(picture.palette)) end,
    }
  end
end
known["hero-wide"] = { width = 1800, height = 1000, scene = mountains.scene }
known["hero-tall"] = { width = 1206, height = 1500, scene = mountains.scene }
known["favicon"] = { width = 48, height = 48, scene = function()
  local scene = { width = 48, background = { paint.rgb "#3b3f98", paint.rgb "#ff8a70", top = 0,
    bottom = 40 } }
  scene[1] = paint.polygon({ 4, 40, 20, 14, 28, 26, 33, 19, 44, 40 }, paint.rgb "#ffffff")
  return scene
end }

--- The size of a picture, nil if there is none of that name.
---@param name string
---@return number? width   pixels
---@return number? height  pixels
function images.size(name)
  local picture = known[name]
  if picture then return picture.width, picture.height end
end

local function width_for(picture, wanted)
  if not wanted or wanted >= picture.width then return picture.width end
  for _, width in ipairs(images.widths) do
    if width >= wanted and width <= picture.width then return width end
  end
  return picture.width
end

local cache, order = {}, {}

--- The file of a picture.
---@param name string    as in catalog images, "hero-wide", "hero-tall" or "favicon"
---@param wanted number? width in pixels; the full size if absent
---@return string? file   nil if there is no such picture
function images.file(name, wanted)
  local picture = known[name]
  if not picture then return nil end
  local width = width_for(picture, wanted)
  local key = name .. "@" .. width
  if not cache[key] then
    local height = math.floor(width * picture.height / picture.width + 0.5)
    cache[key] = paint.render(picture.scene(picture.height / picture.width), width, height)
    order[#order + 1] = key
    if #order > KEEP then cache[table.remove(order, 1)] = nil end
  end
  return cache[key]
end

return images
