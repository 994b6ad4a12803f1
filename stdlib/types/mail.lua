---@meta mail

---@class mail.Message
---@field from string             "Name <address>" or an address
---@field to string|string[]
---@field subject? string
---@field text string             plain text, UTF-8
---@field html? string            the same as HTML
---@field inline? { cid: string, type: string, bytes: string, name: string? }[]  images for the HTML
---@field headers? table<string, string>
---@field id? string              what comes before the @ of Message-ID; the same at every retry
---@field date? number            ms since the epoch; default now

---@class mail.Options: mail.Message
---@field host string
---@field port? number            default 587
---@field tls? "auto"|"starttls"|"full"|"none"
---@field user? string
---@field password? any           a text or a secret
---@field hello? string           what this machine calls itself
---@field ca_pem? string          the authority to trust instead of the system's
---@field insecure? boolean       any certificate will do
---@field connect_timeout? string|number  default "10s"
---@field timeout? string|number          default "60s"

---@class nano.mail
local mail = {}

--- Lines of at most 76 characters that end with CRLF.
---@param text string
---@return string
function mail.quoted_printable(text) end

--- The message as it goes over the wire, and its envelope.
---@param message mail.Message
---@return string text
---@return { from: string, to: string[], id: string } envelope
function mail.build(message) end

--- Builds a message and gives it to a mail server.
---@param given mail.Options
---@return { id: string, reply: number, text: string }? sent
---@return string? message
---@return string? code  "dns", "connect", "tls", "timeout", "closed", "auth", "later", "rejected"
---@return number? reply
function mail.send(given) end

return mail
