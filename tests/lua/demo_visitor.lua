--- What the demo store's tests share: a visitor with a cookie jar who calls the shop directly, and
--- ids by name. A test file gets it with:
---   local lib = assert(sys.load_trusted(sys.files.read("tests/lua/demo_visitor.lua"), "…"))()

local json = require "json"
local url = require "url"

local lib = {}

-- A visitor with a cookie jar.
function lib.visitor(shop)
  local jar = {}
  local self = { jar = jar }
  function self.request(method, address, options)
    options = options or {}
    local parts = assert(url.parse("http://shop.example" .. address))
    local headers = { host = "shop.example" }
    for name, value in pairs(options.headers or {}) do headers[name] = value end
    local pairs_of = {}
    for name, value in pairs(jar) do pairs_of[#pairs_of + 1] = name .. "=" .. value end
    if #pairs_of > 0 then headers.cookie = table.concat(pairs_of, "; ") end
    local out = shop:handle { method = method, path = url.decode(parts.path),
      query = (url.decode_query(parts.query)),
      headers = headers, body = options.body }
    for _, line in ipairs(out.cookies) do
      local name, value = line:match("^([^=]+)=([^;]*)")
      jar[name] = value
    end
    return out
  end
  function self.get(address, headers) return self.request("GET", address, { headers = headers }) end
  function self.post(address, form, headers)
    headers = headers or {}
    headers["content-type"] = "application/x-www-form-urlencoded"
    return self.request("POST", address, { headers = headers, body = url.encode_query(form) })
  end
  function self.post_json(address, value)
    return self.request("POST", address, { headers = { ["content-type"] = "application/json" },
      body = json.encode(value) })
  end
  function self.json(out) return assert(json.decode(out.body)) end
  return self
end

--- The id of a product's variant: of the first, or of that title.
function lib.variant_id(shop, handle, wanted)
  for _, product in ipairs(shop.products) do
    for _, variant in ipairs(product.variants) do
      if product.handle == handle and (not wanted or variant.title == wanted) then
        return variant.id
      end
    end
  end
end

return lib
