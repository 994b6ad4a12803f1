--- E-mail. Public, for scripts that declare "mail" in their needs.
---
---    local mail = require "mail"
---    local sent, message, code = mail.send {
---      host = "smtp.example.com", port = 587, user = "me", password = o.password,
---      from = "Shop watch <watch@example.com>", to = { "me@example.com" },
---      subject = "Checkout is broken", text = "…", html = '… <img src="cid:shot">',
---      inline = { { cid = "shot", type = "image/png", bytes = png, name = "checkout.png" } },
---    }
---
--- A message is plain text, with an HTML alternative if given, which may show inline images.
--- Failures: "dns", "connect", "tls", "timeout", "closed", "auth" (log-in refused), "later" (the
--- server says: try again), "rejected" (for good), "denied" (not allowed), "invalid".

local fault = require "fault"
local secret = require "run.secret"
local time = require "time"

local mail = {}

local LINE = 76
local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
  "Dec" }

---@class mail.Message
---@field from string             "Name <address>" or an address
---@field to string|string[]
---@field subject string?
---@field text string             plain text, UTF-8
---@field html string?            the same as HTML
---@field inline {cid: string, type: string, bytes: string, name: string?}[]?  images for the HTML
---@field headers table<string, string>?  more headers, such as ["Auto-Submitted"]
---@field id string?              what comes before the @ of Message-ID; the same at every retry
---@field date number?            ms since the epoch; default now

local SIGNATURE = "mail.send{ host = …, from = …, to = …, text = … }"

local function refuse(problem) fault.usage(SIGNATURE, problem) end

local function need_text(value, name)
  if type(value) ~= "string" then
    refuse(("%s must be a text, not a %s"):format(name, type(value)))
  end
  return value
end

-- Texts of RFC 2047 for what is not ASCII, at most 75 columns each, cut between characters.
local function encoded_words(text)
  local words, piece = {}, ""
  for char in text:gmatch("[%z\1-\127\192-\255][\128-\191]*") do
    if #piece + #char > 45 then
      words[#words + 1], piece = piece, ""
    end
    piece = piece .. char
  end
  words[#words + 1] = piece
  for i, word in ipairs(words) do words[i] = "=?UTF-8?B?" .. sys.codec.base64(word) .. "?=" end
  return table.concat(words, "\r\n ")
end

-- A header's text: no line ends of its own, folded where it is long.
local function header_text(text)
  text = text:gsub("%c+", " ")
  if text:find("[\128-\255]") or text:find("=?", 1, true) then return encoded_words(text) end
  if #text <= LINE - 16 then return text end
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if line ~= "" and #line + 1 + #word > LINE - 16 then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\r\n ")
end

-- "Name <a@b>" → a@b, and the header's form of it.
local function read_address(text, name)
  need_text(text, name)
  local shown, address = text:match("^%s*(.-)%s*<([^<>%s]+)>%s*$")
  address = address or text:match("^%s*([^<>%s]+)%s*$")
  if not address or not address:match("^[^@%c]+@[^@%c]+$") then
    refuse(("%s: %q is not an address"):format(name, text))
  end
  if not shown or shown == "" then return address, address end
  shown = shown:gsub('^"(.*)"$', "%1"):gsub("%c", " ")
  if shown:find("[\128-\255]") then
    return address, encoded_words(shown) .. " <" .. address .. ">"
  end
  return address, '"' .. shown:gsub('["\\]', "\\%0") .. '" <' .. address .. ">"
end

--- Quoted-printable: lines of at most 76 characters that end with CRLF.
---@param text string
---@return string
function mail.quoted_printable(text)
  local out = {}
  for line in (text:gsub("\r\n?", "\n") .. "\n"):gmatch("([^\n]*)\n") do
    line = line:gsub("[^\t\32-\60\62-\126]", function(c) return ("=%02X"):format(c:byte()) end)
    line = line:gsub("([ \t])$", function(c) return ("=%02X"):format(c:byte()) end)
    while #line > LINE do
      local cut = LINE - 1
      if line:sub(cut, cut) == "=" then cut = cut - 1
      elseif line:sub(cut - 1, cut - 1) == "=" then cut = cut - 2 end
      out[#out + 1] = line:sub(1, cut) .. "="
      line = line:sub(cut + 1)
    end
    out[#out + 1] = line
  end
  return table.concat(out, "\r\n")
end

local function base64_lines(bytes)
  return (sys.codec.base64(bytes):gsub(("."):rep(LINE), "%0\r\n"))
end

local function part(headers, body)
  local lines = {}
  for _, line in ipairs(headers) do lines[#lines + 1] = line end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

local function text_part(kind, text)
  return part({ ("Content-Type: text/%s; charset=utf-8"):format(kind),
    "Content-Transfer-Encoding: quoted-printable" }, mail.quoted_printable(text))
end

local function inline_part(image)
  local name = (image.name or image.cid):gsub('[%c"\\\128-\255]', "_")
  local kind = need_text(image.type, "inline type")
  if not kind:match("^[%w.+-]+/[%w.+-]+$") then refuse(("%q is no media type"):format(kind)) end
  return part({ ('Content-Type: %s; name="%s"'):format(kind, name),
    "Content-Transfer-Encoding: base64", "Content-ID: <" .. image.cid:gsub("[^%w._@-]", "_") .. ">",
    ('Content-Disposition: inline; filename="%s"'):format(name) },
    base64_lines(need_text(image.bytes, "inline bytes")))
end

-- No encoding of a part yields "=_", so a boundary is never found in one.
local function multipart(kind, seed, parts)
  local boundary = "=_" .. kind .. "_" .. sys.codec.sha256(seed):sub(1, 24)
  local out = {}
  for _, one in ipairs(parts) do out[#out + 1] = "--" .. boundary .. "\r\n" .. one .. "\r\n" end
  return part({ ('Content-Type: multipart/%s;\r\n boundary="%s"'):format(kind, boundary) },
    table.concat(out) .. "--" .. boundary .. "--\r\n")
end

local function body_of(message, seed)
  local plain = text_part("plain", need_text(message.text, "text"))
  if not message.html then return plain .. "\r\n" end
  local html = text_part("html", need_text(message.html, "html"))
  if message.inline and #message.inline > 0 then
    local parts = { html }
    for _, image in ipairs(message.inline) do parts[#parts + 1] = inline_part(image) end
    html = multipart("related", seed, parts)
  end
  return multipart("alternative", seed, { plain, html })
end

local function date_text(ms)
  local year, month, day, clock = time.iso8601(ms):match("^(%d+)-(%d+)-(%d+)T(%d+:%d+:%d+)")
  local weekday = (math.floor(ms / 86400000) + 4) % 7 + 1
  return ("%s, %d %s %s %s +0000"):format(DAYS[weekday], tonumber(day), MONTHS[tonumber(month)],
    year, clock)
end

--- The message as it goes over the wire, and its envelope. Pure but for the default date and id.
---@param message mail.Message
---@return string text
---@return {from: string, to: string[], id: string} envelope
---@raise usage: a wrong field
function mail.build(message)
  local from, from_header = read_address(message.from, "from")
  local to, to_headers = {}, {}
  local list = type(message.to) == "table" and message.to or { message.to }
  for i, address in ipairs(list) do to[i], to_headers[i] = read_address(address, "to") end
  if #to == 0 then refuse "to must name a recipient" end
  local id = ("<%s@%s>"):format((message.id or sys.random.uuid()):gsub("[^%w._-]", "_"),
    from:match("@(.*)$"))
  local lines = {
    "From: " .. from_header, "To: " .. table.concat(to_headers, ",\r\n "),
    "Subject: " .. header_text(message.subject or ""),
    "Date: " .. date_text(message.date or sys.clock.now()), "Message-ID: " .. id,
    "MIME-Version: 1.0",
  }
  local names = {}
  for name in pairs(message.headers or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if type(name) ~= "string" or not name:match("^[%w-]+$") then
      refuse "a header's name is wrong"
    end
    lines[#lines + 1] = name .. ": " .. header_text(need_text(message.headers[name], name))
  end
  local head = table.concat(lines, "\r\n") .. "\r\n"
  return head .. body_of(message, id .. (message.subject or "")), { from = from, to = to, id = id }
end

local OPTIONS = { host = "string", port = "number", tls = "string", user = "string",
  hello = "string", ca_pem = "string", insecure = "boolean", password = "any", timeout = "duration",
  connect_timeout = "duration", from = "any", to = "any", subject = "any", text = "any",
  html = "any", inline = "table", headers = "table", id = "string", date = "number" }

local function duration(value, name)
  if value == nil or type(value) == "number" then return value end
  local ms = type(value) == "string" and time.parse_duration(value)
  return ms or refuse(name .. ' must be a duration such as "30s"')
end

local function check(given)
  if type(given) ~= "table" then refuse("a table is wanted, not a " .. type(given)) end
  for name, value in pairs(given) do
    local kind = OPTIONS[name]
    if not kind then
      fault.usage(SIGNATURE, ("there is no option %q"):format(tostring(name)),
        require("run.nearest").hint(name, OPTIONS))
    elseif kind ~= "any" and kind ~= "duration" and type(value) ~= kind then
      refuse(("%s must be a %s, not a %s"):format(name, kind, type(value)))
    end
  end
  if not given.host then refuse "the host is missing" end
end

--- Builds a message and gives it to a mail server. Waits.
---@param given mail.Message  and host, port (587), tls ("auto": STARTTLS where the server has it,
---  required when there is a password; "starttls", "full" for port 465, "none"), user, password,
---  hello (what this machine calls itself), ca_pem, insecure, connect_timeout ("10s"), timeout
---  ("60s")
---@return {id: string, reply: number, text: string}? sent  the server has taken it
---@return string? message
---@return string? code
---@return number? reply  the server's code
---@raise usage: a wrong option
function mail.send(given)
  check(given)
  local text, envelope = mail.build(given)
  local port = given.port or 587
  local answer, message, code, reply = sys.mail.send {
    host = given.host, port = port, tls = given.tls or (port == 465 and "full" or "auto"),
    user = secret.reveal(given.user), password = secret.reveal(given.password),
    from = envelope.from, to = envelope.to, message = text, hello = given.hello,
    ca_pem = given.ca_pem, insecure = given.insecure,
    timeout = duration(given.timeout, "timeout"),
    connect_timeout = duration(given.connect_timeout, "connect_timeout"),
  }
  if not answer then return nil, message, code, reply end
  return { id = envelope.id, reply = answer.reply, text = answer.text }
end

return mail
