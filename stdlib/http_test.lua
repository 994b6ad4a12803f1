-- What needs no server: options, answers, retries, cookies, failures. The wire is
-- tests/unit/test_http*.c.
local http = require "http"
local json = require "json"
local options = require "http.options"
local response = require "http.response"
local retry = require "http.retry"
local secret = require "run.secret"
local time = require "time"

local SIGNATURE = "http.get(url[, options])"
-- An address of this machine at which nobody listens.
local NOWHERE = "http://127.91.82.73:1/"

local function plain(given)
  given.url = given.url or "https://shop.example/x"
  return options.plain(SIGNATURE, given, function(jar) return jar.handle end)
end

describe("http options", function()
  it("become the plain ones of the engine", function()
    local given = { method = "post", timeout = "1m30s", connect_timeout = 250, max_redirects = 0 }
    expect(plain(given)):same {
      url = "https://shop.example/x", method = "POST", timeout = 90000, connect_timeout = 250,
      max_redirects = 0,
    }
    local with_query = plain { query = { q = "a b", page = 2 } }
    expect(with_query.url):is("https://shop.example/x?page=2&q=a%20b")
    expect(plain { jar = { handle = "the handle" } }.jar):is("the handle")
  end)

  it("send headers sorted, repeated and suppressed", function()
    local out = plain { headers = { ["X-B"] = { "1", "2" }, ["X-A"] = 3, Accept = false } }
    expect(out.headers):same {
      "Accept", false, "X-A", "3", "X-B", "1", "X-B", "2",
    }
  end)

  it("send bodies with their content type, unless a header says otherwise", function()
    local out = plain { json = { a = 1 } }
    expect(out.body):is('{"a":1}')
    expect(out.headers):same { "Content-Type", "application/json", "Accept", "application/json" }
    out = plain { form = { a = "x y" }, headers = { ["content-type"] = "text/odd" } }
    expect(out.body):is("a=x%20y")
    expect(out.headers):same { "content-type", "text/odd" }
    expect(plain({ body = "as it is" }).headers):is(nil)
  end)

  it("send forms with files, the same bytes for the same parts", function()
    local png = "\137PNG\r\n--x\0"
    local function build()
      return plain { multipart = { { name = "chat", value = "7" },
        { name = "photo", filename = 'a "b".png', type = "image/png", value = png } } }
    end
    local out = build()
    expect(out.headers[1]):is "Content-Type"
    expect(build().body):is(out.body)
    local parts = require("server.multipart").parse(out.body, out.headers[2])
    expect(parts[1].value):is "7"
    expect(parts[2].value):is(png)
    expect(parts[2].filename):is 'a "b".png'
    expect(parts[2].type):is "image/png"
  end)

  it("reveal secrets to the wire only", function()
    local token = secret.new "s3cret"
    local out = plain { headers = { Authorization = "Bearer " .. token } }
    expect(out.headers):same { "Authorization", "Bearer s3cret" }
    out = plain { auth = { "user", secret.new "pass" } }
    expect(out.headers):same { "Authorization", "Basic dXNlcjpwYXNz" }
    local given = { user = "ada", keys = json.array { token, "x" } }
    expect(plain({ json = given }).body):is('{"keys":["s3cret","x"],"user":"ada"}')
    expect(given.keys[1]):is(token)
    expect(plain({ form = { password = token } }).body):is("password=s3cret")
    expect(plain({ query = { key = { token, "x" } } }).url):contains("?key=s3cret&key=x")
    local endless = {}
    endless[1] = endless
    expect(function() plain { json = endless } end):raises("contains itself")
  end)

  it("hide a secret in an address too, where it has escapes", function()
    local address = plain({ query = { key = secret.new "pass w/d" } }).url
    expect(address):contains("key=pass%20w%2Fd")
    expect(secret.scrub("no answer from " .. address)):lacks("w%2Fd")
  end)

  it("that are wrong raise, naming the function", function()
    local function raises(given, pattern)
      expect(function() plain(given) end):raises(pattern)
    end
    raises({ tiemout = 1 }, "http.get%(url%[, options%]%): there is no option \"tiemout\"")
    raises({ timeout = "soon" }, "timeout: \"soon\" is not a duration")
    raises({ timeout = -1 }, "timeout must be milliseconds")
    raises({ max_body = -1 }, "max_body must be from 0")
    raises({ max_redirects = 0 / 0 }, "max_redirects must be from 0 to 1000, not ")
    raises({ headers = "x" }, "headers must be a table, not a string")
    raises({ headers = { "X-A: 1" } }, "headers must be a table such as")
    raises({ headers = { ["X-A"] = {} and true } }, "header X%-A")
    raises({ body = "a", json = {} }, "only one of body, json, form and multipart")
    raises({ multipart = {} }, "multipart must have a part")
    raises({ multipart = { { name = "a" } } }, "multipart%[1%] must be { name = …, value = … }")
    raises({ multipart = { { name = "a", value = "", file = "b" } } }, 'unknown field "file"')
    raises({ auth = { "user" } }, "auth must be")
    raises({ jar = {} }, "jar must be one that http.jar%(%) made")
    expect(function() http.get(5) end):raises("url must be a string, not a number")
    expect(function() http.post("http://x/", "body") end)
      :raises("http.post%(url%[, options%]%): a table")
    expect(function() http.request {} end):raises("the url is missing")
    expect(function() http.open { url = "http://x/", retry = {} } end):raises("cannot be retried")
    expect(function() http.resolve() end):raises("host must be a string")
  end)
end)

describe("an http response", function()
  local function wrap(fields)
    fields.status, fields.url = fields.status or 200, "https://shop.example/"
    fields.header_block = fields.header_block or ""
    return response.wrap(fields, 1)
  end

  it("finds headers in any case, repeated ones joined and one by one", function()
    local res = wrap { header_block = "Content-Type: text/html \r\nSet-Cookie: a=1\r\n"
      .. "set-cookie: b=2, c\r\nX-Folded: one\r\n  two\r\nX-Empty:\r\n" }
    expect(res.headers["CONTENT-type"]):is("text/html")
    expect(res.headers["set-cookie"]):is("a=1, b=2, c")
    expect(res:header_values("Set-Cookie")):same { "a=1", "b=2, c" }
    expect(res.headers["x-folded"]):is("one two")
    expect(res.headers["x-empty"]):is("")
    expect(res.headers.missing):is(nil)
    expect(res:header_values("missing")):same {}
    local names = {}
    for name in pairs(res.headers) do names[#names + 1] = name end
    table.sort(names)
    expect(names):same { "content-type", "set-cookie", "x-empty", "x-folded" }
  end)

  it("is ok from 200 to 299", function()
    expect(wrap({ status = 204 }).ok):is(true)
    expect(wrap({ status = 304 }).ok):is(false)
  end)

  it("decodes JSON, and says what else came", function()
    expect(wrap({ body = '{"a":[1]}' }):json()):same { a = { 1 } }
    expect(wrap({ body = "null" }):json()):is(require("json").null)
    expect(wrap({ body = "false" }):json()):is(false)
    local value, message, code = wrap({ status = 503, body = "<html>busy" }):json()
    expect(value):is(nil)
    expect(message):matches("https://shop.example/ %(status 503%) is not JSON.*<html>busy")
    expect(code):is("protocol")
  end)
end)

describe("http retries", function()
  local function plan(given, method)
    return retry.read(SIGNATURE, given, method or "GET")
  end
  local function answer(status, block)
    return response.wrap({ status = status, url = "", header_block = block or "" }, 1)
  end

  it("happen only when asked for, as often as asked", function()
    expect(retry.delay(plan(nil), 1, nil, "timeout")):is(nil)
    expect(retry.delay(plan { count = 1 }, 1, nil, "timeout")):truthy()
    expect(retry.delay(plan { count = 1 }, 2, nil, "timeout")):is(nil)
  end)

  it("wait twice as long each time, up to a limit, never all at once", function()
    local patient = plan { count = 9, delay = 100, max_delay = "500ms" }
    for n, full in ipairs { 100, 200, 400, 500, 500 } do
      local ms = retry.delay(patient, n, nil, "closed")
      expect(ms >= full / 2 and ms <= full):is(true)
    end
  end)

  it("are for failures that pass, and for POST only when nothing was sent", function()
    local function again(method, status, code)
      return retry.delay(plan({}, method), 1, status and answer(status), code) ~= nil
    end
    expect(again("GET", 503)):is(true)
    expect(again("GET", 404)):is(false)
    expect(again("GET", 200)):is(false)
    expect(again("GET", nil, "timeout")):is(true)
    expect(again("GET", nil, "tls")):is(false)
    expect(again("POST", nil, "timeout")):is(false)
    expect(again("POST", nil, "refused")):is(true)
    expect(again("POST", 502)):is(false)
    expect(again("POST", 429)):is(true)
    expect(retry.delay(plan { codes = { "tls" } }, 1, nil, "tls")):truthy()
    expect(retry.delay(plan { statuses = { 404 } }, 1, answer(404))):truthy()
    expect(retry.delay(plan({}, "POST"), 1, nil, "dry-run")):is(nil)
  end)

  it("heed Retry-After", function()
    expect(retry.delay(plan {}, 1, answer(503, "Retry-After: 7\r\n"))):is(7000)
    expect(retry.delay(plan {}, 1, answer(503, "Retry-After: 3600\r\n"))):is(nil)
    local long_ago = answer(429, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n")
    expect(retry.delay(plan {}, 1, long_ago)):is(0)
    expect(retry.seconds_until("tomorrow")):is(nil)
    local at = time.parse_iso8601("2099-10-21T07:28:00Z")
    local seconds = retry.seconds_until("Wed, 21 Oct 2099 07:28:00 GMT")
    expect(math.abs(seconds - (at - time.now()) / 1000) < 5):is(true)
  end)

  it("with wrong settings raise", function()
    expect(function() plan { times = 3 } end):raises("retry has no field \"times\"")
    expect(function() plan { count = -1 } end):raises("retry.count")
    expect(function() plan { delay = "soon" } end):raises("retry.delay")
    expect(function() plan { statuses = 503 } end):raises("retry.statuses must be a list")
  end)

  it("end with the last failure and the number of attempts", function()
    local res, message, code = http.get(NOWHERE, { retry = { count = 2, delay = 1 } })
    expect(res):is(nil)
    expect(message):is("could not connect to 127.91.82.73:1: connection refused (3 attempts)")
    expect(code):is("refused")
  end)
end)

describe("http failures", function()
  it("are values with a message and a code", function()
    local function fails(url, code, pattern)
      local res, message, got = http.get(url)
      expect(res):is(nil)
      expect(got):is(code)
      expect(message):matches(pattern)
    end
    fails(NOWHERE, "refused", "could not connect to 127.91.82.73:1: connection refused")
    fails("shop.example", "invalid", "not an absolute URL")
    fails("ftp://shop.example/", "invalid", "only http:// and https://")
    fails("http://bad..name/", "dns", "bad..name")
    local stream, _, code = http.open { url = NOWHERE }
    expect(stream):is(nil)
    expect(code):is("refused")
  end)
end)

describe("http.resolve", function()
  it("gives addresses or says who is to blame", function()
    expect(http.resolve("127.0.0.1")):same { "127.0.0.1" }
    expect(select(3, http.resolve("bad..name"))):is("dns")
  end)
end)

describe("http.jar", function()
  it("keeps cookies", function()
    local jar = assert(http.jar())
    expect(jar:cookies()):same {}
    jar:set { name = "a", value = "1", domain = "shop.example", subdomains = true, secure = true }
    jar:set { name = "b", value = "", domain = "shop.example", path = "/x", http_only = true,
      expires = 4102444800 }
    local cookies = jar:cookies()
    table.sort(cookies, function(x, y) return x.name < y.name end)
    expect(cookies):same {
      { name = "a", value = "1", domain = "shop.example", path = "/", subdomains = true,
        secure = true, http_only = false },
      { name = "b", value = "", domain = "shop.example", path = "/x", subdomains = false,
        secure = false, http_only = true, expires = 4102444800 },
    }
    jar:clear()
    expect(jar:cookies()):same {}
    expect(function() jar:set { name = "a", value = "1\t2", domain = "x" } end)
      :raises("value must be")
    expect(function() jar:set { name = "a", value = "1" } end):raises("domain must be")
  end)
end)
