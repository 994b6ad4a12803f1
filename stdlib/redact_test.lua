local describe, it, expect = describe, it, expect
local json = require "json"
local redact = require "redact"

local function word(length, letters)
  letters = letters or "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
  local out = {}
  for i = 1, length do
    local at = math.floor(sys.random.number() * #letters) + 1
    out[i] = letters:sub(at, at)
  end
  return table.concat(out)
end

local HEX = "0123456789abcdef"

-- Each makes a text and the secret in it.
local MAKE = {
  function() local s = "shpat_" .. word(32, HEX) return s, s end,
  function() local s = "shpss_" .. word(32, HEX) return "key " .. s .. ".", s end,
  function() local s = word(12) return "https://me:" .. s .. "@shop.example/x", s end,
  function() local s = word(12) return "https://shop.example/?password=" .. s .. "&x=1", s end,
  function() local s = word(12) return 'access_token="' .. s .. ' y"', s end,
  function() local s = word(20) .. "7" return "Authorization: Bearer " .. s, s end,
  function() local s = word(20) .. "7" return "sent bearer " .. s .. " to it", s end,
  function() local s = sys.codec.base64("me:" .. word(9)) return "Basic " .. s, s end,
  function() local s = "eyJ" .. word(20) .. ".eyJ" .. word(30) .. "." .. word(43) return "t " .. s
    .. ")", s end,
  function() local s = "AKIA" .. word(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") return "(" .. s
    .. ")", s end,
  function() local s = word(40) return "aws_secret_access_key=" .. s, s end,
  function()
    local s = word(64)
    return "x\n-----BEGIN RSA PRIVATE KEY-----\n" .. s .. "\n-----END RSA PRIVATE KEY-----\ny", s
  end,
  function() local s = word(64) return "-----BEGIN PRIVATE KEY-----\n" .. s, s end,
  function() local s = word(24) return "X-Shopify-Access-Token: " .. s, s end,
  function() local s = word(24) return "set-cookie: _secure_session_id=" .. s .. "; path=/", s end,
  function() local s = word(10) return json.encode { user = "me", password = s .. ' "q" ' .. s,
    n = 1 }, s end,
  function() local s = word(10) return json.encode { body = json.encode { api_key = s } }, s end,
  function() local s = word(24) return "https://hooks.slack.com/services/T0/B0/" .. s, s end,
  function() local s = word(60) return "https://discord.com/api/webhooks/123/" .. s .. "?wait=true",
    s end,
  function() local s = word(35) return "https://api.telegram.org/bot123456789:" .. s
    .. "/sendMessage", s end,
  function() local s = "ghp_" .. word(36) return s, s end,
  function() local s = "xoxb-" .. word(30) return s, s end,
  function() local s = "sk_live_" .. word(24) return s, s end,
}

local HARMLESS = {
  "", "The password: it is wrong", "Basic information about the bearer of bad news", "token bucket",
  "expected 200, got 503 from https://shop.example/cart/add.js?id=39072856014933&quantity=1",
  "checkout.lua:12: no element matches role=button[name=\"Add to cart\"]", "12:34:56", "a=b&c=d",
  'input[name=password]', "max_tokens=100 tokens=3", "https://shop.example/@vite/client",
    "logo@2x.png",
  "eyJust a word", "mailto:", "shpat_ is how a token begins", "AKIA is a prefix",
    "https://cdn.example/a@b/c.js",
  '{"name":"checkout","status":"FAIL","duration_ms":1234.5}',
    "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
  "Content-Type: text/html", "a://b", "\0\255\254 bytes", "über 😀", "key: value",
    "https://shop.example:8443/x",
}

describe("secrets", function()
  it("do not survive, whatever stands around them", function()
    local around = { "", " ", "\n", "log: ", "a, ", '{"x":1} ', "→ ", "(" }
    for round = 1, 40 do
      for i, make in ipairs(MAKE) do
        local text, secret = make()
        local before = around[(round + i) % #around + 1]
        local whole = before .. text .. " " .. HARMLESS[(round * 7 + i) % #HARMLESS + 1]
        local clean = redact.text(whole)
        if clean:find(secret, 1, true) then
          error(("%d: %s survives in %s"):format(i, secret, clean), 0)
        end
        expect(redact.text(clean)):is(clean)
        expect(redact.text(clean, { pii = true })):is(redact.text(redact.text(clean,
          { pii = true }), { pii = true }))
      end
    end
  end)

  it("many in one text go, and the rest stays", function()
    local parts, secrets = {}, {}
    for _, make in ipairs(MAKE) do
      local text, secret = make()
      if not text:find("BEGIN PRIVATE", 1, true) then
        parts[#parts + 1], secrets[#secrets + 1] = text, secret
      end
    end
    local clean = redact.text(table.concat(parts, "\nthis stays\n"))
    for _, secret in ipairs(secrets) do expect(clean:find(secret, 1, true)):is(nil) end
    local _, count = clean:gsub("this stays", "")
    expect(count):is(#parts - 1)
  end)

  it("harmless texts are left alone", function()
    for _, text in ipairs(HARMLESS) do
      expect(redact.text(text)):is(text)
      expect(redact.text(text, { pii = true })):is(text)
    end
  end)

  it("keep what helps to understand", function()
    expect(redact.text("https://me:pw@shop.example/x?token=abc&page=2"))
      :is("https://[secret]@shop.example/x?token=[secret]&page=2")
    expect(redact.text('{"password":"a\\"b","x":1}')):is('{"password":"[secret]","x":1}')
  end)

  it("in tables go by their names, too", function()
    local clean = redact.value { url = "https://x.example",
      options = { api_key = "k1", list = { "a" } },
      storefrontPassword = "hunter2", empty_token = "", count = 3, token = 5 }
    expect(clean):same { url = "https://x.example", options = { api_key = "[secret]",
      list = { "a" } },
      storefrontPassword = "[secret]", empty_token = "", count = 3, token = 5 }
    expect(json.encode(redact.value(json.array {}))):is "[]"
  end)

  it("hostile texts take no longer than others", function()
    for _, piece in ipairs { "a", "=", "eyJ", "eyJa.", "://", '"', '\\"', ":", "@", "a@", "shpat_",
      "Bearer ", "password=",
      '"token":"', "-----BEGIN ", "1 ", "+1", "4111-", "(", "/bot", "\\" } do
      local text = piece:rep(math.floor(100000 / #piece))
      local clean = redact.text(text, { pii = true, addresses = true })
      expect(type(clean)):is "string"
    end
  end)

  it("random bytes come through whole or redacted, never with an error, and twice is once",
    function()
    for _ = 1, 300 do
      local pieces = {}
      for i = 1, 12 do
        local make = MAKE[math.floor(sys.random.number() * #MAKE) + 1]
        pieces[i] = sys.random.number() < 0.5 and word(6, '=":@/ \\\n.-+&') or (make())
      end
      local once = redact.text(table.concat(pieces), { pii = true })
      expect(redact.text(once, { pii = true })):is(once)
    end
  end)
end)

describe("personal data", function()
  local function clean(text) return redact.text(text, { pii = true, addresses = true }) end

  it("goes only when that is wanted", function()
    expect(redact.text "mail jane.doe+x@example.co.uk"):is "mail jane.doe+x@example.co.uk"
    expect(clean "mail <jane.doe+x@example.co.uk>, please"):is "mail <[email]>, please"
  end)

  it("cards, by network and Luhn's sum", function()
    for _, card in ipairs { "4111 1111 1111 1111", "4111111111111111", "5555-5555-5555-4444",
      "378282246310005",
      "6011111111111117", "3530111333300000" } do
      expect(clean("card " .. card .. " ok")):is "card [card] ok"
    end
    for _, number in ipairs { "4111111111111112", "39072856014933", "7654321098765",
      "1234567890123456" } do
      expect(clean("id " .. number)):is("id " .. number)
    end
  end)

  it("phone numbers, but no other numbers", function()
    for _, phone in ipairs { "+49 30 1234567", "+1 (415) 555-2671", "415-555-2671",
      "(415) 555-2671", "+4930123456", "030 123 45 67" } do
      expect(clean("call " .. phone .. ", now")):is "call [phone], now"
    end
    for _, text in ipairs { "2026-05-04 10:11:12", "1,234,567.89", "1280x800", "order 10012345",
      "v1.2.3-4", "$1 299.00",
      "9.99 EUR 19.99 EUR", "12:34:56.789", "width=1024 height=768" } do
      expect(clean(text)):is(text)
    end
  end)

  it("public addresses, not those of a machine's own network", function()
    expect(clean "from 203.0.113.7: x"):is "from [ip]: x"
    expect(clean "from 192.168.1.20 and 127.0.0.1"):is "from 192.168.1.20 and 127.0.0.1"
    expect(redact.text("from 203.0.113.7", { pii = true })):is "from 203.0.113.7"
  end)
end)
