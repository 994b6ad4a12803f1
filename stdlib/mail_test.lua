--- mail.lua and sys.mail against a real SMTP server: python3-aiosmtpd, unprivileged, in a process
--- of its own.

local describe, it, expect = describe, it, expect
local after_each = after_each
local json = require "json"
local mail = require "mail"

local PYTHON = "/usr/bin/python3" -- Debian's own, which has python3-aiosmtpd
local STAND = "tests/lua/smtp_stand.py"

local open = {}

local function start(...)
  local process = assert(sys.process.spawn { argv = { PYTHON, "-W", "ignore", STAND, ... },
    stdin = "pipe",
    stdout = "pipe", stderr = "null" })
  local stand = { process = process, lines = {} }
  open[#open + 1] = stand
  -- All the time, or the server would wait for its reader while its client waits for the server.
  sys.task.spawn(function()
    local text = ""
    while true do
      local chunk = process:read("stdout")
      if not chunk or chunk == "" then return end
      text = text .. chunk
      local at = chunk:find("\n", 1, true) and text:find("\n", 1, true)
      while at do
        table.insert(stand.lines, text:sub(1, at - 1))
        text = text:sub(at + 1)
        at = text:find("\n", 1, true)
      end
      if stand.waiter then stand.waiter:unpark() end
    end
  end)
  function stand.line()
    while #stand.lines == 0 do
      stand.waiter = sys.task.current()
      local _, why, code = sys.task.park(20000)
      if code then error(why) end
    end
    return table.remove(stand.lines, 1)
  end
  stand.port = tonumber(stand.line())
  return stand
end

after_each(function()
  for _, stand in ipairs(open) do
    stand.process:close_stdin()
    stand.process:kill("KILL")
    stand.process:wait()
  end
  open = {}
end)

local function send(stand, more)
  local given = { host = "127.0.0.1", port = stand.port, from = "Wächter <watch@shop.example>",
    to = { "me@example.com" }, subject = "Kasse kaputt", text = "Die Kasse geht nicht.", id = "abc",
    hello = "monitor.example", timeout = "20s" }
  for name, value in pairs(more or {}) do given[name] = value end
  return mail.send(given)
end

local folder
local function certificate()
  if not folder then
    folder = assert(sys.files.temp_dir "nano-sre-mail-")
    local process = assert(sys.process.spawn { argv = { "/usr/bin/openssl", "req", "-x509",
      "-newkey", "rsa:2048",
      "-nodes", "-keyout", folder .. "/key.pem", "-out", folder .. "/cert.pem", "-days", "2",
        "-subj", "/CN=localhost",
      "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1" }, stdin = "null", stdout = "null",
        stderr = "null" })
    assert(process:wait().code == 0)
  end
  return folder .. "/cert.pem", folder .. "/key.pem", sys.files.read(folder .. "/cert.pem")
end

describe("mail", function()
  it("is received whole: text, HTML and the inline image", function()
    local stand = start()
    local png = "\137PNG\r\n\26\n" .. sys.random.bytes(5000)
    local text = "Zeile 1 äöü €\n.leading dot\n..two\n.\n" .. ("x"):rep(500)
      .. "\ntrailing space \n=3D"
    local sent, why = send(stand, { text = text, html = '<p>Größe</p><img src="cid:shot">',
      inline = { { cid = "shot", type = "image/png", bytes = png, name = "shot.png" } } })
    expect(why):is(nil)
    expect(sent.id):is("<abc@shop.example>")
    local got = json.decode(stand.line())
    expect(got.defects):same({})
    expect(got.from):is("watch@shop.example")
    expect(got.to):same({ "me@example.com" })
    expect(got.headers.From):is("Wächter <watch@shop.example>")
    expect(got.headers["Message-ID"]):is("<abc@shop.example>")
    local types = {}
    for i, part in ipairs(got.parts) do types[i] = part.type end
    expect(types):same({ "multipart/alternative", "text/plain", "multipart/related", "text/html",
      "image/png" })
    expect((sys.codec.unhex(got.parts[2].hex):gsub("\r\n", "\n"))):is(text)
    expect(sys.codec.unhex(got.parts[5].hex)):is(png)
    expect(got.parts[5].cid):is("<shot>")
    expect(got.parts[5].disposition):is("inline")
    expect(got.long_line <= 78):is(true)
  end)

  it("keeps long and foreign subjects, and lets nothing into the headers", function()
    local stand = start()
    local subject = ("Ärger mit der Kasse, "):rep(12) .. "日本語"
    assert(send(stand, { subject = subject }))
    expect(json.decode(stand.line()).headers.Subject):is(subject)
    assert(send(stand, { subject = "a\r\nBcc: evil@example.com",
      headers = { ["X-Note"] = "b\nX-Evil: 1" } }))
    local headers = json.decode(stand.line()).headers
    expect(headers.Bcc):is(nil)
    expect(headers["X-Evil"]):is(nil)
    expect(headers.Subject):is("a Bcc: evil@example.com")
  end)

  it("sends a message of every length without losing a byte", function()
    local stand = start()
    local lengths = { 0, 1, 16383, 16384, 200000 }
    -- The sizes at which libcurl's own buffers end.
    for length = 65040, 65100, 4 do lengths[#lengths + 1] = length end
    for _, length in ipairs(lengths) do
      local lines = { ("x"):rep(length % 10) }
      for i = 2, math.floor(length / 12) do lines[i] = "..23456789" end
      local text = table.concat(lines, "\n")
      assert(send(stand, { text = text }))
      local got = json.decode(stand.line())
      expect((sys.codec.unhex(got.parts[1].hex):gsub("\r\n", "\n"):gsub("\n$", ""))):is(text)
    end
  end)

  it("logs in over TLS, and never without", function()
    local cert, key, pem = certificate()
    local stand = start("--tls", cert, key, "--auth")
    assert(send(stand, { host = "localhost", user = "me", password = "correct horse",
      ca_pem = pem }))
    local got = json.decode(stand.line())
    expect(got.peer_tls):is(true)
    expect(got.login):is("me")
    local sent, why, code = send(stand, { host = "localhost", user = "me", password = "wrong",
      ca_pem = pem })
    expect(sent):is(nil)
    expect(code):is("auth")
    expect(why):matches("535")
    expect(why:find("wrong", 1, true)):is(nil)
    local plain = start("--auth")
    sent, why, code = send(plain, { user = "me", password = "correct horse" })
    expect(sent):is(nil)
    expect(code):is("tls")
  end)

  it("refuses a certificate that nobody vouches for", function()
    local cert, key = certificate()
    local stand = start("--tls", cert, key)
    local sent, _, code = send(stand, { host = "localhost", tls = "starttls" })
    expect(sent):is(nil)
    expect(code):is("tls")
    assert(send(stand, { host = "localhost", tls = "starttls", insecure = true }))
  end)

  it("tells for good from for now", function()
    local later = start("--reply", "451 4.7.1 greylisted, try again")
    local sent, why, code, reply = send(later)
    expect(sent):is(nil)
    expect(code):is("later")
    expect(reply):is(451)
    expect(why):matches("greylisted")
    local never = start("--reply", "554 5.7.1 spam")
    sent, why, code = send(never)
    expect(code):is("rejected")
    local stand = start()
    sent, why, code, reply = send(stand, { to = { "me@example.com", "nobody@example.com" } })
    expect(sent):is(nil)
    expect(code):is("rejected")
    expect(reply):is(550)
  end)

  it("does not hold anybody up while the server thinks", function()
    local stand = start("--hang")
    local sent, why, code
    local task = sys.task.spawn(function() sent, why, code = send(stand, { timeout = 1500 }) end)
    local turns = 0
    while not task:done() do
      sys.clock.sleep(5)
      turns = turns + 1
    end
    expect(sent):is(nil)
    expect(code):is("timeout")
    expect(turns > 20):is(true)
  end)

  it("is given up when its task is", function()
    local stand = start("--hang")
    local task = sys.task.spawn(function() send(stand, { timeout = "60s" }) end)
    expect(stand.line()):is("hanging")
    task:kill("enough")
    local ended, why = task:join(5000)
    expect(ended):is(nil)
    expect(why):matches("enough")
  end)

  it("says what cannot be sent", function()
    local function code_of(more)
      local given = { host = "127.0.0.1", port = 1, from = "a@b.example", to = "c@d.example",
        text = "" }
      for name, value in pairs(more) do given[name] = value end
      local _, _, code = mail.send(given)
      return code
    end
    expect(code_of {}):is("connect")
    expect(code_of { host = "no\nhost" }):is("invalid")
    expect(function() code_of { to = "x@y>\r\nRCPT TO:<evil@z" } end):raises("not an address")
    expect(function() code_of { hots = "x" } end):raises('no option "hots"')
  end)
end)

describe("the alerter email", function()
  it("sends a message that mail programs read, with the picture in it", function()
    local path = "tests/lua/alert_stand.lua"
    local receiver = assert(sys.load_trusted(sys.files.read(path), path))()
    local cert, key, pem = certificate()
    local png = "\137PNG\r\n\26\n" .. sys.random.bytes(900)
    assert(sys.files.write(folder .. "/shot.png", png))
    local stand = start("--tls", cert, key, "--auth")
    local pool = require("service.runs").open {}
    local alerts = { email = { host = "localhost", port = stand.port, user = "me",
      password = "correct horse",
      ca_pem = pem, from = "Shop <watch@shop.example>", to = "a@example.com, b@example.com" } }
    local config = { tables = { alerts = alerts }, cwd = "/nonexistent",
      environment = function() end,
      get = function() end }
    local sender = require("alert.send").new { pool = pool, now = sys.clock.now,
      config = function() return config end }
    local function deliver(row)
      local outcome = sender:deliver(row)
      expect(outcome.error):is(nil)
      return json.decode(stand.line())
    end
    local incident = receiver.incident()
    incident.evidence.screenshot = folder .. "/shot.png"
    local opened = deliver(receiver.row("email", "opened", { { "opened", incident } }))
    expect(opened.to):same { "a@example.com", "b@example.com" }
    expect(opened.peer_tls):is(true)
    expect(opened.login):is "me"
    expect(opened.defects):same {}
    expect(opened.headers.Subject):is "[P1] Checkout on Snow & <Shop> is broken"
    expect(opened.headers["Message-ID"]):is "<0123456789abcdef0123456789abcdef@shop.example>"
    local by_type = {}
    for _, part in ipairs(opened.parts) do by_type[part.type] = part.hex
      and sys.codec.unhex(part.hex) or "" end
    expect(by_type["image/png"]):is(png)
    expect(by_type["text/plain"]):matches "nano%-sre incident ack 41"
    expect(by_type["text/html"]):matches 'src="cid:screenshot"'
    expect(by_type["text/html"]):matches "Snow &amp; &lt;Shop&gt;"
    local resolved = deliver(receiver.rows("email").resolved)
    expect(resolved.headers["In-Reply-To"]):is(opened.headers["In-Reply-To"])
    for _, row in pairs(receiver.rows "email") do deliver(row) end
    alerts.email.password = "wrong"
    local outcome = sender:deliver(receiver.rows("email").opened)
    expect(outcome.permanent):is(true)
    expect(outcome.error:find("wrong", 1, true)):is(nil)
    pool:close()
  end)
end)

describe("mail's encodings", function()
  it("quoted-printable: no long line, and nothing lost", function()
    local function back(text)
      return (text:gsub("=\r\n", ""):gsub("=(%x%x)",
        function(hex) return string.char(tonumber(hex, 16)) end))
    end
    for _, text in ipairs { "", "a", ("ü"):rep(200), ("="):rep(77), ("a"):rep(75) .. "=",
      "tab\t\nspace \n\n", "a\nb" } do
      local coded = mail.quoted_printable(text)
      for line in (coded .. "\r\n"):gmatch("(.-)\r\n") do expect(#line <= 76):is(true) end
      expect((back(coded):gsub("\r\n", "\n"))):is(text)
    end
  end)
end)
