--- mail.lua and sys.mail against a real SMTP server: qpsmtpd, unprivileged, in a process of its
--- own.

local describe, it, expect = describe, it, expect
local after_each = after_each
local mail = require "mail"

local path = "tests/lua/smtp_stand.lua"
local smtp = assert(sys.load_trusted(sys.files.read(path), path))()
local start = smtp.start

after_each(smtp.stop_all)

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
    local got = stand:take()
    expect(got.from):is("watch@shop.example")
    expect(got.to):same({ "me@example.com" })
    expect(got.headers.From):is("Wächter <watch@shop.example>")
    expect(got.headers["Message-ID"]):is("<abc@shop.example>")
    local types = {}
    for i, part in ipairs(got.parts) do types[i] = part.type end
    expect(types):same({ "multipart/alternative", "text/plain", "multipart/related", "text/html",
      "image/png" })
    expect((got.parts[2].bytes:gsub("\n$", ""))):is(text)
    expect(got.parts[5].bytes):is(png)
    expect(got.parts[5].cid):is("<shot>")
    expect(got.parts[5].disposition):is("inline")
    expect(got.long_line <= 78):is(true)
  end)

  it("keeps long and foreign subjects, and lets nothing into the headers", function()
    local stand = start()
    local subject = ("Ärger mit der Kasse, "):rep(12) .. "日本語"
    assert(send(stand, { subject = subject }))
    expect(stand:take().headers.Subject):is(subject)
    assert(send(stand, { subject = "a\r\nBcc: evil@example.com",
      headers = { ["X-Note"] = "b\nX-Evil: 1" } }))
    local headers = stand:take().headers
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
      local got = stand:take()
      expect((got.parts[1].bytes:gsub("\n$", ""))):is(text)
    end
  end)

  it("logs in over TLS, and never without", function()
    local cert, key, pem = certificate()
    local stand = start { cert = cert, key = key, auth = true }
    assert(send(stand, { host = "localhost", user = "me@shop.example", password = "correct horse",
      ca_pem = pem }))
    local got = stand:take()
    expect(got.received):matches("encrypted%) ESMTPSA;") -- TLS and log-in: RFC 3848
    local sent, why, code = send(stand, { host = "localhost", user = "me@shop.example",
      password = "letmein",
      ca_pem = pem })
    expect(sent):is(nil)
    expect(code):is("auth")
    expect(why):matches("535")
    expect(why:find("letmein", 1, true)):is(nil)
    local plain = start { auth = true }
    sent, why, code = send(plain, { user = "me@shop.example", password = "correct horse" })
    expect(sent):is(nil)
    expect(code):is("tls")
  end)

  it("refuses a certificate that nobody vouches for", function()
    local cert, key = certificate()
    local stand = start { cert = cert, key = key }
    local sent, _, code = send(stand, { host = "localhost", tls = "starttls" })
    expect(sent):is(nil)
    expect(code):is("tls")
    assert(send(stand, { host = "localhost", tls = "starttls", insecure = true }))
  end)

  it("tells for good from for now", function()
    local stand = start()
    for _, case in ipairs { { "greylisted", "later", 450 }, { "broken", "later", 451 },
      { "spam", "rejected", 552 }, { "nobody", "rejected", 550 } } do
      local sent, why, code, reply = send(stand, { to = case[1] .. "@example.com" })
      expect(sent):is(nil)
      expect(code):is(case[2])
      expect(reply):is(case[3])
      if case[1] == "greylisted" then expect(why):matches("greylisted, try again") end
      if case[1] == "spam" then expect(why):matches("this is spam") end
    end
    local sent, _, code, reply = send(stand, { to = { "me@example.com", "nobody@example.com" } })
    expect(sent):is(nil)
    expect(code):is("rejected")
    expect(reply):is(550)
  end)

  it("does not hold anybody up while the server thinks", function()
    local stand = start()
    local sent, why, code
    local task = sys.task.spawn(function()
      sent, why, code = send(stand, { to = "slow@example.com", timeout = 1500 })
    end)
    local turns = 0
    while not task:done() do
      sys.clock.sleep(5)
      turns = turns + 1
    end
    expect(sent):is(nil)
    expect(code):is("timeout")
    expect(turns > 20):is(true)
  end)

  it("says that the server has gone", function()
    local stand = start()
    local sent, why, code
    local task = sys.task.spawn(function()
      sent, why, code = send(stand, { to = "slow@example.com", timeout = "60s" })
    end)
    expect(stand:wait_for("hanging")):is(true)
    stand:stop()
    assert(task:join(20000))
    expect(sent):is(nil)
    expect(code):is("closed")
    expect(why):truthy()
    _, _, code = send(stand)
    expect(code):is("connect")
  end)

  it("is given up when its task is", function()
    local stand = start()
    local task = sys.task.spawn(function()
      send(stand, { to = "slow@example.com", timeout = "60s" })
    end)
    expect(stand:wait_for("hanging")):is(true)
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
    local stand = start { cert = cert, key = key, auth = true }
    local pool = require("service.runs").open {}
    local alerts = { email = { host = "localhost", port = stand.port, user = "me@shop.example",
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
      return stand:take()
    end
    local incident = receiver.incident()
    incident.evidence.screenshot = folder .. "/shot.png"
    local opened = deliver(receiver.row("email", "opened", { { "opened", incident } }))
    expect(opened.to):same { "a@example.com", "b@example.com" }
    expect(opened.received):matches "encrypted%) ESMTPSA;" -- TLS and log-in: RFC 3848
    expect(opened.headers.Subject):is "[P1] Checkout on Snow & <Shop> is broken"
    expect(opened.headers["Message-ID"]):is "<0123456789abcdef0123456789abcdef@shop.example>"
    local by_type = {}
    for _, part in ipairs(opened.parts) do by_type[part.type] = part.bytes or "" end
    expect(by_type["image/png"]):is(png)
    expect(by_type["text/plain"]):matches "nano%-sre incident ack 41"
    expect(by_type["text/html"]):matches 'src="cid:screenshot"'
    expect(by_type["text/html"]):matches "Snow &amp; &lt;Shop&gt;"
    local resolved = deliver(receiver.rows("email").resolved)
    expect(resolved.headers["In-Reply-To"]):is(opened.headers["In-Reply-To"])
    for _, row in pairs(receiver.rows "email") do deliver(row) end
    alerts.email.password = "letmein"
    local outcome = sender:deliver(receiver.rows("email").opened)
    expect(outcome.permanent):is(true)
    expect(outcome.error:find("letmein", 1, true)):is(nil)
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
