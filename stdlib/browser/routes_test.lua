local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local HOME = [[<script src="/app.js"></script><img src="/pixel.png"><h1>Home</h1>]]

local function script(text)
  return { body = text, headers = { ["content-type"] = "text/javascript" } }
end

describe("routes", function()
  local site, page, context
  before_each(function()
    site = web.site {
      ["/"] = HOME, ["/app.js"] = script "window.app = 'real'", ["/pixel.png"] = { body = "x" },
      ["/api"] = function(request) return { body = request.headers["x-extra"] or "none" } end,
      ["/private"] = function(request)
        if request.headers.authorization == "Basic " .. sys.codec.base64 "ann:secret" then
          return "<h1>Inside</h1>"
        end
        return { status = 401, body = "no", headers = { ["www-authenticate"] = 'Basic realm="x"' } }
      end,
    }
    page, context = web.page(site)
  end)
  after_each(function()
    web.finish(context)
    site:close()
  end)

  local function asked(path)
    for _, one in ipairs(site:paths()) do
      if one == "GET " .. path then return true end
    end
    return false
  end

  it("block requests", function()
    page:route("/app.js", { abort = true })
    page:goto("/")
    expect(page:eval("typeof app")):is("undefined")
    expect(asked("/app.js")):is(false)
    local failed = page:wait_for_event("requestfailed")
    expect(failed.url):is(site.url .. "/app.js")
    expect(failed.failure):is("blocked: inspector")
  end)

  it("answer requests, the newest rule first, until they are taken away", function()
    page:route("**/*.js", { abort = true })
    page:route("/app.js", { body = "window.app = 'ours'",
      headers = { ["Content-Type"] = "text/javascript" } })
    page:goto("/")
    expect(page:eval("app")):is("ours")
    page:route("/api", { status = 503, body = { errors = { "busy" } } })
    expect(page:eval("fetch('/api').then(async r => [r.status, (await r.json()).errors[0]])"))
      :same { 503, "busy" }
    page:unroute("/app.js")
    page:unroute("**/*.js")
    page:goto("/")
    expect(page:eval("app")):is("real")
    page:unroute()
    expect(page:eval("fetch('/api').then(r => r.status)")):is(200)
  end)

  it("alter requests", function()
    page:route("/api*", { headers = { ["X-Extra"] = "added" } })
    page:goto("/")
    expect(page:eval("fetch('/api?a=1').then(r => r.text())")):contains("added")
  end)

  it("let a function of the script decide", function()
    local seen
    page:route("/api", function(request)
      seen = request
      if request.method == "POST" then return { body = "posted " .. request.post_data } end
    end)
    page:goto("/")
    expect(page:eval("fetch('/api', {method: 'POST', body: 'a=1'}).then(r => r.text())"))
      :is("posted a=1")
    expect(seen.type):is("xhr")
    expect(page:eval("fetch('/api').then(r => r.text())")):contains("none")
  end)

  it("refuse what cannot be done", function()
    web.fault("usage", page.route, page, "/x", { staus = 503 })
    web.fault("usage", page.route, page, "/x", { status = 9 })
    web.fault("usage", page.route, page, "/x")
    web.fault("usage", page.route, page, nil, { abort = true })
  end)

  it("give a server its password", function()
    local raised = web.fault("failure", page.goto, page, "/private")
    expect(raised.message):contains("401")
    page:set_login("ann", "wrong")
    expect(web.fault("failure", page.goto, page, "/private").message):contains("401")
    page:set_login("ann", "secret")
    page:goto("/private")
    expect(page:text("h1")):is("Inside")
  end)
end)
