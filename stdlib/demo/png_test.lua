local png = require "demo.png"
local codec = sys.codec

local function number(text)
  return ((text:byte(1) * 256 + text:byte(2)) * 256 + text:byte(3)) * 256 + text:byte(4)
end

-- A reader of its own, after the PNG specification: pixels as rows of { r, g, b }, or an error.
local function decode(file)
  assert(file:sub(1, 8) == "\137PNG\r\n\26\n", "signature")
  local at, data, width, height, ended = 9, {}, nil, nil, false
  while at <= #file do
    local length, kind = number(file:sub(at, at + 3)), file:sub(at + 4, at + 7)
    local content = file:sub(at + 8, at + 7 + length)
    assert(codec.crc32(kind .. content) == number(file:sub(at + 8 + length, at + 11 + length)),
      "checksum of " .. kind)
    if kind == "IHDR" then
      width, height = number(content), number(content:sub(5))
      assert(content:sub(9) == "\8\2\0\0\0", "8-bit RGB")
    elseif kind == "IDAT" then
      data[#data + 1] = content
    elseif kind == "IEND" then
      ended = true
    end
    at = at + 12 + length
  end
  assert(ended and at == #file + 1, "IEND at the end")
  local raw = assert(codec.gunzip(table.concat(data)))
  assert(#raw == height * (1 + 3 * width), "size of the pixel data")
  local rows = {}
  for y = 0, height - 1 do
    local start = y * (1 + 3 * width) + 1
    assert(raw:byte(start) == 1, "filter Sub")
    local row, left = {}, { 0, 0, 0 }
    for x = 0, width - 1 do
      local r, g, b = raw:byte(start + 1 + 3 * x, start + 3 + 3 * x)
      left = { (left[1] + r) % 256, (left[2] + g) % 256, (left[3] + b) % 256 }
      row[x + 1] = left
    end
    rows[y + 1] = row
  end
  return rows, width, height
end

describe("demo.png", function()
  it("writes files that read back pixel for pixel", function()
    local wanted, seed = {}, 7
    local file = png.encode(13, 9, function(y, red, green, blue)
      wanted[y + 1] = {}
      for x = 0, 12 do
        seed = (seed * 1103515245 + 12345) % 2147483648
        local value = x > 3 and x < 9 and 17 or math.floor(seed / 65536) % 256 -- runs and noise
        red[x], green[x], blue[x] = value, (value + y) % 256, 255 - value
        wanted[y + 1][x + 1] = { red[x], green[x], blue[x] }
      end
    end)
    local rows, width, height = decode(file)
    expect(width):is(13)
    expect(height):is(9)
    expect(rows):same(wanted)
  end)
end)

describe("demo.paint", function()
  local paint = require "demo.paint"

  local function draw(shape)
    local scene = { width = 10, background = { 0, 0, 0 }, shape }
    return decode(paint.render(scene, 10, 10))
  end

  it("covers pixels by how much of them a shape covers", function()
    local rows = draw(paint.polygon({ 2, 2, 6.5, 2, 6.5, 5.25, 2, 5.25 }, { 200, 100, 40 }))
    expect(rows[3][3]):same { 200, 100, 40 }
    expect(rows[3][2]):same { 0, 0, 0 }
    expect(rows[3][7]):same { 100, 50, 20 } -- half
    expect(rows[6][4]):same { 50, 25, 10 } -- a quarter
    expect(rows[7][4]):same { 0, 0, 0 }
  end)

  it("gives a slanted edge its exact area", function()
    local rows = draw(paint.polygon({ 0, 0, 10, 0, 0, 10 }, { 200, 200, 200 }))
    expect(rows[1][1][1]):is(200)
    expect(rows[1][10][1]):is(100)
    expect(rows[5][6][1]):is(100)
    expect(rows[5][7][1]):is(0)
  end)

  it("cuts off what is outside and blends what is transparent", function()
    local rows = draw(paint.polygon({ -5, -5, 20, -5, 20, 3, -5, 3 }, { 100, 0, 0, 0.5 }))
    expect(rows[1][1][1]):is(50)
    expect(rows[3][10][1]):is(50)
    expect(rows[4][5][1]):is(0)
  end)

  it("draws a circle of the right area", function()
    local rows, sum = draw(paint.ellipse(5, 5, 4, 4, { 255, 255, 255 })), 0
    for _, row in ipairs(rows) do
      for _, pixel in ipairs(row) do sum = sum + pixel[1] / 255 end
    end
    expect(math.abs(sum - math.pi * 16) < 0.3):is(true)
  end)
end)

describe("demo.images", function()
  local images = require "demo.images"

  it("are real, of the size that they say, and kept", function()
    for _, name in ipairs { "favicon", "alpenglow-snowboard", "spindrift-shell-jacket-ember" } do
      local file = images.file(name, 165)
      local _, width, height = decode(file)
      expect(width):is(name == "favicon" and 48 or 165)
      expect(height):is(width)
      expect(images.file(name, 100) == file):is(true) -- the next size up is the same one
    end
    expect(images.file("no-such-thing", 165)):is(nil)
  end)

  it("show every picture of the catalogue", function()
    for _, product in ipairs(require("demo.catalog").products()) do
      for _, picture in ipairs(product.images) do
        local width, height = images.size(picture.name)
        expect(width):is(picture.width)
        expect(height):is(picture.height)
      end
    end
  end)
end)
