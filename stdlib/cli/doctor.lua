--- The examinations of `nano-sre doctor`: each looks at one thing that a run needs and says what
--- mends it. An examination gets the session (configuration, pool) and returns findings:
---   { level = "ok"|"warn"|"fail", what = "browser", text = "…", fix = "…"|nil }
--- "fail" means that the monitor can't run at all: the verb ends with 3.

local paths = require "config.paths"
local process = require "cli.process"

local doctor = {}

local function ok(what, text) return { level = "ok", what = what, text = text } end
local function warn(what, text, fix)
  return { level = "warn", what = what, text = text, fix = fix }
end
local function fail(what, text, fix)
  return { level = "fail", what = what, text = text, fix = fix }
end

local INSTALL = "apt-get install -y --no-install-recommends "

--- nano-sre itself and its libraries.
function doctor.libraries()
  local findings = { ok("nano-sre", require("cli.session").version() .. ", " .. sys.env.exe()) }
  local packages = require("cli.libraries").packages()
  -- No Debian: the loader has found what it needs, or we would not run.
  if not packages then return findings end
  local missing = {}
  for _, package in ipairs(packages) do
    if not package.version then missing[#missing + 1] = package end
  end
  findings[#findings + 1] = ok("libraries",
    ("%d of %d are installed; `nano-sre version -v` lists them"):format(
      #packages - #missing, #packages))
  for _, package in ipairs(missing) do
    findings[#findings + 1] = warn("libraries", package.name
      .. " is not installed; without it there is no "
      .. package.without, INSTALL .. package.name)
  end
  return findings
end

local function browser_fix(wanted, code, why)
  if code == "invalid" then return "take it out of browser_args (--browser-arg)" end
  if why:find("No usable sandbox", 1, true) then
    return "sysctl kernel.unprivileged_userns_clone=1   (in a container see docs/ci.md)"
  end
  if wanted.path or wanted.endpoint then return "name another one with --browser" end
  local package = wanted.kind == "chromium" and "chromium" or "chromium-headless-shell"
  if code == "not-found" then return INSTALL .. package end
  return INSTALL .. "--reinstall " .. package
end

--- A browser is there, starts and answers.
function doctor.browser(session)
  local config = session.config
  local wanted = require("cli.jobs").browser_of(config)
  local browser, why, code = sys.cdp.connect(wanted)
  if not browser then return { fail("browser", why, browser_fix(wanted, code, why)) } end
  local answer, problem = browser:call("Browser.getVersion", "{}", nil, 5000)
  if not answer then
    return { fail("browser", "it starts, but does not answer: " .. problem,
      browser_fix(wanted, "exited", problem)) }
  end
  local info = browser:info()
  local where = info.path or info.endpoint or ""
  local started = info.launch_ms and (", started in %.0f ms"):format(info.launch_ms) or ""
  return { ok("browser", ("%s, %s%s"):format(info.product or "Chromium", where, started)) }
end

local INSTALL_FONTS = INSTALL .. "fonts-dejavu-core"

--- Fonts: without any, pages have no text and every screenshot is wrong.
function doctor.fonts()
  local text = process.output { "fc-list", "--format", "%{family[0]}\n" }
  if not text then
    if paths.is("/usr/share/fonts", "dir") and #(sys.files.list "/usr/share/fonts" or {}) > 0 then
      return { ok("fonts", "/usr/share/fonts has some (fc-list is not installed)") }
    end
    return { warn("fonts", "none were found: pages will show boxes for text", INSTALL_FONTS) }
  end
  local families, count, has_emoji = {}, 0, false
  for family in text:gmatch("[^\n]+") do
    if not families[family] then count = count + 1 end
    families[family] = true
    has_emoji = has_emoji or family:find "[Ee]moji" ~= nil
  end
  if count == 0 then
    return { warn("fonts", "there are none: pages will show boxes for text", INSTALL_FONTS) }
  end
  local findings = { ok("fonts", count .. (count == 1 and " family" or " families")) }
  if not has_emoji then
    findings[2] = warn("fonts", "no font has emoji: screenshots show boxes for them",
      INSTALL .. "fonts-noto-color-emoji")
  end
  return findings
end

-- The nearest folder upwards that is there: where a file would be made.
local function existing_folder(path)
  while not paths.is(path, "dir") do path = paths.folder(path) end
  return path
end

-- The file system that a folder is on, and its free megabytes.
local function file_system(folder)
  local text, code = process.output { "df", "-Pk", folder }
  if not text or code ~= 0 then return nil end
  local name, free = text:match("\n(%S+)%s+%d+%s+%d+%s+(%d+)")
  return name, free and tonumber(free) / 1024
end

local LOW_MB, EMPTY_MB = 1024, 50

--- Room for the database, reports and the browser's profile.
function doctor.disk(session)
  local places = {
    { session.config:get "database", "the database" },
    { session.config:get "report_dir", "reports" },
    { sys.env.get "TMPDIR" or "/tmp", "the browser's profile" },
  }
  local systems = {}
  for _, place in ipairs(places) do
    local name, free = file_system(existing_folder(paths.absolute(place[1], session.cwd)))
    if name and not systems[name] then
      systems[name] = { free = free, uses = {} }
      systems[#systems + 1] = systems[name]
    end
    if name then table.insert(systems[name].uses, place[2]) end
  end
  local findings = {}
  for i, system in ipairs(systems) do
    local text = ("%.1f GB free for %s"):format(system.free / 1024, table.concat(system.uses, ", "))
    local judge = system.free < EMPTY_MB and fail or system.free < LOW_MB and warn or ok
    findings[i] = judge("disk", text, "make room there, or choose another place")
  end
  return findings
end

--- The database opens, takes a row and gives it back.
function doctor.database(session)
  local path = session.config:get "database"
  local shown = paths.display(path, session.cwd)
  local folder = paths.folder(path)
  local is_new = not paths.is(path)
  local made, why = sys.files.make_dirs(folder)
  if not made then
    return { fail("database", ("%s: %s"):format(shown, why),
      "make the folder writable, or set SQLITE_DB_PATH") }
  end
  local db, trouble = require("service.db").open(path)
  if db then
    local written
    written, trouble = db:probe()
    db:close()
    if written then trouble = nil end
  end
  if trouble then
    return { fail("database", shown .. ": " .. trouble.message,
      trouble.hint or "mend or move that file, or set SQLITE_DB_PATH") }
  end
  return { ok("database", shown .. (is_new and ", made now" or "") .. ", can be written") }
end

local FIRST_YEAR, MAX_SKEW_MS = 2025, 60000

-- Milliseconds by which this clock differs from the Date header, nil when there is none.
local function skew(headers)
  local date = headers and (headers.date or headers.Date)
  local day, month, year, h, m, s = (type(date) == "table" and date[1] or date or "")
    :match("(%d+) (%a%a%a) (%d+) (%d+):(%d+):(%d+) GMT")
  if not day then return nil end
  local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9,
    Oct = 10,
    Nov = 11, Dec = 12 }
  if not months[month] then return nil end
  local theirs = require("time").parse_iso8601(("%04d-%02d-%02dT%s:%s:%sZ"):format(tonumber(year),
    months[month],
    tonumber(day), h, m, s))
  return theirs and sys.clock.now() - theirs
end

--- The clock is not obviously wrong.
function doctor.time()
  local now = require("time").iso8601()
  if tonumber(now:sub(1, 4)) < FIRST_YEAR then
    return { fail("time", "the clock says " .. now .. ": certificates will be refused",
      "timedatectl set-ntp true") }
  end
  return { ok("time", now) }
end

local function proxies()
  local found = {}
  for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy",
    "ALL_PROXY" } do
    local value = sys.env.get(name)
    if value and value ~= "" then found[#found + 1] = { name = name, value = value } end
  end
  return found
end

local function examine_proxies(findings)
  local types = require "config.types"
  for _, proxy in ipairs(proxies()) do
    local address = proxy.value:find "://" and proxy.value or "http://" .. proxy.value
    local url = sys.codec.url_parse(address)
    if url and url.host and url.host ~= "" then
      findings[#findings + 1] = ok("network", proxy.name .. " sends requests through "
        .. types.public_url(address))
    else
      findings[#findings + 1] = fail("network", proxy.name .. " is not the URL of a proxy",
        "mend or unset it")
    end
  end
end

local function examine_shop(findings, url)
  local shown = require("config.types").public_url(url)
  local response, why, code = sys.http.request { url = url, method = "GET", timeout_ms = 15000,
    max_body = 1024 * 1024 }
  if not response and code ~= "too-large" then
    local fix = "open it in a browser on this machine; if that works, look at proxies and firewalls"
    findings[#findings + 1] = warn("network", ("%s does not answer: %s"):format(shown, why), fix)
    return
  end
  findings[#findings + 1] = ok("network", ("%s answers%s"):format(shown,
    response and " with HTTP " .. tostring(response.status) or ""))
  local off = response and skew(response.headers)
  if off and math.abs(off) > MAX_SKEW_MS then
    findings[#findings + 1] = warn("time",
      ("this clock and the shop's differ by %.0f s"):format(off / 1000),
      "timedatectl set-ntp true")
  end
end

--- Names are resolved, proxies make sense, the shop answers.
function doctor.network(session)
  local findings = {}
  examine_proxies(findings)
  local url = session.config:get "store.url"
  if not url then
    findings[#findings + 1] = warn("network", "no shop is configured, so none was asked",
      "set STORE_URL, store.url in nano-sre.lua, or give --url")
    return findings
  end
  local host = require("url").parse(url).host
  local addresses, why, code = sys.http.resolve(host)
  if addresses then
    findings[#findings + 1] = ok("network",
      ("%s is %s"):format(host, table.concat(addresses, ", ")))
  elseif code == "dns-unreachable" then
    findings[#findings + 1] = fail("network", "names can't be resolved: " .. why,
      "look at /etc/resolv.conf")
    return findings
  elseif #proxies() == 0 then
    findings[#findings + 1] = warn("network", ("there is no host %s: %s"):format(host, why),
      "mend store.url")
    return findings
  end
  examine_shop(findings, url)
  return findings
end

--- The project's file and every skill load.
function doctor.project(session)
  local project, findings = session.config.project, {}
  for _, problem in ipairs(session.config_problems) do
    findings[#findings + 1] = warn("project", problem.message, problem.hint
      or "`nano-sre config` shows the settings")
  end
  local count = 0
  for _, entry in ipairs(require("cli.skills").all(session.config)) do
    local manifest, problem = session:inspect(entry)
    count = count + (manifest and 1 or 0)
    if not manifest then
      findings[#findings + 1] = warn("project", entry.name .. " can't be loaded: "
        .. problem.message,
        "nano-sre validate " .. (entry.origin == "bundled" and entry.name or entry.shown))
    end
  end
  local place = project and paths.display(project.root, session.cwd) or "no project here"
  table.insert(findings, 1,
    ok("project", ("%s, %d skill%s can be run"):format(place, count, count == 1 and "" or "s")))
  return findings
end

--- The examinations in the order in which they are done and shown.
doctor.EXAMINATIONS = { "libraries", "browser", "fonts", "disk", "database", "time", "network",
  "project" }

return doctor
