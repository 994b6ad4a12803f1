local crypto = require "crypto"
local json = require "json"

describe("crypto", function()
  it("hashes and signs", function()
    expect(crypto.sha256("abc"))
      :is("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    -- RFC 4231, case 2
    local hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    expect(crypto.hmac("Jefe", "what do ya want for nothing?")):is(hex)
    expect(crypto.hmac("Jefe", "what do ya want for nothing?", "raw")):is(crypto.unhex(hex))
    expect(crypto.hmac("Jefe", "what do ya want for nothing?", "base64"))
      :is(crypto.base64(crypto.unhex(hex)))
    expect(function() crypto.hmac("k", "d", "md5") end)
      :raises('encoding must be "hex", "base64" or "raw", not md5')
    expect(function() crypto.hmac(nil, "d") end):raises("key must be a string, not nil")
  end)

  it("compares", function()
    expect(crypto.equal("abc", "abc")):is(true)
    expect(crypto.equal("abc", "abd")):is(false)
    expect(crypto.equal("abc", "ab")):is(false)
    expect(crypto.equal("", "")):is(true)
  end)

  it("encodes and decodes any bytes", function()
    for length = 0, 50 do
      local bytes = crypto.random_bytes(length)
      expect(#bytes):is(length)
      expect(crypto.unbase64(crypto.base64(bytes)) == bytes):is(true)
      expect(crypto.unhex(crypto.hex(bytes)) == bytes):is(true)
    end
    expect(select(3, crypto.unbase64("a"))):is("invalid")
    expect(select(3, crypto.unhex("xy"))):is("invalid")
  end)

  it("makes identifiers that differ", function()
    local pattern = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"
    local a, b = crypto.uuid(), crypto.uuid()
    expect(a):matches(pattern)
    expect(b):matches(pattern)
    expect(a ~= b):is(true)
    expect(function() crypto.random_bytes(-1) end):raises("count must be a number from 0")
  end)
end)

-- Signatures from other projects' test suites, where they lie beside the project; not part of it.
local vectors = sys.files.read("../shared/data/hmac_vectors.json")
if vectors then
  describe("published Shopify signatures", function()
    for i, vector in ipairs(json.decode(vectors)) do
      it(("%d: %s, %s"):format(i, vector.kind, vector.valid and "valid" or "not valid"), function()
        local computed = crypto.hmac(vector.secret, vector.body, vector.encoding)
        expect(crypto.equal(computed, vector.expected)):is(vector.valid)
      end)
    end
  end)
end
