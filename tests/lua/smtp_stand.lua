--- A real SMTP server for stdlib/mail_test.lua: Debian's qpsmtpd (it needs no configuration of the
--- machine, runs as anybody from a temporary folder, and its package neither replaces a mail server
--- nor starts itself), and a reader of the messages that it has taken.
---
--- qpsmtpd hands each message to a program before it says 250, so what has been sent can be read
--- at once. What the server does is decided by the recipient:
---   nobody@example.com  550 for RCPT          greylisted@example.com  450 for RCPT
---   spam@example.com    552 after the message broken@example.com      451 after the message
---   slow@example.com    no answer after the message; all others are taken

local stand = {}

local OUR_LOGIN = "me@shop.example:correct horse"
local READY = "Listening on"
local QUEUE = [[
#!/bin/sh
# As exim -bS: batched SMTP on stdin; a line on stdout is a refusal.
cat >'%s/message' || exit 1
case "$(sed -n 's/^RCPT TO:<\(.*\)@.*/\1/p;/^DATA/q' '%s/message')" in
  slow) echo hanging >&2; exec sleep 3600 ;;
  spam) echo '554 this is spam' ;;
  broken) exit 75 ;;
esac
]]
-- qpsmtpd answers with the rest of the line, its end included: no line end after the last.
local RECIPIENTS = "nobody@example.com DENY no such mailbox\n"
  .. "greylisted@example.com DENYSOFT greylisted, try again"
local COMMAND = [[QPSMTPD_CONFIG=$1 exec /usr/bin/qpsmtpd-forkserver --no-rdns \
  --listen-address 127.0.0.1 --port "$2" --user "$(id -un)"]]

local open = {}

-- The bytes of an encoded text.
local function decode(encoding, text)
  encoding = (encoding or "7bit"):lower()
  if encoding == "base64" then
    return assert(sys.codec.unbase64((text:gsub("\n", ""))), "bad base64")
  elseif encoding == "quoted-printable" then
    text = text:gsub("=\n", "")
    assert(not text:gsub("=%x%x", ""):find("=", 1, true), "bad quoted-printable")
    return (text:gsub("=(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
  end
  assert(encoding == "7bit" and not text:find("[\128-\255]"), "bad encoding " .. encoding)
  return text
end

-- RFC 2047: the words of a header as UTF-8; white space between two of them is not text.
local function header_words(text)
  text = text:gsub("%?=%s+=%?", "?==?")
  return (text:gsub("=%?([^?]+)%?([Bb])%?([^?]*)%?=", function(charset, _, word)
    assert(charset:upper() == "UTF-8", charset)
    return assert(sys.codec.unbase64(word), "bad encoded word")
  end))
end

-- A message or a part of one: its headers, as written and as meant, and its body.
local function read_headers(text)
  local head, body = ("\n" .. text):match("^(.-)\n\n(.*)$")
  assert(head, "a part without an empty line")
  local headers = {}
  for line in (head:gsub("\n([ \t])", "%1") .. "\n"):gmatch("([^\n]+)\n") do
    local name, value = line:match("^([%w-]+):%s*(.-)%s*$")
    assert(name, "not a header: " .. line)
    assert(not headers[name] or name == "Received", "twice: " .. name)
    headers[name] = headers[name] or header_words(value)
  end
  return headers, body
end

-- Appends the part and those in it to `parts`, depth first.
local function read_part(text, parts)
  local headers, body = read_headers(text)
  local kind = (headers["Content-Type"] or "text/plain")
  local part = { type = kind:match("^[^;%s]+"), headers = headers }
  parts[#parts + 1] = part
  if not part.type:find("^multipart/") then
    part.cid, part.disposition = headers["Content-ID"],
      (headers["Content-Disposition"] or ""):match("^[^;%s]+")
    part.bytes = decode(headers["Content-Transfer-Encoding"], body)
    return headers
  end
  local boundary = kind:match('boundary="([^"]+)"') or kind:match("boundary=([^;%s]+)")
  local mark = "\n--" .. assert(boundary, "no boundary")
  body = "\n" .. body
  local at = assert(select(2, body:find(mark .. "\n", 1, true)), "no first boundary")
  while true do
    local start, stop = body:find(mark, at, true)
    assert(start, "no last boundary")
    read_part(body:sub(at + 1, start - 1), parts)
    local after = body:match("^[^\n]*", stop + 1)
    if after == "--" then return headers end
    assert(after == "", "a boundary with something behind it")
    at = stop + 1
  end
end

--- Reads a message in batched SMTP. Raises if it is not well formed.
---@param text string
---@return table got  from, to (envelope), headers (name → text), received (what the server says of
---  the connection), parts ({type=, bytes=, cid=, disposition=}…, depth first), long_line
function stand.read(text)
  local envelope, message = text:match("^(.-\n)DATA\n(.*)%.\nQUIT\n$")
  local got = { from = envelope:match("MAIL FROM:<([^>]*)>"), to = {}, parts = {}, long_line = 0 }
  for address in envelope:gmatch("RCPT TO:<([^>]*)>") do table.insert(got.to, address) end
  message = ("\n" .. message):gsub("\n%.%.", "\n."):sub(2)
  got.headers = read_part(message, got.parts)
  got.received = got.headers.Received
  local sent = message:match("\n%S[^\n]*: .*$"):gsub("^\n", "") -- not the server's own header
  for line in sent:gmatch("[^\n]+") do got.long_line = math.max(got.long_line, #line) end
  return got
end

-- A port that was free a moment ago.
local function free_port()
  local server = assert(sys.server.listen { host = "127.0.0.1", port = 0 })
  local port = server:port()
  server:close()
  return port
end

local function configure(options)
  local folder = assert(sys.files.temp_dir "nano-sre-smtp-")
  local function put(name, text, mode)
    assert(sys.files.write(folder .. "/" .. name, text, { mode = mode }))
  end
  assert(sys.files.make_dirs(folder .. "/spool"))
  local plugins = { ("rcpt_map domain example.com file %s/recipients default OK"):format(folder),
    ("queue/exim-bsmtp exim_path %s/queue"):format(folder) }
  if options.auth then table.insert(plugins, 1, "auth/auth_flat_file") end
  if options.cert then
    table.insert(plugins, 1, ("tls %s %s %s"):format(options.cert, options.key, options.cert))
  end
  put("plugins", table.concat(plugins, "\n") .. "\n")
  put("plugin_dirs", "/usr/share/qpsmtpd/plugins\n")
  put("loglevel", "6\n")
  put("me", "stand.test\n")
  put("spool_dir", folder .. "/spool\n")
  put("flat_auth_pw", OUR_LOGIN .. "\n")
  put("recipients", RECIPIENTS)
  put("queue", QUEUE:format(folder, folder), 448)
  return folder
end

-- Reads the server's log all the time, or it would wait for its reader; tells `server.waiter`.
local function follow(server)
  sys.task.spawn(function()
    while not server.ended do
      local chunk = server.process:read("stderr")
      server.ended = not chunk or chunk == ""
      server.log = server.log .. (chunk or "")
      if server.waiter then server.waiter:unpark() end
    end
  end)
end

--- Starts a server. `stop_all` ends it.
---@param options {cert: string?, key: string?, auth: boolean?}?  files for STARTTLS; AUTH offered
---  (me@shop.example, correct horse)
---@return table server  port, :wait_for(text) → bool, :take() → see `read`, :stop()
function stand.start(options)
  local server = { folder = configure(options or {}) }

  --- Suspends until the log contains the text; false if the server has ended without it.
  function server:wait_for(text)
    while not self.log:find(text, 1, true) do
      if self.ended then return false end
      self.waiter = sys.task.current()
      local _, _, code = sys.task.park(20000)
      if code then error("the server did not say " .. text .. ":\n" .. self.log) end
    end
    return true
  end

  --- The message taken last; each can be had once.
  function server:take()
    local path = self.folder .. "/message"
    local text = assert(sys.files.read(path))
    sys.files.remove(path)
    return stand.read(text)
  end

  function server:stop()
    self.process:kill("KILL")
    self.process:wait()
  end

  open[#open + 1] = server
  for _ = 1, 5 do -- the port may have been taken meanwhile
    server.port, server.log, server.ended = free_port(), "", false
    server.process = assert(sys.process.spawn { argv = { "/bin/sh", "-c", COMMAND, "sh",
      server.folder, tostring(server.port) }, stdin = "null", stdout = "null", stderr = "pipe" })
    follow(server)
    if server:wait_for(READY) then return server end
    server:stop()
  end
  error("qpsmtpd does not start:\n" .. server.log)
end

--- Ends every server and removes what it has written.
function stand.stop_all()
  for _, server in ipairs(open) do
    if server.process then server:stop() end
    sys.files.remove(server.folder, { recursive = true })
  end
  open = {}
end

return stand
