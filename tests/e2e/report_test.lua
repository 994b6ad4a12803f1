--- The HTML report of a real run in a real browser: it opens from the disk, its own script works
--- under its policy, and nothing that a shop said does.

local json = require "json"
local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()

local CHROMIUM = "/usr/bin/chromium-headless-shell"
local HOSTILE = '</script></style><script>document.title="owned"</script>'
  .. '<img id="owned" src="x" onerror="document.title=1">'

local folder
before_each(function() folder = lib.folder() end)
after_each(function() folder:remove() end)

-- The page as it is after its scripts ran.
local function dom_of(path)
  local process = assert(sys.process.spawn { argv = { CHROMIUM, "--no-sandbox", "--dump-dom",
    "--user-data-dir=" .. folder.path .. "/profile", "file://" .. path },
    env = { HOME = folder.path, PATH = sys.env.get "PATH" }, stdin = "null", stdout = "pipe",
    stderr = "null" })
  local parts = {}
  repeat
    local chunk = assert(process:read("stdout", 60000))
    parts[#parts + 1] = chunk
  until chunk == ""
  process:wait(60000)
  return table.concat(parts)
end

it("names the HTML report last; it opens with everything inside", function()
  local ended = folder:run { "demo", "--check", "--fault", "cart_500", "--report-dir", "out" }
  expect(ended.code):is(1)
  local name = ended.stdout:match "\nreport: (%S+)\n$"
  expect(name):matches "^out/[%d-]+/report%.html$"
  local dom = dom_of(folder.path .. "/" .. name)
  expect(dom):contains "data:image/png;base64,"
  expect(dom):contains "What the shopper saw at “add to cart”"
  expect(dom):contains "Requests of this step"
  expect(dom):matches "class=\"bar\" style=\"left:%d"
  local report = json.decode(folder:read(name:gsub("html$", "json")))
  local steps, requests = report.results[1].steps, report.results[1].evidence[1].requests
  expect(steps[2].start_ms >= steps[1].start_ms + steps[1].duration_ms):is(true)
  local of_step = 0
  for _, request in ipairs(requests) do
    if request.start_ms >= steps[#steps].start_ms then of_step = of_step + 1 end
  end
  expect(of_step >= 1 and of_step < #requests):is(true)
end)

it("runs its own script and none of a shop's", function()
  local shot = folder:write("a.png", sys.codec.unbase64(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    .. "gg=="))
  folder:write("b.png", folder:read "a.png")
  folder:write("r.json", json.encode {
    format = "nano-sre/report", version = 1, store_name = HOSTILE,
    results = { {
      skill = HOSTILE, status = "WARN", summary = HOSTILE, notes = { HOSTILE },
      details = { [HOSTILE] = HOSTILE, visual = { { page = HOSTILE, ratio = 0.5, baseline = shot,
        current = folder.path .. "/b.png" } } },
    } },
  })
  expect(folder:run({ "report", "show", "r.json", "--html" }).stdout):is "r.html\n"
  local dom = dom_of(folder.path .. "/r.html")
  expect(dom):contains '<figure class="slider">'
  expect(dom):matches "<title>WARN: &lt;/script&gt;"
  expect(dom:find('<img id="owned"', 1, true)):is(nil)
end)
