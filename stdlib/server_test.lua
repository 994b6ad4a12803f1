-- Through the wire, with the engine's own HTTP client. Protocol corners are
-- tests/unit/test_server*.c.
local http = require "http"
local json = require "json"
local server = require "server"

local srv, base, lines, serving

local function start(options)
  options = options or {}
  lines = {}
  options.log = function(line) lines[#lines + 1] = line end
  srv = assert(server.listen(options))
  base = srv:url()
  serving = sys.task.spawn(function() srv:serve() end)
end

local function get(path, options) return assert(http.get(base .. path, options)) end
local function post(path, options) return assert(http.post(base .. path, options)) end

after_each(function()
  if not srv then return end
  srv:close()
  expect((serving:join(10000))):truthy()
  srv = nil
end)

describe("routes", function()
  it("answer with status, headers and body", function()
    start()
    srv:route("GET", "/products/:handle", function(req)
      return {
        status = 201, body = req.params.handle .. " for " .. req.headers["x-who"],
        headers = {
          ["content-type"] = "text/x-odd", ["set-cookie"] = { "a=1", "b=2" }, ["x-n"] = 5,
        },
      }
    end)
    local res = get("/products/red%20shoe", { headers = { ["X-Who"] = "me" } })
    expect(res.status):is(201)
    expect(res.body):is("red shoe for me")
    expect(res.headers["content-type"]):is("text/x-odd")
    expect(res.headers["x-n"]):is("5")
    expect(res:header_values("set-cookie")):same { "a=1", "b=2" }
  end)

  it("answer with JSON, a text or nothing", function()
    start()
    srv:route("GET", "/json", function() return { json = { a = json.array { 1, 2 } } } end)
    srv:route("GET", "/text", function() return "plain" end)
    srv:route("GET", "/nothing", function() end)
    local res = get("/json")
    expect(res.body):is('{"a":[1,2]}')
    expect(res.headers["content-type"]):is("application/json")
    expect(get("/text").body):is("plain")
    expect(get("/nothing").status):is(204)
  end)

  it("see query, cookies, JSON and forms", function()
    start()
    srv:route("*", "/see", function(req)
      return { json = {
        method = req.method, query = req.query, pairs = json.array(req.query_pairs),
        cookies = req.cookies, form = req.form, remote = req.remote, tls = req.tls,
        files = json.array(req.files), body = req:json() or "none",
      } }
    end)
    local headers = { Cookie = 'c=d; e="f g"; c=no' }
    local seen = get("/see?a=1&b=x%26y%20z&a=2", { headers = headers }):json()
    expect(seen.method):is("GET")
    expect(seen.query):same { a = "2", b = "x&y z" }
    expect(seen.pairs):same { { "a", "1" }, { "b", "x&y z" }, { "a", "2" } }
    expect(seen.cookies):same { c = "d", e = "f g" }
    expect(seen.remote):is("127.0.0.1")
    expect(seen.tls):is(false)
    expect(seen.body):is("none")
    expect(post("/see", { json = { x = 1 } }):json().body):same { x = 1 }
    expect(post("/see", { form = { id = "7", note = "a&b c" } }):json().form)
      :same { id = "7", note = "a&b c" }
    seen = post("/see", {
      headers = { ["Content-Type"] = "multipart/form-data; boundary=xx" },
      body = '--xx\r\nContent-Disposition: form-data; name="id"\r\n\r\n7\r\n'
        .. '--xx\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhi\r\n'
        .. "--xx--\r\n",
    }):json()
    expect(seen.form):same { id = "7" }
    expect(seen.files):same { { name = "f", filename = "a.txt", value = "hi" } }
  end)

  it("that do not exist are 404, other methods 405", function()
    start()
    srv:route("GET", "/cart", function() return "cart" end)
    srv:route("POST", "/cart", function() return "added" end)
    expect(get("/nothing").status):is(404)
    local res = assert(http.request { url = base .. "/cart", method = "DELETE" })
    expect(res.status):is(405)
    expect(res.headers.allow):is("GET, HEAD, POST")
    res = assert(http.request { url = base .. "/cart", method = "HEAD" })
    expect(res.status):is(200)
    expect(res.body):is("")
    res = assert(http.request { url = base .. "/cart", method = "OPTIONS" })
    expect(res.status):is(204)
    srv:fallback(function(req) return { status = 410, body = "no " .. req.path } end)
    expect(get("/nothing").body):is("no /nothing")
  end)

  it("that fail are a 500 and a line in the log, and nobody else's trouble", function()
    start()
    srv:route("GET", "/broken/:x", function(req) error("no " .. req.params.x) end)
    srv:route("GET", "/odd", function() return { status = 42 } end)
    srv:route("GET", "/fine", function() return "fine" end)
    local res = get("/broken/luck")
    expect(res.status):is(500)
    expect(res.body:find("luck")):is(nil)
    expect(#lines):is(1)
    expect(lines[1]):matches("route=\"GET /broken/:x\"")
    expect(lines[1]):matches("no luck")
    expect(lines[1]):matches("traceback")
    expect(lines[1]):matches("server_test%.lua:%d+")
    expect(get("/odd").status):is(500)
    expect(lines[2]):matches("42")
    expect(get("/fine").body):is("fine")
  end)

  it("run beside each other", function()
    start()
    local first
    srv:route("GET", "/first", function()
      first = sys.task.current()
      return sys.task.park()
    end)
    srv:route("GET", "/second", function()
      first:unpark("woken by the second")
      return "second"
    end)
    local one = sys.task.spawn(get, "/first")
    while not first do sys.clock.sleep(1) end
    expect(get("/second").body):is("second")
    local _, res = one:join(10000)
    expect(res.body):is("woken by the second")
  end)

  it("are checked when they are added", function()
    start()
    expect(function() srv:route("GET", "cart", print) end):raises("path must be")
    expect(function() srv:route("GET", "/cart") end):raises("fn must be")
    expect(function() srv:route(nil, "/cart", print) end):raises("method must be")
  end)
end)

describe("streams", function()
  it("send pieces as they are written", function()
    start()
    srv:route("GET", "/stream", function()
      return { headers = { ["content-type"] = "text/event-stream" }, body = function(write)
        for i = 1, 200 do assert(write(("%d "):format(i) .. ("x"):rep(10000))) end
      end }
    end)
    local res = get("/stream")
    expect(res.headers["content-type"]):is("text/event-stream")
    expect(#res.body):is(200 * 10000 + 9 * 2 + 90 * 3 + 101 * 4)
  end)

  it("that fail break off", function()
    start()
    srv:route("GET", "/stream", function()
      return { body = function(write)
        write("some")
        error("in the middle")
      end }
    end)
    local res, _, code = http.get(base .. "/stream")
    expect(res):is(nil)
    expect(code):is("closed")
    expect(lines[1]):matches("in the middle")
  end)

  it("end when the client goes", function()
    start()
    local ended
    srv:route("GET", "/endless", function()
      return { body = function(write)
        local ok, message, code
        repeat ok, message, code = write(("y"):rep(100000)) until not ok
        ended = { message, code }
      end }
    end)
    local res, _, code = http.get(base .. "/endless", { max_body = 1000000 })
    expect(res):is(nil)
    expect(code):is("too-large")
    while not ended do sys.clock.sleep(1) end
    expect(ended[2]):is("closed")
  end)
end)

describe("files", function()
  it("come from memory and folders", function()
    start()
    local dir = assert(sys.files.temp_dir("server-test"))
    assert(sys.files.write(dir .. "/a.css", "p {}"))
    srv:file("/logo.svg", "image/svg+xml", "<svg/>")
    assert(srv:folder("/static/", dir))
    local res = get("/logo.svg")
    expect(res.body):is("<svg/>")
    expect(get("/logo.svg", { headers = { ["If-None-Match"] = res.headers.etag } }).status):is(304)
    res = get("/static/a.css")
    expect(res.body):is("p {}")
    expect(res.headers["content-type"]):is("text/css; charset=utf-8")
    expect(get("/static/b.css").status):is(404)
    local ok, _, code = srv:folder("/none/", dir .. "/none")
    expect(ok):is(nil)
    expect(code):is("not-found")
    assert(sys.files.remove(dir, { recursive = true }))
  end)
end)

-- A raw connection: a shell copies between its pipes and the socket.
local function raw_connection()
  local copy = "exec 3<>/dev/tcp/127.0.0.1/%d; cat <&3 & cat >&3"
  local proc = assert(sys.process.spawn {
    argv = { "bash", "-c", copy:format(srv:port()) },
    stdin = "pipe", stdout = "pipe", stderr = "null",
  })
  local got = ""
  return {
    write = function(text) assert(proc:write(text)) end,
    read_until = function(text)
      while not got:find(text, 1, true) do
        local more = assert(proc:read("stdout", 10000))
        if more == "" then error("the connection ended with " .. got) end
        got = got .. more
      end
      local _, to = got:find(text, 1, true)
      local head = got:sub(1, to)
      got = got:sub(to + 1)
      return head
    end,
    close = function() proc:kill("KILL") proc:wait(10000) end,
  }
end

local function handshake(path, more)
  return ("GET %s HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    .. "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n")
    :format(path, more or "")
end

-- A short text message, masked with zeros.
local function frame(text) return "\129" .. string.char(128 + #text) .. "\0\0\0\0" .. text end

describe("WebSockets", function()
  it("receive, send and close", function()
    start()
    local ended
    srv:websocket("/live/:shop", function(socket, req)
      assert(socket:send("hello " .. req.params.shop))
      while true do
        local text, kind, code = socket:recv()
        if not text then
          ended = code
          return
        end
        assert(socket:send(kind .. ":" .. text))
        if text == "enough" then return end
      end
    end)
    local one, other = raw_connection(), raw_connection()
    one.write(handshake("/live/first"))
    one.read_until("101 Switching")
    one.read_until("hello first")
    one.write(frame("ping"))
    one.read_until("text:ping")
    other.write(handshake("/live/second"))
    other.read_until("hello second")
    other.write(frame("enough"))
    other.read_until("\136\2\3\232") -- closed with 1000
    one.close()
    while not ended do sys.clock.sleep(1) end
    expect(ended):is("closed")
    other.close()
  end)

  it("refuse pages of other origins", function()
    start()
    srv:websocket("/live", function() end)
    srv:websocket("/open", function() end, { any_origin = true })
    local connection = raw_connection()
    connection.write(handshake("/live", "Origin: https://evil.test\r\n"))
    connection.read_until("403 Forbidden")
    connection.close()
    connection = raw_connection()
    connection.write(handshake("/open", "Origin: https://evil.test\r\n"))
    connection.read_until("101 Switching")
    connection.close()
  end)

  it("whose handler fails are closed with 1011", function()
    start()
    srv:websocket("/live", function() error("no live today") end)
    local connection = raw_connection()
    connection.write(handshake("/live"))
    connection.read_until("\3\243")
    connection.close()
    expect(lines[1]):matches("no live today")
  end)
end)

describe("a server", function()
  it("says why it can't listen", function()
    start()
    local other, message, code = server.listen { port = srv:port() }
    expect(other):is(nil)
    expect(code):is("exists")
    expect(message):matches("in use")
    _, _, code = server.listen { host = "not.an.address" }
    expect(code):is("invalid")
    expect(function() server.listen { port = 70000 } end):raises("port")
    expect(function() server.listen { tls_cert = "x" } end):raises("tls_key")
  end)

  it("limits bodies and time", function()
    start { max_body = 1000, answer_timeout = 50 }
    srv:route("POST", "/", function(req) return tostring(#req.body) end)
    srv:route("GET", "/slow", function() sys.task.park(300) return "late" end)
    expect(post("/", { body = ("x"):rep(1000) }).body):is("1000")
    expect(post("/", { body = ("x"):rep(1001) }).status):is(413)
    expect(get("/slow").status):is(504)
  end)

  it("answers what is under way when it closes", function()
    start()
    local waiting
    srv:route("GET", "/", function()
      waiting = sys.task.current()
      return sys.task.park()
    end)
    local asking = sys.task.spawn(get, "/")
    while not waiting do sys.clock.sleep(1) end
    srv:close()
    expect((serving:join(10000))):truthy()
    waiting:unpark("in time")
    local _, res = asking:join(10000)
    expect(res.body):is("in time")
    expect(select(3, http.get(base .. "/"))):is("refused")
  end)
end)
