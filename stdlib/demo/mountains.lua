--- The picture of the home page: alpenglow over a range, a valley with firs, somebody on a board.
--- Drawn for any shape of frame. Used by demo/images.lua.

local paint = require "demo.paint"

local rgb, polygon, ellipse, blob = paint.rgb, paint.polygon, paint.ellipse, paint.blob

local mountains = {}

-- A repeatable sequence of numbers in [0, 1): the picture is the same every time.
local function sequence(seed)
  return function()
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648
  end
end

-- A ridge from left to right, broken by halving: { x1, y1, x2, y2, … }.
local function ridge(random, from_x, to_x, from_y, to_y, rough, depth)
  local points = { { from_x, from_y }, { to_x, to_y } }
  for _ = 1, depth do
    local finer = { points[1] }
    for i = 2, #points do
      local a, b = points[i - 1], points[i]
      finer[#finer + 1] = { (a[1] + b[1]) / 2, (a[2] + b[2]) / 2 + (random() - 0.5) * rough }
      finer[#finer + 1] = b
    end
    points, rough = finer, rough * 0.52
  end
  return points
end

local function closed(points, bottom)
  local out = {}
  for _, p in ipairs(points) do
    out[#out + 1], out[#out + 2] = p[1], p[2]
  end
  out[#out + 1], out[#out + 2] = points[#points][1], bottom
  out[#out + 1], out[#out + 2] = points[1][1], bottom
  return out
end

-- A peak: its body, the side in the last light, and snow with a ragged lower edge.
local function peak(scene, random, x, top, width, foot, colours)
  local left = ridge(random, x - width / 2, x, foot, top, width * 0.16, 5)
  local right = ridge(random, x, x + width / 2, top, foot, width * 0.16, 5)
  local body = {}
  for _, p in ipairs(left) do body[#body + 1] = p end
  for i = 2, #right do body[#body + 1] = right[i] end
  scene[#scene + 1] = polygon(closed(body, foot),
    { colours.shadow, colours.base, top = top, bottom = foot })
  local spine = ridge(random, x, x + width * 0.05, top, foot, width * 0.10, 5)
  local lit = {}
  for _, p in ipairs(left) do lit[#lit + 1] = p end
  for i = 2, #spine do lit[#lit + 1] = spine[i] end
  scene[#scene + 1] = polygon(closed(lit, foot),
    { colours.light, colours.base, top = top, bottom = foot })
  -- Snow lies on both sides of the top; its lower edge is ragged, from the ridge in to the spine.
  local function snow(side, from, to, step, fill)
    local points, deep = {}, top + (foot - top) * 0.40
    local lowest
    for i = from, to, step do
      if side[i][2] > deep then break end
      points[#points + 1], points[#points + 2] = side[i][1], side[i][2]
      lowest = side[i]
    end
    if not lowest then return end
    local sx, sy = x + width * 0.012, top + (foot - top) * 0.30
    for i = 1, 6 do
      local t = i / 7
      points[#points + 1] = lowest[1] + (sx - lowest[1]) * t
      local jag = (i % 2 == 0 and 0.08 or -0.14) * (lowest[2] - top) * math.min(1, 2 * t)
      points[#points + 1] = lowest[2] + (sy - lowest[2]) * t + jag
    end
    points[#points + 1], points[#points + 2] = sx, sy
    scene[#scene + 1] = polygon(points, fill)
  end
  snow(left, #left, 1, -1, colours.snow)
  snow(right, 1, #right, 1, colours.snow_shadow)
end

local function fir(scene, x, foot, height, colour, snow)
  scene[#scene + 1] = polygon({ x - height * 0.03, foot, x + height * 0.03, foot, x + height * 0.03,
    foot - height * 0.3,
    x - height * 0.03, foot - height * 0.3 }, colour)
  for i = 0, 3 do
    local y, w = foot - height * (0.10 + i * 0.2), height * (0.25 - i * 0.045)
    local tip = y - height * 0.36
    scene[#scene + 1] = polygon({ x - w, y, x, tip, x + w, y, x + w * 0.4, y - height * 0.035, x,
      y + height * 0.01,
      x - w * 0.4, y - height * 0.035 }, colour)
    scene[#scene + 1] = polygon({ x - w * 0.96, y - height * 0.01, x, tip, x - w * 0.18,
      y - height * 0.12 }, snow)
  end
end

local function rider(scene, x, y, size)
  local dark, coat, board = rgb "#1c2036", rgb "#ff7d5c", rgb "#ffd166"
  local function at(points)
    local out = {}
    for i = 1, #points, 2 do out[i], out[i + 1] = x + points[i] * size, y + points[i + 1] * size end
    return out
  end
  for i = 1, 9 do -- the spray
    scene[#scene + 1] = ellipse(x + (4 + i * 0.9) * size, y + (9.2 - i * i * 0.09) * size,
      (1.9 - i * 0.1) * size,
      (1.5 - i * 0.08) * size, { 255, 255, 255, 0.5 })
  end
  paint.line(scene, at { -8, 9.5, 7, 7.6 }, 1.5 * size, board)
  paint.line(scene, at { -8, 9.5, -9.6, 8.7 }, 1.4 * size, board)
  paint.line(scene, at { -3.6, 8.2, -3.4, 4.6, 0, 2 }, 1.9 * size, dark)
  paint.line(scene, at { 3.6, 7.4, 4, 4, 0.6, 2 }, 1.9 * size, dark)
  scene[#scene + 1] = blob(at { -1.6, 2.8, -2.8, -0.6, -2.2, -4, 0.6, -4.8, 2.6, -3, 2.6, 0.8, 1.6,
    3 }, coat)
  paint.line(scene, at { -1.4, -3, -5, -1.2, -7.6, -2.6 }, 1.4 * size, coat)
  paint.line(scene, at { 1.6, -3, 5, -2.6, 7.4, -4.6 }, 1.4 * size, coat)
  scene[#scene + 1] = ellipse(x - 0.5 * size, y - 6.4 * size, 1.9 * size, 1.9 * size, dark)
  scene[#scene + 1] = ellipse(x - 1.3 * size, y - 6.3 * size, 1.2 * size, 0.8 * size, board)
end

--- The scene for a frame whose height is aspect times its width.
---@param aspect number
---@return table scene  100 units wide
function mountains.scene(aspect)
  local height = 100 * aspect
  local function y(part) return height * part end
  local unit = math.sqrt(height / 60) -- sizes of things, between a wide frame and a tall one
  local scene = {
    width = 100,
    background = { rgb "#2b2a63", rgb "#ff9a86", top = 0, bottom = y(0.58) },
    { glow = { 72, y(0.47), 50 * unit }, fill = { 255, 178, 138, 0.75 } },
    { glow = { 72, y(0.475), 22 * unit }, fill = { 255, 226, 170, 0.75 } },
    { glow = { 10, y(0.1), 50 * unit }, fill = { 92, 70, 170, 0.35 } },
  }
  local random = sequence(11)
  for _ = 1, 46 do
    local size = 0.05 + random() * 0.10
    scene[#scene + 1] = ellipse(random() * 100, random() ^ 1.6 * y(0.3), size, size,
      { 255, 255, 255, 0.25 + random() * 0.6 })
  end
  scene[#scene + 1] = ellipse(72, y(0.475), 4.6 * unit, 4.6 * unit, { 255, 240, 205, 0.95 })
  local lower = aspect > 1 and 0.10 or 0 -- a tall frame keeps its upper half for words
  local far = { light = rgb "#c98aa8", base = rgb "#7a6aa8", shadow = rgb "#8f77ad",
    snow = rgb "#f2bfc0",
    snow_shadow = rgb "#c9a6c8" }
  for _, p in ipairs { { 4, 0.40, 44 }, { 30, 0.36, 46 }, { 88, 0.39, 50 }, { 112, 0.42, 40 } } do
    peak(scene, random, p[1], y(p[2] + lower * 0.7), p[3] * unit, y(0.72), far)
  end
  local near = { light = rgb "#e0788a", base = rgb "#41376f", shadow = rgb "#463b78",
    snow = rgb "#ffd9cc",
    snow_shadow = rgb "#b39ccb" }
  for _, p in ipairs { { 50, 0.24, 60 }, { 14, 0.43, 44 }, { 92, 0.37, 48 } } do
    peak(scene, random, p[1], y(p[2] + lower), p[3] * unit, y(0.74), near)
  end
  local hills = ridge(random, -2, 102, y(0.70), y(0.66), height * 0.06, 5)
  scene[#scene + 1] = polygon(closed(hills, height), { rgb "#5b4b8a", rgb "#3b3570", top = y(0.66),
    bottom = y(0.85) })
  for _ = 1, 60 do
    local x = random() * 100
    fir(scene, x, y(0.735) + random() * height * 0.03, (2.2 + random() * 2.2) * unit, rgb "#2e2a5c",
      { 150, 130, 190, 0.35 })
  end
  scene[#scene + 1] = blob({ -10, y(0.78), 20, y(0.735), 48, y(0.765), 76, y(0.73), 112, y(0.77),
    120, height * 1.1, -20,
    height * 1.1 }, { rgb "#e9c3d4", rgb "#9fa3d6", top = y(0.74), bottom = y(0.95) })
  scene[#scene + 1] = blob({ -10, y(0.90), 18, y(0.835), 44, y(0.85), 74, y(0.90), 112, y(0.82),
    124, height * 1.2, -24,
    height * 1.2 }, { rgb "#fbeef2", rgb "#b4bce6", top = y(0.83), bottom = height })
  scene[#scene + 1] = blob({ 30, y(0.848), 44, y(0.86), 62, y(0.90), 74, y(0.97), 69, y(0.975), 57,
    y(0.905), 42, y(0.866) },
    { 140, 146, 205, 0.30 })
  for _, f in ipairs { { 4, 0.90, 15 }, { 11, 0.88, 11 }, { 17, 0.865, 7.5 }, { 97, 0.87, 15 },
    { 91, 0.885, 10.5 },
    { 86, 0.895, 7 } } do
    fir(scene, f[1], y(f[2]), f[3] * unit, rgb "#1f2148", { 235, 225, 245, 0.62 })
  end
  rider(scene, 56, y(0.855), 0.62 * unit)
  for _ = 1, 70 do
    local size = 0.08 + random() * 0.22
    scene[#scene + 1] = ellipse(random() * 100, random() * height, size * unit, size * unit,
      { 255, 255, 255, 0.25 + random() * 0.45 })
  end
  return scene
end

return mountains
