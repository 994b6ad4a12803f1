--- What Chromium's net::ERR_… means to a store's owner, and whose fault it is: the shop's (failure)
--- or our own network's (engine). Only for the document itself; a failed image is a line in the
--- requests.

local fault = require "fault"

local net_error = {}

local RESOLVE_MS = 5000

local SHOP = {
  CONNECTION_REFUSED = "the connection was refused: no web server listens there",
  CONNECTION_RESET = "the server closed the connection before it answered",
  CONNECTION_CLOSED = "the server closed the connection before it answered",
  CONNECTION_ABORTED = "the connection was broken off",
  CONNECTION_FAILED = "no connection could be made",
  CONNECTION_TIMED_OUT = "the server did not accept a connection in time",
  TIMED_OUT = "the server did not answer in time",
  EMPTY_RESPONSE = "the server closed the connection without an answer",
  TOO_MANY_REDIRECTS = "it redirects without end",
  INVALID_RESPONSE = "the server's answer is not HTTP",
  INVALID_HTTP_RESPONSE = "the server's answer is not HTTP",
  INVALID_CHUNKED_ENCODING = "the server's answer is broken off or garbled",
  INCOMPLETE_CHUNKED_ENCODING = "the server's answer is broken off",
  CONTENT_LENGTH_MISMATCH = "the server's answer is shorter than announced",
  CONTENT_DECODING_FAILED = "the server's answer is compressed in a broken way",
  HTTP_RESPONSE_CODE_FAILURE = "the server answered with an error and an empty page",
  RESPONSE_HEADERS_TRUNCATED = "the server's answer breaks off in its headers",
  RESPONSE_HEADERS_TOO_BIG = "the headers of the server's answer are too large",
  UNSAFE_REDIRECT = "it redirects to an address that browsers refuse",
  INVALID_REDIRECT = "it redirects to an address that is none",
  HTTP2_PROTOCOL_ERROR = "the server breaks the rules of HTTP/2",
  QUIC_PROTOCOL_ERROR = "the server breaks the rules of HTTP/3",
  BLOCKED_BY_RESPONSE = "the page forbids to be shown",
}

local CERTIFICATE = {
  CERT_DATE_INVALID = "its TLS certificate has expired or is not valid yet",
  CERT_COMMON_NAME_INVALID = "its TLS certificate belongs to another name",
  CERT_AUTHORITY_INVALID = "its TLS certificate was not issued by an authority that browsers trust",
  CERT_REVOKED = "its TLS certificate has been revoked",
  CERT_INVALID = "its TLS certificate is invalid",
  CERT_WEAK_SIGNATURE_ALGORITHM = "its TLS certificate has a signature that is not safe",
  CERT_WEAK_KEY = "its TLS certificate has a key that is not safe",
  CERT_VALIDITY_TOO_LONG = "its TLS certificate is valid for too long",
  SSL_PROTOCOL_ERROR = "the server does not speak TLS there",
  SSL_VERSION_OR_CIPHER_MISMATCH = "the server offers no TLS version or cipher that browsers take",
  SSL_CLIENT_AUTH_CERT_NEEDED = "the server asks visitors for a certificate",
}

local OWN = {
  INTERNET_DISCONNECTED = "this machine has no network",
  NETWORK_CHANGED = "this machine's network changed meanwhile",
  NETWORK_IO_SUSPENDED = "this machine was suspended meanwhile",
  NETWORK_ACCESS_DENIED = "this machine may not use the network",
  ADDRESS_UNREACHABLE = "this machine has no route to the server",
  NAME_RESOLUTION_FAILED = "this machine's name server does not answer",
  PROXY_CONNECTION_FAILED = "the proxy does not answer",
  PROXY_AUTH_REQUESTED = "the proxy wants a password",
  PROXY_CERTIFICATE_INVALID = "the proxy's certificate is invalid",
  TUNNEL_CONNECTION_FAILED = "the proxy does not let through",
  INSUFFICIENT_RESOURCES = "the browser ran out of resources",
  OUT_OF_MEMORY = "the browser ran out of memory",
  BLOCKED_BY_CLIENT = "something in the browser blocks it",
  BLOCKED_BY_ADMINISTRATOR = "this machine's policy blocks it",
}

--- No such name, or nobody to ask? Our own resolver is asked, because Chromium does not tell the
--- two apart.
local function name_problem(page, host, error_text)
  local addresses, _, code = sys.http.resolve(host, RESOLVE_MS)
  if code == "dns-unreachable" or code == "timeout" then
    fault.engine { code = "own-network",
      message = ("%s: this machine's name server does not answer (%s)"):format(page,
      error_text), hint = "nothing is known about the shop; check this machine's DNS" }
  end
  local doubt = addresses and " for the browser, though this machine finds it" or ""
  fault.failure { code = "dns",
    message = ("%s: there is no host %s in DNS%s"):format(page, host, doubt),
    hint = "has the domain expired, or is the address mistyped?" }
end

local function chain_words(chain)
  if #chain == 0 then return "" end
  local out = {}
  for i = 1, math.min(#chain, 5) do out[i] = chain[i] end
  if #chain > 5 then out[6] = ("… %d more"):format(#chain - 5) end
  return ": " .. table.concat(out, " → ")
end

--- Raises the fault of a navigation that failed.
---@param page string        what people call it: "home page"
---@param url string
---@param error_text string  "net::ERR_CONNECTION_REFUSED"
---@param chain string[]     addresses of the redirects
function net_error.raise(page, url, error_text, chain)
  local name = error_text:match("ERR_([%w_]+)") or error_text
  local parts = sys.codec.url_parse(url) or {}
  local details = { url = url, net_error = error_text }
  if name == "NAME_NOT_RESOLVED" then name_problem(page, parts.host or url, error_text) end
  if OWN[name] or name:find("^PROXY") or name:find("^SOCKS") then
    fault.engine { code = "own-network",
      message = ("%s: %s (%s)"):format(page, OWN[name] or "the proxy failed",
      error_text), hint = "nothing is known about the shop", details = details }
  end
  if name == "UNSAFE_PORT" then
    fault.engine { code = "config",
      message = ("%s: browsers do not open port %s"):format(page, parts.port or "?"),
      hint = "serve the shop on another port" }
  end
  if CERTIFICATE[name] or name:find("^CERT_") or name:find("^SSL_") or name:find("^ECH_") then
    fault.failure { code = "tls", details = details, message = ("%s: %s (%s)"):format(page,
      CERTIFICATE[name] or "no secure connection could be made", error_text) }
  end
  local words = SHOP[name] or "it could not be loaded"
  if name == "TOO_MANY_REDIRECTS" then
    details.chain = chain
    words = words .. chain_words(chain)
  end
  fault.failure { code = "net", details = details,
    message = ("%s: %s (%s)"):format(page, words, error_text) }
end

return net_error
