--- What the shop's pictures show: one drawing for each kind of product, in its colours, and the
--- mountains of the home page. Drawings are 100 units square (demo/paint.lua). Used by
--- demo/images.lua.

local paint = require "demo.paint"

local rgb, box, ellipse, blob, polygon, line = paint.rgb, paint.box, paint.ellipse, paint.blob,
  paint.polygon, paint.line

local scenes = {}

local BLACK, WHITE = rgb "#1d2330", rgb "#ffffff"

local function shade(colour, factor)
  local towards = factor < 0 and 0 or 255
  local part = math.abs(factor)
  local out = { nil, nil, nil, colour[4] }
  for i = 1, 3 do out[i] = colour[i] + (towards - colour[i]) * part end
  return out
end

local function fade(from, to, top, bottom) return { from, to, top = top, bottom = bottom } end

local function add(scene, ...)
  for i = 1, select("#", ...) do scene[#scene + 1] = (select(i, ...)) end
end

-- A studio: bright backdrop, light on the middle, a soft shadow where the thing stands.
local function studio(tint, shadow_y, shadow_width)
  local scene = {
    width = 100,
    background = fade(shade(tint, 0.78), shade(tint, 0.5), 0, 100),
    { glow = { 50, 44, 62 }, fill = { 255, 255, 255, 0.75 } },
  }
  for i = 0, 7 do
    local grow = 1 - i / 9
    add(scene, ellipse(50, shadow_y, shadow_width * grow, 3.6 * grow, { 30, 36, 60, 0.035 }))
  end
  return scene
end

function scenes.snowboard(c)
  local scene = studio(c.tint, 93, 26)
  local function board(cx, cy, angle, base, stripe, accent)
    local shadow = { 30, 36, 60, 0.10 }
    add(scene, box(cx + 1.6, cy + 1.2, 19, 86, 9.5, shadow, angle))
    add(scene, box(cx, cy, 19, 86, 9.5, shade(base, -0.35), angle))
    add(scene, box(cx, cy, 17.6, 84.6, 8.8, fade(base, shade(base, 0.18), cy - 42, cy + 42), angle))
    local s, k = math.sin(math.rad(angle)), math.cos(math.rad(angle))
    local function on(x, y) return cx + x * k - y * s, cy + x * s + y * k end
    local function strip(points, fill)
      local out = {}
      for i = 1, #points, 2 do out[i], out[i + 1] = on(points[i], points[i + 1]) end
      add(scene, polygon(out, fill))
    end
    strip({ -8.8, 30, 8.8, 14, 8.8, 21, -8.8, 37 }, stripe)
    strip({ -8.8, 20, 8.8, 4, 8.8, 9, -8.8, 25 }, accent)
    strip({ -8.8, -20, 0, -34, 8.8, -20, 8.8, -13, 0, -26, -8.8, -13 }, stripe)
    strip({ -8.8, -10, 0, -23, 8.8, -10, 8.8, -7.5, 0, -20, -8.8, -7.5 }, accent)
    for _, y in ipairs { -12, 12 } do
      for dx = -1, 1, 2 do
        for dy = -1, 1 do
          local x, py = on(dx * 2.2, y + dy * 3)
          add(scene, ellipse(x, py, 0.55, 0.55, { 20, 24, 40, 0.8 }))
        end
      end
    end
    strip({ -7.6, -30, -6.2, -34, -6.2, 34, -7.6, 30 }, { 255, 255, 255, 0.28 })
  end
  board(36, 48, -9, c.second, c.accent, WHITE)
  board(61, 49, 8, c.main, c.stripe or WHITE, c.accent)
  return scene
end

function scenes.jacket(c)
  local scene = studio(c.tint, 92, 32)
  local body = fade(shade(c.main, 0.10), shade(c.main, -0.16), 18, 90)
  local sleeve = fade(c.main, shade(c.main, -0.28), 24, 80)
  add(scene, blob({ 33, 25, 22, 31, 15, 52, 11, 74, 19, 80, 25, 77, 30, 58, 36, 40 }, sleeve))
  add(scene, blob({ 67, 25, 78, 31, 85, 52, 89, 74, 81, 80, 75, 77, 70, 58, 64, 40 }, sleeve))
  add(scene, blob({ 50, 9, 40, 12, 37, 22, 42, 29, 58, 29, 63, 22, 60, 12 }, shade(c.main, -0.3)))
  add(scene, blob({ 50, 14, 44, 16, 43, 23, 46, 28, 54, 28, 57, 23, 56, 16 }, shade(c.main, -0.62)))
  add(scene, blob({ 38, 23, 30, 27, 29, 48, 27, 86, 34, 90, 50, 91, 66, 90, 73, 86, 71, 48, 70, 27,
    62, 23, 56, 29,
    44, 29 }, body))
  add(scene, polygon({ 28.6, 46, 71.4, 46, 71.8, 55, 28.2, 55 }, c.accent))
  add(scene, polygon({ 28.2, 55, 71.8, 55, 71.9, 57, 28.1, 57 }, { 255, 255, 255, 0.85 }))
  line(scene, { 50, 29, 50, 90 }, 1.5, shade(c.main, -0.5))
  line(scene, { 50, 31, 50, 36 }, 2.4, c.accent)
  for _, side in ipairs { -1, 1 } do
    line(scene, { 50 + side * 9, 66, 50 + side * 15, 77 }, 1.3, shade(c.main, -0.45))
    line(scene, { 50 + side * 9, 34, 50 + side * 14, 34 }, 1.1, shade(c.main, -0.4))
    add(scene, box(50 + side * 34, 77, 10, 4.6, 2, shade(c.main, -0.5), side * -14))
  end
  return scene
end

function scenes.goggles(c)
  local scene = studio(c.tint, 78, 36)
  add(scene, blob({ 4, 40, 14, 37, 22, 42, 22, 58, 14, 62, 4, 59, 2, 50 },
    fade(c.main, shade(c.main, -0.35), 36, 62)))
  add(scene, blob({ 96, 40, 86, 37, 78, 42, 78, 58, 86, 62, 96, 59, 98, 50 },
    fade(c.main, shade(c.main, -0.35), 36, 62)))
  add(scene, polygon({ 3, 47, 22, 47, 22, 50, 3, 50 }, c.stripe or WHITE))
  add(scene, polygon({ 97, 47, 78, 47, 78, 50, 97, 50 }, c.stripe or WHITE))
  local frame = { 50, 24, 28, 25, 14, 34, 12, 52, 18, 68, 32, 73, 43, 68, 50, 62, 57, 68, 68, 73,
    82, 68, 88, 52, 86,
    34, 72, 25 }
  add(scene, blob(frame, fade(shade(c.main, -0.1), shade(c.main, -0.5), 24, 74)))
  local lens = {}
  for i = 1, #frame, 2 do
    lens[i], lens[i + 1] = 50 + (frame[i] - 50) * 0.88, 48 + (frame[i + 1] - 48) * 0.83
  end
  add(scene, blob(lens, fade(c.accent, c.second, 28, 70)))
  add(scene, blob({ 24, 36, 34, 31.5, 42, 31, 30, 40, 23, 54, 20, 50, 20.5, 42 },
    { 255, 255, 255, 0.42 }))
  add(scene, blob({ 50, 31, 55, 31, 41, 44, 33, 60, 30, 62, 35, 48 }, { 255, 255, 255, 0.20 }))
  add(scene, polygon({ 56, 60, 64, 50, 68, 55, 74, 46, 82, 58, 76, 64, 66, 65 },
    { 30, 20, 60, 0.25 }))
  return scene
end

function scenes.beanie(c)
  local scene = studio(c.tint, 84, 30)
  for i = 0, 23 do
    local angle = i / 24 * 2 * math.pi
    add(scene, ellipse(50 + 7.5 * math.cos(angle), 17 + 7 * math.sin(angle), 4.4, 4.4,
      i % 2 == 0 and c.accent or shade(c.accent, 0.2)))
  end
  add(scene, ellipse(50, 17, 8.5, 8, shade(c.accent, 0.1)))
  add(scene, blob({ 50, 22, 34, 27, 23, 42, 20, 64, 30, 68, 50, 69, 70, 68, 80, 64, 77, 42, 66,
    27 },
    fade(shade(c.main, 0.12), shade(c.main, -0.22), 22, 68)))
  for i = -4, 4 do
    line(scene, { 50 + i * 2.2, 25 + math.abs(i) * 0.8, 50 + i * 5.6, 44, 50 + i * 6.6, 64 }, 0.7,
      shade(c.main, i % 2 == 0 and -0.3 or 0.12))
  end
  add(scene, polygon({ 22.5, 48, 77.5, 48, 78.6, 54, 21.4, 54 },
    { c.second[1], c.second[2], c.second[3], 0.92 }))
  add(scene, box(50, 70, 64, 18, 6, fade(shade(c.main, 0.02), shade(c.main, -0.4), 61, 80)))
  for i = -9, 9 do
    line(scene, { 50 + i * 3.3, 62.5, 50 + i * 3.3, 77.5 }, 0.8, shade(c.main, -0.42))
  end
  add(scene, box(66, 71, 9, 6.5, 1, rgb "#f4ead6"))
  add(scene, polygon({ 63, 73, 65.4, 69.4, 66.8, 71.2, 67.8, 70, 69.4, 73 }, BLACK))
  return scene
end

function scenes.mittens(c)
  local scene = studio(c.tint, 90, 32)
  local function mitten(cx, side)
    local function x(v) return cx + side * v end
    add(scene, blob({ x(13), 44, x(22), 38, x(27), 44, x(23), 54, x(13), 64 },
      fade(shade(c.main, -0.1), shade(c.main, -0.35), 38, 64)))
    add(scene, blob({ x(0), 12, x(-12), 17, x(-15), 34, x(-13), 62, x(0), 65, x(14), 62, x(15), 34,
      x(12), 17 },
      fade(shade(c.main, 0.12), shade(c.main, -0.2), 12, 66)))
    add(scene, blob({ x(-1), 22, x(-8), 26, x(-9), 40, x(-6), 50, x(4), 50, x(8), 40, x(7), 27 },
      { c.accent[1], c.accent[2], c.accent[3], 0.9 }))
    line(scene, { x(-5), 32, x(5), 32 }, 0.9, { 255, 255, 255, 0.6 })
    line(scene, { x(-5), 37, x(5), 37 }, 0.9, { 255, 255, 255, 0.6 })
    line(scene, { x(-5), 42, x(4), 42 }, 0.9, { 255, 255, 255, 0.6 })
    add(scene, box(cx, 76, 31, 22, 3, fade(shade(c.second, 0.05), shade(c.second, -0.3), 65, 87)))
    add(scene, box(cx, 66, 32, 5, 2.4, shade(c.main, -0.5)))
    add(scene, box(cx - side * 9, 66, 7, 3, 1, rgb "#e9edf5"))
  end
  mitten(29, -1)
  mitten(71, 1)
  return scene
end

function scenes.helmet(c)
  local scene = studio(c.tint, 86, 30)
  add(scene, blob({ 24, 58, 28, 74, 36, 80, 42, 74, 36, 58 }, shade(c.main, -0.62)))
  line(scene, { 33, 74, 42, 83, 58, 83, 66, 72 }, 1.6, rgb "#3a4152")
  add(scene, box(52, 83, 9, 4, 1.5, BLACK))
  add(scene, blob({ 50, 14, 31, 18, 19, 34, 17, 54, 24, 63, 44, 60, 62, 56, 82, 58, 85, 46, 79, 30,
    67, 18 },
    fade(shade(c.main, 0.22), shade(c.main, -0.28), 14, 62)))
  add(scene, blob({ 44, 60, 62, 55.6, 84, 57, 90, 61, 80, 63, 60, 62 }, shade(c.main, -0.5)))
  for i = 0, 3 do
    add(scene, box(38 + i * 10, 24 + (i - 1.5) ^ 2 * 0.9, 6.5, 2.6, 1.3, shade(c.main, -0.65),
      -12 + i * 9))
  end
  for i = 0, 2 do
    add(scene, box(44 + i * 9.5, 32 + (i - 1) ^ 2 * 0.8, 6, 2.2, 1.1, shade(c.main, -0.6),
      -6 + i * 7))
  end
  add(scene, blob({ 19, 44, 50, 38, 83, 44, 84, 49, 50, 43, 18, 50 }, c.accent))
  add(scene, blob({ 27, 30, 36, 21, 45, 18, 36, 26, 30, 36 }, { 255, 255, 255, 0.4 }))
  add(scene, blob({ 25, 54, 20, 62, 24, 73, 33, 73, 37, 64, 34, 55 },
    fade(c.second, shade(c.second, -0.4), 54, 74)))
  return scene
end

function scenes.socks(c)
  local scene = studio(c.tint, 91, 32)
  local function sock(dx, dy, main)
    local function p(points)
      local out = {}
      for i = 1, #points, 2 do out[i], out[i + 1] = points[i] + dx, points[i + 1] + dy end
      return out
    end
    add(scene, blob(p { 34, 10, 33, 34, 35, 58, 26, 68, 14, 75, 13, 84, 24, 87, 42, 82, 52, 74, 55,
      58, 55, 34, 55, 10 },
      fade(shade(main, 0.12), shade(main, -0.2), 10 + dy, 86 + dy)))
    add(scene, blob(p { 26, 69, 14, 75, 13, 84, 22, 86.5, 27, 80 }, c.accent))
    add(scene, blob(p { 36, 61, 41, 70, 50, 75.5, 54.5, 64, 54.8, 56, 45, 56 }, c.accent))
    for i = 0, 2 do
      add(scene, polygon(p { 33.6, 24 + i * 8, 55, 24 + i * 8, 55, 27.6 + i * 8, 33.8,
        27.6 + i * 8 },
        i == 1 and c.accent or c.second))
    end
    add(scene, box(44.5 + dx, 12 + dy, 22.5, 9, 2.5, shade(main, -0.3)))
    for i = -3, 3 do
      line(scene, p { 44.5 + i * 2.9, 9.5, 44.5 + i * 2.9, 14.5 }, 0.7, shade(main, -0.5))
    end
  end
  sock(24, -2, shade(c.main, -0.14))
  sock(6, 3, c.main)
  return scene
end

function scenes.flask(c)
  local scene = studio(c.tint, 93, 20)
  add(scene, box(50, 56, 30, 72, 7, fade(c.main, shade(c.main, -0.22), 20, 92)))
  add(scene, box(50, 15, 19, 16, 3, fade(rgb "#3c4354", rgb "#1d2330", 7, 23)))
  line(scene, { 42, 9, 42, 4, 58, 4, 58, 9 }, 2.2, rgb "#2a3040")
  add(scene, box(50, 24, 24, 5, 2, rgb "#c8ced9"))
  add(scene, polygon({ 35, 74, 43, 60, 47, 66, 54, 54, 65, 74 }, { 255, 255, 255, 0.9 }))
  add(scene, polygon({ 54, 54, 49.8, 61.2, 53, 60, 54.6, 62.4, 57.4, 60.6 }, c.accent))
  line(scene, { 39, 79, 61, 79 }, 1.2, { 255, 255, 255, 0.9 })
  add(scene, box(40, 55, 3.4, 58, 1.7, { 255, 255, 255, 0.26 }))
  add(scene, box(61.5, 55, 4, 62, 2, { 10, 14, 30, 0.16 }))
  return scene
end

function scenes.pack(c)
  local scene = studio(c.tint, 93, 28)
  line(scene, { 30, 24, 20, 44, 22, 70 }, 4.5, shade(c.main, -0.55))
  line(scene, { 70, 24, 80, 44, 78, 70 }, 4.5, shade(c.main, -0.55))
  line(scene, { 43, 14, 43, 7, 57, 7, 57, 14 }, 2.6, BLACK)
  add(scene, blob({ 50, 11, 35, 13, 28, 26, 26, 56, 27, 86, 36, 91, 50, 92, 64, 91, 73, 86, 74, 56,
    72, 26, 65, 13 },
    fade(shade(c.main, 0.14), shade(c.main, -0.24), 12, 92)))
  add(scene, blob({ 50, 11, 35, 13, 28, 27, 31, 35, 50, 37, 69, 35, 72, 27, 65, 13 },
    fade(shade(c.main, -0.1),
    shade(c.main, -0.34), 12, 37)))
  add(scene, box(50, 68, 36, 34, 6, fade(shade(c.second, 0.1), shade(c.second, -0.22), 51, 85)))
  line(scene, { 34, 58, 66, 58 }, 1.2, BLACK)
  line(scene, { 60, 58, 60, 63 }, 1.6, c.accent)
  for _, x in ipairs { 38, 62 } do
    line(scene, { x, 36, x, 47 }, 2, c.accent)
    add(scene, box(x, 44, 5, 4, 1, BLACK))
  end
  line(scene, { 77, 20, 68, 86 }, 1.8, rgb "#d9dee8")
  add(scene, blob({ 76, 14, 82, 16, 81, 24, 76, 25, 73, 20 }, c.accent))
  return scene
end

function scenes.wax(c)
  local scene = studio(c.tint, 82, 34)
  local function block(x, y, colour, angle)
    add(scene, box(x + 1, y + 1.5, 30, 19, 3, { 30, 36, 60, 0.14 }, angle))
    add(scene, box(x, y + 2.4, 30, 19, 3, shade(colour, -0.3), angle))
    add(scene, box(x, y, 30, 19, 3, fade(shade(colour, 0.25), colour, y - 10, y + 10), angle))
    add(scene, box(x, y, 24, 3, 1.5, { 255, 255, 255, 0.4 }, angle))
  end
  block(31, 66, c.main, -7)
  block(66, 69, c.second, 9)
  block(49, 48, c.accent, 2)
  add(scene, box(50, 26, 46, 12, 3, fade(rgb "#495064", rgb "#272d3d", 20, 32), -3))
  add(scene, box(50, 33, 50, 4, 1.4, fade(rgb "#eef1f6", rgb "#a9b2c3", 31, 35), -3))
  add(scene, box(50, 25.4, 16, 4, 2, c.main, -3))
  return scene
end

function scenes.mug(c)
  local scene = studio(c.tint, 84, 30)
  line(scene, { 70, 40, 84, 42, 86, 56, 80, 66, 68, 66 }, 5, shade(c.main, -0.2))
  add(scene, box(47, 55, 50, 54, 6, fade(shade(c.main, 0.12), shade(c.main, -0.22), 28, 82)))
  add(scene, ellipse(47, 29, 25, 5.4, rgb "#f2f4f8"))
  add(scene, ellipse(47, 29.4, 22.4, 4.3, rgb "#4a2c20"))
  add(scene, ellipse(43, 28.8, 12, 1.6, { 190, 140, 100, 0.5 }))
  add(scene, polygon({ 28, 68, 39, 50, 45, 58, 53, 45, 66, 68 }, { 255, 255, 255, 0.92 }))
  add(scene, polygon({ 53, 45, 47.6, 53.6, 52, 52, 54, 55, 58, 53 }, c.accent))
  add(scene, box(28, 56, 3, 42, 1.5, { 255, 255, 255, 0.3 }))
  for i = -1, 1 do
    add(scene, blob({ 47 + i * 9, 22, 44 + i * 9, 16, 48 + i * 9, 10, 46 + i * 9, 4, 50 + i * 9, 10,
      46.5 + i * 9, 16 },
      { 255, 255, 255, 0.5 }))
  end
  return scene
end

return scenes
