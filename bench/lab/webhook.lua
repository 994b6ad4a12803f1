-- webhook: a shop's deliveries on 127.0.0.1:$LAB_PORT. A right signature gets its 200 once the row
-- is durable, a wrong one 401; a delivery that comes twice is kept once. What is measured are the
-- engine's server, HMAC and group commit under a plain handler in Lua.
local env = sys.env.get
local secret = env("LAB_SECRET")
local db = assert(sys.store.open(env("LAB_DB"), {}))
assert(db:write {
  { "CREATE TABLE IF NOT EXISTS webhooks(id TEXT PRIMARY KEY, topic TEXT, shop TEXT, "
  .. "at REAL, body TEXT) WITHOUT ROWID" } })
local server = assert(sys.server.listen { host = "127.0.0.1", port = tonumber(env("LAB_PORT")) })
local INSERT = "INSERT OR IGNORE INTO webhooks VALUES(?, ?, ?, ?, ?)"
local NO_HEADERS = {}

local function answer(request)
  local headers = request.headers
  local signature = sys.codec.base64(sys.codec.hmac_sha256(secret, request.body))
  if not sys.codec.equal(signature, headers["x-shopify-hmac-sha256"] or "") then
    return server:respond(request.id, 401, NO_HEADERS, "")
  end
  local kept = db:write { { INSERT, headers["x-shopify-webhook-id"], headers["x-shopify-topic"],
    headers["x-shopify-shop-domain"], sys.clock.now(), request.body } }
  server:respond(request.id, kept and 200 or 503, NO_HEADERS, "")
end

while true do
  local request = assert(server:accept())
  sys.task.spawn(answer, request)
end
