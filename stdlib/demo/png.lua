--- Writes PNG files: 8-bit RGB, row filter "Sub", one IDAT chunk. Used by demo/images.lua.

local codec = sys.codec

local png = {}

local function big_endian(n)
  return string.char(bit.band(bit.rshift(n, 24), 255), bit.band(bit.rshift(n, 16), 255),
    bit.band(bit.rshift(n, 8), 255), bit.band(n, 255))
end

local function chunk(kind, data)
  local body = kind .. data
  return big_endian(#data) .. body .. big_endian(codec.crc32(body))
end

-- The three bytes of a filtered pixel, made once for each colour.
local triples = setmetatable({}, { __mode = "v" })

local function triple(r, g, b)
  local key = r * 65536 + g * 256 + b
  local text = triples[key]
  if not text then
    text = string.char(r, g, b)
    triples[key] = text
  end
  return text
end

-- One row with its filter byte. Runs of one colour, which are most of a drawing, cost one piece
-- each.
local function filter_row(red, green, blue, width, pieces)
  pieces[1] = "\1"
  local n, x = 1, 0
  local pr, pg, pb = 0, 0, 0
  while x < width do
    local r, g, b = red[x], green[x], blue[x]
    n = n + 1
    pieces[n] = triple((r - pr) % 256, (g - pg) % 256, (b - pb) % 256)
    local from = x + 1
    x = from
    while x < width and red[x] == r and green[x] == g and blue[x] == b do x = x + 1 end
    if x > from then
      n = n + 1
      pieces[n] = ("\0"):rep(3 * (x - from))
    end
    pr, pg, pb = r, g, b
  end
  return table.concat(pieces, "", 1, n)
end

--- Encodes a picture row by row.
---@param width number   pixels
---@param height number  pixels
---@param draw fun(y: number, red: number[], green: number[], blue: number[]) fills the three
--- arrays, from index 0,
---with whole numbers from 0 to 255 for row y
---@return string file
function png.encode(width, height, draw)
  local red, green, blue, rows, pieces = {}, {}, {}, {}, {}
  for y = 0, height - 1 do
    draw(y, red, green, blue)
    rows[y + 1] = filter_row(red, green, blue, width, pieces)
  end
  local header = big_endian(width) .. big_endian(height) .. "\8\2\0\0\0" -- 8 bit, RGB
  return "\137PNG\r\n\26\n" .. chunk("IHDR", header)
    .. chunk("IDAT", codec.deflate(table.concat(rows), 6))
    .. chunk("IEND", "")
end

return png
