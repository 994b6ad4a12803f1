-- api: 1
-- E-mail by SMTP: plain text and HTML, with the screenshot in it. Messages about one incident are
-- one thread.
local format = require "alert.format"

local function html_of(message, with_shot)
  local style = "border-left:4px solid %s;padding-left:12px;font-family:sans-serif"
  local out = { ('<div style="' .. style .. '">'):format(format.colour(message)),
    "<h2>" .. format.html(message.title) .. "</h2>",
    "<p>" .. format.html(message.text):gsub("\n", "<br>\n") .. "</p>" }
  if #message.items == 1 then
    out[#out + 1] = "<table>"
    for _, fact in ipairs(format.facts(message.items[1])) do
      out[#out + 1] = ("<tr><th align=left>%s</th><td>%s</td></tr>"):format(format.html(fact.name),
        format.html(fact.value))
    end
    out[#out + 1] = "</table>"
  end
  if with_shot then
    out[#out + 1] = '<p><img src="cid:screenshot" alt="Screenshot" style="max-width:100%"></p>'
  end
  for _, link in ipairs(message.links) do
    out[#out + 1] = ('<p><a href="%s">%s</a></p>'):format(format.html(link.url),
      format.html(link.text))
  end
  out[#out + 1] = "</div>"
  return table.concat(out, "\n")
end

-- All messages about one incident answer one that is never sent: mail programs show them together.
local function thread_of(message, domain)
  return ("<%s@%s>"):format(message.dedup_key:gsub("[^%w._-]", "."), domain)
end

return alerter "email" {
  about = "sends e-mail through an SMTP server",
  needs = { "mail" },
  options = {
    host = option.string { required = true, about = "the SMTP server" },
    port = option.number { default = 587, min = 1, max = 65535,
      about = "587 (STARTTLS), 465 (TLS) or 25" },
    tls = option.enum { "auto", "starttls", "full", "none", default = "auto",
      about = "auto: as the port and the server want it" },
    user = option.string { about = "to log in" },
    password = option.secret { about = "to log in" },
    from = option.string { required = true, about = "Shop watch <watch@example.com>" },
    to = option.list { required = true, about = "addresses" },
    screenshot = option.boolean { default = true, about = "put the screenshot into the message" },
    ca_pem = option.string { about = "the authority to trust instead of the system's" },
  },
  send = function(a, message, o)
    local shot = o.screenshot and a.screenshot() or nil
    local thread = thread_of(message, o.from:match("@([%w.-]+)") or "localhost")
    local urgent = message.severity == "P0" and message.status ~= "resolved"
    local inline
    if shot then
      inline = { { cid = "screenshot", type = shot.type, bytes = shot.bytes, name = shot.name } }
    end
    local sent = a.mail {
      host = o.host, port = o.port, user = o.user, password = o.password, ca_pem = o.ca_pem,
      tls = o.port == 465 and o.tls == "auto" and "full" or o.tls, timeout = "25s",
      from = o.from, to = o.to, id = message.id, subject = format.cut(message.title, 200),
      text = message.text .. "\n", html = html_of(message, shot ~= nil), inline = inline,
      headers = { ["In-Reply-To"] = thread, References = thread,
        ["Auto-Submitted"] = "auto-generated", ["X-Priority"] = urgent and "1" or nil },
    }
    return { id = sent.id }
  end,
}
