local console = require "browser.console"
local network = require "browser.network"

local encode = sys.codec.json_encode

local function sent(id, fields)
  fields = fields or {}
  return ('{"requestId":"%s","loaderId":"L1","timestamp":%s,"wallTime":1767323045.5,"type":"%s",'
    .. '"request":%s%s}'):format(id,
    fields.at or 10, fields.type or "Fetch", encode { url = fields.url or "http://shop.test/" .. id,
      method = fields.method or "GET", headers = { A = "b" }, postData = fields.body },
    fields.redirect and ',"redirectResponse":' .. encode(fields.redirect) or "")
end

local function answered(id, status)
  return ('{"requestId":"%s","timestamp":10.5,"response":%s}'):format(id, encode {
    url = "http://shop.test/" .. id, status = status, statusText = "OK", mimeType = "text/html",
    headers = { ["Content-Type"] = "text/html" },
    timing = { sendStart = 1, receiveHeadersStart = 6 } })
end

describe("browser.network", function()
  it("puts a request together from its events", function()
    local n = network.new()
    n:on_request(sent("a", { type = "XHR", method = "POST", body = "x=1" }))
    local one = n:find("a")
    expect(one:is_over()):is(false)
    expect(one:response()):is(nil)
    n:on_response(answered("a", 201))
    n:on_finished('{"requestId":"a","timestamp":10.75,"encodedDataLength":321}')
    expect(one:request().method):is("POST")
    expect(one:request().post_data):is("x=1")
    expect(one:request().type):is("xhr")
    expect(one:response().status):is(201)
    expect(one:response().ttfb_ms):is(5)
    expect(one:response().headers["content-type"]):is("text/html")
    expect(one:duration()):is(750)
    expect(one:summary()):same { url = "http://shop.test/a", method = "POST", type = "xhr",
      status = 201, mime = "text/html", bytes = 321, began_ms = 1767323045500, ttfb_ms = 5,
      duration_ms = 750, from = "page" }
  end)

  it("makes one request of each step of a redirect", function()
    local n = network.new()
    n:on_request(sent("a", { url = "http://shop.test/1" }))
    n:on_request(sent("a", { url = "http://shop.test/2", at = 10.2,
      redirect = { url = "http://shop.test/1", status = 302, headers = { Location = "/2" } } }))
    n:on_response(answered("a", 200))
    local last = n:find("a")
    expect(last:request().url):is("http://shop.test/2")
    expect(last.previous:response().status):is(302)
    expect(last.previous:is_over()):is(true)
    expect(last.previous:duration()):near(200, 0.001)
    expect(#n:summaries()):is(2)
  end)

  it("keeps why a request failed, and that the page was left", function()
    local n = network.new()
    n:on_request(sent "a")
    n:on_failed('{"requestId":"a","timestamp":11,"errorText":"net::ERR_FAILED"}')
    n:on_request(sent "b")
    n:on_failed('{"requestId":"b","timestamp":11,"errorText":"x","blockedReason":"csp"}')
    n:on_request(sent "c")
    local list = n:summaries(nil, "L2")
    expect(list[1].failure):is("net::ERR_FAILED")
    expect(list[2].failure):is("blocked: csp")
    expect(list[3].failure):is("the page was left")
    expect(n:summaries(nil, "L1")[3].failure):is(nil)
  end)

  it("is bounded, whatever a page does", function()
    local n = network.new()
    for i = 1, 1000 do n:on_request(sent("r" .. i)) end
    n:on_request(sent("data", { url = "data:image/png;base64," .. ("A"):rep(1000000) }))
    local list = n:summaries()
    expect(#list):at_most(400)
    expect(list[#list - 1].url):is("http://shop.test/r1000")
    expect(#list[#list].url):at_most(5000)
    expect(n:find("r1")):is(nil)
    expect(#n:summaries(30)):is(30)
  end)

  it("ignores what it does not know", function()
    local n = network.new()
    n:on_response(answered("x", 200))
    n:on_finished('{"requestId":"x","timestamp":1,"encodedDataLength":1}')
    n:on_failed('{"requestId":"x","timestamp":1,"errorText":"x"}')
    expect(#n:summaries()):is(0)
  end)
end)

describe("browser.console", function()
  local function line(kind, ...)
    return encode { type = kind, timestamp = 1, args = { ... },
      stackTrace = { callFrames = { { url = "http://shop.test/a.js", lineNumber = 6 } } } }
  end

  it("joins the arguments as the console shows them", function()
    local c = console.new()
    c:on_line(line("warning", { type = "string", value = "price" }, { type = "number", value = 7 },
      { type = "boolean", value = false }, { type = "undefined" },
      { type = "object", subtype = "null", value = sys.codec.null },
      { type = "object", description = "Array(3)" },
      { type = "number", unserializableValue = "NaN" }))
    expect(c:read_lines()):same { { type = "warn", url = "http://shop.test/a.js", line = 7, at = 1,
      text = "price 7 false undefined null Array(3) NaN" } }
  end)

  it("keeps the newest, each only so long", function()
    local c = console.new()
    for i = 1, 300 do c:on_line(line("log", { type = "string", value = "line " .. i })) end
    c:on_line(line("log", { type = "string", value = ("x"):rep(100000) }))
    local lines = c:read_lines()
    expect(#lines):at_most(100)
    expect(lines[#lines - 1].text):is("line 300")
    expect(#lines[#lines].text):at_most(2100)
    expect(#c:read_lines(20)):is(20)
  end)

  it("tells of exceptions that are no Error", function()
    local c = console.new()
    c:on_error(encode { timestamp = 1, exceptionDetails = { text = "Uncaught",
      exception = { type = "string", value = "thrown text" } } })
    expect(c:read_errors()[1].message):is("thrown text")
    expect(c:read_lines()[1]):same { type = "error", text = "thrown text", at = 1 }
  end)
end)
