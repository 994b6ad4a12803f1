local build = require "report.build"
local html = require "report.html"

-- A picture of that size, with noise that does not compress.
local function png(width, height, noise)
  local function chunk(kind, data)
    local function number(n)
      return string.char(math.floor(n / 2 ^ 24) % 256, math.floor(n / 2 ^ 16) % 256,
        math.floor(n / 256) % 256, n % 256)
    end
    return number(#data) .. kind .. data .. number(sys.codec.crc32(kind .. data))
  end
  local head = ("\0\0%s%s\0\0%s%s\8\0\0\0\0"):format(string.char(math.floor(width / 256)),
    string.char(width % 256), string.char(math.floor(height / 256)), string.char(height % 256))
  local rows = {}
  for i = 1, height do
    rows[i] = "\0" .. (noise and sys.random.bytes(width) or ("\128"):rep(width))
  end
  return "\137PNG\r\n\26\n" .. chunk("IHDR", head)
    .. chunk("IDAT", sys.codec.deflate(table.concat(rows))) .. chunk("IEND", "")
end

local function result(fields)
  local made = { skill = "checkout", status = "PASS", summary = "fine", duration_ms = 1000,
    started_at = "2026-01-02T03:04:05.678Z" }
  for key, value in pairs(fields or {}) do made[key] = value end
  return build.normalise(made)
end

local function render(results, fields, options)
  local all = { version = "0.1.0", command = "nano-sre audit", store_url = "https://shop.example",
    results = results, finished_at = "2026-01-02T03:04:12.000Z", duration_ms = 6400,
    planned = #results, exit_code = 0 }
  for key, value in pairs(fields or {}) do all[key] = value end
  return html.render(build.report(all), options)
end

-- What a reader sees of it.
local function text_of(page)
  local text = page:gsub("^.-</head>", ""):gsub("<script>.-</script>", ""):gsub("<[^>]*>", " ")
  text = text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&#39;", "'")
  return (text:gsub("&amp;", "&"):gsub("%s+", " "))
end

local function failed(screenshots)
  return result { skill = "b", status = "FAIL", summary = "no", screenshots = screenshots,
    steps = { { name = "a", status = "FAIL", duration_ms = 1, error = { message = "no" } } } }
end

describe("pictures", function()
  local dir
  before_each(function() dir = sys.files.temp_dir "nano-html" end)
  after_each(function() sys.files.remove(dir, { recursive = true }) end)

  local function shots(count, bytes)
    local list = {}
    for i = 1, count do
      local path = ("%s/%d.png"):format(dir, i)
      sys.files.write(path, bytes)
      list[i] = { path = path, step = "step " .. i, kind = "shot" }
    end
    return list
  end

  local function count_of(page) return select(2, page:gsub("data:image/png;base64,", "")) end

  it("stand in the file, once each", function()
    local list = shots(2, png(30, 20))
    list[3] = { path = list[1].path, kind = "failure", step = "again" }
    local page = render { failed(list) }
    expect(count_of(page)):is(2)
    expect(page):contains(sys.codec.base64(png(30, 20)))
    expect(page):contains 'height="20"'
    expect(page):contains "What the shopper saw at “again”"
  end)

  it("are made smaller when they are huge", function()
    local list = shots(1, png(1600, 1700, true))
    expect(sys.files.stat(list[1].path).size > 2.5e6):is(true)
    local page = render { result { screenshots = list } }
    expect(count_of(page)):is(1)
    expect(#page < 2e6):is(true)
    expect(page):contains 'width="1600"' -- of the file, for the boxes of change
  end)

  it("are bounded in number", function()
    local page = render { result { screenshots = shots(70, png(10, 10)) } }
    expect(count_of(page)):is(60)
    expect(page):contains "left out, to keep this report small"
  end)

  it("of what failed come first", function()
    local page = render { result { skill = "a", screenshots = shots(60, png(10, 10)) },
      failed { { path = dir .. "/1.png", kind = "failure", step = "x" } } }
    expect(page:match('id="skill%-2".*')):contains "data:image/png"
  end)

  it("that are none, or gone, are said to be so", function()
    sys.files.write(dir .. "/a.png", "root:x:0:0")
    sys.files.write(dir .. "/b.png", png(400, 400, true):sub(1, 3000))
    local text = text_of(render { result { screenshots = { { path = dir .. "/a.png", step = "a" },
      { path = dir .. "/none.png", step = "b" } } } })
    expect(text):contains "this is no picture a"
    expect(text):contains "the picture is not there any more b"
  end)

  it("are found where the report was moved to", function()
    shots(1, png(10, 10))
    local page = render({ result { screenshots = { { path = "/gone/1.png" } } } }, nil,
      { find = function(path) return (path:gsub("^/gone", dir)) end })
    expect(count_of(page)):is(1)
  end)

  it("show before, after, difference and boxes of change", function()
    shots(3, png(100, 200))
    local page = render { result { status = "WARN", details = { visual = { { page = "product",
      device = "iPhone", ratio = 0.0432, baseline = dir .. "/1.png", current = dir .. "/2.png",
      diff = dir .. "/3.png", boxes = { { x = 10, y = 20, width = 50, height = 100 } },
      elements = { { element = "button", change = "moved", before = { x = 1, y = 2, width = 3,
        height = 4 }, after = { x = 1, y = 9, width = 3, height = 4 } } } } } } } }
    expect(count_of(page)):is(3)
    expect(page):contains "left:10%;top:10%;width:50%;height:50%"
    expect(text_of(page)):contains "product, iPhone 4.3 % of the picture changed"
    expect(text_of(page)):contains "button: moved: 1, 2 (3 × 4) → 1, 9 (3 × 4)"
  end)
end)
