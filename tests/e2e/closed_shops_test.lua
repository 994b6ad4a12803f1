-- Shops that nobody can enter: what each storefront skill says of them, that it says what to do,
-- and the command's exit code. The shop has failed, never the script or the monitor.

local lib = assert(sys.load_trusted(sys.files.read("tests/e2e/lib.lua"), "tests/e2e/lib.lua"))()
local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local SKILLS = { "checkout", "headless_probe", "shopify_doctor" }
local HTML = "<!doctype html><title>x</title>"

local function redirect(to) return { status = 302, headers = { location = to } } end

local function tls_site(folder)
  local made = assert(sys.server.self_signed { "shop.example" })
  local cert, key = folder:write("cert.pem", made.cert), folder:write("key.pem", made.key)
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0, tls_cert = cert,
    tls_key = key })
  return { url = "https://127.0.0.1:" .. server:port(), close = function() server:close() end }
end

local SHOPS = {
  ["that is down"] = { words = "the connection was refused: no web server listens there",
    open = function()
      local site = web.site {}
      site:close()
      return { url = site.url, close = function() end }
    end },
  ["whose domain is gone"] = { words = "there is no host no-such-shop.invalid in DNS",
    open = function() return { url = "http://no-such-shop.invalid", close = function() end } end },
  ["with a wrong certificate"] = { words = "its TLS certificate was not issued by an authority",
    open = tls_site },
  ["that redirects in circles"] = { words = "it redirects without end",
    open = function() return web.site { ["/"] = redirect "/b", ["/b"] = redirect "/" } end },
  ["behind a password"] = { words = "visitors see the password page, the shop is closed to them",
    open = function()
      return web.site { ["/"] = redirect "/password", ["/password"] = HTML .. "<h1>Soon</h1>" }
    end },
  ["that sends a file"] = { words = "home page is a download (application/octet-stream)",
    open = function()
      return web.site { ["/"] = { headers = { ["content-type"] = "application/octet-stream" },
        body = ("\1\2\3\255"):rep(2000) } }
    end },
  ["that answers with an error"] = { words = "home page answered 500",
    open = function()
      local trouble = { status = 500, body = HTML .. "<h1>Trouble</h1>" }
      return web.site { ["/"] = trouble, ["/collections/all"] = trouble, ["/cart"] = trouble }
    end },
  ["that has nothing to sell"] = { words = "neither the home page nor /collections/all links to",
    heard = true, open = function()
      local page = HTML .. "<h1>Hello</h1>"
      return web.site { ["/"] = page, ["/collections/all"] = page, ["/cart"] = page }
    end },
}

describe("a shop", function()
  local folder, shop
  before_each(function() folder = lib.folder() end)
  after_each(function()
    shop:close()
    folder:remove()
  end)

  for name, case in pairs(SHOPS) do
    it(name .. " is told of in one sentence", function()
      shop = case.open(folder)
      local results, ended = folder:report { "run", "--url", shop.url, "--jobs", "2",
        "pixel_auditor", unpack(SKILLS) }
      expect(ended.code):is(1)
      for _, skill in ipairs(SKILLS) do
        local result = results[skill]
        expect(skill .. " " .. result.status):is(skill .. " FAIL")
        expect(result.summary):contains(case.words)
        expect(result.failure.hint, "what to do, by " .. skill):is_not(nil)
      end
      local pixels = results.pixel_auditor
      expect(pixels.status):is("SKIP")
      expect(pixels.summary):contains(case.words):contains(case.heard
        and "only for a part of the sale" or "no pixel could be heard")
    end)
  end
end)
