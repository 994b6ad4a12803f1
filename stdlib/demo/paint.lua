--- A small painter: fills shapes with smooth edges onto a picture of any size. A scene is described
--- in units of its own (a product's square is 100 wide), so every size that a page asks for is
--- drawn sharp. Used by demo/images.lua.
---
--- A shape is { points = {x1, y1, x2, y2, …}, fill = fill }: a closed polygon, filled where its
--- winding is not zero. A fill is { r, g, b[, a] } (0 to 255, alpha 0 to 1) or { from, to, top =,
--- bottom = }, a gradient between two such colours from height top to height bottom.

local png = require "demo.png"

local paint = {}

local floor, ceil, min, max, abs = math.floor, math.ceil, math.min, math.max, math.abs

--- A colour from "#rrggbb".
---@param text string
---@param alpha number?  0 to 1
---@return number[]
function paint.rgb(text, alpha)
  local n = tonumber(text:sub(2), 16)
  return { floor(n / 65536), floor(n / 256) % 256, n % 256, alpha or 1 }
end

-- Shapes ------------------------------------------------------------------------------------

function paint.polygon(points, fill) return { points = points, fill = fill } end

local function turned(points, cx, cy, degrees)
  if not degrees or degrees == 0 then return points end
  local s, c = math.sin(math.rad(degrees)), math.cos(math.rad(degrees))
  for i = 1, #points, 2 do
    local x, y = points[i] - cx, points[i + 1] - cy
    points[i], points[i + 1] = cx + x * c - y * s, cy + x * s + y * c
  end
  return points
end

--- An ellipse around (cx, cy), turned by degrees.
function paint.ellipse(cx, cy, rx, ry, fill, degrees)
  local points = {}
  for i = 0, 71 do
    local angle = i / 72 * 2 * math.pi
    points[#points + 1] = cx + rx * math.cos(angle)
    points[#points + 1] = cy + ry * math.sin(angle)
  end
  return { points = turned(points, cx, cy, degrees), fill = fill }
end

--- A rectangle with round corners, its middle at (cx, cy), turned by degrees.
function paint.box(cx, cy, width, height, radius, fill, degrees)
  local points = {}
  local r = min(radius, width / 2, height / 2)
  for corner = 0, 3 do
    local sx = (corner == 0 or corner == 3) and 1 or -1
    local sy = corner < 2 and 1 or -1
    for i = 0, 10 do
      local angle = (corner + i / 10) * math.pi / 2
      points[#points + 1] = cx + sx * (width / 2 - r) + r * math.cos(angle)
      points[#points + 1] = cy + sy * (height / 2 - r) + r * math.sin(angle)
    end
  end
  return { points = turned(points, cx, cy, degrees), fill = fill }
end

--- A smooth closed curve through the points (Catmull-Rom).
function paint.blob(through, fill)
  local points, n = {}, #through / 2
  local function at(i) i = i % n return through[2 * i + 1], through[2 * i + 2] end
  for i = 0, n - 1 do
    local ax, ay = at(i - 1)
    local bx, by = at(i)
    local cx, cy = at(i + 1)
    local dx, dy = at(i + 2)
    for step = 0, 11 do
      local t = step / 12
      local t2, t3 = t * t, t * t * t
      points[#points + 1] = 0.5 * (2 * bx + (cx - ax) * t + (2 * ax - 5 * bx + 4 * cx - dx) * t2
        + (3 * bx - ax - 3 * cx + dx) * t3)
      points[#points + 1] = 0.5 * (2 * by + (cy - ay) * t + (2 * ay - 5 * by + 4 * cy - dy) * t2
        + (3 * by - ay - 3 * cy + dy) * t3)
    end
  end
  return { points = points, fill = fill }
end

--- Appends to shapes a line of the given width through the points, with round ends and corners.
function paint.line(shapes, points, width, fill)
  for i = 1, #points - 3, 2 do
    local x1, y1, x2, y2 = points[i], points[i + 1], points[i + 2], points[i + 3]
    local length = math.sqrt((x2 - x1) ^ 2 + (y2 - y1) ^ 2)
    local px, py = (y1 - y2) / length * width / 2, (x2 - x1) / length * width / 2
    shapes[#shapes + 1] = { points = { x1 + px, y1 + py, x2 + px, y2 + py, x2 - px, y2 - py,
      x1 - px, y1 - py },
      fill = fill }
  end
  for i = 1, #points, 2 do
    shapes[#shapes + 1] = paint.ellipse(points[i], points[i + 1], width / 2, width / 2, fill)
  end
end

-- Rendering ---------------------------------------------------------------------------------

-- A shape in pixels: its edges from top to bottom, each { x, y, x2, y2, direction }, and the rows
-- that it touches.
local function prepare(shape, scale)
  local points, edges = shape.points, {}
  local top, bottom = math.huge, -math.huge
  local n = #points
  for i = 1, n, 2 do
    local x1, y1 = points[i] * scale, points[i + 1] * scale
    local j = i + 2 > n and 1 or i + 2
    local x2, y2 = points[j] * scale, points[j + 1] * scale
    top, bottom = min(top, y1), max(bottom, y1)
    if y1 < y2 then edges[#edges + 1] = { x1, y1, x2, y2, 1 } end
    if y1 > y2 then edges[#edges + 1] = { x2, y2, x1, y1, -1 } end
  end
  local fill = shape.fill
  local gradient = type(fill[1]) == "table"
  return {
    edges = edges, top = floor(top), bottom = ceil(bottom), fill = fill, gradient = gradient,
    fill_top = gradient and fill.top * scale or 0, fill_bottom = gradient and fill.bottom * scale
      or 1,
  }
end

-- Adds to cover what the part of an edge inside row y changes from pixel to pixel. A piece of the
-- edge covers what lies right of it: of its own pixel the rest, of every later one its whole
-- height.
local function add_edge(cover, edge, y, width)
  local from, to = max(y, edge[2]), min(y + 1, edge[4])
  if from >= to then return end
  local slope = (edge[3] - edge[1]) / (edge[4] - edge[2])
  local xa = min(max(edge[1] + (from - edge[2]) * slope, 0), width)
  local xb = min(max(edge[1] + (to - edge[2]) * slope, 0), width)
  local left, right = min(xa, xb), max(xa, xb)
  local amount = (to - from) * edge[5]
  for x = floor(left), floor(right) do
    local a, b = max(left, x), min(right, x + 1)
    local piece = right > left and amount * (b - a) / (right - left) or amount
    local inside = (a + b) / 2 - x
    cover[x] = cover[x] + piece * (1 - inside)
    cover[x + 1] = cover[x + 1] + piece * inside
  end
end

local function colour_at(shape, y)
  local fill = shape.fill
  if not shape.gradient then return fill[1], fill[2], fill[3], fill[4] or 1 end
  local t = min(max((y + 0.5 - shape.fill_top) / (shape.fill_bottom - shape.fill_top), 0), 1)
  local a, b = fill[1], fill[2]
  return a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t, a[3] + (b[3] - a[3]) * t,
    (a[4] or 1) + ((b[4] or 1) - (a[4] or 1)) * t
end

local function fill_row(shape, y, width, cover, red, green, blue)
  for x = 0, width + 1 do cover[x] = 0 end
  local edges = shape.edges
  for i = 1, #edges do
    local edge = edges[i]
    if edge[2] < y + 1 and edge[4] > y then add_edge(cover, edge, y, width) end
  end
  local r, g, b, alpha = colour_at(shape, y)
  local sum = 0
  for x = 0, width - 1 do
    sum = sum + cover[x]
    local part = min(abs(sum), 1) * alpha
    if part > 0.002 then
      red[x] = red[x] + (r - red[x]) * part
      green[x] = green[x] + (g - green[x]) * part
      blue[x] = blue[x] + (b - blue[x]) * part
    end
  end
end

-- A round glow: { glow = {cx, cy, radius}, fill = {r, g, b, a} }, strongest in the middle.
local function glow_row(shape, y, width, scale, red, green, blue)
  local cx, cy, radius = shape.glow[1] * scale, shape.glow[2] * scale, shape.glow[3] * scale
  local fill = shape.fill
  local r, g, b, alpha = fill[1], fill[2], fill[3], fill[4] or 1
  local dy2 = (y + 0.5 - cy) ^ 2
  if dy2 >= radius * radius then return end
  local half = math.sqrt(radius * radius - dy2)
  for x = max(0, floor(cx - half)), min(width - 1, ceil(cx + half)) do
    local rest = 1 - ((x + 0.5 - cx) ^ 2 + dy2) / (radius * radius)
    if rest > 0 then
      local part = rest * rest * alpha
      red[x] = red[x] + (r - red[x]) * part
      green[x] = green[x] + (g - green[x]) * part
      blue[x] = blue[x] + (b - blue[x]) * part
    end
  end
end

--- Draws a scene as a PNG file.
---@param scene table   { width = units, background = fill, shape, … }
---@param width number  pixels
---@param height number pixels
---@return string file
function paint.render(scene, width, height)
  local scale = width / scene.width
  local background = prepare({ points = { 0, 0 }, fill = scene.background }, scale)
  local shapes, cover = {}, {}
  for i = 1, #scene do
    shapes[i] = scene[i].glow and scene[i] or prepare(scene[i], scale)
  end
  return png.encode(width, height, function(y, red, green, blue)
    local r, g, b = colour_at(background, y)
    for x = 0, width - 1 do red[x], green[x], blue[x] = r, g, b end
    for i = 1, #shapes do
      local shape = shapes[i]
      if shape.glow then
        glow_row(shape, y, width, scale, red, green, blue)
      elseif y >= shape.top and y < shape.bottom then
        fill_row(shape, y, width, cover, red, green, blue)
      end
    end
    for x = 0, width - 1 do
      red[x], green[x], blue[x] = floor(red[x] + 0.5), floor(green[x] + 0.5), floor(blue[x] + 0.5)
    end
  end)
end

return paint
