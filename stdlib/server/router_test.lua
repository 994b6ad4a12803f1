local router = require "server.router"

local function found(r, method, path)
  local value, params, allowed = r:find(method, path)
  return { value, params, allowed }
end

describe("a router", function()
  it("finds literal paths and patterns", function()
    local r = router.new()
    r:add("GET", "/", "home")
    r:add("GET", "/products/:handle", "product")
    r:add("GET", "/products/new", "new product")
    r:add("GET", "/collections/:collection/products/:handle", "in collection")
    r:add("GET", "/files/*rest", "file")
    expect(found(r, "GET", "/")):same { "home", {}, {} }
    expect(found(r, "GET", "/products/new")):same { "new product", {}, {} }
    expect(found(r, "GET", "/products/red shoe")):same { "product", { handle = "red shoe" }, {} }
    expect(found(r, "GET", "/collections/all/products/x")):same {
      "in collection", { collection = "all", handle = "x" }, {},
    }
    expect(found(r, "GET", "/files/a/b.css")):same { "file", { rest = "a/b.css" }, {} }
    expect(found(r, "GET", "/files/")):same { "file", { rest = "" }, {} }
  end)

  it("finds nothing where there is nothing", function()
    local r = router.new()
    r:add("GET", "/products/:handle", "product")
    for _, path in ipairs { "/", "/products", "/products/", "/products/a/b", "/Products/a" } do
      expect(r:find("GET", path)):is(nil)
    end
  end)

  it("tells apart methods", function()
    local r = router.new()
    r:add("GET", "/cart", "show")
    r:add("POST", "/cart", "add")
    r:add("*", "/any", "any")
    r:add("PUT", "/x/:id", "put")
    r:add("DELETE", "/x/:key", "delete")
    expect(r:find("HEAD", "/cart")):is("show")
    expect(r:find("POST", "/cart")):is("add")
    expect(found(r, "PUT", "/cart")):same { nil, {}, { "GET", "HEAD", "POST" } }
    expect(r:find("PATCH", "/any")):is("any")
    expect(found(r, "DELETE", "/x/1")):same { "delete", { key = "1" }, {} }
    expect(found(r, "GET", "/x/1")):same { nil, {}, { "DELETE", "PUT" } }
  end)

  it("knows the fixed part of a pattern", function()
    expect(router.fixed_part("/live")):is("/live")
    expect(router.fixed_part("/live/:shop")):is("/live/")
    expect(router.fixed_part("/:any")):is("/")
  end)
end)
