-- Webhooks: who is believed, and what is made of what they say.

local codec = sys.codec
local expect = require "expect"
local hooks = require "watch.hooks"
local json = require "json"

local SECRET, NOW = "It's a Secret to Everybody", 1700000000000

local function github(more)
  local hook = { form = "github", secrets = { SECRET }, events = { "deployment_status" },
    states = { "success" } }
  for name, value in pairs(more or {}) do hook[name] = value end
  return hook
end

local function request(body, headers)
  local all = { ["x-github-event"] = "deployment_status", ["x-github-delivery"] = "72d3162e",
    ["x-hub-signature-256"] = "sha256=" .. codec.hex(codec.hmac_sha256(SECRET, body)) }
  for name, value in pairs(headers or {}) do all[name] = value or nil end
  return { body = body, headers = all }
end

local BODY = json.encode { action = "created",
  deployment_status = { id = 1, state = "success", environment = "Production" },
  deployment = { sha = "f95f852b", ref = "main" }, repository = { full_name = "me/theme" } }

local function status_of(hook, sent, now)
  local event, refusal = hooks.judge(hook, sent, now or NOW)
  return event and (event.ignored or "taken") or refusal.status, event or refusal
end

describe("a webhook of GitHub", function()
  it("has the signature of GitHub's own example", function()
    -- https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    local sent = request("Hello, World!", { ["x-github-event"] = "ping",
      ["x-hub-signature-256"] = "sha256="
        .. "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" })
    expect(status_of(github(), sent)):is "pong"
  end)

  it("is believed by its signature alone", function()
    expect(status_of(github(), request(BODY))):is "taken"
    local good = request(BODY).headers["x-hub-signature-256"]
    for _, bad in ipairs { false, "", "sha256=", "sha256=00", good:sub(1, -2), good .. "0",
      (good:gsub("sha256", "sha1")), "sha256=" .. codec.hex(codec.hmac_sha256("other", BODY)) } do
      expect(status_of(github(), request(BODY, { ["x-hub-signature-256"] = bad or "" }))):is(401)
    end
    local changed = request(BODY)
    changed.body = BODY:gsub("success", "failure")
    expect(status_of(github(), changed)):is(401)
  end)

  it("fits the new secret and the old one while they are changed", function()
    expect(status_of(github { secrets = { "the new one of them", SECRET } }, request(BODY)))
      :is "taken"
  end)

  it("counts for the states and environments that are wanted", function()
    expect(status_of(github { states = { "failure" } }, request(BODY))):is "the state is success"
    expect(status_of(github { environments = { "Preview" } }, request(BODY)))
      :is "the environment is Production"
    expect(status_of(github(), request(BODY, { ["x-github-event"] = "push" })))
      :matches "^push is none of"
    local _, event = status_of(github(), request(BODY))
    expect(event.about):same { state = "success", environment = "Production", sha = "f95f852b",
      ref = "main", repository = "me/theme" }
  end)

  it("is known again by its id and by what it says", function()
    local _, event = status_of(github(), request(BODY))
    expect(event.keys):same { "72d3162e", codec.sha256(BODY) }
  end)

  it("may come as a form, and must be what it says", function()
    local form = "payload=" .. require("url").encode(BODY)
    local sent = request(form, { ["content-type"] = "application/x-www-form-urlencoded" })
    expect(status_of(github(), sent)):is "taken"
    expect(status_of(github(), request("no json"))):is(400)
    sent = request(BODY)
    sent.headers["x-github-delivery"] = nil
    expect(status_of(github(), sent)):is(400)
    expect(status_of(github(), request(BODY, { ["x-github-delivery"] = ("x"):rep(300) }))):is(400)
    expect(status_of(github(), request('{"deployment_status":7}'))):is "the state is nil"
  end)
end)

describe("a webhook as Standard Webhooks say", function()
  -- The example of https://github.com/standard-webhooks/standard-webhooks, its libraries' tests.
  local hook = { form = "standard", secrets = { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } }
  local function sent(signature, stamp)
    return { body = '{"test": 2432232314}', headers = {
      ["webhook-id"] = "msg_p5jXN8AQM9LWM0D4loKWxJek",
      ["webhook-timestamp"] = stamp or "1614265330", ["webhook-signature"] = signature } }
  end
  local GOOD, AT = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330000

  it("is believed by one of its signatures, near its time", function()
    expect(status_of(hook, sent(GOOD), AT)):is "taken"
    expect(status_of(hook, sent("v1,AAAA v1a,BBBB " .. GOOD), AT)):is "taken"
    expect(status_of(hook, sent("v1,AAAA"), AT)):is(401)
    expect(status_of(hook, sent((GOOD:gsub("v1", "v2"))), AT)):is(401)
    expect(status_of(hook, sent(GOOD, "1614265331"), AT)):is(401)
    expect(status_of(hook, sent(GOOD), AT + 299000)):is "taken"
    local status, refusal = status_of(hook, sent(GOOD), AT + 400000)
    expect(status):is(401)
    expect(refusal.message):matches "400 seconds off"
    expect(status_of(hook, sent(GOOD), AT - 301000)):is(401)
    expect(status_of(hook, sent(nil), AT)):is(401)
    local _, event = status_of(hook, sent(GOOD), AT)
    expect(event.keys):same { "msg_p5jXN8AQM9LWM0D4loKWxJek" }
    expect(event.body.test):is(2432232314)
  end)
end)

describe("a webhook with a plain HMAC", function()
  it("has it as hex or base64, with a prefix or none", function()
    local body = '{"id":1}'
    local mac = codec.hmac_sha256(SECRET, body)
    local function try(fields, value, more)
      local hook = { form = "hmac", secrets = { SECRET }, header = "x-sig", prefix = "",
        encoding = "hex" }
      for name, given in pairs(fields) do hook[name] = given end
      local headers = { ["x-sig"] = value }
      for name, given in pairs(more or {}) do headers[name] = given end
      return status_of(hook, { body = body, headers = headers })
    end
    expect(try({}, codec.hex(mac))):is "taken"
    expect(try({}, codec.hex(mac):upper())):is "taken"
    expect(try({ prefix = "sha256=" }, "sha256=" .. codec.hex(mac))):is "taken"
    expect(try({ prefix = "sha256=" }, codec.hex(mac))):is(401)
    expect(try({ encoding = "base64" }, codec.base64(mac))):is "taken"
    expect(try({}, codec.base64(mac))):is(401)
    expect(try({}, nil)):is(401)
    expect(try({ id = "x-id" }, codec.hex(mac))):is(400)
    local _, event = try({ id = "x-id" }, codec.hex(mac), { ["x-id"] = "d7" })
    expect(event.keys):same { "d7" }
  end)

  it("without an id is known again by its body, for a minute", function()
    local function keys(body, now)
      local hook = { form = "hmac", secrets = { SECRET }, header = "x-sig", prefix = "",
        encoding = "hex" }
      return hooks.judge(hook, { body = body, headers = {
        ["x-sig"] = codec.hex(codec.hmac_sha256(SECRET, body)) } }, now).keys[1]
    end
    expect(keys("a", NOW)):is(keys("a", NOW + 1000))
    expect(keys("a", NOW) ~= keys("b", NOW)):is(true)
    expect(keys("a", NOW) ~= keys("a", NOW + 60000)):is(true)
  end)
end)
