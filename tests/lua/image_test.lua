-- sys.image against a plain Lua model of the same published algorithm, and its behaviour with bad
-- input.

local function paeth(a, b, c)
  local pa, pb, pc = math.abs(b - c), math.abs(a - c), math.abs(a + b - 2 * c)
  if pa <= pb and pa <= pc then return a end
  return pb <= pc and b or c
end

-- What PNG's filters take off a byte: a is to the left, b above, c above to the left.
local FILTERS = { [0] = function() return 0 end, function(a) return a end,
  function(_, b) return b end, function(a, b) return math.floor((a + b) / 2) end, paeth }

local function filtered(rows, filter, channels)
  local out, above = {}, ("\0"):rep(#rows[1])
  for y, row in ipairs(rows) do
    local bytes = { string.char(filter) }
    for i = 1, #row do
      local a = i > channels and row:byte(i - channels) or 0
      local c = i > channels and above:byte(i - channels) or 0
      bytes[i + 1] = string.char((row:byte(i) - FILTERS[filter](a, above:byte(i), c)) % 256)
    end
    out[y], above = table.concat(bytes), row
  end
  return table.concat(out)
end

-- A PNG of the bytes that pixel() gives (RGBA, or RGB), packed by zlib; only what these tests need.
local function png(width, height, pixel, filter, extra)
  local rows = {}
  for y = 0, height - 1 do
    local row = {}
    for x = 0, width - 1 do row[#row + 1] = string.char(pixel(x, y)) end
    rows[#rows + 1] = table.concat(row)
  end
  local channels = #rows[1] / width
  local function u32(n)
    return string.char(bit.band(bit.rshift(n, 24), 255), bit.band(bit.rshift(n, 16), 255),
      bit.band(bit.rshift(n, 8), 255),
      bit.band(n, 255))
  end
  local function chunk(kind, data)
    return u32(#data) .. kind .. data .. u32(sys.codec.crc32(kind .. data))
  end
  return "\137PNG\r\n\26\n" .. chunk("IHDR", u32(width) .. u32(height)
    .. (channels == 4 and "\8\6\0\0\0" or "\8\2\0\0\0")) .. (extra and chunk(unpack(extra)) or "")
    .. chunk("IDAT", sys.codec.deflate(filtered(rows, filter or 0, channels))) .. chunk("IEND", "")
end

local function decode(...) return assert(sys.image.decode(png(...))) end
local function plain(r, g, b) return function() return r, g, b, 255 end end

describe("sys.image", function()
  it("decodes what it encodes", function()
    local source = decode(7, 5, function(x, y) return x * 30, y * 40, 9, 255 - x end)
    local again = assert(sys.image.decode(source:encode(1)))
    local diff = sys.image.diff(source, again, { threshold = 0 })
    expect(diff.different):is(0)
    expect(diff.compared):is(35)
  end)

  it("reads all of PNG's filters, with transparency and without", function()
    math.randomseed(7)
    local noise = {}
    local function random(x, y, k)
      local at = (y * 40 + x) * 4 + k
      noise[at] = noise[at] or math.random(0, 255)
      return noise[at]
    end
    local function rgb(x, y) return random(x, y, 0), random(x, y, 1), random(x, y, 2) end
    local function rgba(x, y)
      return random(x, y, 0), random(x, y, 1), random(x, y, 2), random(x, y, 3)
    end
    local function solid(x, y) return random(x, y, 0), random(x, y, 1), random(x, y, 2), 255 end
    for _, case in ipairs { { rgb, solid }, { rgba, rgba } } do
      local plain_one = decode(40, 12, case[2])
      for filter = 0, 4 do
        local diff = sys.image.diff(plain_one, decode(40, 12, case[1], filter), { threshold = 0 })
        expect(diff.different, "filter " .. filter):is(0)
        expect(diff.antialiased):is(0)
      end
    end
  end)

  it("reads what is of a rarer kind: a colour that stands for nothing", function()
    local function rgb(x) if x == 1 then return 9, 9, 9 end return 200, 0, 0 end
    local holes = decode(3, 1, rgb, 0, { "tRNS", "\0\9\0\9\0\9" })
    local same = decode(3, 1, function(x)
      if x == 1 then return 9, 9, 9, 0 end
      return 200, 0, 0, 255
    end)
    expect(sys.image.diff(holes, same, { threshold = 0 }).different):is(0)
    local filled = decode(3, 1, rgb)
    expect(sys.image.diff(holes, filled, { threshold = 0 }).different):is(1)
  end)

  it("refuses what is not a PNG, with a reason", function()
    for _, bytes in ipairs { "", "GIF89a", png(3, 3, plain(1, 2, 3)):sub(1, 50),
      (png(3, 3, plain(1, 2, 3)):gsub("IDAT", "XDAT")),
      (png(3, 3, plain(1, 2, 3)):gsub("IDAT.", "IDAT\1")) } do
      local picture, text, code = sys.image.decode(bytes)
      expect(picture):is(nil)
      expect(code):is("corrupt")
      expect(text):matches("not a PNG")
    end
  end)

  it("finds a changed area as one box", function()
    local before = decode(100, 80, plain(255, 255, 255))
    local after = decode(100, 80, function(x, y)
      if x >= 10 and x < 40 and y >= 20 and y < 30 then return 200, 0, 0, 255 end
      if x == 90 and y == 70 then return 0, 0, 0, 255 end
      return 255, 255, 255, 255
    end)
    local diff = sys.image.diff(before, after, { draw = true })
    expect(diff.different):is(301)
    expect(#diff.boxes):is(2)
    expect(diff.boxes[1]):same { x = 10, y = 20, width = 30, height = 10 }
    expect(diff.boxes[2]):same { x = 90, y = 70, width = 1, height = 1 }
    expect({ diff.picture:size() }):same { 100, 80 }
  end)

  it("leaves masks out of the count", function()
    local before, after = decode(20, 20, plain(0, 0, 0)), decode(20, 20, plain(255, 255, 255))
    local diff = sys.image.diff(before, after,
      { masks = { { x = 0, y = 0, width = 20, height = 15 },
      { x = -5, y = 10, width = 10, height = 8 } } })
    expect(diff.compared):is(400 - 300 - 15)
    expect(diff.different):is(diff.compared)
  end)

  it("counts the area that only one picture has", function()
    local diff = sys.image.diff(decode(10, 10, plain(1, 1, 1)), decode(10, 14, plain(1, 1, 1)))
    expect(diff.different):is(40)
    expect(diff.boxes[1]):same { x = 0, y = 10, width = 10, height = 4 }
  end)

  it("does not count a smoothed edge that moved by less than a pixel", function()
    local function edge(shade)
      return function(x)
        local v = x < 8 and 0 or x > 8 and 255 or shade
        return v, v, v, 255
      end
    end
    local before, after = decode(17, 17, edge(90)), decode(17, 17, edge(200))
    local diff = sys.image.diff(before, after)
    expect(diff.different):is(0)
    expect(diff.antialiased):is(17)
    expect(sys.image.diff(before, after, { count_antialiased = true }).different):is(17)
  end)

  it("agrees with a plain model of the algorithm on random pictures", function()
    local function luma(p) return p[1] * 0.29889531 + p[2] * 0.58662247 + p[3] * 0.11448223 end
    local function distance(a, b)
      local d = { a[1] - b[1], a[2] - b[2], a[3] - b[3] }
      local y = luma(d)
      local i = d[1] * 0.59597799 - d[2] * 0.27417610 - d[3] * 0.32180189
      local q = d[1] * 0.21147017 - d[2] * 0.52261711 + d[3] * 0.31114694
      return 0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q
    end
    local W, H = 24, 18
    local function same(a, b) return a[1] == b[1] and a[2] == b[2] and a[3] == b[3] end
    local function each_neighbour(x, y, fn)
      for nx = math.max(0, x - 1), math.min(W - 1, x + 1) do
        for ny = math.max(0, y - 1), math.min(H - 1, y + 1) do
          if nx ~= x or ny ~= y then fn(nx, ny) end
        end
      end
    end
    local function at_edge(x, y)
      return (x == 0 or y == 0 or x == W - 1 or y == H - 1) and 1 or 0
    end
    local function siblings(g, x, y)
      local n = at_edge(x, y)
      each_neighbour(x, y, function(nx, ny) if same(g[ny][nx], g[y][x]) then n = n + 1 end end)
      return n > 2
    end
    local function antialiased(g, other, x, y)
      local zero, low, high, lp, hp = at_edge(x, y), 0, 0, nil, nil
      each_neighbour(x, y, function(nx, ny)
        local p, o = g[y][x], g[ny][nx]
        local d = luma { p[1] - o[1], p[2] - o[2], p[3] - o[3] }
        if d == 0 then zero = zero + 1
        elseif d < low then low, lp = d, { nx, ny }
        elseif d > high then high, hp = d, { nx, ny } end
      end)
      if zero > 2 or not lp or not hp then return false end
      return siblings(g, lp[1], lp[2]) and siblings(other, lp[1], lp[2])
        or siblings(g, hp[1], hp[2]) and siblings(other, hp[1], hp[2])
    end
    for round = 1, 12 do
      local function random_grid(base)
        local g = {}
        for y = 0, H - 1 do
          g[y] = {}
          for x = 0, W - 1 do
            local from = base and sys.random.number() < 0.8 and base[y][x]
            local v = math.floor(sys.random.number() * 4) * 80
            g[y][x] = from or { v, round % 2 == 0 and v
              or math.floor(sys.random.number() * 3) * 120, v }
          end
        end
        return g
      end
      local a = random_grid()
      local b = random_grid(a)
      local want, want_aa = 0, 0
      for y = 0, H - 1 do
        for x = 0, W - 1 do
          if distance(a[y][x], b[y][x]) > 35215 * 0.01 then
            if antialiased(a, b, x, y) or antialiased(b, a, x,
              y) then want_aa = want_aa + 1 else want = want + 1 end
          end
        end
      end
      local function picture(g) return decode(W, H, function(x, y) local p = g[y][x] return p[1],
        p[2], p[3], 255 end) end
      local diff = sys.image.diff(picture(a), picture(b))
      expect(diff.different):is(want)
      expect(diff.antialiased):is(want_aa)
    end
  end)

  it("crops, scales down, fills and blurs", function()
    local source = decode(40, 20, function(x) return x < 20 and 0 or 255, 0, 0, 255 end)
    expect({ source:crop({ x = 30, y = 5, width = 50, height = 5 }):size() }):same { 10, 5 }
    expect({ source:downscale(10):size() }):same { 10, 5 }
    local nothing, _, code = source:crop { x = 50, y = 0, width = 5, height = 5 }
    expect(nothing):is(nil)
    expect(code):is("invalid")
    local blurred = assert(sys.image.decode(source:encode(1)))
    blurred:blur({ x = 10, y = 0, width = 20, height = 20 }, 4)
    expect(sys.image.diff(source, blurred, { count_antialiased = true }).different > 50):is(true)
    blurred:fill({ x = 0, y = 0, width = 40, height = 20 }, 0xffffffff)
    expect(sys.image.diff(blurred, decode(40, 20, plain(255, 255, 255))).different):is(0)
  end)

  it("does not let a picture be changed while it is compared, nor used after free", function()
    local a, b = decode(600, 600, plain(0, 0, 0)), decode(600, 600, plain(9, 9, 9))
    local task = sys.task.spawn(sys.image.diff, a, b)
    local watcher = sys.task.spawn(function() return pcall(a.fill, a, { x = 0, y = 0, width = 1,
      height = 1 }) end)
    local _, ok, why = watcher:join()
    expect(ok):is(false)
    expect(why):matches("while it is compared")
    expect(task:join()):is(true)
    a:free()
    expect(function() a:size() end):raises("freed")
  end)

  it("drops the result of a cancelled comparison", function()
    local a, b = decode(500, 500, plain(0, 0, 0)), decode(500, 500, plain(255, 0, 0))
    local task = sys.task.spawn(sys.image.diff, a, b, { draw = true })
    sys.task.spawn(function() task:kill("not wanted") end):join()
    local ok, _, code = task:join()
    expect(ok):is(nil)
    expect(code):is("killed")
    expect(sys.image.diff(a, a).different):is(0)
  end)
end)
