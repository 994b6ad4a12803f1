local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()
local pages = require "browser.page"

describe("emulation", function()
  local site, page, context
  before_each(function()
    site = web.site { ["/"] = "<h1>Home</h1>", ["/set"] = { body = "<h1>Set</h1>",
      headers = { ["set-cookie"] = "cart=abc; HttpOnly; Path=/" } } }
    page, context = web.page(site)
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  local function sent(path, name)
    for i = #site.seen, 1, -1 do
      if site.seen[i].path == path then return site.seen[i].headers[name] end
    end
  end

  it("locale and timezone", function()
    local german = pages.open(context, { locale = "de-DE", timezone = "Asia/Tokyo" })
    german:goto("/")
    expect(german:eval("(1234.5).toLocaleString() + ' ' + navigator.language")):is("1.234,5 de-DE")
    expect(german:eval("Intl.DateTimeFormat().resolvedOptions().timeZone")):is("Asia/Tokyo")
    expect(sent("/", "accept-language")):matches("^de%-DE,de")
    expect(german:eval("navigator.userAgent")):contains("iPhone")
    expect(web.fault("usage", page.emulate, page, { timezone = "Mars/Olympus" }).hint)
      :contains("Europe/Berlin")
    web.fault("usage", page.emulate, page, { locale = "?" })
  end)

  it("geolocation, which the page is allowed to ask for", function()
    page:emulate { geolocation = { latitude = 52.5, longitude = 13.4 } }
    page:goto("/")
    expect(page:eval([[() => new Promise((ok, fail) => navigator.geolocation.getCurrentPosition(
      at => ok([at.coords.latitude, at.coords.longitude]), fail))]])):same { 52.5, 13.4 }
    web.fault("usage", page.emulate, page, { geolocation = { latitude = 100, longitude = 0 } })
  end)

  it("offline, and back; a slow network is told to the page", function()
    page:goto("/")
    page:emulate { offline = true }
    expect(page:eval("navigator.onLine")):is(false)
    expect(page:eval("fetch('/').then(() => 'answer', () => 'none')")):is("none")
    page:emulate { offline = false, network = "Slow 4G", cpu = "Mid-tier phone" }
    -- The added latency is a bound from below, whatever this machine does.
    expect(page:eval([[async () => {
      const begin = performance.now();
      await (await fetch('/')).text();
      return performance.now() - begin;
    }]])):above(500)
    page:emulate { network = false, cpu = false }
    expect(web.fault("usage", page.emulate, page, { network = "slow 4g" }).hint)
      :contains("Slow 4G")
    web.fault("usage", pages.open, context, { netwrok = "Slow 4G" })
  end)

  it("headers, reduced motion and colour scheme", function()
    page:emulate { headers = { ["X-Probe"] = "yes" }, reduced_motion = true }
    page:emulate { color_scheme = "dark" }
    page:goto("/")
    expect(sent("/", "x-probe")):is("yes")
    expect(page:eval("['reduced-motion: reduce', 'color-scheme: dark'].map(q => "
      .. "matchMedia(`(prefers-${q})`).matches)")):same { true, true }
  end)

  it("cookies of the context", function()
    page:goto("/set")
    local found = page:cookies("cart")
    expect(#found):is(1)
    expect({ found[1].value, found[1].http_only, found[1].domain }):same { "abc", true,
      "127.0.0.1" }
    page:set_cookie { name = "consent", value = "no" }
    page:goto("/")
    expect(sent("/", "cookie")):contains("consent=no")
    page:clear_cookies()
    expect(page:cookies()):same {}
    web.fault("usage", page.set_cookie, page, { name = "x" })
    web.fault("usage", page.set_cookie, page, { name = "x", value = "y", same_site = "lax" })
  end)

  it("storage of the page's origin", function()
    page:goto("/")
    page:set_storage { seen = "1", count = 2 }
    page:set_storage({ tab = "a" }, "session")
    expect(page:storage()):same { seen = "1", count = "2" }
    expect(page:storage("session")):same { tab = "a" }
    expect(page:eval("localStorage.seen")):is("1")
    page:set_storage { seen = false }
    expect(page:storage()):same { count = "2" }
    web.fault("usage", page.storage, page, "cookies")
  end)
end)
